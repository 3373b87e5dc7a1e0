"""What a network gives for many pictures at once, and what it gives without one channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from attncourse.explain import ANSWERS, average
from attncourse.explain.mistakes import Ranking
from attncourse.explain.modes import evaluating

# A host of the course: one after the other they are the network.
PARTS = ("stem", "stages.0", "stages.1", "stages.2", "head")
LAYERS = ("stages.1", "stages.2")
# What follows on each of them.
REST = {"stages.1": ("stages.2", "head"), "stages.2": ("head",)}


@dataclass(frozen=True)
class Readings:
    """Attributes:
    maps: of each layer, ``(N, C, h, w)``.
    logits: ``(N, classes)``.
    """

    maps: Mapping[str, Tensor]
    logits: Tensor

    def answers(self, layer: str, by: str = "largest") -> Tensor:
        """``(N, C)``"""
        return ANSWERS[by](self.maps[layer])


@torch.no_grad()
def read(model: nn.Module, images: Tensor, batch: int) -> Readings:
    """One pass, part by part, so that nothing is computed twice."""
    maps: dict[str, list[Tensor]] = {layer: [] for layer in LAYERS}
    logits = []
    with evaluating(model):
        for some in images.split(batch):
            for part in PARTS:
                some = model.get_submodule(part)(some)
                if part in maps:
                    maps[part].append(some)
            logits.append(some)
    return Readings({layer: torch.cat(found) for layer, found in maps.items()}, torch.cat(logits))


@torch.no_grad()
def without(model: nn.Module, layer: str, channel: int, maps: Tensor) -> Tensor:
    """The scores ``(N, classes)`` with the channel 0 everywhere, from the layer's maps on: as in ``switched_off``."""
    found = []
    for some in maps.split(500):
        some = some.clone()
        some[:, channel] = 0
        for part in REST[layer]:
            some = model.get_submodule(part)(some)
        found.append(some)
    return torch.cat(found)


def lost(model: nn.Module, layer: str, test: Readings, labels: Tensor, count: int) -> Tensor:
    """``(C,)``: how much accuracy each channel of the layer costs when it is switched off, on ``count`` pictures."""
    maps, known = test.maps[layer][:count], labels[:count]
    whole = (test.logits[:count].argmax(1) == known).float().mean()
    right = [without(model, layer, one, maps).argmax(1) == known for one in range(maps.shape[1])]
    return whole - torch.stack(right).float().mean(1)


def necessity(
    model: nn.Module, layer: str, channel: int, test: Readings, labels: Tensor, cat: int, losses: Tensor
) -> dict[str, Any]:
    """What switching it off changes, and its rank among all channels of the layer: 1 costs most accuracy."""
    before, after = test.logits.argmax(1), without(model, layer, channel, test.maps[layer]).argmax(1)
    change = (after == labels).float() - (before == labels).float()
    called = (after == cat).float() - (before == cat).float()
    found = {"accuracy": change, "cat": change[labels == cat], "called_cat": called}
    return {
        **{name: changed(one) for name, one in found.items()},
        "rank": 1 + int((losses > losses[channel]).sum()),
        "median_loss": float(losses.median()),
        "largest_loss": float(losses.max()),
    }


def changed(values: Tensor) -> dict[str, Any]:
    """The mean change of so many pictures, with its 95% interval."""
    found = average(values)
    return {
        "change": found.mean,
        "interval": None if found.low is None or found.high is None else (found.low, found.high),
        "deviation": found.deviation,
        "n": found.n,
    }


def interval(found: Ranking) -> dict[str, Any]:
    """As it stands in the record."""
    return {"value": found.area, "interval": found.interval}
