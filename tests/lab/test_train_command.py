"""attncourse train: a record, one line that says what came of it, and errors in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from attncourse import cli
from attncourse.lab import execution
from attncourse.lab.data.dataset import Dataset

Tiny = Callable[..., Dataset]


@pytest.fixture(autouse=True)
def tiny_data(tiny: Tiny, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The name tasks:row stands for the tiny dataset; everything else is looked for."""
    load = execution.load
    monkeypatch.setattr(execution, "load", lambda what: tiny(mirrored=False) if what == "tasks:row" else load(what))
    monkeypatch.chdir(tmp_path)


def train(*arguments: str) -> int:
    return cli.main(["train", "--out", "out", "--host", "small", *arguments])


def record() -> dict[str, object]:
    return json.loads(Path("out/record.json").read_text())


def test_it_trains_and_says_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert train("--attention", "se(reduction=4)", "--seed", "3", "--epochs", "2", "--batch-size", "16") == 0
    made = record()
    assert (made["attention"], made["seed"], made["epochs"], made["steps"]) == ("se(reduction=4)", 3, 2, 8)
    said = capsys.readouterr()
    assert said.out.startswith("tiny, small with attention se(reduction=4), seed 3: test accuracy ")
    assert f"accuracy {made['test_accuracy']:.2%}, epochs 2, {made['cpu_seconds']:.1f} CPU-seconds for" in said.out
    assert said.out.endswith("The record: out/record.json\n") and said.err == ""
    train("--attention", "se(reduction=4)", "--seed", "3", "--epochs", "2", "--batch-size", "16")
    assert "It was finished before; nothing was repeated." in capsys.readouterr().out


def test_a_budget_takes_the_place_of_the_epochs(capsys: pytest.CaptureFixture[str]) -> None:
    assert train("--cpu-seconds", "0.3", "--learning-rate", "0.07") == 0
    made = record()
    assert made["cpu_seconds_budget"] == 0.3 and made["test_accuracy"] is not None
    assert made["recipe"]["learning_rate"] == 0.07  # type: ignore[index]
    assert "CPU-seconds of 0.3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--attention", "cbm"], "There is no attention 'cbm'"),
        (["--data", "nowhere"], "nowhere"),
        (["--device", "tpu"], "There is no device 'tpu'"),
        (["--epochs", "0"], "epochs must be a whole number of at least 1; got 0"),
        (["--cpu-seconds", "-1"], "cpu_seconds must be a number above 0"),
        (["--cpu-seconds", "nan"], "cpu_seconds must be a number above 0"),
        (["--epochs", "1", "--cpu-seconds", "1"], "Give one of them"),
        (["--seed", "-1"], "seed must be"),
        (["--host", "resnet5"], "There is no host 'resnet5'"),
        (["--learning-rate", "nan"], "learning_rate must be a number above 0"),
        (["--attention", "nowhere.py:Own"], "There is no file nowhere.py"),
    ],
)
def test_an_error_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(*arguments) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.startswith("attncourse: ") and said in told.err
    assert told.err.count("\n") == 1
    assert not Path("out/record.json").exists()


def test_a_word_in_place_of_a_number_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        train("--epochs", "many")
    assert ended.value.code == 2
    assert "--epochs: invalid int value: 'many'" in capsys.readouterr().err
