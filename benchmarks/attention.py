"""Each attention module beside timm's layer and a plain transcription of its paper: time and peak memory.

    python -m benchmarks.attention --date 2025-01-31
    python -m benchmarks.attention --date 2025-01-31 --modules se cbam --shapes 2x64x28x28 --rounds 9 --out FOLDER

README.md beside this file says how to install the peers, and what the figures may be used for.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import json
import os
import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks import memory, record, timing, timm_peers
from benchmarks.contenders import QUADRATIC, contenders, disagreement
from benchmarks.transcriptions import TRANSCRIPTIONS

SHAPES = ((8, 64, 56, 56), (8, 256, 28, 28), (2, 512, 7, 7))
RECORDS = Path(__file__).parent / "records"
# Above this many places a CPU does not time what grows with their square.
MOST_PLACES = 1024
AGREEMENT = 1e-6
# glibc gives large blocks back to the system and fetches them anew, at its own moments; these variables stop that.
ALLOCATOR = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_")


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is measured.

    ``placements``: fresh copies of the modules, each timed for ``rounds``; ``compiler``: the
    backend of ``torch.compile`` in the mode "compile".
    """

    modules: Sequence[str] = tuple(TRANSCRIPTIONS)
    shapes: Sequence[tuple[int, ...]] = SHAPES
    device: torch.device = torch.device("cpu")
    modes: Sequence[str] = ("eager",)
    threads: Sequence[int] = (1,)
    placements: int = 3
    rounds: int = 15
    least_seconds: float = 0.004
    seed: int = 0
    compiler: str = "inductor"


def measure(plan: Plan) -> Iterator[dict[str, Any]]:
    """One result for each module, shape, mode, number of threads and step.

    Raises:
        RuntimeError: contenders with the same weights do not compute the same; then their times mean nothing.
    """
    before = torch.get_num_threads()
    try:
        for name in plan.modules:
            for shape in plan.shapes:
                if _left_out(plan, name, shape):
                    continue
                modules = contenders(name, shape[1], plan.seed)
                x = torch.randn(shape, generator=torch.Generator().manual_seed(plan.seed))
                apart = disagreement(modules, x)
                if max(apart.values()) > AGREEMENT:
                    raise RuntimeError(f"{name} at {shape}: outputs or gradients differ, by {apart}; mend this first")
                for mode in plan.modes:
                    for threads in plan.threads:
                        torch.set_num_threads(threads)
                        yield from _results(plan, name, modules, x, mode, threads, apart)
    finally:
        torch.set_num_threads(before)


def _left_out(plan: Plan, name: str, shape: tuple[int, ...]) -> bool:
    return plan.device.type == "cpu" and name in QUADRATIC and shape[2] * shape[3] > MOST_PLACES


def _results(
    plan: Plan,
    name: str,
    modules: Mapping[str, nn.Module],
    x: Tensor,
    mode: str,
    threads: int,
    apart: Mapping[str, float],
) -> Iterator[dict[str, Any]]:
    for step in timing.STEPS:
        seconds: dict[str, list[float]] = {who: [] for who in modules}
        peaks: dict[str, int] = {}
        # Compiling is slow, so that is done once.
        for placement in range(1 if mode == "compile" else plan.placements):
            steps = _place(plan, modules, x, mode, step)
            taken = timing.interleaved(steps, plan.device, plan.rounds, plan.least_seconds, plan.seed + placement)
            for who, one in taken.items():
                seconds[who] += one
            peaks = peaks or {who: memory.peak(run, plan.device) for who, run in steps.items()}
        yield {
            "module": name,
            "shape": list(x.shape),
            "mode": mode,
            "threads": threads,
            "step": step,
            "clock": timing.clock_of(plan.device).__name__,
            "contenders": {
                who: {
                    "median_seconds": statistics.median(seconds[who]),
                    "peak_bytes": peaks[who],
                    "disagreement": apart.get(who, 0.0),
                }
                for who in modules
            },
            "ratios": {
                who: dataclasses.asdict(timing.ratio(seconds["ours"], seconds[who])) for who in modules if who != "ours"
            },
        }


def _place(plan: Plan, modules: Mapping[str, nn.Module], x: Tensor, mode: str, step: str) -> dict[str, timing.Step]:
    """The steps of fresh copies: where a module's memory lies can make it quicker or slower by some percent."""
    torch._dynamo.reset()
    x = x.to(plan.device, copy=True)
    steps = {}
    for who, module in modules.items():
        placed = copy.deepcopy(module).to(plan.device)
        if mode == "compile":
            placed.compile(backend=plan.compiler)
        steps[who] = timing.step(placed, x, step)
    return steps


