"""``python -m grading audit``: the course proves itself.

For each exercise: the stub is "not attempted"; the solution in the notebook passes; every misconception is rejected
under its own name and every accepted style is accepted; the hint ladder is there; the check cell ends in a float; and
every automatic mutant of the solution is rejected, or is listed in the exercise with the reason why it is right.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from attncourse import course
from attncourse.checking import Exercise, Judge, Report, TestsExercise, Workbench
from attncourse.checking.report import CORRECT, INCORRECT, NOT_ATTEMPTED
from attncourse.course import Lesson
from attncourse.notebook import steps
from grading.mutants import Mutant, mutants
from grading.release import build

SEEDS = (0, 1)


@dataclass
class Finding:
    """What the audit found of one exercise; ``faults`` are the sentences that make it fail."""

    exercise: Exercise
    named: int = 0
    accepted: int = 0
    rejected: int = 0
    mutated: int = 0
    survivors: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def row(self) -> tuple[str, ...]:
        """The exercise's line of the table."""
        exercise = self.exercise
        wrong = len(exercise.misconceptions)
        forms = sum(len(misconception.forms) for misconception in exercise.misconceptions)
        return (
            exercise.id,
            exercise.kind,
            str(exercise.points),
            f"{self.named}/{wrong}" + (f" ({forms} forms)" if forms > wrong else ""),
            f"{self.accepted}/{len(exercise.styles)}",
            str(len(exercise.hints)),
            f"{self.rejected}/{self.mutated}" + (f" ({len(self.survivors)} equivalent)" if self.survivors else ""),
            "FAULT" if self.faults else "good",
        )


HEADER = (
    "exercise",
    "kind",
    "points",
    "misconceptions named",
    "styles accepted",
    "hints",
    "mutants rejected",
    "verdict",
)


def audit(lesson: Lesson) -> list[Finding]:
    """Audit every exercise of a lesson."""
    notebooks = build(lesson)
    stubs, solutions = _answers(notebooks.blank, lesson), _answers(notebooks.solved, lesson)
    cells = {cell.id: cell for cell in notebooks.solved.cells}
    findings = []
    for exercise_id in lesson.exercise_ids:
        finding = Finding(course.exercise(exercise_id))
        namespace = solutions[exercise_id]
        for judge in (Judge(finding.exercise, seed) for seed in SEEDS):
            _judge_notebooks(finding, judge, stubs[exercise_id], namespace)
            _judge_authored(finding, judge)
        _judge_check_cell(finding, cells[f"{exercise_id}-check"].source)
        _judge_mutants(finding, cells[exercise_id].source, namespace)
        findings.append(finding)
    return findings


