"""Is there a cat-ear channel? One channel of each trained network, chosen by a rule that was fixed beforehand.

    python -m benchmarks.channel --date 2025-01-31 --data PATH

PATH is CIFAR-10 as ``attncourse train --data`` takes it. Networks that are finished in --runs are not measured again
(about a CPU-minute each). Two rules choose a channel in each of two layers of each
network that comes with the course, and of one without training:

    ears   its answers at the cat photograph's ears lie furthest above those at all other places
    cats   of all channels it ranks cats best above other training pictures

Then, on test pictures that had no part in the choice: which are the strongest, how often is "it fires, so it is a cat"
wrong, what does hiding the ears do, what is lost when it is switched off, and does an attention gate turn it up for
cats? channel_record.py says how the record reads. It holds numbers alone, no pictures.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from attncourse import figures, hosts, trained
from attncourse.explain import equal_mistakes, mistakes, occlusion, pointing_game, ranking, share_inside
from attncourse.explain.activations import reading
from attncourse.lab.data import Dataset, load
from attncourse.storage import write_atomically
from benchmarks import channel_gates, channel_readings, channel_record
from benchmarks.channel_readings import LAYERS, Readings, interval

RULES = ("ears", "cats")
PARTS = ("left ear", "right ear", "left eye", "right eye", "nose")
PHOTOGRAPH = "whole_cat"
SIZES = ((32, 48), (48, 72), (64, 96))


@dataclass(frozen=True)
class Plan:
    """How much is measured. ``rank_on``: of the test pictures, on how many every channel is switched off once."""

    choose_on: int = 5000
    strongest: int = 100
    rank_on: int = 2000
    size: tuple[int, int] = (32, 48)
    square: int = 8
    stride: int = 2
    batch: int = 250


def measure(network: trained.Trained, data: Dataset, plan: Plan) -> dict[str, Any]:
    """All of one network."""
    model, cat = network.model, data.classes.index("cat")
    chosen_on = slice(0, plan.choose_on)
    train = channel_readings.read(model, network.images(data.train_images[chosen_on].float() / 255), plan.batch)
    images, labels = network.images(data.test_images.float() / 255), data.test_labels
    with ExitStack() as stack:
        watched = {layer: stack.enter_context(channel_gates.watching(model, layer)) for layer in LAYERS}
        test, train_cats = channel_readings.read(model, images, plan.batch), data.train_labels[chosen_on] == cat
    gates = {layer: found() for layer, found in watched.items()}
    photograph = network.images(figures.photograph(plan.size, of=PHOTOGRAPH))
    right = test.logits.argmax(1) == labels
    rows, turned = [], []
    for layer in LAYERS:
        at_ears = contrast(model, layer, photograph, places("ear", plan.size))
        areas = torch.tensor([ranking(one, train_cats).area for one in train.answers(layer).unbind(1)])
        losses = channel_readings.lost(model, layer, test, labels, plan.rank_on)
        for rule, measured in (("ears", at_ears), ("cats", areas)):
            channel = int(measured.argmax())
            row = {"rule": rule, "layer": layer, "channel": channel, "channels": len(measured)}
            row["chosen_by"] = float(measured[channel])
            row |= drives(train, test, layer, channel, train_cats, labels, data.classes, plan)
            row["occlusion"] = occluded(model, layer, channel, photograph, plan)
            row["switched_off"] = channel_readings.necessity(model, layer, channel, test, labels, cat, losses)
            rows.append(row)
            gate = gates[layer]
            if gate is not None:
                turned.append({"rule": rule, "layer": layer, **channel_gates.turned_up(gate, channel, labels == cat)})
    with torch.no_grad():
        seen = model(photograph).softmax(1)[0]
    return {
        "photograph": {"predicted": data.classes[int(seen.argmax())], "cat_probability": float(seen[cat])},
        "accuracy": float(right.float().mean()),
        "cat_accuracy": float(right[labels == cat].float().mean()),
        "cat_score": judged(train.logits[:, cat], test.logits[:, cat], train_cats, labels == cat),
        "channels": rows,
        "gates": turned,
    }


def places(what: str, size: tuple[int, int]) -> Tensor:
    """bool ``(1, H, W)``: where all parts of the photograph whose name holds ``what`` are."""
    parts = [figures.places(part, size, of=PHOTOGRAPH) for part in PARTS if what in part]
    return torch.stack(parts).any(0)


def contrast(model: nn.Module, layer: str, photograph: Tensor, mask: Tensor) -> Tensor:
    """``(C,)``: the mean answer within the mask less that of the rest, in deviations of the map; 0 for a flat map."""
    with reading(model, layer) as activations:
        maps = functional.interpolate(activations(photograph), mask.shape[1:], mode="bilinear", align_corners=False)[0]
    inside, outside = maps[:, mask[0]].mean(1), maps[:, ~mask[0]].mean(1)
    return torch.nan_to_num((inside - outside) / maps.flatten(1).std(1), nan=0.0, posinf=0.0, neginf=0.0)


def elsewhere(network: trained.Trained) -> dict[str, dict[str, int]]:
    """Which channel rule 'ears' chooses of the same photograph at other sizes and mirrored: of each layer, by what."""
    found: dict[str, dict[str, int]] = {layer: {} for layer in LAYERS}
    for size in SIZES:
        photograph, ears = network.images(figures.photograph(size, of=PHOTOGRAPH)), places("ear", size)
        for words, pixels, mask in (("", photograph, ears), (" mirrored", photograph.flip(3), ears.flip(2))):
            for layer in LAYERS:
                found[layer][f"{size[0]}x{size[1]}{words}"] = int(contrast(network.model, layer, pixels, mask).argmax())
    return found


def drives(
    train: Readings, test: Readings, layer: str, channel: int, train_cats: Tensor, labels: Tensor,
    classes: Sequence[str], plan: Plan,
) -> dict[str, Any]:  # fmt: skip
    """What drives the channel: the strongest pictures, both kinds of mistake, and which classes it fires at."""
    values, cats = test.answers(layer)[:, channel], labels == classes.index("cat")
    best = labels[values.sort(descending=True, stable=True).indices[: plan.strongest]]
    counts = {name: int((best == number).sum()) for number, name in enumerate(classes)}
    found = judged(train.answers(layer)[:, channel], values, train_cats, cats)
    fires = values > found["threshold"]
    return {
        "strongest": {"count": len(best), "classes": {name: count for name, count in counts.items() if count}},
        **found,
        "area_of_mean": interval(ranking(test.answers(layer, "mean")[:, channel], cats)),
        "fires": {name: float(fires[labels == number].float().mean()) for number, name in enumerate(classes)},
    }


def judged(train: Tensor, test: Tensor, train_cats: Tensor, cats: Tensor) -> dict[str, Any]:
    """The area, and both mistakes at the threshold that makes them equal on training pictures."""
    made = mistakes(test, cats, equal_mistakes(train, train_cats))
    return {
        "area": interval(ranking(test, cats)),
        "threshold": made.threshold,
        "misses": {"share": made.misses, "interval": made.misses_interval, "n": made.positives},
        "false_alarms": {"share": made.false_alarms, "interval": made.false_alarms_interval, "n": made.others},
    }


def occluded(model: nn.Module, layer: str, channel: int, photograph: Tensor, plan: Plan) -> dict[str, Any]:
    """On the one photograph, with two things that hide: what the whole gives, and what each part takes away."""
    ears = places("ear", plan.size)
    found: dict[str, Any] = {"chance": float(ears.float().mean())}
    with reading(model, layer) as activations:
        maps = activations(photograph)[:, channel]
    found["peak_at_ears"] = float(pointing_game((maps - maps.min()), ears).hits[0])
    for baseline in ("mean", "blur"):
        hidden = occlusion(
            model, layer, channel, photograph, square=plan.square, stride=plan.stride, baseline=baseline
        )  # fmt: skip
        weaker = (-hidden.maps).relu()
        found["whole"] = float(hidden.whole[0])
        found[baseline] = {
            "share_inside_ears": float(share_inside(weaker, ears)[0]),
            "at_ears": float(hidden.maps[ears].mean()),
            "elsewhere": float(hidden.maps[~ears].mean()),
            "parts": {
                part: float(hidden.maps[figures.places(part, plan.size, of=PHOTOGRAPH)].mean()) for part in PARTS
            },
            "weakest": float(hidden.changes.min()),
        }
    return found


def untrained() -> trained.Trained:
    """What the rules find where nothing was learnt."""
    like = trained.load("resnet20-none")
    torch.manual_seed(0)
    model = hosts.build("resnet20", classes=len(like.record["classes"])).eval()
    return trained.Trained("untrained", model, like.record)


def finished(network: trained.Trained, data: Dataset, plan: Plan, runs: Path) -> dict[str, Any]:
    """As ``measure``; taken from ``runs`` where the same was measured before, of the same weights on the same data."""
    digest = hashlib.sha256(data.fingerprint.encode())
    for value in network.model.state_dict().values():
        digest.update(value.numpy().tobytes())
    key = f"{plan} {digest.hexdigest()}"
    path = runs / f"{network.name}.json"
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["key"] == key:
            return dict(kept["found"])
    found = measure(network, data, plan)
    write_atomically(path, json.dumps({"key": key, "found": found}))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.channel", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", required=True, help="CIFAR-10, as attncourse train --data takes it")
    parser.add_argument("--date", required=True, help="the day of the measurement, for the record")
    parser.add_argument("--networks", nargs="+", choices=trained.TRAINED, default=trained.TRAINED)
    parser.add_argument("--runs", type=Path, default=Path("build", "benchmarks", "channel"), metavar="DIR")
    parser.add_argument("--out", type=Path, help="a folder; by default the records' and the course's own")
    options = parser.parse_args(arguments)
    data, plan, found = load(options.data), Plan(), {}
    for network in [*map(trained.load, options.networks), untrained()]:
        found[network.name] = finished(network, data, plan, options.runs) | {"ears_elsewhere": elsewhere(network)}
        print(channel_record.line(network.name, found[network.name]), flush=True)
    channel_record.write(channel_record.record(found, data, plan, options.date), options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
