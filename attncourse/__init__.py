"""attncourse: learn visual attention by building it.

    import attncourse
    attncourse.check("se-squeeze", squeeze)   # judged at once, with a diagnosis
    attncourse.hint("se-squeeze")             # the next rung of the ladder
"""

from __future__ import annotations

from attncourse.selfcheck import check, hint

__version__ = "0.1.0"
__all__ = ["__version__", "check", "hint"]
