"""Whether an answer calls the course's own functions, such as the library's maps, in place of being one.

A module of ours is seen by a hook of torch; a function of ours has none, so Python's profiler looks at each call.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from attncourse.checking.observation import AnswerError

LIBRARY = "attncourse.explain"


@contextlib.contextmanager
def no_borrowed_functions() -> Iterator[None]:
    """Raises AnswerError where the code within calls a function of the library; also where it catches that error."""
    before, borrowed = sys.getprofile(), False

    def notice(frame: FrameType, event: str, _: Any) -> None:
        nonlocal borrowed
        if event == "call" and _is_library(frame) and not _is_imported(frame):
            borrowed = True
            raise AnswerError("OursError", "it calls the course's own function")

    sys.setprofile(notice)
    try:
        yield
    finally:
        sys.setprofile(before)
        # In the finally: an answer that raises another error in place of ours has called it all the same.
        if borrowed:
            raise AnswerError("OursError", "it calls the course's own function")


def _is_library(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__", "")
    return name == LIBRARY or name.startswith(LIBRARY + ".")


def _is_imported(frame: FrameType | None) -> bool:
    """Whether this runs because a module is imported; to import the library is no offence."""
    while frame is not None:
        if frame.f_globals.get("__name__") == "importlib._bootstrap":
            return True
        frame = frame.f_back
    return False
