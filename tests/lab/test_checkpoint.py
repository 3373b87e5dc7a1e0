"""A run killed at any moment goes on bit for bit; a checkpoint that cannot be used is set aside."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor, nn

from attncourse import storage
from attncourse.lab import record
from attncourse.lab.data.dataset import Dataset
from attncourse.lab.display import Display
from attncourse.lab.errors import LabError
from attncourse.lab.execution import CHECKPOINT, execute
from attncourse.lab.recipe import Recipe
from attncourse.lab.run import Run

Tiny = Callable[..., Dataset]
RECIPE = Recipe(epochs=4, batch_size=16, learning_rate=0.05)


class Dropping(nn.Module):
    """An attention of one's own that draws: what it draws must be the same after an interruption."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weigh = nn.Conv2d(channels, channels, 1)
        self.drop = nn.Dropout(0.3)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.drop(self.weigh(x)).sigmoid()


def run(**changes: Any) -> Run:
    usual = Run("tiny", "own:Dropping", seed=3, host="small", recipe=RECIPE, own=Dropping)
    return dataclasses.replace(usual, **changes)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DiesAtStep(Display):
    """Ends the process by SIGKILL at a step, counted over all epochs."""

    def __init__(self, last: int) -> None:
        self.last = last

    def step(self, done: float) -> None:
        self.last -= 1
        if self.last == 0:
            die()


class DiesAtEpoch(Display):
    """The same when an epoch is over and written."""

    def __init__(self, last: int) -> None:
        self.last = last

    def epoch(self, history: Sequence[Mapping[str, Any]]) -> None:
        if len(history) == self.last:
            die()


def dies_writing(name: str, time: int, *, after: bool) -> Display:
    """Before or after a file gets its place, the given time that it is written."""
    replace, count = os.replace, 0

    def dying(part: str, path: Path) -> None:
        nonlocal count
        count += Path(path).name == name
        if Path(path).name == name and count == time and not after:
            die()
        replace(part, path)
        if Path(path).name == name and count == time:
            die()

    storage.os.replace = dying  # type: ignore[assignment]  # of a process that is about to end
    return Display()


MOMENTS: dict[str, Callable[[], Display]] = {
    "the first step": lambda: DiesAtStep(1),
    "a step of the third epoch": lambda: DiesAtStep(10),
    "the end of the second epoch": lambda: DiesAtEpoch(2),
    "the second checkpoint, half written": lambda: dies_writing(CHECKPOINT, 2, after=False),
    "the second checkpoint, before its log": lambda: dies_writing(CHECKPOINT, 2, after=True),
    "the last checkpoint, before the record": lambda: dies_writing(CHECKPOINT, 4, after=True),
    "the record, half written": lambda: dies_writing(record.NAME, 1, after=False),
}


def killed(moment: Callable[[], Display], folder: Path, data: Dataset) -> None:
    """Execute the run in a process of its own, which dies at that moment."""
    process = os.fork()
    if not process:
        try:
            execute(run(), folder, dataset=data, display=moment())
        finally:
            os._exit(0)  # it should not have come so far
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def outcome(folder: Path) -> tuple[Any, ...]:
    """All that a run leaves, but for the time that it took."""
    made = json.loads((folder / record.NAME).read_text())
    times = {"seconds", "cpu_seconds", "images_per_second", "data_cpu_seconds", "resumed_after_epoch"}
    with open(folder / "log.csv", newline="") as file:
        rows = [{name: value for name, value in row.items() if name not in times} for row in csv.DictReader(file)]
    files = sorted(path.name for path in folder.iterdir() if not path.name.endswith(".tmp"))
    weights = (folder / "weights.safetensors").read_bytes()
    return {name: value for name, value in made.items() if name not in times}, rows, files, weights


@pytest.fixture
def whole(tiny: Tiny, tmp_path: Path) -> tuple[Any, ...]:
    """What comes of the run where nothing happens to it."""
    execute(run(), tmp_path / "whole", dataset=tiny())
    return outcome(tmp_path / "whole")


def test_a_killed_run_goes_on_bit_for_bit(tiny: Tiny, tmp_path: Path, whole: tuple[Any, ...]) -> None:
    for number, (name, moment) in enumerate(MOMENTS.items()):
        folder = tmp_path / str(number)
        killed(moment, folder, tiny())
        assert not (folder / record.NAME).exists()
        execute(run(), folder, dataset=tiny())
        assert outcome(folder) == whole, name


