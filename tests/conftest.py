"""With ``REQUIRE_ALL=1`` a skipped test fails: where everything should be there, nothing may be left out.

And a course of two small lessons, for the tests of what carries lessons about.
"""

from __future__ import annotations

import os

# Before torch: tests run side by side and are small; threads that wait for each other take most of the time.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeVar

import nbformat
import pytest
from torch import Tensor

from attncourse import course
from attncourse.checking import Case, Draw, FunctionExercise
from attncourse.workspace import Workspace

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
REQUIRE_ALL = os.environ.get("REQUIRE_ALL", "0") not in ("", "0")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return _no_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _no_skip(report)


def _no_skip(report: Report) -> Report:
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"REQUIRE_ALL is set, so this test may not be skipped. {reason}"
    return report


LESSON_ONE = """
# %% intro [markdown]
# # One

# %% imports
import torch

# %% one-double
def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %% between [markdown]
# Between.

# %% one-half
def half(x):
    ### BEGIN SOLUTION
    return x / 2
    ### END SOLUTION
"""
LESSON_TWO = """
# %% two-same
def same(x):
    ### BEGIN SOLUTION
    return x
    ### END SOLUTION
"""
STUB = "def {name}(x):\n    ..."


def released_notebook(text: str) -> nbformat.NotebookNode:
    """A lesson's text as the notebook that is handed out; check cells as release adds them."""
    cells = []
    for part in text.strip().split("# %% ")[1:]:
        title, _, body = part.partition("\n")
        cell_id = title.split()[0]
        if title.endswith("[markdown]"):
            cells.append(nbformat.v4.new_markdown_cell(body.replace("# ", "", 1).strip(), id=cell_id))
        elif "BEGIN SOLUTION" not in body:
            cells.append(nbformat.v4.new_code_cell(body.strip(), id=cell_id))
        else:
            name = cell_id.split("-")[1]
            answer = nbformat.v4.new_code_cell(STUB.format(name=name), id=cell_id)
            answer.metadata["nbgrader"] = {"grade_id": cell_id, "solution": True, "locked": False}
            check = nbformat.v4.new_code_cell(f'attncourse.check("{cell_id}", {name}).score', id=f"{cell_id}-check")
            check.metadata["nbgrader"] = {"grade_id": check.id, "solution": False, "locked": True}
            cells += [answer, check]
    return nbformat.v4.new_notebook(cells=cells)


def _exercise(exercise_id: str) -> FunctionExercise:
    rights = {
        "one-double": lambda x: 2 * x,
        "one-half": lambda x: x / 2,
        "two-same": lambda x: 1 * x,
    }
    exercise = FunctionExercise(
        exercise_id,
        answer=exercise_id.split("-")[1],
        title=exercise_id,
        points=2,
        task="",
        hints=["first", "second", "third", "last"],
    )
    exercise.reference(rights[exercise_id])

    @exercise.misconception
    def squares(x: Tensor) -> Tensor:
        """You squared it.

        That is another function.

        Multiply once.
        """
        return x * x

    @exercise.cases
    def cases(draw: Draw) -> Iterator[Case]:
        yield Case("one row", (draw.integers(1, 3),))

    return exercise


@pytest.fixture
def small_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two lessons of three exercises in place of the course; returns the folder of their blank notebooks."""
    lessons = (course.Lesson(1, "first", "one", "One"), course.Lesson(2, "second", "two", "Two"))
    released = tmp_path / "released"
    released.mkdir()
    for lesson, text in zip(lessons, (LESSON_ONE, LESSON_TWO), strict=True):
        folder = tmp_path / "lessons" / lesson.name
        folder.mkdir(parents=True)
        (folder / "lesson.py").write_text(text)
        for name in ("double", "half", "same"):
            (folder / f"{name}.py").write_text("")
        (released / f"{lesson.stem}.ipynb").write_text(nbformat.writes(released_notebook(text)) + "\n")
    monkeypatch.setattr(course, "LESSONS", lessons)
    monkeypatch.setattr(course, "LESSONS_FOLDER", tmp_path / "lessons")
    monkeypatch.setattr(course, "exercise", _exercise)
    return released


@pytest.fixture
def space(small_course: Path, tmp_path: Path) -> Workspace:
    """A learner's folder of the small course, just begun."""
    space = Workspace(tmp_path / "work", released=small_course)
    space.start()
    return space
