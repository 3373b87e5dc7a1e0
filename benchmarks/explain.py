"""Class activation maps beside pytorch-grad-cam and torchcam: the same maps, and how long each takes.

    python -m benchmarks.explain --date 2025-01-31
    python -m benchmarks.explain --date 2025-01-31 --cases small:stages.2:2x32 --methods grad_cam --out FOLDER

README.md beside this file says how to install the peers, and what the figures may be used for.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import json
import os
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from attncourse import hosts
from attncourse.explain import CAM, METHODS
from benchmarks import cam_peers, cam_record, record, timing
from benchmarks.attention import ALLOCATOR, RECORDS

AGREEMENT = 1e-5
CASES = (
    "resnet18:stages.3:2x224",
    "resnet50:stages.3:1x224",
    "mobilenet_v2:stages.4:2x224",
    "resnet18:stages.0:2x224",
)


@dataclasses.dataclass(frozen=True)
class Case:
    """A network, its layer, and how many square images of what size."""

    host: str
    layer: str
    batch: int
    size: int

    @classmethod
    def read(cls, text: str) -> Case:
        """``resnet18:stages.3:4x224``. Raises argparse.ArgumentTypeError."""
        try:
            host, layer, shape = text.split(":")
            batch, size = (int(number) for number in shape.split("x"))
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"expected HOST:LAYER:BATCHxSIZE such as {CASES[0]}, got {text!r}"
            ) from None
        return cls(host, layer, batch, size)

    def __str__(self) -> str:
        return f"{self.host} {self.layer} {self.batch}x3x{self.size}x{self.size}"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is measured. ``placements``: fresh copies of the network for each, timed for ``rounds``."""

    cases: Sequence[Case] = tuple(map(Case.read, CASES))
    methods: Sequence[str] = tuple(METHODS)
    device: torch.device = torch.device("cpu")
    threads: int = 1
    placements: int = 3
    rounds: int = 5
    least_seconds: float = 0.05
    seed: int = 0


def measure(plan: Plan) -> Iterator[dict[str, Any]]:
    """One result for each case and method.

    Raises:
        RuntimeError: maps differ by more than ``AGREEMENT``, or show nothing; then times mean nothing.
    """
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(plan.threads)
        for case in plan.cases:
            torch.manual_seed(plan.seed)
            model = hosts.build(case.host).to(plan.device).eval()
            images = torch.randn(case.batch, 3, case.size, case.size).to(plan.device)
            for method in plan.methods:
                yield _result(plan, case, method, model, images)
    finally:
        torch.set_num_threads(before)


def _result(plan: Plan, case: Case, method: str, model: nn.Module, images: Tensor) -> dict[str, Any]:
    with torch.no_grad():
        classes = model(images).argmax(1)
    apart = disagreement(model, case.layer, method, images, classes)
    if max((value for peer, value in apart.items() if not _unsound(peer, method)), default=0.0) > AGREEMENT:
        raise RuntimeError(f"{case} {method}: the maps differ by {apart}; mend this first")
    seconds: dict[str, list[float]] = {}
    for placement in range(plan.placements):
        steps = {
            who: cam_peers.BUILD[who](copy.deepcopy(model), case.layer, method, images.clone(), classes)
            for who in ("ours", "ours again", "ours scaled", "inference", "gradients", "all gradients", *apart)
        }
        taken = timing.interleaved(steps, plan.device, plan.rounds, plan.least_seconds, plan.seed + placement)
        for who, one in taken.items():
            seconds.setdefault(who, []).extend(one)
    return {
        "case": str(case),
        "layer": case.layer,
        "method": method,
        "threads": plan.threads,
        "clock": timing.clock_of(plan.device).__name__,
        "disagreement": apart,
        "median_seconds": {who: statistics.median(one) for who, one in seconds.items()},
        "ratios": {
            who: dataclasses.asdict(timing.ratio(seconds["ours scaled" if who == "grad-cam" else "ours"], one))
            for who, one in seconds.items()
            if who not in ("ours", "ours scaled", "all gradients")
        },
        # Of a plain torch program, none of our code in it: what there is to gain by ending the backward pass there.
        "arithmetic": {
            what: dataclasses.asdict(timing.ratio(seconds["gradients"], seconds[what]))
            for what in ("inference", "all gradients")
        },
    }


