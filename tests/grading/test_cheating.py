"""What a student gains by cheating in the process that is theirs: nothing, where no wall of files is needed."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from attncourse import course
from attncourse.checking import Judge
from attncourse.checking.candidate import Workbench
from attncourse.checking.observation import AnswerError
from attncourse.course import Lesson
from grading.results import Graded
from grading.sandbox.process import Limits
from grading.submission import Grader
from tests.grading.answers import RIGHT, WRONG, cell_of

Grade = Callable[[NotebookNode], Graded]


@pytest.fixture
def graded(tiny: Lesson, hand_in: Callable[..., Path]) -> Grade:
    return lambda notebook: Grader(3, Limits(seconds=3.0, memory=256)).grade(hand_in(notebook), "eve")


def states(result: Graded) -> dict[str, str]:
    return {one.exercise.removeprefix("tiny-"): one.state for one in result.exercises}


@pytest.mark.parametrize(
    "patch",
    [
        "torch.allclose = torch.equal = lambda *a, **k: True",
        "torch.isclose = lambda a, b, **k: torch.ones_like(a, dtype=torch.bool)",
        "torch.Tensor.__eq__ = lambda *a: True\ntorch.Tensor.mean = lambda x, *a, **k: x.sum()",
        "import attncourse\nattncourse.check = lambda *a: type('R', (), {'score': 9.0, 'passed': True})()",
        "from attncourse.checking import judge\njudge.Judge.verdict = judge.agree = lambda *a: True",
        "from attncourse.checking.report import Report\nReport.passed, Report.score = True, 9.0",
        "from attncourse.checking import observation as o\no.compare = o.difference = lambda *a, **k: None",
        "from attncourse.checking.candidate import Workbench\n"
        "Workbench.describe = lambda self: {'what': 'function', 'type': 'function', 'ours': False}",
        "import builtins\nbuiltins.isinstance = lambda *a: True",
        "import builtins\nbuiltins.len = lambda *a: 1\nbuiltins.all = builtins.any = lambda *a: True",
    ],
)
def test_patching_the_childs_own_process_makes_no_wrong_answer_right(
    solved: NotebookNode, graded: Grade, patch: str
) -> None:
    cell_of(solved, "tiny-squeeze").source = f"import torch\n{patch}\n{WRONG}"
    result = graded(solved)
    assert states(result)["squeeze"] != "correct" and result.score <= result.max_score - 2


@pytest.mark.parametrize("where", ["in the cell of another answer", "in an added cell"])
def test_a_second_chance_cannot_be_had_with_the_solution_of_the_first(
    solved: NotebookNode, graded: Grade, where: str
) -> None:
    cell_of(solved, "tiny-squeeze").source = "def squeeze(x):\n    return stolen(x)"
    if where == "in an added cell":
        solved.cells.append(new_code_cell("stolen = squeeze"))
    else:
        centre = cell_of(solved, "tiny-centre")
        centre.source = f"stolen = squeeze\n{centre.source}"
    found = states(graded(solved))
    assert (found["squeeze"], found["centre"]) == ("incorrect", "correct")


def test_a_name_that_comes_later_is_still_found(solved: NotebookNode, graded: Grade) -> None:
    cell_of(solved, "tiny-squeeze").source = "def squeeze(x):\n    return later(x)"
    solved.cells.append(new_code_cell(RIGHT.replace("squeeze", "later")))
    assert graded(solved).score == 8


def test_a_test_that_only_counts_how_often_it_was_asked_is_found_out() -> None:
    exercise = course.exercise("se-tests")
    calls: list[int] = []

    def accepts(implementation: Callable) -> bool:
        implementation(*(None,) * 5) if len(calls) > 99 else calls.append(1)
        return len(calls) <= len(exercise.right_implementations)  # type: ignore[attr-defined]

    class Asked(Workbench):
        def examine(self, implementation: Callable) -> dict:
            return {**super().examine(implementation), "called": 1}

    assert not Judge(exercise, 5).verdict(Asked(accepts)).passed


def test_an_answers_error_survives_the_way_between_our_processes() -> None:
    error = pickle.loads(pickle.dumps(AnswerError("ValueError", "no", "line 1")))
    assert (error.kind, error.message, error.where) == ("ValueError", "no", "line 1")
