"""The catalogue: the lessons in their order, and the exercises of each.

An exercise id is the prefix of its lesson and the name of its file: ``se-squeeze`` is ``squeeze.py`` in
``lessons/squeeze_excitation``. So one is found without importing the others, and a new one needs no registration:
its file, and a cell of that title in the lesson's ``lesson.py``.
"""

from __future__ import annotations

import difflib
import importlib
import re
from dataclasses import dataclass
from pathlib import Path

from attncourse.checking.exercise import Exercise

LESSONS_FOLDER = Path(__file__).parent / "lessons"
CELL = re.compile(r"^# %%[ \t]*(?P<title>[a-z0-9-]+)?[ \t]*(?P<kind>\[markdown\])?", re.MULTILINE)


@dataclass(frozen=True)
class Lesson:
    """One lesson: its number, its folder's name, the prefix of its exercises' ids, and its title."""

    number: int
    name: str
    prefix: str
    title: str

    @property
    def stem(self) -> str:
        """The notebook's name without ending: ``01_squeeze_excitation``."""
        return f"{self.number:02d}_{self.name}"

    @property
    def folder(self) -> Path:
        """Where its text, answers, mistakes and hints are written."""
        return LESSONS_FOLDER / self.name

    @property
    def text(self) -> str:
        """``lesson.py``: the notebook as py:percent text."""
        return (self.folder / "lesson.py").read_text(encoding="utf-8")

    @property
    def exercise_ids(self) -> list[str]:
        """The exercises, in the order of their cells in the notebook."""
        titles = [match["title"] for match in CELL.finditer(self.text) if match["title"] and not match["kind"]]
        return [title for title in titles if self.file_of(title)]

    def file_of(self, exercise_id: str) -> Path | None:
        """The file in which an exercise is written, or None where this lesson has none of that id."""
        if not exercise_id.startswith(self.prefix + "-"):
            return None
        path = self.folder / (exercise_id.removeprefix(self.prefix + "-").replace("-", "_") + ".py")
        return path if path.name not in ("lesson.py", "__init__.py") and path.exists() else None


LESSONS: tuple[Lesson, ...] = (
    Lesson(0, "feature_maps", "maps", "Feature maps, channels and gates"),
    Lesson(1, "squeeze_excitation", "se", "Squeeze-and-Excitation"),
    Lesson(2, "cbam_channel", "cbam-channel", "CBAM: channel attention"),
    Lesson(3, "cbam_spatial", "cbam-spatial", "CBAM: spatial attention"),
    Lesson(4, "cbam", "cbam", "CBAM: channels, then places"),
    Lesson(5, "bam", "bam", "BAM: two branches, one gate"),
    Lesson(6, "coordinate_attention", "coordinate", "Coordinate attention"),
    Lesson(7, "grad_cam", "cam", "Grad-CAM: where does it look?"),
    Lesson(8, "cifar10_lab", "lab", "The lab: does it help?"),
    Lesson(9, "detection_cam", "detect", "CAM for a detector: which box?"),
)


def exercise_ids() -> list[str]:
    """Every exercise of the course, in order."""
    return [exercise_id for lesson in LESSONS for exercise_id in lesson.exercise_ids]


def lesson_of(exercise_id: str) -> Lesson:
    """The lesson of an exercise. Raises KeyError, with the nearest id, where there is none of that id."""
    for lesson in LESSONS:
        if lesson.file_of(exercise_id):
            return lesson
    near = difflib.get_close_matches(exercise_id, exercise_ids(), n=1)
    ask = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(exercise_ids())}."
    raise KeyError(f"No exercise is called {exercise_id!r}. {ask}")


def exercise(exercise_id: str) -> Exercise:
    """Load one exercise. Raises KeyError for an unknown id, ValueError where its file does not fit its id."""
    lesson = lesson_of(exercise_id)
    path = lesson.file_of(exercise_id)
    assert path is not None
    module = importlib.import_module(f"attncourse.lessons.{lesson.name}.{path.stem}")
    found = getattr(module, "exercise", None)
    if not isinstance(found, Exercise) or found.id != exercise_id:
        raise ValueError(f"{path.name} must bind `exercise` to the Exercise {exercise_id!r}, got {found!r}")
    return found


def lesson(name: str) -> Lesson:
    """A lesson by its folder's name, its notebook's name or its number. Raises KeyError with what there is."""
    for known in LESSONS:
        if name.removesuffix(".ipynb") in (known.name, known.stem, f"{known.number:02d}", str(known.number)):
            return known
    raise KeyError(f"No lesson is called {name!r}. There are: {', '.join(known.stem for known in LESSONS)}.")
