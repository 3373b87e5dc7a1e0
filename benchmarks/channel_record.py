"""What is written of the channels: rows, the five networks' spread, the file of the course, and the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from attncourse.explain import average, measured
from attncourse.explain.wilson import wilson
from attncourse.lab.data import Dataset
from attncourse.storage import write_atomically
from benchmarks import channel_sentences
from benchmarks import record as machine
from benchmarks.attention import RECORDS

NAME = "channel"
UNTRAINED = "untrained"
FACETS = ("variant", "layer", "rule")
RULES = {
    "ears": "the channel whose answers at the cat photograph's ears lie furthest above those of all other places, in "
    "deviations of its map",
    "cats": "the channel with the largest area under the ROC curve for cats, on training pictures",
}
# What is averaged over the trained networks: its name, and where it stands in a channel's record.
SPREAD: Mapping[str, Sequence[str]] = {
    "area": ("area", "value"),
    "misses": ("misses", "share"),
    "false_alarms": ("false_alarms", "share"),
    "share_inside_ears": ("occlusion", "mean", "share_inside_ears"),
    "accuracy_change": ("switched_off", "accuracy", "change"),
    "cat_accuracy_change": ("switched_off", "cat", "change"),
}


def record(found: Mapping[str, Mapping[str, Any]], data: Dataset, plan: Any, date: str) -> dict[str, Any]:
    """As ``explain.recorded`` reads it, measured on this machine."""
    pictures = len(data.test_labels)
    return _rounded(
        {
            "title": "Is there a cat-ear channel? One channel of each trained network, chosen by a rule",
            "date": date,
            "command": "python -m benchmarks.channel --date DAY --data cifar10_jpeg.npz",
            "hardware": machine.hardware(torch.device("cpu")),
            "versions": {name: version for name, version in machine.versions().items() if name != "timm"},
            "notes": notes(data, plan, pictures, [name for name in found if name != UNTRAINED]),
            "facets": list(FACETS),
            "rows": [one for name, network in found.items() for one in rows(name, network)] + over_networks(found),
            "values": {
                "data": {
                    "title": data.title,
                    "fingerprint": data.fingerprint,
                    "test_pictures": pictures,
                    "chosen_on": f"the first {plan.choose_on} training pictures",
                },
                "photograph": {"size": plan.size, "square": plan.square, "stride": plan.stride},
                "classes": data.classes,
                "rules": RULES,
                "networks": {
                    name: {key: value for key, value in network.items() if key != "gates"}
                    for name, network in found.items()
                },
                "gates": [{"network": name, **gate} for name, network in found.items() for gate in network["gates"]],
                "spread": spread(found),
                "sentences": channel_sentences.sentences(found, UNTRAINED),
            },
        }
    )


def notes(data: Dataset, plan: Any, pictures: int, networks: Sequence[str]) -> list[str]:
    height, width = plan.size
    return [
        "Which channel is looked at was fixed beforehand. "
        + " ".join(f"Rule '{name}': {words}." for name, words in RULES.items()),
        f"A channel's answer to a picture is its largest over all places. Counted on the {pictures} test pictures of "
        f"{data.title}; rule 'cats' and every threshold come from the first {plan.choose_on} training pictures.",
        "The threshold is the one at which both kinds of mistake are equally frequent there.",
        "Accuracies are of each picture alone, in float32; those in the networks' records are averaged with the mirror "
        "image, and so a little higher.",
        "The data say which pictures show cats, not which show ears: dogs, deer and horses have some too.",
        f"Hiding and rule 'ears' rest on one photograph, at {height}x{width}, whose upper edge cuts both ears: n = 1. "
        "What the rule chooses of the same photograph at other sizes and mirrored stands in 'ears_elsewhere'.",
        f"One network for each attention, one seed: {', '.join(map(_variant, networks))}. The spread over these "
        f"{len(networks)} is of networks, and no difference between two of them says anything about an attention. "
        "'untrained' is a control: the same rules where nothing was learnt.",
        f"The rank of a switched-off channel is among all of its layer, on the first {plan.rank_on} test pictures.",
        "Intervals are 95 %: Wilson's for shares, DeLong's for areas, Welch's for differences of two means, else "
        "Student's t. Those of the channel that was chosen do not count that the rule could have chosen another.",
    ]


def rows(name: str, network: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The main numbers of one network; all of them stand in ``values``."""
    made = []
    for one in network["channels"]:
        facets = {"variant": _variant(name), "layer": one["layer"], "rule": one["rule"]}
        count = one["strongest"]["count"]
        cats = one["strongest"]["classes"].get("cat", 0)
        low, high = wilson(cats, count)
        chance = one["misses"]["n"] / (one["misses"]["n"] + one["false_alarms"]["n"])
        made += [
            _row("cats_among_strongest", facets, count, "pictures", cats / count, (low, high), "Wilson", level=chance),
            _row("area", facets, one["misses"]["n"], "cats", one["area"]["value"], one["area"]["interval"], "DeLong",
                 level=0.5),
        ]  # fmt: skip
        for kind, unit in (("misses", "cats"), ("false_alarms", "others")):
            share = one[kind]
            made.append(_row(kind, facets, share["n"], unit, share["share"], share["interval"], "Wilson"))
        for kind, key in (("accuracy_change", "accuracy"), ("cat_accuracy_change", "cat")):
            change = one["switched_off"][key]
            made.append(_row(kind, facets, change["n"], "pictures", change["change"], change["interval"],
                             deviation=change["deviation"], level=0.0))  # fmt: skip
    for one in network["gates"]:
        facets = {"variant": _variant(name), "layer": one["layer"], "rule": one["rule"]}
        cats = network["channels"][0]["misses"]["n"]
        for kind, key, by in (("gate_difference", "gate_difference", "Welch"), ("area_change", "difference", "DeLong")):
            value = one[key]
            if value["interval"]:
                made.append(_row(kind, facets, cats, "cats", value["value"], value["interval"], by, level=0.0))
    return made


