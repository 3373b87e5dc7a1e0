"""The child process: what it hides, how it ends, and that the judge cannot tell it from a Workbench."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from attncourse import course
from attncourse.checking import AnswerError, Judge, Scenario
from attncourse.checking.candidate import Workbench
from attncourse.course import Lesson
from grading.sandbox import served
from grading.sandbox.dialogue import Child, Died
from grading.sandbox.process import Limits
from grading.sandbox.remote import RemoteCandidate

QUICK = Limits(seconds=2.0, memory=256)


@pytest.fixture(scope="module")
def shared() -> Iterator[Child]:
    child = Child(Limits(seconds=20.0, memory=512))
    yield child
    child.close()


@pytest.fixture
def quick() -> Iterator[Child]:
    child = Child(QUICK)
    yield child
    child.close()


def give(child: Child, source: str, name: str) -> RemoteCandidate:
    child.renew()
    child.run("<cell 1>", source, [name])
    assert child.select(name, name)
    return RemoteCandidate(child, name)


def value(child: Child, expression: str) -> object:
    return give(child, f"import os, sys\nanswer = {expression}", "answer").value()


@pytest.mark.parametrize(
    "module", ["attncourse.lessons", "attncourse.lessons.tiny", "grading", "grading.grade", "nbgrader"]
)
def test_what_holds_the_answers_cannot_be_imported(shared: Child, module: str) -> None:
    with pytest.raises(AnswerError) as caught:
        shared.run("<cell 1>", f"import {module}")
    assert caught.value.kind == "ModuleNotFoundError"


def test_nothing_of_the_graders_surroundings_is_left(shared: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "x")
    assert value(shared, "os.environ.get('SECRET_TOKEN')") is None
    assert value(shared, "len(os.environ) <= 8")
    assert value(shared, "tuple(sys.argv)") == ("notebook",)
    assert value(shared, "os.listdir('.')") == ()
    assert value(shared, "sys.stdin.read()") == ""
    assert value(shared, "[n for n in sys.modules if n.split('.')[0] in ('grading', 'nbgrader')]") == ()
    assert value(
        shared, "[os.readlink(f'/proc/self/fd/{n}') for n in (0, 1, 2)]" if os.path.exists("/proc/self") else "0"
    )


def test_a_file_beside_the_notebook_shadows_nothing(
    shared: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    assert value(shared, "__import__('torch').ones(2).sum().item()") == 2.0


def test_check_and_hint_in_an_answers_cell_do_no_harm(shared: Child) -> None:
    source = "import attncourse\nattncourse.hint('se-squeeze')\nanswer = attncourse.check('se-squeeze', 3).score"
    assert give(shared, source, "answer").value() == 0.0


def test_the_line_that_failed_is_named(shared: Child) -> None:
    with pytest.raises(AnswerError) as caught:
        shared.run("<cell 7>", "x = 1\ny = x + unknown")
    assert caught.value.where == "line 2, in <module>: y = x + unknown"
    outcome = give(shared, "def f(x):\n    return x.wrong", "f").call((torch.ones(2),), 0)
    assert outcome.raised and "return x.wrong" in outcome.raised.where


def test_a_name_of_an_earlier_cell_is_no_answer(shared: Child) -> None:
    shared.run("<cell 1>", "answer = 1")
    with pytest.raises(AnswerError):
        shared.run("<cell 2>", "unknown\nanswer = 2", ["answer"])
    assert not shared.select("answer", "answer")


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("raise SystemExit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("input()", "EOFError"),
        ("def f():\n    f()\nf()", "RecursionError"),
        ("class E(Exception):\n    def __str__(self):\n        raise ValueError\nraise E", "E"),
    ],
)
def test_whatever_is_raised_comes_out_as_words(shared: Child, source: str, kind: str) -> None:
    shared.renew()
    with pytest.raises(AnswerError) as caught:
        shared.run("<cell 1>", source)
    assert caught.value.kind == kind
    inside = "def f(x):\n" + "\n".join(f"    {line}" for line in source.split("\n"))
    raised = give(shared, inside, "f").call((torch.ones(1),), 0).raised
    assert raised and raised.kind == kind


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ("while True: pass", "timed out"),
        ("__import__('os')._exit(0)", "crashed"),
        ("__import__('os').kill(__import__('os').getpid(), 11)", "crashed"),
        ("import os; os.kill(os.getppid(), 9); os.closerange(3, 40); os._exit(1)", "crashed"),
        ("import os, time; os.kill(os.getppid(), 9); time.sleep(60)", "timed out"),
        ("import os, time; os.closerange(3, 40); time.sleep(60)", "crashed"),
        ("x = [bytearray(10**7) for _ in range(10**6)]", "out of memory"),
        ("import torch; return torch.empty(10**10)", "out of memory"),
        ("while True: print('again')", "too much output"),
    ],
)
def test_deaths_are_told_apart_wherever_they_happen(quick: Child, body: str, state: str) -> None:
    candidate = give(quick, f"def f(x):\n    {body}", "f")
    with pytest.raises(Died) as caught:
        candidate.call((torch.ones(1),), 0)
    assert caught.value.state == state


def test_an_exception_handler_cannot_hide_endless_output_for_ever(quick: Child) -> None:
    loop = "try:\n            print('again')\n        except Exception:\n            pass"
    source = f"def f(x):\n    while True:\n        {loop}"
    with pytest.raises(Died) as caught:
        give(quick, source, "f").call((torch.ones(1),), 0)
    assert caught.value.state == "too much output"


def test_half_a_frame_does_not_hold_up_the_judge(quick: Child) -> None:
    source = (
        "import os\ndef f(x):\n    for descriptor in range(3, 40):\n        try:\n"
        "            os.write(descriptor, b'\\x00\\x00\\x10\\x00abc')\n        except OSError:\n            pass\n"
        "    while True:\n        pass"
    )
    candidate = give(quick, source, "f")
    begun = time.monotonic()
    with pytest.raises(Died):
        candidate.call((torch.ones(1),), 0)
    assert time.monotonic() - begun < 60


def test_the_first_death_is_the_one_that_is_told(quick: Child) -> None:
    with pytest.raises(Died):
        quick.run("<cell 1>", "while True: pass")
    with pytest.raises(Died) as caught:
        quick.run("<cell 2>", "x = 1")
    assert caught.value.state == "timed out"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that can fork; run on Linux or macOS")
def test_what_the_answer_started_ends_with_it_and_its_folder_goes(tmp_path: Path) -> None:
    child = Child(QUICK)
    source = (
        "import os, time, threading\nstarted = os.fork()\nif not started:\n    while True: time.sleep(.05)\n"
        "threading.Thread(target=lambda: time.sleep(1e6)).start()\nanswer = (started, os.getcwd())"
    )
    pid, folder = give(child, source, "answer").value()
    assert folder.startswith(os.path.realpath(tempfile.gettempdir()))
    child.close()
    assert not os.path.exists(folder)
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            break
        if state == "Z":
            break
        time.sleep(0.05)
    else:
        pytest.fail("the forked process outlived its child")


@pytest.mark.parametrize("name", ["tiny-squeeze", "tiny-centre", "tiny-layer", "tiny-count", "tiny-test"])
def test_the_judge_says_the_same_of_both_candidates(shared: Child, tiny: Lesson, name: str) -> None:
    judge = Judge(course.exercise(name), 5)
    sources = {
        "tiny-squeeze": ["def f(x): return x.mean((2, 3))", "def f(x): return x.detach().mean((2, 3))", "f = 3"],
        "tiny-centre": ["def f(x): x -= x.mean((2, 3), keepdim=True); return x", "def f(x): return None"],
        "tiny-layer": [
            "from torch import nn\nclass f(nn.Module):\n"
            "    def __init__(self, c):\n        super().__init__()\n        self.a = nn.Linear(c, c, bias=False)\n"
            "    def forward(self, x): return self.a(x.movedim(1, -1)).movedim(-1, 1)" + end
            for end in ("", ".sigmoid()", ".float()")
        ]
        + ["from torch import nn\nf = lambda c: nn.LazyConv2d(c, 1, bias=False)", "f = 1"],
        "tiny-count": ["f = 12", "f = 14", "f = None", "import torch\nf = torch.tensor(12)", "f = [1, 'x']", "f = {1}"],
        "tiny-test": [
            "def f(i): pass",
            "def f(i): raise NotImplementedError",
            "import torch\ndef f(i):\n    x = torch.ones(1, 2, 2, 3)\n    assert i(x).shape == (1, 2)",
            "import torch\ndef f(i):\n    x = torch.rand(1, 2, 2, 3, requires_grad=True)\n    y = i(x)\n"
            "    y.sum().backward()\n    return torch.allclose(y, x.mean((2, 3))) and x.grad is not None",
        ],
    }
    for source in sources[name]:
        names: dict[str, object] = {"__name__": "__main__"}
        exec(source, names)
        here = judge.verdict(Workbench(names["f"]))
        there = judge.verdict(give(shared, source, "f"))
        assert (here.state, here.score, here.diagnosis, here.subgoal) == (
            (there.state, there.score, there.diagnosis, there.subgoal)
        ), source


def test_a_test_sees_results_gradients_changes_and_exceptions_of_the_implementation(shared: Child) -> None:
    def odd(x: Tensor, times: int = 1) -> tuple[Tensor, int]:
        if times > 2:
            raise ValueError("too often")
        x *= 1.0
        return x.sin() * times, times

    source = """
