"""What a record of maps of detected boxes says, and how it reads as a table."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from scipy import stats
from torch import Tensor

WHAT = ("network", "layer", "target", "method")
NUMBERS = ("own", "other", "hits", "hits_other", "zero")
BEFORE = "before the last attention"
CONTRASTED = ("grad_cam", "layer_cam", "reach")
ROUNDING = 1e-6


def summary(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each attention, network, layer, target and method: every number's mean, its interval, and its mean by seed.

    Of each scene the two boxes are averaged. Only scenes in which every seed found both objects count, so that all
    seeds are judged on the same ones. The interval is Student's, over the scenes, each averaged over the seeds; what
    the seeds differ by stands beside it.

    Raises ValueError where there is no such scene.
    """
    grouped: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for run in runs:
        for one in run["maps"]:
            grouped.setdefault((run["attention"], *(one[key] for key in WHAT)), []).append(one)
    counts = {run["attention"]: sum(other["attention"] == run["attention"] for other in runs) for run in runs}
    results = []
    for (attention, *what), seeds in grouped.items():
        common = set.intersection(*(set(one["scene"]) for one in seeds))
        if not common or len(seeds) < counts[attention]:
            raise ValueError(f"{attention}: in no scene did every seed find both objects; train longer")
        every = {name: torch.stack([_by_scene(one, name, sorted(common)) for one in seeds]) for name in NUMBERS}
        every["difference"] = every["own"] - every["other"]
        results.append(
            {
                "attention": attention,
                **dict(zip(WHAT, what, strict=True)),
                "scenes": len(common),
                **{name: _number(values) for name, values in every.items()},
            }
        )
    return results


def _by_scene(one: Mapping[str, Any], name: str, scenes: Sequence[int]) -> Tensor:
    """The mean over the boxes of each of these scenes, ``(scenes,)``."""
    values, where = torch.tensor(one[name], dtype=torch.float64), torch.tensor(one["scene"])
    return torch.stack([values[where == scene].mean() for scene in scenes])


def _number(values: Tensor) -> dict[str, Any]:
    """Of ``(seeds, scenes)``."""
    over_seeds = values.mean(0)
    interval = None
    if len(over_seeds) > 1 and float(over_seeds.std()) > ROUNDING:
        found = stats.ttest_1samp(over_seeds.numpy(), 0).confidence_interval(0.95)
        interval = [round(float(found.low), 4), round(float(found.high), 4)]
    return {
        "mean": round(float(over_seeds.mean()), 4),
        "interval": interval,
        "seeds": [round(float(one), 4) for one in values.mean(1)],
    }


def shown(network: Mapping[str, str], layer: str, method: str) -> bool:
    """Whether this is measured of a network: everything where it is plain and trained, else the contrasts."""
    plain, trained = network["attention"] == "none", network["network"] == "trained"
    if layer == BEFORE:
        return not plain and trained and method in CONTRASTED
    return plain and (trained or method in CONTRASTED)


def table(found: Mapping[str, Any]) -> str:
    """The record as a page."""
    machine = ", ".join(f"{key} {value}" for key, value in found["hardware"].items() if value)
    versions = ", ".join(f"{key} {value}" for key, value in found["versions"].items() if value)
    count = len(found["seeds"])
    plain = all(one["attention"] == "none" for one in found["detectors"])
    lines = [
        "# Maps of detected boxes",
        "",
        f"{found['date']}; {machine}; float32, {found['threads']} thread; {versions}; seeds 0 to {count - 1}; "
        f"{found['training_scenes']} training scenes, {found['epochs']} epochs.",
        "",
        "## The detectors",
        "",
        f"Average precision on {found['scenes']} held-out scenes of two to four objects, and the processor's time of "
        f"the training: the median of {count} seeds, the lowest and the highest in brackets.",
        "",
        "| attention | at overlap 0.5 | at overlap 0.75 | CPU-seconds |",
        "|---|---|---|---|",
    ]
    for attention in dict.fromkeys(one["attention"] for one in found["detectors"]):
        mine = [one for one in found["detectors"] if one["attention"] == attention]
        cells = [_spread([one[key] for one in mine], 3) for key in ("average_precision", "average_precision_at_0.75")]
        lines.append(f"| {attention} | {' | '.join(cells)} | {_spread([one['cpu_seconds'] for one in mine], 1)} |")
    lines += [
        "",
        "## What the score of a box depends on",
        "",
        f"On {found['scenes']} other held-out scenes with two objects of one class each, in those where both were "
        "found: the probability that the detector gives to a box, to its confidence and to its class, on the image as "
        "it is, with the box's own object painted over, and with the other object painted over. The mean over the "
        f"boxes; the median of {count} seeds, the lowest and the highest in brackets.",
        "",
        "| attention | target | as it is | without its own object | without the other object |",
        "|---|---|---|---|---|",
        *_painted_over(found["detectors"]),
        "",
        "## Where the map of a box lies",
        "",
        "On the same scenes; those in which every seed found both count, n of them. Of the map of each found box: its "
        "share within the box's own object, within the other one, and their difference, with a 95% interval over the "
        f"scenes in brackets (each scene averaged over its two boxes and {count} seeds); the lowest and highest share "
        "of a seed; how often the highest place lies in the one or the other object; how often the map is 0 "
        f"everywhere. A map without contrast has {found['mask_share']:.3f} "
        "in each object.",
        "",
        '- "reach" is no method: 1 wherever the gradient is not 0. It is what the form of the network alone gives.',
        '- "untrained" is a network of the same form with random weights, asked for the same boxes.',
        *([] if plain else [f'- "{BEFORE}": what the second attention module is given.']),
        "",
        "| attention | network | layer | target | method | n | own object | of a seed | other object | difference "
        "| highest place: own | other | all 0 |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in found["results"]:
        named = [one["attention"], *(one[key] for key in WHAT), str(one["scenes"])]
        seeds = f"{min(one['own']['seeds']):.3f} to {max(one['own']['seeds']):.3f}"
        numbers = [_cell(one["own"]), seeds, _cell(one["other"]), _cell(one["difference"])]
        means = [f"{one[name]['mean']:.2f}" for name in ("hits", "hits_other", "zero")]
        lines.append(f"| {' | '.join([*named, *numbers, *means])} |")
    return "\n".join([*lines, ""])


def _painted_over(detectors: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for attention in dict.fromkeys(one["attention"] for one in detectors):
        for target in ("confidence", "class"):
            mine = [one["painted_over"][target] for one in detectors if one["attention"] == attention]
            cells = [_spread([one[name] for one in mine], 3) for name in ("intact", "own", "other")]
            yield f"| {attention} | {target} | {' | '.join(cells)} |"


def _spread(values: Sequence[float], digits: int) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _cell(one: Mapping[str, Any]) -> str:
    interval = "" if one["interval"] is None else f" [{one['interval'][0]:.3f}, {one['interval'][1]:.3f}]"
    return f"{one['mean']:.3f}{interval}"