def notes(plan: Plan) -> list[str]:
    """What a reader of the record must know."""
    said = [
        "The machine was shared and noisy: only ratios within one run are claimed. 'Ours / ours again' is the noise.",
        "Contenders share their weights; outputs and input gradients agreed to "
        f"{AGREEMENT:g} of the largest value in float64 before anything was timed.",
        "With one thread on a CPU the clock is the processor's time (process_time), else the time that passes "
        "(perf_counter).",
        f"In eager mode {plan.placements} fresh copies of the modules are timed for that many rounds each, for it "
        "matters where memory lies; in compile mode one.",
        "'forward' is in eval mode without gradients; 'forward + backward' in training mode, with all gradients.",
    ]
    if plan.device.type == "cpu":
        said.append("Not measured on a GPU.")
        allocator = [f"{name}={os.environ[name]}" for name in ALLOCATOR if name in os.environ]
        said.append("The memory allocator's settings, alike for all: " + (", ".join(allocator) or "its own") + ".")
    if timm_peers.version() is None:
        said.append("timm was not installed: ours stand beside the transcriptions alone.")
    else:
        said.append(
            "timm has no peer of "
            + ", ".join(name for name in plan.modules if name not in timm_peers.PEERS)
            + "; its gather-excite could be built without parameters only, and so was ours."
        )
    return said


def make_record(plan: Plan, date: str) -> dict[str, Any]:
    """Measure, and say on what."""
    return {
        "benchmark": "attention",
        "date": date,
        "seed": plan.seed,
        "rounds": plan.rounds,
        "placements": plan.placements,
        "device": plan.device.type,
        "measured_on_a_gpu": plan.device.type == "cuda",
        "hardware": record.hardware(plan.device),
        "versions": record.versions(),
        "notes": notes(plan),
        "left_out": [
            f"{name} at {'x'.join(map(str, shape))}: its memory grows with the square of the places"
            for name in plan.modules
            for shape in plan.shapes
            if _left_out(plan, name, shape)
        ],
        "results": list(measure(plan)),
    }


def write(made: Mapping[str, Any], folder: Path) -> Path:
    """``<device>-attention.json`` and the table beside it; returns the first."""
    device = re.sub(r"[^a-z0-9]+", "-", made["hardware"].get("gpu", made["device"]).lower()).strip("-")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{device}-attention.json"
    path.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(record.table(made), encoding="utf-8")
    return path


def _shape(text: str) -> tuple[int, ...]:
    sizes = text.split("x")
    if len(sizes) != 4 or not all(size.isdecimal() and int(size) for size in sizes):
        raise argparse.ArgumentTypeError(f"expected BxCxHxW such as 8x64x56x56, got {text!r}")
    return tuple(map(int, sizes))


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)


def _device(text: str) -> torch.device:
    known = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    if text.partition(":")[0] not in known:
        raise argparse.ArgumentTypeError(f"expected a device that torch has here ({', '.join(known)}), got {text!r}")
    return torch.device(text)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attention", description=__doc__.splitlines()[0])
    parser.add_argument("--date", required=True, help="the day of the measurement, for the record")
    parser.add_argument("--modules", nargs="+", choices=tuple(TRANSCRIPTIONS), default=tuple(TRANSCRIPTIONS))
    parser.add_argument("--shapes", nargs="+", type=_shape, default=SHAPES, metavar="BxCxHxW")
    parser.add_argument("--device", type=_device, default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--modes", nargs="+", choices=("eager", "compile"), help="default: both on a GPU, else eager")
    parser.add_argument("--threads", nargs="+", type=_positive, help="of a CPU; default: 1, and as many as torch takes")
    parser.add_argument("--rounds", type=_positive, default=Plan.rounds, help="for each of the three placements")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RECORDS)
    given = parser.parse_args(arguments)
    gpu = given.device.type == "cuda"
    plan = Plan(
        given.modules,
        given.shapes,
        given.device,
        given.modes or (("eager", "compile") if gpu else ("eager",)),
        given.threads or ((torch.get_num_threads(),) if gpu else tuple(sorted({1, torch.get_num_threads()}))),
        rounds=given.rounds,
        seed=given.seed,
    )
    made = make_record(plan, given.date)
    print(record.table(made))
    print(f"Written to {write(made, given.out)}.")


if __name__ == "__main__":
    main()
