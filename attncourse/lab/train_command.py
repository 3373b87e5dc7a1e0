"""``attncourse train``: its options, and what it prints. torch is imported only when it runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from attncourse.lab.errors import LabError

DATA = "tasks:row"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Everything that can be chosen."""
    parser.add_argument(
        "--data", default=DATA, help=f"tasks:xor, tasks:near, tasks:row, cifar10, PATH (default: {DATA})"
    )
    parser.add_argument(
        "--attention",
        default="none",
        metavar="VARIANT",
        help="none, se, cbam, bam, coordinate; 'cbam(order=spatial-channel)'; FILE.py:ClassName (default: none)",
    )
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="the folder for the record, the log and the weights"
    )
    parser.add_argument("--host", default="", help="what attention is put into (default: bag for tasks, else small)")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of the weights and the data's order (default: 0)"
    )
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the data (default: the recipe's)")
    parser.add_argument(
        "--cpu-seconds", type=float, metavar="S", help="a budget for training and evaluation, in place of epochs"
    )
    parser.add_argument("--batch-size", type=int, metavar="N", help="default: the recipe's")
    parser.add_argument("--learning-rate", type=float, metavar="X", help="the highest one (default: the recipe's)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:1 (default: cpu)")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="of the processor (default: 1)")
    parser.add_argument(
        "--start-from",
        default="",
        metavar="FILE",
        help="weights.safetensors of an earlier run to fine-tune; the head, which names classes, begins anew",
    )
    parser.add_argument("--compile", action="store_true", help="torch.compile: pays for long runs on a GPU")


def run(options: argparse.Namespace) -> int:
    """Train once; returns 0. Raises LabError."""
    from attncourse.lab import display, record
    from attncourse.lab.execution import execute
    from attncourse.lab.recipe import recipe_for
    from attncourse.lab.run import Run

    if options.epochs is not None and options.cpu_seconds is not None:
        raise LabError("--epochs and --cpu-seconds both say how long the run lasts. Give one of them")
    recipe = recipe_for(options.data).with_changes(
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        compile=options.compile,
    )
    run = Run(
        data=options.data,
        attention=options.attention,
        seed=options.seed,
        host=options.host,
        recipe=recipe,
        device=options.device,
        cpu_seconds=options.cpu_seconds,
        threads=options.threads,
        start=options.start_from,
    )
    folder = Path(options.out)
    before = record.read(folder)
    made = execute(run, folder, display=display.here(f"{options.attention}, seed {options.seed}"))
    print(_said(made, folder, again=made == before))
    return 0


def _said(made: dict[str, Any], folder: Path, *, again: bool) -> str:
    budget = made["cpu_seconds_budget"]
    spent = f"{made['cpu_seconds']:.1f} CPU-seconds" + (f" of {budget:g}" if budget else "")
    return (
        f"{made['data_title']}, {made['host']} with attention {made['attention']}, seed {made['seed']}: "
        f"test accuracy {made['test_accuracy']:.2%}, epochs {made['epochs']}, {spent} for training and evaluation.\n"
        f"{'It was finished before; nothing was repeated. ' if again else ''}The record: {folder / 'record.json'}"
    )
