"""``attncourse compare``: its options, and what it prints. torch is imported only when it runs."""

from __future__ import annotations

import argparse
import os
import sys

from attncourse.lab.ablations import ABLATIONS
from attncourse.lab.errors import LabError

SEEDS = 5
DATA = "tasks:row"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Everything that can be chosen."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "ablations:\n" + "\n".join(
        f"  {name:<10} {one.question} ({one.source})" for name, one in ABLATIONS.items()
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--attention",
        nargs="+",
        metavar="VARIANT",
        help="none se cbam bam coordinate; 'cbam(order=spatial-channel)'; FILE.py:ClassName. The first is the baseline",
    )
    what.add_argument("--ablation", choices=ABLATIONS, help="one of the papers' questions, ready to run")
    parser.add_argument("--seeds", type=int, default=SEEDS, metavar="N", help=f"runs of each (default: {SEEDS})")
    parser.add_argument(
        "--data", default=DATA, help=f"tasks:xor, tasks:near, tasks:row, cifar10, PATH (default: {DATA})"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder for records, tables and figures")
    parser.add_argument("--control", action="store_true", help="add plain layers with as many parameters to each")
    parser.add_argument("--host", default="", help="what attention is put into (default: bag for tasks, else small)")
    parser.add_argument("--epochs", type=int, metavar="N", help="of each run (default: the recipe's)")
    parser.add_argument("--cpu-seconds", type=float, metavar="S", help="a budget for each run in place of epochs")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:1 (default: cpu)")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes (default: one for each processor; 1 on a GPU)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a Dask scheduler that spreads the runs over a cluster")
    parser.add_argument(
        "--worth", type=float, default=0.5, metavar="POINTS", help="the smallest difference worth having (default: 0.5)"
    )


def run(options: argparse.Namespace) -> int:
    """Compare; 0, or 1 where a run failed. Raises LabError."""
    from attncourse.lab.comparing import compare
    from attncourse.lab.recipe import recipe_for

    if options.epochs is not None and options.cpu_seconds is not None:
        raise LabError("--epochs and --cpu-seconds both say how long a run lasts. Give one of them")
    attention = options.attention
    if options.ablation:
        ablation = ABLATIONS[options.ablation]
        attention = ablation.attention
        print(f"{ablation.question} ({ablation.source})", file=sys.stderr)
    comparison = compare(
        attention,
        out=options.out,
        data=options.data,
        seeds=options.seeds,
        host=options.host,
        recipe=recipe_for(options.data).with_changes(epochs=options.epochs),
        device=options.device,
        cpu_seconds=options.cpu_seconds,
        control=options.control,
        worth=options.worth / 100,
        jobs=_jobs(options.device) if options.jobs is None else options.jobs,
        scheduler=options.scheduler,
    )
    print(comparison)
    print(f"\nAll of it, with the figures: {options.out}")
    return 1 if comparison.failed else 0


def _jobs(device: str) -> int:
    """One for each processor that this process may use; on a GPU one, which then has it for itself."""
    if device.startswith("cuda"):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
