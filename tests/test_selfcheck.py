"""What a learner meets: ``attncourse.check`` and ``attncourse.hint``, whatever is given to them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
import torch

import attncourse

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def outside_any_learners_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_right_answer_passes_and_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    report = attncourse.check("se-squeeze", lambda x: x.mean(dim=(2, 3)))
    assert report.passed and report.state == "correct" and report.score == report.max_score
    assert capsys.readouterr().out.count("✓") == 1


def test_a_misconception_is_named_with_yours_beside_expected(capsys: pytest.CaptureFixture[str]) -> None:
    report = attncourse.check("se-squeeze", lambda x: x.mean(dim=1))
    shown = capsys.readouterr().out
    assert report.diagnosis == "averages-over-channels" and report.score == 0.0
    for word in ("Diagnosis", "Why:", "expected (1, 2)", "yours (1, 2, 3)", "Next step:"):
        assert word in shown


def test_an_unknown_id_is_told_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    report = attncourse.check("se-sqeeze", lambda x: x)
    assert not report.passed and report.score == 0.0
    assert "Did you mean 'se-squeeze'?" in capsys.readouterr().out


@pytest.mark.parametrize("exercise_id", [None, 7, lambda x: x, ["se-squeeze"]])
def test_an_id_that_is_no_text_is_told_what_to_write(exercise_id: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert attncourse.check(exercise_id, lambda x: x).score == 0.0  # type: ignore[arg-type]
    assert 'attncourse.check("se-squeeze", squeeze)' in capsys.readouterr().out


@pytest.mark.parametrize("answer", [3, "x.mean()", torch.zeros(2, 3), torch.nn.ReLU, object(), [1, 2]])
def test_a_wrong_kind_of_object_is_reported(answer: object) -> None:
    report = attncourse.check("se-squeeze", answer)
    assert report.state == "incorrect" and report.subgoal == "the answer is a function"


def _recursion(x: torch.Tensor) -> torch.Tensor:
    return _recursion(x)


def _raises(x: torch.Tensor) -> torch.Tensor:
    return x[0, 99]


def _exits(x: torch.Tensor) -> torch.Tensor:
    sys.exit(3)


def _takes_two(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return x


class _BadWords(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


def _bad_words(x: torch.Tensor) -> torch.Tensor:
    raise _BadWords


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (_recursion, "RecursionError"),
        (_raises, "IndexError"),
        (_exits, "SystemExit"),
        (_takes_two, "TypeError"),
        (_bad_words, "_BadWords"),
    ],
)
def test_what_the_learners_code_raises_is_reported(answer: object, words: str) -> None:
    report = attncourse.check("se-squeeze", answer)
    assert report.state == "incorrect" and words in report.why and report.score == 0.0


def test_nothing_reaches_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    def noisy(x: torch.Tensor) -> torch.Tensor:
        warnings.warn("beware", stacklevel=1)
        print("to stderr", file=sys.stderr)
        return x.mean(dim=(2, 3))

    assert attncourse.check("se-squeeze", noisy).passed
    assert capfd.readouterr().err == ""


def test_our_own_module_is_no_answer() -> None:
    from attncourse.attention import SqueezeExcitation

    report = attncourse.check("se-module", SqueezeExcitation)
    assert not report.passed and "build yours" in report.why


def test_hints_climb_and_name_the_next_call(capsys: pytest.CaptureFixture[str]) -> None:
    attncourse.hint("se-squeeze", 2)
    shown = capsys.readouterr().out
    assert shown.startswith("Hint 2 of") and 'attncourse.hint("se-squeeze", 3)' in shown
    attncourse.hint("se-squeeze", 99)
    assert "Next:" not in capsys.readouterr().out


def test_control_c_stops_a_loop_without_end(tmp_path: Path) -> None:
    program = tmp_path / "loops.py"
    program.write_text(
        "import attncourse\ndef squeeze(x):\n    print('looping', flush=True)\n    while True: pass\n"
        "attncourse.check('se-squeeze', squeeze)\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None and process.stdout.readline().strip() == "looping"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode != 0 and "KeyboardInterrupt" in err
    assert "You stopped the check" in out


def test_a_fault_of_ours_is_a_report_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from attncourse import selfcheck

    def broken(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(selfcheck, "judge", broken)
    report = attncourse.check("se-squeeze", lambda x: x)
    assert not report.passed and "fault of the course" in report.why
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_another_default_device_does_not_matter() -> None:
    torch.set_default_device("meta")
    try:
        assert attncourse.check("se-squeeze", lambda x: x.mean(dim=(2, 3))).passed
        assert not attncourse.check("se-squeeze", lambda x: x.mean(dim=1)).passed
    finally:
        torch.set_default_device(None)


def test_the_references_are_reached_without_an_import_of_their_own() -> None:
    program = "import attncourse; print(attncourse.attention.SqueezeExcitation(4, 2))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_a_check_keeps_to_one_thread_and_gives_the_others_back() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    seen = []

    def squeeze(x: torch.Tensor) -> torch.Tensor:
        seen.append(torch.get_num_threads())
        return x.mean(dim=(2, 3))

    try:
        assert attncourse.check("se-squeeze", squeeze).passed
        assert set(seen) == {1} and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_check_leaves_the_notebooks_random_numbers_alone() -> None:
    class WithoutSigmoid(torch.nn.Module):
        def __init__(self, channels: int, reduction: int = 16) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(channels, channels)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * self.layer(x.mean(dim=(2, 3)))[:, :, None, None]

    torch.manual_seed(5)
    undisturbed = torch.rand(3)
    torch.manual_seed(5)
    attncourse.check("se-module", WithoutSigmoid)
    assert torch.equal(torch.rand(3), undisturbed)