import torch
def f(i):
    x = torch.rand(3, dtype=torch.float64, requires_grad=True)
    y, n = i(x, 2)
    assert n == 2
    torch.testing.assert_close(y, 2 * x.sin())
    assert torch.autograd.gradcheck(lambda t: i(t)[0], (x,))
    try:
        i(x, 3)
    except ValueError as error:
        assert "too often" in str(error)
    else:
        assert False
"""
    verdict = give(shared, source, "f").examine(odd)
    assert verdict["accepts"], verdict["said"]

    def spoils(x: Tensor) -> Tensor:
        x += 1
        return x

    same = "import torch\ndef f(i):\n    x = torch.zeros(2)\n    y = i(x)\n    assert y is x and x.sum() == 2"
    assert give(shared, same, "f").examine(spoils)["accepts"]


def test_a_test_cannot_see_which_implementation_it_tests(shared: Child) -> None:
    source = "def f(i):\n    assert 'spoils' not in repr(i) + getattr(i, '__qualname__', '') + str(i.__closure__)"

    def spoils(x: Tensor) -> Tensor:
        return x

    assert give(shared, source, "f").examine(spoils)["accepts"]


@pytest.mark.parametrize(
    "argument", ["torch.zeros(2**21)", "torch.zeros(10**9, 0)", "10**6", "(torch.zeros(3000, 3000),)", "print"]
)
def test_what_no_test_needs_is_refused(shared: Child, argument: str) -> None:
    verdict = give(shared, f"import torch\ndef f(i):\n    i({argument})", "f").examine(lambda x: 1)
    assert not verdict["accepts"] and verdict["said"]


def test_calls_without_end_are_stopped(shared: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "MOST_CALLS", 20)
    verdict = give(shared, "def f(i):\n    while True:\n        i(1)", "f").examine(lambda x: 1)
    assert "20 times" in verdict["said"]


FORGER = """
import torch
from attncourse.checking.candidate import Workbench
from attncourse.checking.observation import Outcome
class f(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        self.w = torch.nn.Parameter(torch.ones(c, c))
    def forward(self, x):
        return x
{line}
"""


@pytest.mark.parametrize(
    "line",
    [
        "Workbench.shapes = lambda *a: [(10**9, 10**9)]",
        "Workbench.shapes = lambda *a: [(-5,)]",
        "Workbench.shapes = lambda *a: 'no'",
        "Workbench.shapes = lambda *a: [(-1,)]",
        "Workbench.build = lambda *a: 'no'",
        "Workbench.describe = lambda *a: {'what': 'master', 'type': 1, 'ours': 0}",
        "Workbench.describe = lambda *a: 1 / 0",
        "Workbench.run = lambda *a: Outcome(torch.ones(1), gradients=(torch.ones(7), torch.ones(9)))",
        "Workbench.run = lambda *a: Outcome(torch.ones(2, dtype=torch.complex64), gradients=(None,) * 5)",
        "Workbench.run = lambda *a: 3",
    ],
)
def test_a_child_that_lies_harms_itself_alone(tiny: Lesson, line: str) -> None:
    exercise = course.exercise("tiny-layer")
    child = Child(QUICK)
    try:
        report = Judge(exercise, 1).verdict(give(child, FORGER.replace("{line}", line), "f"))
        assert not report.passed
    except Died as died:
        assert died.state == "crashed"
    finally:
        child.close()


def test_scenarios_of_the_tiny_layer_are_not_square(tiny: Lesson) -> None:
    scenarios: list[Scenario] = course.exercise("tiny-layer").scenarios  # type: ignore[attr-defined]
    assert all(shape[2] != shape[3] for scenario in scenarios for shape in scenario.shapes)