def test_a_run_killed_again_and_again_goes_on_bit_for_bit(tiny: Tiny, tmp_path: Path, whole: tuple[Any, ...]) -> None:
    for moment in (MOMENTS["the end of the second epoch"], MOMENTS["the first step"], lambda: DiesAtEpoch(3)):
        killed(moment, tmp_path / "killed", tiny())
    made = execute(run(), tmp_path / "killed", dataset=tiny())
    assert made["resumed_after_epoch"] == 3
    assert outcome(tmp_path / "killed") == whole


def stopped(folder: Path, data: Dataset, which: Run) -> bytes:
    """Execute until the second epoch; returns the checkpoint."""

    class Stop(Exception):
        pass

    class Stops(Display):
        def epoch(self, history: Sequence[Mapping[str, Any]]) -> None:
            if len(history) == 2:
                raise Stop

    with pytest.raises(Stop):
        execute(which, folder, dataset=data, display=Stops())
    return (folder / CHECKPOINT).read_bytes()


class Hearing(Display):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.mark.parametrize("damage", ["cut off", "empty", "no checkpoint", "of another run", "header"])
def test_a_checkpoint_that_cannot_be_used_is_set_aside_and_said(
    tiny: Tiny, tmp_path: Path, whole: tuple[Any, ...], damage: str
) -> None:
    folder = tmp_path / "run"
    good = stopped(folder, tiny(), run(seed=4) if damage == "of another run" else run())
    bad = {
        "cut off": good[: len(good) // 2],
        "empty": b"",
        "no checkpoint": b"PK\x03\x04 something else",
        "of another run": good,
        "header": good.replace(b"history", b"hist\\xry", 1),
    }[damage]
    (folder / CHECKPOINT).write_bytes(bad)
    heard = Hearing()
    made = execute(run(), folder, dataset=tiny(), display=heard)
    assert made["resumed_after_epoch"] is None
    (aside,) = (folder / "set-aside").iterdir()
    assert aside.read_bytes() == bad
    assert len(heard.said) == 1 and str(aside) in heard.said[0] and "starts anew" in heard.said[0]
    assert outcome(folder)[3] == whole[3]


def test_a_network_that_has_changed_does_not_take_the_old_checkpoint(tiny: Tiny, tmp_path: Path) -> None:
    """As where a helper that a class of one's own calls was edited: the key cannot see that."""
    stopped(tmp_path, tiny(), run())

    class Wider(Dropping):
        def __init__(self, channels: int) -> None:
            super().__init__(channels)
            self.more = nn.Parameter(self.weigh.weight[0].detach())

    Other = type("Dropping", (Wider,), {})
    heard = Hearing()
    which = run(own=Other)
    which.__dict__["identity"] = run().identity
    assert execute(which, tmp_path, dataset=tiny(), display=heard)["finished"]
    assert "its tensors are not those of this network" in heard.said[0]


def test_a_full_disk_is_one_line_and_leaves_the_last_checkpoint(
    tiny: Tiny, tmp_path: Path, whole: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    before = stopped(folder, tiny(), run())

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("attncourse.storage.os.fsync", full)
        with pytest.raises(LabError, match=r"could not be written \(No space left on device\). Free some space"):
            execute(run(), folder, dataset=tiny())
    assert (folder / CHECKPOINT).read_bytes() == before
    assert not list(folder.glob(".*.tmp"))
    execute(run(), folder, dataset=tiny())
    assert outcome(folder) == whole


def test_a_budget_counts_what_was_spent_before(tiny: Tiny, tmp_path: Path) -> None:
    which = run(cpu_seconds=1000.0)
    stopped(tmp_path, tiny(), which)
    header = (tmp_path / CHECKPOINT).read_bytes()
    spent = header.replace(b'\\"cpu_seconds\\": 0.', b'\\"cpu_seconds\\": 9999', 1)
    assert spent != header, "the header is not as this test expects it"
    size = int.from_bytes(header[:8], "little") + len(spent) - len(header)
    (tmp_path / CHECKPOINT).write_bytes(size.to_bytes(8, "little") + spent[8:])
    made = execute(which, tmp_path, dataset=tiny())
    assert made["epochs"] == 3 and made["test_accuracy"] is not None
    assert made["cpu_seconds"] > 1000
    assert made["reproducible"].startswith("no")
