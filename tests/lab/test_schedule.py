"""Where runs are carried out: every way gives the same records, and one run that dies takes no other with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from attncourse.lab import schedule
from attncourse.lab.data import load
from attncourse.lab.display import Display
from attncourse.lab.errors import LabError
from attncourse.lab.recipe import Recipe
from attncourse.lab.run import Run
from attncourse.lab.schedule import Outcome
from tests.lab.small_pack import write_small_pack

RECIPE = Recipe(epochs=2, batch_size=32)
# Each is a learner's own module; it may do anything.
MODULES = """
import multiprocessing, os, signal, time
from pathlib import Path
from torch import nn

class Plain(nn.Module):
    def __init__(self, channels):
        super().__init__()

    def forward(self, x):
        return x

class Dies(Plain):
    def forward(self, x):
        os.kill(os.getpid(), signal.SIGKILL)

class Breaks(Plain):
    def forward(self, x):
        if self.training:
            raise ValueError("not today")
        return x

class Slow(Plain):
    def forward(self, x):
        if self.training and multiprocessing.parent_process():  # in a worker alone
            Path(__file__).with_name(f"pid-{os.getpid()}").touch()
            time.sleep(0.2)
        return x
"""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ATTNCOURSE_DATA", str(tmp_path / "cache"))
    return str(write_small_pack(tmp_path / "pack.npz"))


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    path = tmp_path / "modules.py"
    path.write_text(MODULES)
    return path


def runs(data: str, *attention: str, seeds: int = 1) -> list[Run]:
    return [Run(data, one, seed, recipe=RECIPE) for seed in range(seeds) for one in attention]


def results(outcomes: Iterator[Outcome]) -> dict[tuple[str, int], Any]:
    """What a run's records must have in common, wherever they were made."""
    return {
        (one.run.attention, one.run.seed): one.record and (one.record["test_accuracy"], one.record["train_accuracy"])
        for one in outcomes
    }


def here(planned: list[Run], folder: Path) -> dict[tuple[str, int], Any]:
    dataset = load(planned[0].data)
    return results(schedule.in_this_process(planned, folder, dataset, lambda run: Display()))


def test_a_process_that_dies_is_told_with_its_run_and_whoever_stops_listening_stops_the_processes(
    data: str, modules: Path, tmp_path: Path
) -> None:
    dies, breaks, slow = (f"{modules}:{name}" for name in ("Dies", "Breaks", "Slow"))
    planned = [*runs(data, dies, "none", breaks), *runs(data, slow, seeds=2)]
    carried_out = schedule.in_processes(planned, tmp_path / "processes", 1)
    dead, alone, broken, _ = (next(carried_out) for _ in range(4))
    assert dead.record is None and "process died" in dead.problem
    assert broken.record is None and "ValueError: not today" in broken.problem
    assert results(iter([alone])) == here(planned[1:2], tmp_path / "here"), "the place changes no result"
    carried_out.close()  # type: ignore[attr-defined]  # as Ctrl-C does: the last run is at work, and the loop is left
    workers = [int(mark.name.removeprefix("pid-")) for mark in tmp_path.glob("pid-*")]
    assert len(workers) == 1
    until(lambda: not any(map(alive, workers)))


KILLED = """
import sys
from pathlib import Path
from attncourse.lab import schedule
from attncourse.lab.recipe import Recipe
from attncourse.lab.run import Run

if __name__ == "__main__":
    data, module, folder = sys.argv[1:]
    recipe = Recipe(epochs=2, batch_size=32)
    runs = [Run(data, one, 0, recipe=recipe) for one in ("none", module)]
    list(schedule.in_processes(runs, Path(folder), 1))
"""


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(there: Any) -> Any:
    """Wait for what must come; a minute is a failure and no measurement."""
    for _ in range(1200):
        if found := there():
            return found
        time.sleep(0.05)
    raise AssertionError("it never came")


def test_a_kill_in_the_midst_changes_no_result_and_leaves_no_process(data: str, modules: Path, tmp_path: Path) -> None:
    slow = f"{modules}:Slow"
    planned, folder = runs(data, "none", slow), tmp_path / "killed"
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    scheduler = subprocess.Popen([sys.executable, str(script), data, slow, str(folder)])
    (mark,) = until(lambda: list(tmp_path.glob("pid-*")))
    worker = int(mark.name.removeprefix("pid-"))
    assert alive(worker)
    os.kill(scheduler.pid, signal.SIGKILL)
    scheduler.wait()
    until(lambda: not alive(worker))
    finished = folder / planned[0].folder_name / "record.json"
    before = finished.read_bytes()
    assert not (folder / planned[1].folder_name / "record.json").exists()
    assert here(planned, folder) == here(planned, tmp_path / "whole")
    assert finished.read_bytes() == before, "a finished run is not repeated"


def test_a_process_that_died_while_it_waited_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    class Worker:
        def __init__(self) -> None:
            made.append(self)

        def begin(self, run: Run, folder: Path) -> Future[dict[str, Any]]:
            if self is made[0]:
                raise BrokenProcessPool
            future: Future[dict[str, Any]] = Future()
            future.set_result({"by": made.index(self)})
            return future

        def end(self) -> None:
            pass

    monkeypatch.setattr(schedule, "_Worker", Worker)
    outcomes = schedule.in_processes(runs("tasks:row", "none", "se"), tmp_path, 1)
    assert [one.record for one in outcomes] == [{"by": 1}, {"by": 1}]


def test_no_runs_need_no_process(tmp_path: Path) -> None:
    assert list(schedule.in_processes([], tmp_path, 4)) == []


def test_a_cluster_gives_the_same_records(data: str, modules: Path, tmp_path: Path) -> None:
    from distributed import LocalCluster

    planned = runs(data, "none", f"{modules}:Breaks", "se")
    with LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None, protocol="tcp"
    ) as cluster:
        outcomes = list(schedule.on_cluster(planned, tmp_path / "cluster", cluster.scheduler_address))
    problems = {one.run.attention: one.problem for one in outcomes}
    assert "ValueError: not today" in problems[f"{modules}:Breaks"]
    mine = results(one for one in outcomes if one.record)
    assert mine == here([planned[0], planned[2]], tmp_path / "here"), "two threads of a worker disturb nobody"


def test_without_dask_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(LabError, match="pip install distributed"):
        list(schedule.on_cluster([], tmp_path, "tcp://127.0.0.1:1"))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://here", "127.0.0.1"])
def test_where_no_scheduler_answers(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "PATIENCE", 0.2)
    with pytest.raises(LabError, match="No Dask scheduler answers"):
        list(schedule.on_cluster([], tmp_path, address))


def test_a_scheduler_without_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import LocalCluster

    monkeypatch.setattr(schedule, "PATIENCE", 0.5)
    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address=None, protocol="tcp") as cluster,
        pytest.raises(LabError, match="has no worker. Start one"),
    ):
        list(schedule.on_cluster([], tmp_path, cluster.scheduler_address))
