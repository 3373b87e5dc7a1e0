"""One submission on its way through a child: its cells run there, its answers are judged here.

Cells go to the child one by one, so that it is known which one looped or crashed. After a death a new child gets
everything that went well so far, and grading goes on with the next cell.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attncourse import course
from attncourse.checking.exercise import Exercise
from attncourse.checking.observation import AnswerError
from attncourse.checking.report import INCORRECT, NOT_ATTEMPTED
from attncourse.course import Lesson
from attncourse.notebook import Answer, Step
from grading import states, unjudged
from grading.results import Judged
from grading.sandbox.dialogue import Child, Died
from grading.sandbox.remote import RemoteCandidate

if TYPE_CHECKING:
    from grading.submission import Grader


@dataclass(frozen=True)
class _Run:
    """One thing that a child was given to run; ``solution``: it is ours, not the student's."""

    label: str
    source: str
    names: tuple[str, ...] = ()
    piecewise: bool = False
    solution: bool = False


class Session:
    """One submission on its way through one child, or several after deaths."""

    def __init__(self, grader: Grader, lesson: Lesson, found: dict[str, Answer], listed: Sequence[Step]) -> None:
        self._grader = grader
        self._lesson = lesson
        self._answers = found
        self._steps = listed
        self._limits = grader.limits
        self._seed = grader.seed
        self._exercises = {id: grader.judge(id).exercise for id in lesson.exercise_ids}
        self._judged: dict[str, Judged] = {}
        self._history: list[_Run] = []
        self._solved: set[str] = set()
        self._missed: set[str] = set()
        self._child: Child | None = None
        self._end = time.monotonic() + self._limits.seconds * (len(self._exercises) + 2)
        self.dropped: list[tuple[str, int]] = []

    def judge_all(self) -> list[Judged]:
        """Run the notebook from its first cell to its last, judging each answer after its cell."""
        self._start([_Run("<cell imports>", self._grader.imports(self._lesson), piecewise=True)])
        for step in self._steps:
            self._take(step)
        for step in self._steps:
            # Cells may have been moved: what missed a name gets a second chance when all names are there.
            again = [id for id in step.exercises if id in self._missed]
            if again and step is not self._steps[-1]:
                self._take(dataclasses.replace(step, exercises=tuple(again)))
        return [self._judged.get(id) or self._missing(exercise) for id, exercise in self._exercises.items()]

    def _missing(self, exercise: Exercise) -> Judged:
        return Judged(exercise.id, states.MISSING, unjudged.missing(exercise, self._seed))

    def close(self) -> None:
        """Throw the child away."""
        if self._child:
            self._child.close()
            self._child = None

    def _take(self, step: Step) -> None:
        if self._is_late():
            self._die(step, Died(states.TIMED_OUT))
            return
        if self._solved.intersection(step.exercises):
            self._forget_solutions()
        label = f"<cell {step.index + 1}>"
        names = tuple(self._exercises[id].answer for id in step.exercises)
        run = _Run(label, step.source, names, piecewise=not step.exercises)
        broken = next((self._answers[id].error for id in step.exercises if self._answers[id].error), "")
        failure = None
        try:
            if not self._child:
                self._start(self._history)
            for exercise_id in step.exercises:
                self._solve_used(self._exercises[exercise_id])
            if not broken:
                failure = self._run(run)
        except Died as died:
            self._restart(step, died)
            return
        for place, exercise_id in enumerate(step.exercises):
            try:
                self._note(exercise_id, self._judge(self._exercises[exercise_id], broken, failure))
            except Died as died:
                self._history = [one for one in self._history if one is not run]
                self._restart(dataclasses.replace(step, exercises=(exercise_id,)), died)
                rest = step.exercises[place + 1 :]
                if rest:
                    # One cell holds several answers: the others are judged in a new child.
                    self._take(dataclasses.replace(step, exercises=rest))
                return

    def _run(self, run: _Run) -> AnswerError | None:
        assert self._child
        self._child.renew()
        self._history.append(run)
        try:
            self._child.run(run.label, run.source, run.names, run.piecewise)
        except AnswerError as error:
            return error
        except Died:
            self._history.remove(run)
            raise
        return None

    def _judge(self, exercise: Exercise, broken: str, failure: AnswerError | None) -> Judged:
        assert self._child
        answer = self._answers[exercise.id]
        note = _how_found(answer)
        if answer.blank:
            return Judged(exercise.id, NOT_ATTEMPTED, unjudged.not_attempted(exercise, self._seed), note)
        if broken:
            report = unjudged.unreadable(exercise, self._seed, broken)
            return Judged(exercise.id, INCORRECT, report, note)
        self._child.renew()
        if not self._child.select(exercise.id, exercise.answer):
            self._missed |= {exercise.id} if failure and failure.kind == "NameError" else set()
            return Judged(exercise.id, INCORRECT, unjudged.undefined(exercise, self._seed, failure), note)
        candidate = RemoteCandidate(self._child, exercise.id)
        report = self._grader.judge(exercise.id).verdict(candidate)
        if candidate.missed_a_name and not report.passed:
            self._missed.add(exercise.id)
        return Judged(exercise.id, report.state, report, note)

    def _note(self, exercise_id: str, judged: Judged) -> None:
        before = self._judged.get(exercise_id)
        if before is None or judged.report.score > before.report.score:
            self._judged[exercise_id] = judged

    def _solve_used(self, exercise: Exercise) -> None:
        """Where an earlier answer that this one may call is not right, put its solution in its place."""
        here = [id for step in self._steps for id in step.exercises]
        for used in exercise.uses:
            judged = self._judged.get(used)
            wrong = judged is not None and not judged.report.passed or used not in here
            if wrong and used not in self._solved:
                self._solved.add(used)
                lesson = course.lesson_of(used)
                self._run(_Run(f"<solution {used}>", self._grader.solution(lesson, used), solution=True))

    def _forget_solutions(self) -> None:
        """No answer is judged where its solution has been: an earlier cell may have kept it under another name."""
        self.close()
        self._history = [run for run in self._history if not run.solution]
        self._solved.clear()

    def _is_late(self) -> bool:
        return time.monotonic() > self._end

    def _restart(self, step: Step, died: Died) -> None:
        self._die(step, died)
        self.close()

    def _start(self, runs: Sequence[_Run]) -> None:
        """A new child that has run ``runs``; what dies now is left out. Died where no time is left for it."""
        left = list(runs)
        while self._child is None:
            self._child = Child(self._limits)
            self._history = []
            for run in left:
                if self._is_late():
                    raise Died(states.TIMED_OUT)
                try:
                    self._run(run)
                except Died:
                    self.close()
                    left.remove(run)
                    break

    def _die(self, step: Step, died: Died) -> None:
        for exercise_id in step.exercises:
            report = unjudged.died(self._exercises[exercise_id], self._seed, died.state, died.detail, self._limits)
            self._note(exercise_id, Judged(exercise_id, died.state, report, _how_found(self._answers[exercise_id])))
        if not step.exercises:
            self.dropped.append((died.state, step.index))


def _how_found(answer: Answer) -> str:
    return {
        "cell id": "",
        "grade id": "",
        "content": f"found in cell {answer.index + 1}, which is not the cell that was handed out for it",
    }[answer.found]
