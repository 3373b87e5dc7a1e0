"""The lab's training: its pictures a second beside a plain loop's, and the accuracy that a budget or a recipe gives.

    python -m benchmarks.training --date 2025-01-31 --data CIFAR10
    python -m benchmarks.training --date 2025-01-31 --data CIFAR10 --device cuda --epochs 20 --seeds 16

README.md beside this file says how to read the record.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from attncourse.lab.data import Dataset, load
from attncourse.lab.device import precision
from attncourse.lab.recipe import Recipe, recipe_for
from attncourse.lab.run import Run, network
from attncourse.lab.training import Training
from benchmarks import record, timing, training_table
from benchmarks.plain_training import PlainTraining

RECORDS = Path(__file__).parent / "records"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is measured.

    ``cpu_seconds`` is the budget of each run, or None for ``epochs``; ``workers``: of the plain loop's loader.
    """

    data: str
    device: torch.device = torch.device("cpu")
    attention: str = "none"
    cpu_seconds: float | None = 60.0
    epochs: int | None = None
    seeds: int = 5
    rounds: int = 15
    least_seconds: float = 0.5
    workers: int = 0


def speed(plan: Plan, data: Dataset, recipe: Recipe) -> dict[str, Any]:
    """Seconds of one training step, ours and the plain loop's, in rounds drawn anew."""
    before = torch.get_num_threads()
    if plan.device.type == "cpu":
        torch.set_num_threads(1)
    try:
        run = Run(plan.data, plan.attention)
        ours = _Ours(Training(network(run, len(data.classes)), data, recipe, seed=0, device=plan.device))
        plain = PlainTraining(network(run, len(data.classes)).to(plan.device), data, recipe, plan.workers)
        steps: dict[str, timing.Step] = {"ours": ours.step, "plain": plain.step}
        taken = timing.interleaved(steps, plan.device, plan.rounds, plan.least_seconds, seed=0)
        ratio = timing.ratio(taken["plain"], taken["ours"])
        return {
            "batch_size": recipe.batch_size,
            "clock": timing.clock_of(plan.device).__name__,
            "workers": plan.workers,
            "precision": {"ours": str(precision(plan.device)).removeprefix("torch."), "plain": "float32"},
            "images_per_second": {
                who: recipe.batch_size / statistics.median(seconds) for who, seconds in taken.items()
            },
            "times_the_plain_loop": dataclasses.asdict(ratio),
        }
    finally:
        torch.set_num_threads(before)


class _Ours:
    """The lab's training, one step at a time."""

    def __init__(self, training: Training) -> None:
        self.training = training
        self.batches = self._endless()
        training.model.train()

    def _endless(self) -> Any:
        draw = torch.Generator().manual_seed(0)
        training = self.training
        while True:
            order = torch.randperm(len(training.train), generator=draw)
            yield from (
                training.train.augmented(picked, draw, flip=training.flip, shift=training.shift)
                for picked in order.split(training.recipe.batch_size)[: training.batches]
            )

    def step(self) -> None:
        self.training.learn(*next(self.batches))


def accuracy(plan: Plan, runs: Path) -> dict[str, Any]:
    """One run of ``attncourse train`` for each seed, each in a process of its own; those that are there are read."""
    made, processes = [], []
    for seed in range(plan.seeds):
        folder = runs / f"seed{seed}"
        spent = _children()
        command = [sys.executable, "-m", "attncourse.cli", "train", "--data", plan.data, "--attention", plan.attention]
        command += ["--device", str(plan.device), "--seed", str(seed), "--out", str(folder)]
        command += ["--cpu-seconds", str(plan.cpu_seconds)] if plan.cpu_seconds else []
        command += ["--epochs", str(plan.epochs)] if plan.epochs and not plan.cpu_seconds else []
        subprocess.run(command, check=True)
        processes.append(_children() - spent)
        made.append(json.loads((folder / "record.json").read_text(encoding="utf-8")))
    accuracies = [one["test_accuracy"] for one in made]
    return {
        "n": len(made),
        "median": statistics.median(accuracies),
        "mean": statistics.mean(accuracies),
        "standard_deviation": statistics.stdev(accuracies) if len(made) > 1 else None,
        "least": min(accuracies),
        "most": max(accuracies),
        "runs": [{**one, "process_cpu_seconds": spent} for one, spent in zip(made, processes, strict=True)],
    }


