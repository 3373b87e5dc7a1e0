"""Do maps of a detected box show that box, or another of its class as well?

    .venv/bin/python -m benchmarks.detection --date 2025-01-31

Trains the detector of ``attncourse.detector`` with several seeds and asks, on held-out scenes that hold two objects of
one class, where the map of each found box lies: within its own object or within the other one. Beside the trained
network stands the untrained one at the same boxes, and beside the methods "reach": 1 wherever the gradient is not 0,
which is what the network's form alone gives. What the maps should say is measured as well: what becomes of a box's
score when its own object, or the other one, is painted over. Writes a record as JSON and as a table; detectors that
are finished in --runs are not trained and measured again.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from attncourse import detector
from attncourse.detector import Detector, Scenes
from attncourse.explain import CAM, METHODS, InputOf, pointing_game, share_inside
from attncourse.explain.detection import boxes
from attncourse.lab.device import hardware
from attncourse.storage import write_atomically
from benchmarks.detection_record import BEFORE, shown, summary, table
from benchmarks.record import versions

MODULES = ("none", "se", "cbam", "bam", "coordinate")
RECORDS = Path(__file__).parent / "records"
# Seeds of the scenes that no training sees.
JUDGED_BY, EXPLAINED = 10_000, 20_000
LAYERS = {BEFORE: InputOf("backbone.5"), "backbone": "backbone", "neck": "neck"}
TARGETS = ("confidence", "class")


def reach(activations: Tensor, gradients: Tensor) -> Tensor:
    """1 wherever the score depends on the layer at all: ``(B, C, h, w) -> (B, h, w)``."""
    return (gradients != 0).any(1).float()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--attention", nargs="+", default=list(MODULES), choices=MODULES)
    parser.add_argument("--seeds", type=int, default=5, metavar="N")
    parser.add_argument("--scenes", type=int, default=200, metavar="N", help="held out, of each of the two kinds")
    parser.add_argument("--training-scenes", type=int, default=detector.TRAINING_SCENES, metavar="N")
    parser.add_argument("--epochs", type=int, default=detector.EPOCHS, metavar="N")
    parser.add_argument("--runs", type=Path, default=Path("build", "benchmarks", "detection"), metavar="DIR")
    parser.add_argument("--out", type=Path, default=RECORDS, metavar="DIR")
    parser.add_argument("--name", default="cpu-detection", help="of the record (default: cpu-detection)")
    parser.add_argument("--date", default=datetime.date.today().isoformat())
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)  # whose time is counted
    training = detector.scenes(options.training_scenes, seed=0)
    judging = detector.scenes(options.scenes, seed=JUDGED_BY)
    twins = detector.scenes(options.scenes, seed=EXPLAINED, twins=True)
    runs = []
    for attention in options.attention:
        for seed in range(options.seeds):
            kept = options.runs / f"{attention}-{seed}.json"
            if not kept.is_file():
                made = run(attention, seed, options.epochs, training, judging, twins)
                kept.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(kept, json.dumps(made))
            runs.append(json.loads(kept.read_text(encoding="utf-8")))
            print(
                f"{attention} seed {seed}: average precision {runs[-1]['average_precision']:.3f}, "
                f"{runs[-1]['cpu_seconds']:.1f} s",
                flush=True,
            )
    found = {
        "date": options.date,
        "hardware": hardware(torch.device("cpu")),
        "threads": 1,
        "versions": versions(),
        "training_scenes": options.training_scenes,
        "epochs": options.epochs,
        "seeds": list(range(options.seeds)),
        "scenes": options.scenes,
        "mask_share": float(torch.cat(twins.masks).float().mean()),
        "detectors": [{key: one[key] for key in one if key != "maps"} for one in runs],
        "results": summary(runs),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    write_atomically(options.out / f"{options.name}.json", json.dumps(found, indent=1) + "\n")
    write_atomically(options.out / f"{options.name}.md", table(found))
    return 0


def run(attention: str, seed: int, epochs: int, training: Scenes, judging: Scenes, twins: Scenes) -> dict[str, Any]:
    """Train one detector, judge it, and measure the maps of its boxes."""
    start = time.process_time()
    model = detector.train(training, None if attention == "none" else attention, seed=seed, epochs=epochs)
    seconds = time.process_time() - start
    found = detector.detect(model, judging.images, threshold=0.01)
    precision = {bound: detector.average_precision(found, judging, bound) for bound in (0.5, 0.75)}
    boxes_of = found_boxes(model, twins)
    torch.manual_seed(seed + 1)
    untrained = Detector(None if attention == "none" else attention).eval()
    return {
        "attention": attention,
        "seed": seed,
        "cpu_seconds": round(seconds, 2),
        "average_precision": precision[0.5],
        "average_precision_at_0.75": precision[0.75],
        "scenes_with_both_found": len(boxes_of) // 2,
        "painted_over": painted_over(model, twins, boxes_of),
        "maps": [
            one
            for network, state in ((model, "trained"), (untrained, "untrained"))
            for one in measured(network, twins, boxes_of, {"attention": attention, "network": state})
        ],
    }


def found_boxes(model: Detector, twins: Scenes) -> list[tuple[int, int, int]]:
    """Scene, number of the box and number of its object, for the scenes in which both objects were found."""
    rows = []
    for scene, found in enumerate(detector.detect(model, twins.images)):
        which = detector.matches(found, twins.boxes[scene], twins.classes[scene]).tolist()
        if 0 in which and 1 in which:
            rows += [(scene, int(found.index[which.index(thing)]), thing) for thing in (0, 1)]
    return rows


def painted_over(model: Detector, twins: Scenes, rows: list[tuple[int, int, int]]) -> dict[str, dict[str, float]]:
    """Mean probability of the boxes, by confidence and by class: as they are, without their own object or the other."""
    means: dict[str, dict[str, float]] = {target: {} for target in TARGETS}
    if not rows:
        return means
    scene, index, thing = (torch.tensor(column) for column in zip(*rows, strict=True))
    images, every = twins.images[scene], torch.arange(len(rows))
    classes = torch.stack([twins.classes[number][0] for number in scene.tolist()])
    masks = torch.stack([twins.masks[number] for number in scene.tolist()])
    changed = {
        "intact": images,
        "own": without(images, masks[every, thing], masks.any(1)),
        "other": without(images, masks[every, 1 - thing], masks.any(1)),
    }
    for name, some in changed.items():
        with torch.no_grad():
            said = boxes(model(some), anchors=1)[every, index]
        means["confidence"][name] = round(float(said[:, 4].sigmoid().mean()), 4)
        means["class"][name] = round(float(said[:, 5:].softmax(1)[every, classes].mean()), 4)
    return means


def without(images: Tensor, masks: Tensor, objects: Tensor) -> Tensor:
    """Paint one object over: its pixels, and those that touch it, get the mean colour of the background around them.

    Args:
        images: ``(B, 3, H, W)``.
        masks: of the object, bool ``(B, H, W)``.
        objects: of all objects, bool ``(B, H, W)``.
    """
    near, wide = (functional.max_pool2d(masks[:, None].float(), 2 * reach + 1, 1, reach) > 0 for reach in (1, 4))
    around = (wide & ~near & ~objects[:, None]).float()
    colour = (images * around).sum((2, 3), keepdim=True) / around.sum((2, 3), keepdim=True)
    return torch.where(near & (masks[:, None] | ~objects[:, None]), colour, images)


def measured(
    model: Detector, twins: Scenes, rows: list[tuple[int, int, int]], network: dict[str, str]
) -> list[dict[str, Any]]:
    """For each layer, target and method that is shown of this network, the numbers of each of the boxes in ``rows``."""
    layers = {layer for layer, method in itertools.product(LAYERS, METHODS) if shown(network, layer, method)}
    if not rows or not layers:
        return []
    scene, index, thing = (torch.tensor(column) for column in zip(*rows, strict=True))
    classes = torch.stack([twins.classes[number][0] for number in scene.tolist()])
    masks = torch.stack([twins.masks[number] for number in scene.tolist()])
    every = torch.arange(len(rows))
    own, other = masks[every, thing], masks[every, 1 - thing]
    results = []
    for target in TARGETS:
        column = torch.full_like(classes, 4) if target == "confidence" else 5 + classes

        def score(outputs: Tensor, column: Tensor = column) -> Tensor:
            return boxes(outputs, anchors=1)[every, index, column]

        for layer in sorted(layers):
            with CAM(model, LAYERS[layer]) as cam:
                cam(twins.images[scene], score)
            for method, draw in {**METHODS, "reach": reach}.items():
                if not shown(network, layer, method):
                    continue
                maps = draw(cam.activations[0], cam.gradients[0])
                numbers = {
                    "own": share_inside(maps, own),
                    "other": share_inside(maps, other),
                    "hits": pointing_game(maps, own).hits,
                    "hits_other": pointing_game(maps, other).hits,
                    "zero": (maps.amax((1, 2)) == 0).float(),
                }
                what = {"network": network["network"], "layer": layer, "target": target, "method": method}
                found = {name: [round(one, 6) for one in values.tolist()] for name, values in numbers.items()}
                results.append({**what, "scene": scene.tolist(), **found})
    return results


if __name__ == "__main__":
    raise SystemExit(main())
