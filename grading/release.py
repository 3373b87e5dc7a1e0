"""``python -m grading release``: lessons -> ``notebooks/`` (blank) and ``solutions/`` (solved, executed, with figures).

``lesson.py`` is the only source. ``build`` makes three notebooks of it: nbgrader's source (with solution marks), the
blank one that learners get, and the solved one. ``release`` writes the last two, and executes the solved one. A second
run changes no byte. ``release --check`` writes nothing and says which files are stale.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from attncourse import course
from attncourse.course import Lesson
from attncourse.notebook import SOLUTION, without_solution
from grading.imports import Imports

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
MARKS = re.compile(rf"^[ \t]*(?:{BEGIN}|{END})[ \t]*\n?", re.MULTILINE)
KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
CELL_SECONDS = 120
# What the check cells call.
CHECK = ROOT / "attncourse" / "selfcheck.py"
# A lesson that is added there changes no other.
CATALOGUE = ROOT / "attncourse" / "course.py"


@dataclass(frozen=True)
class Notebooks:
    """The three forms of one lesson, none of them executed."""

    source: NotebookNode
    blank: NotebookNode
    solved: NotebookNode


def build(lesson: Lesson) -> Notebooks:
    """Make the notebooks of a lesson. Raises ValueError where its text breaks a rule, naming the cell."""
    source = _from_text(lesson)
    blank, solved = copy.deepcopy(source), copy.deepcopy(source)
    for cell in blank.cells:
        cell.source = without_solution(cell.source)
    for cell in solved.cells:
        cell.source = MARKS.sub("", cell.source).strip("\n")
    return Notebooks(source, blank, solved)


def execute(notebook: NotebookNode, seconds: int = CELL_SECONDS) -> NotebookNode:
    """Run all cells in a fresh kernel, in an empty folder, and keep what they print and draw."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "default"}
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=seconds,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,  # how a kernel cuts what is printed into pieces depends on the machine's load
            resources={"metadata": {"path": folder}},
        )
        client.execute(env=environment)
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def freshness(lesson: Lesson) -> str:
    """A hash over all that shapes a lesson's notebooks: its folder, what that stands on of ours, and the pins."""
    digest = hashlib.sha256()
    known = Imports().closure([*lesson.folder.rglob("*.py"), CHECK])
    files = [path for path in known if path != CATALOGUE]
    for path in [*files, Path(__file__), ROOT / "constraints.txt"]:
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def stale(lesson: Lesson) -> list[Path]:
    """The generated files of a lesson that no longer follow from its text."""
    notebooks, mark = build(lesson), freshness(lesson)
    found = []
    if _text(blank_path(lesson)) != nbformat.writes(_marked(notebooks.blank, lesson, "")) + "\n":
        found.append(blank_path(lesson))
    try:
        solved = nbformat.read(solved_path(lesson), as_version=4)
        if solved.metadata.get("attncourse", {}).get("freshness") != mark:
            found.append(solved_path(lesson))
    except (OSError, ValueError):
        found.append(solved_path(lesson))
    return found


def release(lesson: Lesson) -> list[Path]:
    """Write both notebooks of a lesson; returns their paths. Nothing is written where the solved one fails."""
    notebooks = build(lesson)
    solved = execute(_marked(notebooks.solved, lesson, freshness(lesson)))
    written = [
        (blank_path(lesson), _marked(notebooks.blank, lesson, "")),
        (solved_path(lesson), solved),
    ]
    for path, notebook in written:
        path.parent.mkdir(exist_ok=True)
        path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    return [path for path, _ in written]


def blank_path(lesson: Lesson) -> Path:
    """Where the learner's notebook is committed."""
    return ROOT / "notebooks" / f"{lesson.stem}.ipynb"


def solved_path(lesson: Lesson) -> Path:
    """Where the solved and executed notebook is committed."""
    return ROOT / "solutions" / f"{lesson.stem}.ipynb"


def main(arguments: Sequence[str]) -> int:
    """The command. Exit 1 where ``--check`` finds a stale file."""
    parser = argparse.ArgumentParser(prog="python -m grading release", description=__doc__.split("\n")[0])
    parser.add_argument("lessons", nargs="*", help="lesson names or numbers (all, if none is given)")
    parser.add_argument("--check", action="store_true", help="write nothing; say what is stale")
    options = parser.parse_args(arguments)
    try:
        lessons = [course.lesson(name) for name in options.lessons] or list(course.LESSONS)
    except KeyError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    if options.check:
        old = [path for lesson in lessons for path in stale(lesson)]
        for path in old:
            print(f"stale: {path.relative_to(ROOT)}; run: python -m grading release")
        return 1 if old else 0
    for lesson in lessons:
        for path in release(lesson):
            print(f"wrote {path.relative_to(ROOT)}")
    return 0


def _from_text(lesson: Lesson) -> NotebookNode:
    read = jupytext.reads(lesson.text, fmt="py:percent")
    cells, exercises = [], []
    for cell in read.cells:
        title = cell.metadata.get("title")
        if not title:
            raise ValueError(f"{lesson.stem}: a cell without a title: {cell.source[:60]!r}")
        if cell.cell_type == "code" and lesson.file_of(title):
            exercises.append(title)
            cells += _exercise_cells(title, cell.source)
        elif BEGIN in cell.source:
            raise ValueError(f"{lesson.stem}: cell {title!r} has a solution, but there is no exercise of that id")
        else:
            make = nbformat.v4.new_markdown_cell if cell.cell_type == "markdown" else nbformat.v4.new_code_cell
            cells.append(make(cell.source, id=title))
    _hold(lesson, [cell.id for cell in cells], exercises)
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})


def _exercise_cells(exercise_id: str, source: str) -> list[NotebookNode]:
    exercise = course.exercise(exercise_id)
    if not SOLUTION.search(source):
        raise ValueError(f"{exercise_id}: its cell needs a region from {BEGIN!r} to {END!r}")
    answer = nbformat.v4.new_code_cell(source, id=exercise_id)
    answer.metadata["nbgrader"] = _nbgrader(exercise_id, solution=True)
    check = nbformat.v4.new_code_cell(
        f'attncourse.check("{exercise_id}", {exercise.answer}).score', id=f"{exercise_id}-check"
    )
    check.metadata["nbgrader"] = _nbgrader(check.id, grade=True, locked=True, points=exercise.points)
    check.metadata.update(deletable=False, editable=False)
    return [answer, check]


def _nbgrader(
    grade_id: str, *, grade: bool = False, solution: bool = False, locked: bool = False, points: int | None = None
) -> dict[str, object]:
    metadata: dict[str, object] = {
        "cell_type": "code",
        "grade": grade,
        "grade_id": grade_id,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    return metadata if points is None else {**metadata, "points": points}


def _hold(lesson: Lesson, ids: Sequence[str], exercises: Sequence[str]) -> None:
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise ValueError(f"{lesson.stem}: two cells have the title {twice[0]!r}")
    files = {path for path in lesson.folder.glob("[!_]*.py") if path.name != "lesson.py"}
    without = sorted(path.name for path in files - {lesson.file_of(exercise) for exercise in exercises})
    if without:
        raise ValueError(f"{lesson.stem}: {without[0]} has no cell in lesson.py; give one the exercise's id as title")


def _marked(notebook: NotebookNode, lesson: Lesson, mark: str) -> NotebookNode:
    notebook.metadata["attncourse"] = {"lesson": lesson.stem, **({"freshness": mark} if mark else {})}
    return notebook


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
