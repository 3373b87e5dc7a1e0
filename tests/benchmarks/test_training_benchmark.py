"""The training benchmark runs on tiny data, both loops train the same, and its record says what it must.

No time is asserted anywhere.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch

from attncourse import cli
from attncourse.lab import execution
from attncourse.lab.data.dataset import Dataset, dataset
from attncourse.lab.pictures import Pictures
from attncourse.lab.recipe import Recipe
from attncourse.lab.run import Run, network
from benchmarks import training
from benchmarks.plain_training import AugmentedPictures, PlainTraining

CPU = torch.device("cpu")
PLAIN = Recipe(batch_size=8, learning_rate=0.05, flip=False, shift=0)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """What every name of data stands for: 40 pictures of noise, those of class 1 darker."""
    images = torch.randint(0, 256, (52, 3, 12, 9), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    labels = torch.arange(52) % 2
    images[labels == 1] //= 2
    made = dataset(
        "tiny", "tiny", ("bright", "dark"), (images[:40], labels[:40]), (images[40:], labels[40:]), mirrored=True
    )
    monkeypatch.setattr(training, "load", lambda what: made)
    monkeypatch.setattr(execution, "load", lambda what: made)
    return made


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would be run in processes of their own; they are run here."""
    asked: list[list[str]] = []

    def run(command: list[str], *, check: bool) -> None:
        asked.append(command)
        assert check and cli.main(command[3:]) == 0

    monkeypatch.setattr(subprocess, "run", run)
    return asked


def plan(**changes: Any) -> training.Plan:
    settings: dict[str, Any] = {"data": "cifar10", "cpu_seconds": 0.2, "seeds": 3, "rounds": 2, "least_seconds": 0.0}
    return training.Plan(**settings | changes)


def test_the_plain_loop_sees_the_pictures_that_ours_sees(tiny: Dataset) -> None:
    ours, labels = Pictures(tiny.train_images, tiny.train_labels, tiny.train_images, CPU).plain(torch.arange(40))
    plain = AugmentedPictures(tiny, PLAIN)
    assert len(plain) == 40
    assert torch.allclose(torch.stack([plain[number][0] for number in range(40)]), ours, atol=1e-4)
    assert [plain[number][1] for number in range(40)] == labels.tolist()


def test_the_plain_loop_shifts_and_flips(tiny: Dataset) -> None:
    plain = AugmentedPictures(tiny, Recipe(flip=True, shift=2))
    seen = {plain[3][0].numpy().tobytes() for _ in range(400)}
    assert len(seen) == 2 * 5 * 5


def test_the_plain_loop_learns(tiny: Dataset) -> None:
    torch.manual_seed(0)
    loop = PlainTraining(network(Run("cifar10"), 2), tiny, PLAIN, workers=0)
    for _ in range(30):
        loop.step()
    images, labels = Pictures(tiny.train_images, tiny.train_labels, tiny.train_images, CPU).plain(torch.arange(40))
    assert (loop.model.eval()(images).argmax(1) == labels).float().mean() > 0.9


def test_the_record_holds_every_run_the_ratio_and_what_it_may_be_used_for(
    tiny: Dataset, commands: list[list[str]], tmp_path: Path
) -> None:
    made = training.make_record(plan(), "2025-01-31", tmp_path / "runs")
    found = made["accuracy"]
    accuracies = sorted(run["test_accuracy"] for run in found["runs"])
    assert found["n"] == 3 and (found["least"], found["median"], found["most"]) == tuple(accuracies)
    assert [run["seed"] for run in found["runs"]] == [0, 1, 2]
    assert all(run["cpu_seconds_budget"] == 0.2 and "process_cpu_seconds" in run for run in found["runs"])
    speed = made["speed"]
    assert speed["times_the_plain_loop"]["rounds"] == 2 and speed["precision"]["plain"] == "float32"
    assert made["data"] == "tiny" and made["measured_on_a_gpu"] is False and "Not measured on a GPU." in made["notes"]
    assert made["hardware"]["processor"] and made["versions"]["torch"] == torch.__version__
    path = training.write(made, tmp_path / "records")
    assert path.name == "cpu-training.json" and json.loads(path.read_text()) == json.loads(json.dumps(made))
    page = path.with_suffix(".md").read_text()
    assert f"Median test accuracy of 3 seeds: **{found['median']:.2%}**" in page
    assert f"**{speed['times_the_plain_loop']['median']:.2f} times**" in page
    assert len(re.findall(r"^\| \d", page, re.MULTILINE)) == 3
    before = list(commands)
    training.accuracy(plan(), tmp_path / "runs")
    assert len(commands) == 2 * len(before), "the command itself reads what is finished"


def test_the_ratio_is_plain_over_ours(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"ours": [1.0, 1.0, 1.0], "plain": [3.0, 2.0, 4.0]}
    monkeypatch.setattr(training.timing, "interleaved", lambda *given, **named: seconds)
    found = training.speed(plan(), tiny, Recipe(batch_size=8))
    assert found["times_the_plain_loop"]["median"] == 3.0
    assert found["images_per_second"] == {"ours": 8.0, "plain": 8 / 3}


def test_what_is_asked_of_the_command_is_a_budget_or_epochs(
    tiny: Dataset, commands: list[list[str]], tmp_path: Path
) -> None:
    training.accuracy(plan(cpu_seconds=None, epochs=1, seeds=1), tmp_path)
    (command,) = commands
    assert command[command.index("--epochs") + 1] == "1" and "--cpu-seconds" not in command
    assert command[command.index("--device") + 1] == "cpu"


@pytest.mark.gpu
def test_on_a_gpu_both_loops_run(tiny: Dataset) -> None:
    found = training.speed(plan(device=torch.device("cuda"), workers=2), tiny, Recipe(batch_size=8))
    assert found["clock"] == "perf_counter" and found["images_per_second"]["ours"] > 0
