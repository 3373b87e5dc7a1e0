"""attncourse: learn visual attention by building it.

import attncourse
attncourse.check("se-squeeze", squeeze)   # judged at once, with a diagnosis
attncourse.hint("se-squeeze")             # the next rung of the ladder
attncourse.yours("se-module")             # what you built in an earlier lesson
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attncourse.earlier import yours
    from attncourse.selfcheck import check, hint

__version__ = "0.1.0"
__all__ = ["__version__", "check", "hint", "yours"]


def __getattr__(name: str) -> Any:
    """Load what is asked for only then: the command and its doctor must work without torch."""
    if name in ("check", "hint"):
        from attncourse import selfcheck

        return getattr(selfcheck, name)
    if name == "yours":
        return importlib.import_module("attncourse.earlier").yours
    if name == "attention":
        return importlib.import_module("attncourse.attention")
    raise AttributeError(f"module 'attncourse' has no attribute {name!r}. There are: attention, check, hint, yours")
