"""What was handed in: ``SUBMISSIONS/<student>/<lesson>.ipynb``, or nbgrader's ``<student>/<lesson>/<lesson>.ipynb``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grading import states
from grading.feedback import printable


@dataclass(frozen=True)
class Submission:
    """One thing that was handed in; ``state`` is set where it cannot be graded as it lies."""

    student: str
    path: Path
    state: str = ""
    note: str = ""


def find(folder: Path, apart_from: Path | None = None) -> list[Submission]:
    """All that was handed in, in a fixed order; folders and files whose name begins with a dot are passed over.

    ``apart_from``: where results go; it is no student, should it lie in ``folder``.
    """
    results = os.path.realpath(apart_from) if apart_from else None
    found: list[Submission] = []
    for entry in sorted(folder.iterdir(), key=lambda path: os.fsencode(path.name)):
        if entry.name.startswith(".") or os.path.realpath(entry) == results:
            continue
        if entry.is_dir():
            found += _of_student(entry)
        elif entry.suffix.lower() == ".ipynb":
            note = f"{printable(entry.name)} lies in no student's folder; move it into one."
            found.append(Submission("", entry, states.MISPLACED, note))
    return found


def _of_student(folder: Path) -> Iterator[Submission]:
    try:
        entries = sorted(folder.iterdir(), key=lambda path: os.fsencode(path.name))
    except OSError as error:
        yield Submission(folder.name, folder, states.UNREADABLE, f"The folder cannot be read: {error.strerror}.")
        return
    flat = [path for path in entries if path.suffix.lower() == ".ipynb" and not path.name.startswith(".")]
    nested = [path / f"{path.name}.ipynb" for path in entries if path.is_dir() and not path.is_symlink()]
    stems = set()
    for path in [*flat, *(path for path in nested if os.path.lexists(path))]:
        twice = path.stem in stems
        note = f"{printable(path.stem)} was handed in twice; only the one beside the other files was graded."
        yield Submission(folder.name, path, states.MISPLACED if twice else "", note if twice else "")
        stems.add(path.stem)
    if not stems:
        yield Submission(folder.name, folder, states.NO_NOTEBOOK, "The folder holds no .ipynb file.")
