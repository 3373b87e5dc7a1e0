"""``attncourse check``: the answers of a notebook, run and checked in a process of their own.

Run as ``python -m attncourse.check_notebook NOTEBOOK LESSON [ID ...]`` in the learner's folder. The answers are found
as the classroom finds them (``attncourse.notebook``), so what counts here counts there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attncourse import cell, course, notebook, selfcheck, workspace
from attncourse.checking.rendering import as_text
from attncourse.checking.report import INCORRECT, Report


def main(arguments: Sequence[str]) -> int:
    """Check the given exercises, or all of the lesson. Exit codes: 0 all passed, 1 not all, 2 no notebook."""
    path, lesson, wanted = Path(arguments[0]), course.lesson(arguments[1]), list(arguments[2:])
    try:
        found = notebook.read(path)
    except notebook.Unreadable as error:
        print(
            f"{path.name} cannot be read: {error.reason}. Begin it anew with: attncourse reset {lesson.stem}",
            file=sys.stderr,
        )
        return 2
    # Behind all else: a torch.py beside the notebook must not stand in for torch.
    sys.path.append(os.getcwd())
    values = _run(notebook.steps(found, lesson))
    reports = [_report(exercise_id, values) for exercise_id in wanted or lesson.exercise_ids]
    passed = sum(report.passed for report in reports)
    if len(reports) > 1:
        print(f"{passed} of {len(reports)} passed.")
    return 0 if passed == len(reports) else 1


def _run(steps: Sequence[notebook.Step]) -> dict[str, Any]:
    """Run the cells in their order; exercise id -> the answer, or the exception that its cell raised."""
    names = cell.fresh_names()
    values: dict[str, Any] = {}
    for step in steps:
        failed = _run_one(step, names)
        for exercise_id in step.exercises:
            values[exercise_id] = failed or names.get(course.exercise(exercise_id).answer)
    return values


def _run_one(step: notebook.Step, names: dict[str, Any]) -> Exception | None:
    try:
        cell.run(step.source, f"<cell {step.index + 1}>", names)
    except Exception as error:
        return error
    return None


def _report(exercise_id: str, values: dict[str, Any]) -> Report:
    value = values.get(exercise_id)
    if not isinstance(value, Exception):
        return selfcheck.check(exercise_id, value)
    exercise = course.exercise(exercise_id)
    words = f"{type(value).__name__}: {value}"
    report = Report(
        exercise_id, exercise.title, INCORRECT, 0.0, exercise.points, "your cell runs without an error", why=words
    )
    folder = workspace.find()
    if folder:
        folder.record(report)
    print(as_text(report))
    return report


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
