"""What grading finds out: ``Judged``, one exercise; ``Graded``, one submission."""

from __future__ import annotations

from dataclasses import dataclass

from attncourse.checking.report import Report


@dataclass(frozen=True)
class Judged:
    """One exercise of one submission: its state (see ``states``), its report, and a remark on how it was found."""

    exercise: str
    state: str
    report: Report
    note: str = ""


@dataclass(frozen=True)
class Graded:
    """One submission: a row of grades.csv, and what stands behind it. ``note`` is for student and teacher."""

    student: str
    lesson: str
    state: str
    score: float = 0.0
    max_score: float = 0.0
    note: str = ""
    seed: int = 0
    exercises: tuple[Judged, ...] = ()
