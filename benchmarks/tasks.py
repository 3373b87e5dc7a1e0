"""What none, SE, CBAM, BAM and coordinate attention reach on the lab's offline tasks, and what it costs.

    .venv/bin/python -m benchmarks.tasks --date 2025-01-31

Trains every module on every task with every seed, as ``attncourse train`` does, and writes a record as JSON and as a
table. Runs that are finished in --runs are not repeated. Beside each accuracy stands the signature that the probe of
``attncourse.lab.tasks.arrangement`` finds in untrained networks.
"""

from __future__ import annotations

import argparse
import datetime
import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from attncourse import hosts
from attncourse.lab.data import load
from attncourse.lab.execution import execute
from attncourse.lab.run import Run
from attncourse.lab.tasks import TASKS
from attncourse.lab.tasks.arrangement import arrangement
from attncourse.storage import write_atomically

MODULES = ("none", "se", "cbam", "bam", "coordinate")
RECORDS = Path(__file__).parent / "records"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tasks", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5, metavar="N")
    parser.add_argument("--runs", type=Path, default=Path("build", "benchmarks", "tasks"), metavar="DIR")
    parser.add_argument("--name", default="cpu-tasks", help="of the record (default: cpu-tasks)")
    parser.add_argument("--date", default=datetime.date.today().isoformat())
    options = parser.parse_args(arguments)
    records: dict[str, dict[str, list[dict[str, Any]]]] = {task: {name: [] for name in MODULES} for task in TASKS}
    for seed in range(options.seeds):
        for task in TASKS:
            dataset = load(f"tasks:{task}")
            for name in MODULES:
                run = Run(data=f"tasks:{task}", attention=name, seed=seed)
                made = execute(run, options.runs / task / run.folder_name, dataset=dataset)
                records[task][name].append(made)
                print(
                    f"{task} {name} seed {seed}: {made['test_accuracy']:.1%}, {made['cpu_seconds']:.1f} s", flush=True
                )
    found = record(records, options.date)
    write_atomically(RECORDS / f"{options.name}.json", json.dumps(found, indent=1) + "\n")
    write_atomically(RECORDS / f"{options.name}.md", table(found))
    return 0


def record(records: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]], date: str) -> dict[str, Any]:
    """What all runs share, and for each task and module its accuracies and CPU-seconds, in the order of the seeds."""
    every = [made for modules in records.values() for runs in modules.values() for made in runs]
    first = every[0]
    shared = {key: first[key] for key in ("host", "recipe", "device", "hardware", "precision", "threads", "versions")}
    return {
        "date": date,
        **shared,
        "seeds": sorted({made["seed"] for made in every}),
        "fingerprints": {
            task: next(iter(modules.values()))[0]["data_fingerprint"] for task, modules in records.items()
        },
        "signatures": {name: signature(name) for name in MODULES},
        "results": {
            task: {
                name: {
                    "parameters": runs[0]["parameters"],
                    "test_accuracy": [made["test_accuracy"] for made in runs],
                    "cpu_seconds": [round(made["cpu_seconds"], 2) for made in runs],
                }
                for name, runs in modules.items()
            }
            for task, modules in records.items()
        },
    }


def signature(name: str) -> str:
    """Of the untrained host with this module."""
    torch.manual_seed(0)
    return arrangement(hosts.build("bag", None if name == "none" else name), TASKS["row"]).signature()


def table(found: Mapping[str, Any]) -> str:
    """The record as a page."""
    seeds = found["seeds"]
    machine = ", ".join(f"{key} {value}" for key, value in found["hardware"].items() if value)
    versions = ", ".join(f"{key} {value}" for key, value in found["versions"].items() if value)
    lines = [
        "# The offline tasks",
        "",
        f"{found['date']}; {machine}; {found['precision']}, {found['threads']} thread; {versions}; "
        f"host {found['host']}; seeds {seeds[0]} to {seeds[-1]}.",
        "",
        f"Test accuracy in %: the median of {len(seeds)} seeds, the lowest and the highest in brackets; then the "
        "median of the CPU-seconds for training and evaluation. The signature is that of the untrained network: "
        "together, near, middle, row, column; x where its logits move with the arrangement.",
        "",
        f"| module | signature | {' | '.join(TASKS[task].title for task in found['results'])} |",
        f"|---|---|{'---|' * len(found['results'])}",
    ]
    for name in MODULES:
        cells = [_cell(results[name]) for results in found["results"].values()]
        lines.append(f"| {name} | `{found['signatures'][name]}` | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _cell(result: Mapping[str, Sequence[float]]) -> str:
    accuracy = [100 * one for one in result["test_accuracy"]]
    seconds = statistics.median(result["cpu_seconds"])
    return f"{statistics.median(accuracy):.1f} [{min(accuracy):.1f}, {max(accuracy):.1f}], {seconds:.1f} s"


if __name__ == "__main__":
    raise SystemExit(main())