def _unsound(peer: str, method: str) -> bool:
    return peer == "torchcam" and method in cam_peers.UNSOUND


def disagreement(model: nn.Module, layer: str, method: str, images: Tensor, classes: Tensor) -> dict[str, float]:
    """The largest difference to each peer that is installed, after that peer's own normalisation.

    Raises RuntimeError where a map of ours is 0 everywhere: then agreement would mean nothing.
    """
    with CAM(model, layer, method) as cam:
        maps = cam(images, classes).cpu()
    if not bool((maps.amax((1, 2)) > 0).all()):
        raise RuntimeError(f"{method} of {layer} is 0 everywhere for some image; choose another seed")
    size = (images.shape[2], images.shape[3])
    apart = {}
    for peer, version in cam_peers.versions().items():
        if version is not None:
            theirs = cam_peers.BUILD[peer](copy.deepcopy(model), layer, method, images, classes)().detach().cpu()
            if peer == "grad-cam":  # it scales and enlarges by itself
                apart[peer] = float((theirs - cam_peers.as_grad_cam_scales(maps, size)).abs().max())
            else:
                both = (cam_peers.from_0_to_1(one) for one in (theirs, maps))
                apart[peer] = float((next(both) - next(both)).abs().max())
    return apart


def notes(plan: Plan) -> list[str]:
    """What a reader of the record must know."""
    missing = [name for name, version in cam_peers.versions().items() if version is None]
    allocator = [f"{name}={os.environ[name]}" for name in ALLOCATOR if name in os.environ]
    return [
        "The machine was shared and noisy: only ratios within one run are claimed. 'Ours / ours again' is the noise.",
        "Like beside like: grad-cam gives maps of the size of the images, scaled, and beside it so do ours; torchcam "
        "gives maps of the layer's size, not scaled, and beside it so do ours.",
        "Maps are of the predicted class; weights are those of a fresh network. They agreed with grad-cam's to "
        f"{AGREEMENT:g} after its own normalisation, and with torchcam's likewise, but for its Grad-CAM++, which "
        "divides a copy and so computes something else: of that one the time alone stands here.",
        "'Inference' is the network alone without gradients. 'Gradients' is plain torch without any of our code: the "
        "forward pass, and the backward pass from the score to the layer. 'All gradients' is that with those of all "
        "parameters, as grad-cam computes them.",
        "With one thread on a CPU the clock is the processor's time (process_time), else the time that passes "
        "(perf_counter).",
        "Not measured on a GPU." if plan.device.type == "cpu" else "Measured on a GPU.",
        *([f"Not installed, so not compared: {', '.join(missing)}."] if missing else []),
        "The memory allocator's settings, alike for all: " + (", ".join(allocator) or "its own") + ".",
    ]


def make_record(plan: Plan, date: str) -> dict[str, Any]:
    """Measure, and say on what."""
    versions = {name: value for name, value in record.versions().items() if name != "timm"}
    return {
        "benchmark": "explain",
        "date": date,
        "seed": plan.seed,
        "rounds": plan.rounds,
        "placements": plan.placements,
        "device": plan.device.type,
        "measured_on_a_gpu": plan.device.type == "cuda",
        "hardware": record.hardware(plan.device),
        "versions": versions | cam_peers.versions(),
        "notes": notes(plan),
        "results": list(measure(plan)),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explain", description=__doc__.splitlines()[0])
    parser.add_argument("--date", required=True, help="the day of the measurement, for the record")
    parser.add_argument("--cases", nargs="+", type=Case.read, default=Plan.cases, metavar="HOST:LAYER:BATCHxSIZE")
    parser.add_argument("--methods", nargs="+", choices=tuple(METHODS), default=tuple(METHODS))
    parser.add_argument("--device", type=torch.device, default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=1, help="of a CPU")
    parser.add_argument("--rounds", type=int, default=Plan.rounds, help="for each of the three placements")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RECORDS)
    given = parser.parse_args(arguments)
    plan = Plan(given.cases, given.methods, given.device, given.threads, rounds=given.rounds, seed=given.seed)
    made = make_record(plan, given.date)
    given.out.mkdir(parents=True, exist_ok=True)
    path = given.out / f"{plan.device.type}-explain.json"
    path.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(cam_record.table(made), encoding="utf-8")
    print(cam_record.table(made))
    print(f"Written to {path}.")


if __name__ == "__main__":
    main()