def _children() -> float:
    """Seconds of the processor's time of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def notes(plan: Plan) -> list[str]:
    """What a reader of the record must know."""
    said = [
        "The machine was shared and noisy. Of the speeds only the ratio within one run is claimed.",
        "Both loops train the same network with the same batch size, loss and optimiser. The plain one loads with a "
        f"DataLoader ({plan.workers} workers), augments each picture alone on the processor, and computes in float32 "
        "with channels first.",
        "A run's CPU-seconds are those of set-up, training and evaluation, all threads together. Starting Python and "
        "reading the data are not in it: data_cpu_seconds and process_cpu_seconds say what they took. JPEGs are "
        "decoded once, and come from the cache folder afterwards.",
    ]
    if plan.cpu_seconds:
        said.append(
            "With a budget of CPU-seconds the machine's speed decides how many steps are made: the same command gives "
            "other accuracies on another machine, or on a busier one."
        )
    if plan.device.type == "cpu":
        said.append("With one thread; the clock of the speeds is the processor's time, in which no worker could hide.")
        said.append("Not measured on a GPU.")
    return said


def make_record(plan: Plan, date: str, runs: Path) -> dict[str, Any]:
    """Measure, and say on what."""
    data, recipe = load(plan.data), recipe_for(plan.data)
    return {
        "benchmark": "training",
        "date": date,
        "device": plan.device.type,
        "measured_on_a_gpu": plan.device.type == "cuda",
        "hardware": record.hardware(plan.device),
        "versions": record.versions(),
        "data": data.title,
        "data_fingerprint": data.fingerprint,
        "attention": plan.attention,
        "host": Run(plan.data).host,
        "recipe": dataclasses.asdict(recipe),
        "cpu_seconds_budget": plan.cpu_seconds,
        "notes": notes(plan),
        "accuracy": accuracy(plan, runs),
        "speed": speed(plan, data, recipe),
    }


def write(made: Mapping[str, Any], folder: Path) -> Path:
    """``<device>-training.json`` and the page beside it; returns the first."""
    device = re.sub(r"[^a-z0-9]+", "-", made["hardware"].get("gpu", made["device"]).lower()).strip("-")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{device}-training.json"
    path.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(training_table.page(made), encoding="utf-8")
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__.splitlines()[0])
    parser.add_argument("--date", required=True, help="the day of the measurement, for the record")
    parser.add_argument("--data", required=True, help="cifar10, or the path of CIFAR-10")
    parser.add_argument("--attention", default="none")
    parser.add_argument("--device", type=torch.device, default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--cpu-seconds", type=float, default=60.0, help="the budget of a run on a CPU; 0: epochs")
    parser.add_argument("--epochs", type=int, help="of a run without a budget; default: the recipe's")
    parser.add_argument("--seeds", type=int, default=Plan.seeds)
    parser.add_argument("--rounds", type=int, default=Plan.rounds)
    parser.add_argument("--workers", type=int, help="of the plain loop's loader; default: 0 on a CPU, 8 on a GPU")
    parser.add_argument("--runs", type=Path, help="keep the runs here, and read those that are here already")
    parser.add_argument("--out", type=Path, default=RECORDS)
    given = parser.parse_args(arguments)
    gpu = given.device.type == "cuda"
    plan = Plan(
        given.data,
        given.device,
        given.attention,
        None if gpu or not given.cpu_seconds else given.cpu_seconds,
        given.epochs,
        given.seeds,
        given.rounds,
        workers=(8 if gpu else 0) if given.workers is None else given.workers,
    )
    with tempfile.TemporaryDirectory() as folder:
        made = make_record(plan, given.date, given.runs or Path(folder))
    print(training_table.page(made))
    print(f"Written to {write(made, given.out)}.")


if __name__ == "__main__":
    main()