def main(arguments: Sequence[str]) -> int:
    """The command: a table, what falls short, and exit 1 where something does."""
    parser = argparse.ArgumentParser(prog="python -m grading audit", description=__doc__.split("\n")[0])
    parser.add_argument("lessons", nargs="*", help="lesson names or numbers (all, if none is given)")
    options = parser.parse_args(arguments)
    try:
        lessons = [course.lesson(name) for name in options.lessons] or list(course.LESSONS)
    except KeyError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    findings = [finding for lesson in lessons for finding in audit(lesson)]
    rows = [HEADER, *(finding.row for finding in findings)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    for finding in findings:
        for survivor in finding.survivors:
            print(f"equivalent, {finding.exercise.id}: {survivor}: {finding.exercise.equivalents[survivor]}")
    faults = [f"{finding.exercise.id}: {fault}" for finding in findings for fault in finding.faults]
    print("\n".join(["", *(f"FAULT {fault}" for fault in faults), f"{len(findings)} exercises, {len(faults)} faults"]))
    return 1 if faults else 0


def _answers(notebook: NotebookNode, lesson: Lesson) -> dict[str, dict[str, Any]]:
    """Run a notebook's answers here, with what the classroom runs of the other cells; the names after each answer."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    found: dict[str, dict[str, Any]] = {}
    for step in steps(notebook, lesson):
        # Of the other cells a part is run; where that lacks what the rest would give, no answer may depend on it.
        missing = contextlib.nullcontext() if step.exercises else contextlib.suppress(Exception)
        with contextlib.redirect_stdout(io.StringIO()), missing:
            exec(compile(step.source, f"<{lesson.stem}, cell {step.index + 1}>", "exec"), namespace)
        for exercise_id in step.exercises:
            found[exercise_id] = dict(namespace)
    return found


def _judge_notebooks(finding: Finding, judge: Judge, stub: dict[str, Any], solution: dict[str, Any]) -> None:
    name = finding.exercise.answer
    for what, namespace, wanted in (("stub", stub, NOT_ATTEMPTED), ("solution", solution, CORRECT)):
        report = judge.verdict(Workbench(namespace.get(name)))
        if report.state != wanted:
            found = f"{report.state!r} ({report.subgoal})"
            finding.faults.append(f"the {what} is {found}, not {wanted!r}; seed {judge.seed}")


def _judge_authored(finding: Finding, judge: Judge) -> None:
    exercise = finding.exercise
    named, accepted = 0, 0
    for wrong in exercise.misconceptions:
        # As written it is run anew and must be known again; of a dress one run serves as both sides of the comparison.
        reports = [_verdict(judge, wrong.implementation), *(_dressed(judge, dress) for dress in wrong.dresses)]
        unnamed = [report for report in reports if (report.state, report.diagnosis) != (INCORRECT, wrong.name)]
        named += not unnamed
        for report in unnamed:
            finding.faults.append(f"{wrong.name} is {report.state!r}, named {report.diagnosis!r}; seed {judge.seed}")
    unaided = Judge(_without_styles(exercise), judge.seed)
    for style in exercise.styles:
        # A style would always agree with itself; only a variant, which has a remark, is right because it is listed.
        report = _verdict(judge if style.remark else unaided, style.implementation)
        if report.passed:
            accepted += 1
        else:
            finding.faults.append(f"the right style {style.name} is refused: {report.subgoal}; seed {judge.seed}")
    finding.named, finding.accepted = named, accepted
    unhelpful = [hint for hint in exercise.hints if not hint.strip()]
    if unhelpful:
        finding.faults.append("an empty hint")


def _without_styles(exercise: Exercise) -> Exercise:
    bare = copy.copy(exercise)
    bare.styles = []
    return bare


def _verdict(judge: Judge, implementation: Any) -> Report:
    answer = implementation() if judge.exercise.kind == "value" else implementation
    return judge.verdict(Workbench(answer, trusted=True))


def _dressed(judge: Judge, dress: Callable[..., Any]) -> Report:
    return judge.verdict(Workbench(dress, trusted=True), judge.observations(dress))


def _judge_check_cell(finding: Finding, source: str) -> None:
    last = ast.parse(source).body[-1]
    ends = isinstance(last, ast.Expr) and isinstance(last.value, ast.Attribute) and last.value.attr == "score"
    report = Judge(finding.exercise).verdict(Workbench(None))
    if not ends or not isinstance(report.score, float):
        finding.faults.append("the check cell does not end in a float")


def _judge_mutants(finding: Finding, source: str, namespace: dict[str, Any]) -> None:
    exercise = finding.exercise
    if isinstance(exercise, TestsExercise):
        return  # A changed test that still accepts all right and rejects all wrong answers is right by definition.
    judge = Judge(exercise)
    survived: set[str] = set()
    for mutant in mutants(source):
        finding.mutated += 1
        if not _run(mutant, exercise, judge, namespace).passed:
            finding.rejected += 1
        elif mutant.after in exercise.equivalents:
            survived.add(mutant.after)
        else:
            finding.faults.append(f"a mutant survives: {mutant.before}  ->  {mutant.after}")
    finding.survivors = sorted(survived)
    for listed in exercise.equivalents.keys() - survived:
        finding.faults.append(f"listed as equivalent, but no such mutant survives: {listed}")


def _run(mutant: Mutant, exercise: Exercise, judge: Judge, namespace: dict[str, Any]) -> Report:
    names = dict(namespace)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(mutant.source, "<mutant>", "exec"), names)
    except Exception as error:
        return Report(exercise.id, exercise.title, INCORRECT, 0.0, float(exercise.points), why=repr(error))
    return judge.verdict(Workbench(names.get(exercise.answer)))
