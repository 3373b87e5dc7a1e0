"""The learner's own folder: the copies of the lessons, what was reached, and what was set aside.

    work/
      01_squeeze_excitation.ipynb     the learner's copy; nothing here is ever overwritten unasked
      set_aside/                      older copies, from update and reset, with the time in their names
      .attncourse/progress/*.json     one record an exercise
      .attncourse/released/*.ipynb    each lesson as it was handed out, so that update knows what was changed
      .attncourse/jupyter/            JupyterLab's settings for the course alone

Progress outlives ``update`` and ``reset``: what was passed was passed, and a hint that was seen cannot be unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from attncourse.progress import Progress, Standing
from attncourse.storage import copy_aside, write_atomically

if TYPE_CHECKING:
    from attncourse.checking.report import Report
    from attncourse.course import Lesson

MARK = ".attncourse"
PACKAGE = Path(__file__).resolve().parent


class WorkspaceError(Exception):
    """What could not be done with the folder, and the next step, in one line."""


@dataclass(frozen=True)
class Change:
    """What happened to one lesson: "copied", "updated", "unchanged" or "reset", with what to tell of it."""

    lesson: str
    what: str
    note: str = ""


def find(start: Path | None = None) -> Workspace | None:
    """The learner's folder that ``start`` (the current folder) is or lies in, or None."""
    try:
        here = (start or Path.cwd()).resolve()
        folder = next((place for place in (here, *here.parents) if (place / MARK).is_dir()), None)
    except OSError:
        return None
    return Workspace(folder) if folder else None


def released_folder() -> Path:
    """Where the blank lessons lie: in the package, or beside it in a checkout. Raises WorkspaceError."""
    for folder in (PACKAGE / "notebooks", PACKAGE.parent / "notebooks"):
        if folder.is_dir():
            return folder
    raise WorkspaceError("The course's notebooks are not installed. Install it anew: pip install --force-reinstall .")


class Workspace:
    """The folder of one learner. ``released`` holds the blank lessons; ``tell`` gets sentences for the learner."""

    def __init__(self, folder: Path, released: Path | None = None, tell: Callable[[str], None] = print) -> None:
        self.folder = folder
        self.hidden = folder / MARK
        self._released = released
        self._progress = Progress(self.hidden / "progress", tell)

    @property
    def released(self) -> Path:
        """The folder of the blank lessons. Raises WorkspaceError where they are missing."""
        return self._released or released_folder()

    def lessons(self) -> list[Lesson]:
        """The lessons that are released, in order."""
        from attncourse import course

        return [lesson for lesson in course.LESSONS if (self.released / f"{lesson.stem}.ipynb").is_file()]

    def notebook(self, lesson: Lesson) -> Path:
        """The learner's copy of a lesson."""
        return self.folder / f"{lesson.stem}.ipynb"

    def start(self) -> list[Change]:
        """Copy the lessons that are missing; what is there stays as it is. Raises WorkspaceError."""
        with self._explaining():
            (self.hidden / "progress").mkdir(parents=True, exist_ok=True)
            return [self._copy(lesson) for lesson in self.lessons() if not self.notebook(lesson).exists()]

    def update(self) -> list[Change]:
        """Bring new prose and code into the copies; answers and own cells are kept (``merge``). Raises WorkspaceError.

        Before a copy is changed, it is set aside.
        """
        with self._explaining():
            return [self._update(lesson) for lesson in self.lessons()]

    def reset(self, lesson: Lesson) -> Change:
        """Set the copy of a lesson aside and begin it anew; progress and hints stay. Raises WorkspaceError."""
        if lesson not in self.lessons():
            raise WorkspaceError(f"{lesson.stem} is not released yet. There are: {', '.join(self._stems())}.")
        with self._explaining():
            path = self.notebook(lesson)
            kept = copy_aside(path, self.folder / "set_aside") if path.exists() else None
            self._copy(lesson)
            return Change(lesson.stem, "reset", f"Your old copy is {kept}." if kept else "")

    def record(self, report: Report) -> None:
        """Keep the result of a check; never raises for what the folder does (see ``Progress``)."""
        self._progress.record(report)

    def hints_used(self, exercise_id: str) -> int:
        """The highest rung of the hint ladder that was seen."""
        return self._progress.standing(exercise_id).hints_used

    def record_hint(self, exercise_id: str, rung: int) -> None:
        """Keep that the hints up to ``rung`` were seen."""
        self._progress.record_hint(exercise_id, rung)

    def progress(self) -> dict[str, Standing]:
        """Where the learner stands with each exercise of the released lessons, in order."""
        ids = [exercise_id for lesson in self.lessons() for exercise_id in lesson.exercise_ids]
        return {exercise_id: self._progress.standing(exercise_id) for exercise_id in ids}

    def first_unfinished(self) -> Lesson | None:
        """The first lesson with an exercise that was never passed; None where all are passed."""
        standings = self.progress()
        for lesson in self.lessons():
            if not all(standings[exercise_id].passed for exercise_id in lesson.exercise_ids):
                return lesson
        return None

    def broken_records(self) -> list[Path]:
        """The progress files that cannot be understood."""
        return self._progress.broken()

    def _stems(self) -> list[str]:
        return [lesson.stem for lesson in self.lessons()]

    def _text(self, lesson: Lesson) -> str:
        return (self.released / f"{lesson.stem}.ipynb").read_text(encoding="utf-8")

    def _handed_out(self, lesson: Lesson) -> Path:
        return self.hidden / "released" / f"{lesson.stem}.ipynb"

    def _copy(self, lesson: Lesson) -> Change:
        write_atomically(self._handed_out(lesson), self._text(lesson))
        write_atomically(self.notebook(lesson), self._text(lesson))
        return Change(lesson.stem, "copied")

    def _update(self, lesson: Lesson) -> Change:
        # Imported here: a check needs this module too, and must not wait for nbformat.
        import nbformat

        from attncourse import notebook
        from attncourse.merge import merge

        path, handed_out = self.notebook(lesson), self._handed_out(lesson)
        if not path.exists():
            return self._copy(lesson)
        if handed_out.exists() and handed_out.read_text(encoding="utf-8") == self._text(lesson):
            return Change(lesson.stem, "unchanged")
        try:
            mine = notebook.read(path)
        except notebook.Unreadable as error:
            kept = copy_aside(path, self.folder / "set_aside")
            self._copy(lesson)
            return Change(lesson.stem, "reset", f"Your copy could not be read: {error.reason}. It is kept as {kept}.")
        try:
            base = notebook.read(handed_out)
        except notebook.Unreadable:
            base = None
        new = nbformat.reads(self._text(lesson), as_version=4)
        merged = merge(mine, base, new, notebook.answers(mine, lesson))
        kept = copy_aside(path, self.folder / "set_aside")
        write_atomically(path, nbformat.writes(merged.notebook) + "\n")
        write_atomically(handed_out, self._text(lesson))
        note = f"Kept: {len(merged.answers)} answers, {merged.own_cells} cells of your own. Your old copy is {kept}."
        if merged.replaced:
            note += f" Changed by you and by us, now as we have it: {', '.join(merged.replaced)}."
        return Change(lesson.stem, "updated", note)

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """Turn what the file system refuses into one line; files are written whole or not at all."""
        try:
            yield
        except OSError as error:
            place = error.filename or self.folder
            raise WorkspaceError(
                f"{place} cannot be written ({error.strerror}). Nothing of yours was changed there. "
                "Free some space, or choose a folder of your own: attncourse start DIR"
            ) from error
