"""Grades one notebook: reads it, finds its answers, has them judged in a ``Session``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from attncourse import course
from attncourse.checking.judge import Judge
from attncourse.course import Lesson
from attncourse.notebook import Unreadable, answers, read, steps
from grading import states
from grading.release import build
from grading.results import Graded
from grading.sandbox.process import Limits
from grading.session import Session


@dataclass
class Grader:
    """Grades any number of submissions with one seed; what the references do is computed once."""

    seed: int
    limits: Limits = field(default_factory=Limits)
    _judges: dict[str, Judge] = field(default_factory=dict, init=False)
    _solutions: dict[str, dict[str, str]] = field(default_factory=dict, init=False)

    def grade(self, path: Path, student: str) -> Graded:
        """Grade one notebook; its file name says which lesson it is. Never raises for what is in the file."""
        lesson = lesson_called(path.stem)
        if lesson is None:
            known = ", ".join(lesson.stem for lesson in course.LESSONS)
            note = f"No lesson is called {path.stem!r}. There are: {known}. Rename the file and grade again."
            return Graded(student, path.stem, states.UNKNOWN_LESSON, note=note, seed=self.seed)
        points = points_of(lesson.stem)
        try:
            notebook = read(path)
        except Unreadable as error:
            return Graded(student, lesson.stem, states.UNREADABLE, 0.0, points, error.reason, self.seed)
        found = answers(notebook, lesson)
        session = Session(self, lesson, found, steps(notebook, lesson, found))
        try:
            judged = session.judge_all()
        finally:
            session.close()
        state = states.of_submission([one.state for one in judged], [state for state, _ in session.dropped])
        note = " ".join(f"Cell {index + 1} was left out: {why}." for why, index in session.dropped)
        score = round(sum(one.report.score for one in judged), 2)
        return Graded(student, lesson.stem, state, score, points, note, self.seed, tuple(judged))

    def judge(self, exercise_id: str) -> Judge:
        """The judge of an exercise, kept over the submissions."""
        if exercise_id not in self._judges:
            self._judges[exercise_id] = Judge(course.exercise(exercise_id), self.seed)
        return self._judges[exercise_id]

    def solution(self, lesson: Lesson, cell: str) -> str:
        """The text of a solved cell."""
        if lesson.stem not in self._solutions:
            cells = build(lesson).solved.cells
            self._solutions[lesson.stem] = {cell.id: cell.source for cell in cells if cell.cell_type == "code"}
        return self._solutions[lesson.stem][cell]

    def imports(self, lesson: Lesson) -> str:
        """The import lines of a lesson, which stand even where their cell was deleted."""
        self.solution(lesson, lesson.exercise_ids[0])
        lines = "\n".join(self._solutions[lesson.stem].values()).split("\n")
        return "\n".join(line for line in lines if line.startswith(("import ", "from ")))


def lesson_called(stem: str) -> Lesson | None:
    """The lesson whose notebook has this name, without its ending."""
    return next((lesson for lesson in course.LESSONS if lesson.stem == stem), None)


def points_of(stem: str) -> float:
    """What the lesson of this name is worth; 0 where there is none."""
    lesson = lesson_called(stem)
    return float(sum(course.exercise(id).points for id in lesson.exercise_ids)) if lesson else 0.0