def over_networks(found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The mean over the trained networks, with the interval that so few allow."""
    made = []
    for (rule, layer), channels in _groups(found).items():
        for measure, path in SPREAD.items():
            mean = average(torch.tensor([_at(one, path) for one in channels], dtype=torch.float64))
            facets = {"variant": "trained networks", "layer": layer, "rule": rule}
            bounds = None if mean.low is None or mean.high is None else (mean.low, mean.high)
            made.append(_row(measure, facets, mean.n, "networks", mean.mean, bounds, deviation=mean.deviation))
    return made


def spread(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """By rule and layer: lowest, median and highest over the trained networks."""
    made: dict[str, Any] = {}
    for (rule, layer), channels in _groups(found).items():
        values = {name: [_at(one, path) for one in channels] for name, path in SPREAD.items()}
        values["cats_among_strongest"] = [one["strongest"]["classes"].get("cat", 0) for one in channels]
        made[f"{rule} {layer}"] = {
            name: [min(given), float(torch.tensor(given, dtype=torch.float64).quantile(0.5)), max(given)]
            for name, given in values.items()
        }
    return made


def _groups(found: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for name, network in found.items():
        for one in network["channels"] if name != UNTRAINED else ():
            groups.setdefault((one["rule"], one["layer"]), []).append(one)
    return groups


def _at(one: Mapping[str, Any], path: Sequence[str]) -> float:
    value: Any = one
    for key in path:
        value = value[key]
    return float(value)


def _row(
    measure: str, facets: Mapping[str, str], n: int, unit: str, mean: float, bounds: Sequence[float] | None,
    interval_by: str = "t", *, deviation: float | None = None, level: float | None = None,
) -> dict[str, Any]:  # fmt: skip
    low, high = bounds or (None, None)
    made = {"measure": measure, **facets, "n": n, "unit": unit, "mean": mean, "deviation": deviation}
    made |= {"low": low, "high": high} | ({} if level is None else {"level": level})
    return made if interval_by == "t" or bounds is None else {**made, "interval_by": interval_by}


def _variant(name: str) -> str:
    return name.removeprefix("resnet20-")


def _rounded(value: Any) -> Any:
    """Four digits are more than any of these numbers is good for."""
    if isinstance(value, float):
        return round(float(f"{value:.4g}"), 5)
    if isinstance(value, Mapping):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value


def line(name: str, network: Mapping[str, Any]) -> str:
    said = [f"{one['layer']} {one['rule']} {one['channel']}: {one['area']['value']:.3f}" for one in network["channels"]]
    return f"{name}: accuracy {network['accuracy']:.1%}; areas {', '.join(said)}"


def compact(made: Mapping[str, Any]) -> str:
    """JSON with one line for each row, and for each part of a network: to be read and compared, and yet small."""

    def lines(value: Any, depth: int) -> str:
        if (
            depth
            and isinstance(value, dict | list)
            and value
            and any(isinstance(one, dict | list) for one in _in(value))
        ):
            keys = [f"{json.dumps(key)}: " for key in value] if isinstance(value, dict) else [""] * len(value)
            parts = [key + lines(one, depth - 1) for key, one in zip(keys, _in(value), strict=True)]
            opening, closing = "{}" if isinstance(value, dict) else "[]"
            return opening + "\n" + ",\n".join(parts) + "\n" + closing
        return json.dumps(value, separators=(",", ":"))

    return lines(made, 5) + "\n"


def _in(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else list(value)


def write(made: Mapping[str, Any], out: Path | None) -> None:
    """The course's file and the benchmark's page; both into ``out`` where it is given."""
    text = compact(made)
    write_atomically((out or measured.FOLDER) / f"{NAME}.json", text)
    write_atomically((out or RECORDS) / f"cpu-{NAME}.json", text)
    write_atomically((out or RECORDS) / f"cpu-{NAME}.md", channel_sentences.page(made))
