"""``python -m grading grade SUBMISSIONS --out DIR``: grade a class.

Reads ``SUBMISSIONS/<student>/<lesson>.ipynb`` (or nbgrader's ``<student>/<lesson>/<lesson>.ipynb``) and writes

    DIR/grades.csv                           student,lesson,score,max_score,state
    DIR/exercises.csv                        student,lesson,exercise,score,max_score,state,diagnosis,subgoal,seed
    DIR/feedback/<student>/<lesson>.html     what the student is told
    DIR/reports/<student>/<lesson>.json      the same as data
    DIR/gradebook.db, autograded/, ...       nbgrader's course: run formgrader or ``nbgrader export`` in DIR

Every submission gets a row, whatever it is; ``grading/states.py`` says what the states mean. A name that a spreadsheet
would take for a formula gets an apostrophe before it.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from attncourse import course
from grading import states
from grading.feedback import page, printable
from grading.handed_in import Submission, find
from grading.results import Graded
from grading.sandbox.process import Limits
from grading.workers import each_graded, our_fault

GRADES = ("student", "lesson", "score", "max_score", "state")
EXERCISES = ("student", "lesson", "exercise", "score", "max_score", "state", "diagnosis", "subgoal", "seed")


class GradebookError(Exception):
    """The gradebook cannot take this; the message says what to do."""


def main(arguments: Sequence[str]) -> int:
    """The command. Exit 0 where every submission has its row, 1 where results could not be written, 2 for wrong
    arguments, 130 where it was stopped."""
    parser = argparse.ArgumentParser(prog="python -m grading grade", description="Grade a class.")
    parser.add_argument("submissions", type=Path, help="the folder with one folder a student")
    parser.add_argument("--out", type=Path, required=True, help="where the results go")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="submissions at a time (default: one a core)"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="time for one exercise (default: 10)")
    parser.add_argument("--memory", type=int, default=2048, help="MiB for a submission's own data (default: 2048)")
    parser.add_argument("--seed", type=int, help="of the inputs (default: a fresh one; it is in exercises.csv)")
    parser.add_argument("--no-gradebook", action="store_true", help="leave out nbgrader's course")
    options = parser.parse_args(arguments)
    if not options.submissions.is_dir():
        print(f"{options.submissions} is no folder; give the one with one folder a student", file=sys.stderr)
        return 2
    if options.jobs < 1 or options.seconds <= 0 or options.memory < 64:
        print("--jobs must be 1 or more, --seconds above 0, --memory 64 or more", file=sys.stderr)
        return 2
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    found = find(options.submissions, apart_from=options.out)
    if not found:
        print(f"{options.submissions} holds no student's folder; nothing to grade", file=sys.stderr)
        return 2
    limits = Limits(options.seconds, options.memory)
    again = f"run it again (--seed {seed} repeats the same checks)"
    try:
        if not options.no_gradebook:
            # Before an hour of grading, not after it.
            _lay_out(options.out, found)
        gradebook = None if options.no_gradebook else _gradebook
        graded = grade(found, options.out, seed, limits, options.jobs, gradebook)
    except GradebookError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Results cannot be written ({error}). What is in {options.out} stays; {again}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"Stopped. What was graded is in {options.out}, without a gradebook; {again}.", file=sys.stderr)
        return 130
    _summary(graded, options.out, seed)
    return 0


def grade(
    found: Sequence[Submission],
    out: Path,
    seed: int,
    limits: Limits,
    jobs: int = 1,
    gradebook: Callable[[Path, Sequence[tuple[Submission, Graded]]], None] | None = None,
) -> list[Graded]:
    """Grade all, write each result as soon as it is there, then the tables and the gradebook."""
    out.mkdir(parents=True, exist_ok=True)
    results: dict[int, Graded] = {}
    try:
        for index, graded in each_graded(found, seed, limits, jobs):
            results[index] = _write_one(out, found[index], graded)
    finally:
        # Whoever stops it half-way keeps what is done.
        _write_tables(out, [results[index] for index in sorted(results)])
    if gradebook:
        gradebook(out, [(found[index], results[index]) for index in sorted(results)])
    return [results[index] for index in sorted(results)]


def write(path: Path, text: str) -> None:
    """Write a file as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def harmless(text: str) -> str:
    """A cell of a table that no spreadsheet takes for a formula."""
    text = printable(text)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text


def _write_one(out: Path, submission: Submission, graded: Graded) -> Graded:
    """Write what is for the student; returns the result, or ours to answer for where it cannot be put into words."""
    if submission.state == states.MISPLACED:
        return graded
    student, stem = submission.student, graded.lesson or "submission"
    try:
        texts = page(graded), as_json(graded)
    except Exception as error:
        graded = our_fault(submission, graded.seed, f"its feedback failed: {type(error).__name__}: {error}")
        texts = page(graded), as_json(graded)
    write(out / "feedback" / student / f"{stem}.html", texts[0])
    write(out / "reports" / student / f"{stem}.json", texts[1])
    return graded


def as_json(graded: Graded) -> str:
    """One submission's result as data."""
    fields: dict[str, Any] = {name: value for name, value in vars(graded).items() if name != "exercises"}
    fields["exercises"] = [
        {"exercise": one.exercise, "state": one.state, "note": one.note, "report": json.loads(one.report.to_json())}
        for one in graded.exercises
    ]
    return json.dumps(fields, indent=1) + "\n"


def _write_tables(out: Path, results: Sequence[Graded]) -> None:
    write(out / "grades.csv", _table(GRADES, [_row(one) for one in results]))
    rows = [
        (one.student, one.lesson, ex.exercise, ex.report.score, ex.report.max_score, ex.state)
        + (ex.report.diagnosis or "", ex.report.subgoal, one.seed)
        for one in results
        for ex in one.exercises
    ]
    write(out / "exercises.csv", _table(EXERCISES, rows))


def _row(graded: Graded) -> tuple[Any, ...]:
    return (graded.student, graded.lesson, graded.score, graded.max_score, graded.state)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([harmless(cell) if isinstance(cell, str) else f"{cell:g}" for cell in row])
    return text.getvalue()


def _lay_out(out: Path, found: Sequence[Submission]) -> None:
    from grading.gradebook import lay_out

    stems = {submission.path.stem for submission in found}
    lay_out(out, [lesson for lesson in course.LESSONS if lesson.stem in stems])


def _gradebook(out: Path, graded: Sequence[tuple[Submission, Graded]]) -> None:
    from grading.gradebook import record

    record(out, [(submission.path, one) for submission, one in graded])


def _summary(graded: Sequence[Graded], out: Path, seed: int) -> None:
    counts: dict[str, int] = {}
    for one in graded:
        counts[one.state] = counts.get(one.state, 0) + 1
    words = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    print(f"{len(graded)} submissions ({words}); seed {seed}; results in {out}")
    for one in graded:
        if one.state == states.OUR_FAULT:
            print(f"{printable(one.student)}, {printable(one.lesson)}: {one.note}", file=sys.stderr)
