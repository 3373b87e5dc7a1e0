"""Compare variants: plan the runs, carry them out, and say what they allow to say."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from attncourse.lab import comparison_files, schedule, variant
from attncourse.lab.comparison import WORTH, Comparison, analyse, require_worth
from attncourse.lab.comparison_records import curves_of, finished, require_folder
from attncourse.lab.control import require_match
from attncourse.lab.data import load
from attncourse.lab.device import device_of
from attncourse.lab.display import Bar, Display
from attncourse.lab.errors import LabError
from attncourse.lab.recipe import Recipe
from attncourse.lab.run import Run, about, network

SEEDS = 5


def compare(
    attention: Sequence[str | type[nn.Module]],
    *,
    out: str | Path,
    data: str = "tasks:row",
    seeds: int = SEEDS,
    host: str = "",
    recipe: Recipe | None = None,
    device: str = "cpu",
    cpu_seconds: float | None = None,
    control: bool = False,
    worth: float = WORTH,
    jobs: int = 1,
    scheduler: str | None = None,
    say: Callable[[str], None] | None = None,
) -> Comparison:
    """Train every variant with every seed, and compare. The same call goes on where it was interrupted.

    The runs are interleaved: seed 0 of all variants, then seed 1. So whatever stops them, no variant is far ahead.
    Finished runs in ``out`` are read, not repeated.

    Args:
        attention: the variants, the baseline first: texts as ``lab.variant`` reads them, or classes of your own.
        out: a folder for all of it: one folder a run, comparison.json, two CSVs and the figures.
        data: what ``lab.data.load`` takes.
        seeds: how many; seed 0 to ``seeds`` - 1.
        host: a name of ``hosts.HOSTS``; by default that of the data.
        recipe: by default that of the data.
        device: "cpu" or "cuda".
        cpu_seconds: a budget for each run in place of the recipe's epochs.
        control: add for each variant but "none" its parameter-matched control.
        worth: the smallest difference worth having, a fraction.
        jobs: processes on this machine, at most one for each processor, each with one thread; 1: in this process. More
            than 1 in a script of your own: below ``if __name__ == "__main__":``, for each process imports the script.
        scheduler: a Dask scheduler's address; ``jobs`` then does not count.
        say: takes a line for each finished run; by default it is printed to the error stream.

    Raises:
        LabError: an argument is out of its range, a variant cannot be built, a control cannot be matched, ``out``
            cannot be written or holds runs that are not comparable, or every run failed.
    """
    say = say or _print
    own = {f"own:{one.__name__}": one for one in attention if not isinstance(one, str)}
    names = [one if isinstance(one, str) else f"own:{one.__name__}" for one in attention]
    if control:
        names += [f"control({one})" for one in names if one != variant.NONE and not variant.controlled_by(one)]
    if isinstance(jobs, int) and jobs > 1:
        jobs = min(jobs, os.cpu_count() or 1)  # more would only wait for each other
    _require(names, own, seeds=seeds, jobs=jobs, worth=worth, elsewhere=jobs > 1 or bool(scheduler))
    folder = Path(out).absolute()
    data = str(Path(data).absolute()) if Path(data).exists() else data  # a worker may stand in another folder
    runs = planned(names, seeds, own, data=data, host=host, recipe=recipe, device=device, cpu_seconds=cpu_seconds)
    dataset = load(data)
    _require_buildable(runs[: len(names)], len(dataset.classes))
    require_folder(folder, about(runs[0], dataset, device_of(device)))
    looks = comparison_files.looks(folder)

    found, open_runs = finished(runs, folder)
    if found:
        say(f"{len(found)} of {len(runs)} runs are finished already.")
    carried_out: Iterator[schedule.Outcome]
    if scheduler:
        carried_out = schedule.on_cluster(open_runs, folder, scheduler)
    elif jobs > 1:
        carried_out = schedule.in_processes(open_runs, folder, jobs)
    else:
        carried_out = schedule.in_this_process(open_runs, folder, dataset, _display)
    problems: list[str] = []
    began = time.monotonic()
    try:
        with closing(carried_out):  # type: ignore[type-var]
            for done, outcome in enumerate(carried_out if open_runs else (), 1):
                if outcome.record is None:
                    problems.append(f"{_label(outcome.run)}, is excluded: {outcome.problem}")
                else:
                    found[outcome.run.key] = outcome.record
                left = (time.monotonic() - began) / done * (len(open_runs) - done)
                say(f"[{len(found) + len(problems)}/{len(runs)}] {_told(outcome)}{_left(left)}")
    except KeyboardInterrupt:
        say(f"{len(found)} of {len(runs)} runs are finished and kept in {out}; the same again goes on from there.")
        raise
    if not found:
        raise LabError(f"Every run failed. The first: {problems[0]}")
    # A record may name its variant otherwise: cbam and cbam() are one run.
    records = [{**found[run.key], "attention": run.attention} for run in runs if run.key in found]
    comparison = analyse(
        records,
        attention=names,
        worth=worth,
        failed=problems,
        notes=_repeated_look(looks, seeds),
        curves={name: curves_of([folder / run.folder_name for run in runs if run.attention == name]) for name in names},
    )
    try:
        comparison_files.write(comparison, folder, looks=sorted({*looks, seeds}))
    except OSError as error:
        raise LabError(
            f"{error.filename or folder} could not be written ({error.strerror}). Free some space; the runs are kept, "
            "and the same command writes the comparison"
        ) from error
    return comparison


def planned(
    names: Sequence[str], seeds: int, own: Mapping[str, type[nn.Module]] | None = None, **shared: Any
) -> list[Run]:
    """The runs in their order: seed 0 of all variants, then seed 1. ``shared`` is what all of them have in common."""
    classes = own or {}
    return [
        Run(attention=name, seed=seed, own=classes.get(variant.controlled_by(name) or name), **shared)
        for seed in range(seeds)
        for name in names
    ]


def _require(
    names: Sequence[str],
    own: Mapping[str, type[nn.Module]],
    *,
    seeds: int,
    jobs: int,
    worth: float,
    elsewhere: bool,
) -> None:
    for what, value in (("seeds", seeds), ("jobs", jobs)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise LabError(f"{what} must be a whole number of at least 1; got {value!r}. For example {what}=4")
    if len(names) < 2:
        raise LabError(f"A comparison needs two variants or more; got {', '.join(names) or 'nothing'}. Try: none se")
    require_worth(worth)
    alike: dict[str, str] = {}
    for name in names:
        what = variant.fingerprint(name, own.get(variant.controlled_by(name) or name))
        if what in alike:
            raise LabError(f"{name} comes twice{'' if alike[what] == name else f', as {alike[what]}'}. Name each once")
        alike[what] = name
    if own and elsewhere:
        raise LabError(
            f"{', '.join(own)} is a class of this process, which others cannot import. "
            "Give jobs=1, or save it in a file and name it FILE.py:ClassName"
        )


def _require_buildable(runs: Sequence[Run], classes: int) -> None:
    """Build each variant once, so that a mistake is known before anything is trained; and match the controls."""

    def counted(run: Run, attention: str) -> int:
        model = network(replace(run, attention=attention), classes)
        return sum(parameter.numel() for parameter in model.parameters())

    with torch.random.fork_rng([]):
        for run in runs:
            own = counted(run, run.attention)
            if controlled := variant.controlled_by(run.attention):
                bare = counted(run, variant.NONE)
                require_match(controlled, counted(run, controlled) - bare, own - bare)


def _repeated_look(looks: Sequence[int], seeds: int) -> list[str]:
    earlier = [count for count in looks if count < seeds]
    if not earlier:
        return []
    counts = " and ".join(map(str, earlier))
    return [
        f"This comparison was looked at before, with {counts} seeds. Adding seeds until a difference shows makes false "
        "differences likelier than stated: decide on the number first, or repeat the last one in a new folder"
    ]


def _label(run: Run) -> str:
    return f"{run.attention}, seed {run.seed}"


def _told(outcome: schedule.Outcome) -> str:
    if outcome.record is None:
        return f"{_label(outcome.run)}: failed. {outcome.problem}"
    return f"{_label(outcome.run)}: {outcome.record['test_accuracy']:.2%} in {outcome.record['seconds']:.1f} s"


def _display(run: Run) -> Display:
    """A bar in a terminal. Elsewhere the line for each finished run is enough: no notebook wants a picture of each."""
    return Bar(_label(run)) if sys.stderr.isatty() else Display()


def _left(seconds: float) -> str:
    if not seconds:
        return ""
    return f"; about {seconds / 60:.0f} min left" if seconds >= 90 else f"; about {seconds:.0f} s left"


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
