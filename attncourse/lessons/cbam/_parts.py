"""The right module in two halves, those of lessons 02 and 03, which one mistake at a time joins wrongly or replaces."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import torch
from torch import nn

from attncourse.lessons.cbam_channel._parts import Channel, public_modules
from attncourse.lessons.cbam_spatial._parts import Spatial

__all__ = ["Whole", "dresses", "of_channel_half", "of_spatial_half", "public_modules"]


class Whole(nn.Module):
    """``(B, C, H, W) -> (B, C, H, W)``."""

    channel_half: type[nn.Module] = Channel
    spatial_half: type[nn.Module] = Spatial
    maximum_first = False
    normalised = False

    def __init__(self, channels, reduction=16, kernel_size=7):
        super().__init__()
        self.channel = self.channel_half(channels, reduction)
        self.spatial = self.dressed()(kernel_size)

    def dressed(self):
        dress = {"maximum_first": self.maximum_first, "normalised": self.normalised}
        return type(self.spatial_half.__name__, (self.spatial_half,), dress)

    def channel_logits(self, x):
        return self.channel.join(self.channel.mean(x), self.channel.maximum(x))[:, :, None, None]

    def channel_gate(self, x):
        return torch.sigmoid(self.channel_logits(x))

    def spatial_gate(self, x):
        return self.spatial.gate(x)

    def forward(self, x):
        return self.spatial(self.channel(x))


def dresses(mistake: type[nn.Module]) -> Iterator[type[nn.Module]]:
    """The same mistake with the maps in the other order, and with a batch norm behind the convolution."""
    if not issubclass(mistake, Whole):
        return
    for maximum_first, normalised in product((False, True), repeat=2):
        if maximum_first or normalised:
            yield type(mistake.__name__, (mistake,), {"maximum_first": maximum_first, "normalised": normalised})


def of_channel_half(mistake: type[nn.Module]) -> type[nn.Module]:
    """A mistake of lesson 02 inside the whole module."""
    return _within(mistake, "Channel", "channel_half")


def of_spatial_half(mistake: type[nn.Module]) -> type[nn.Module]:
    """A mistake of lesson 03 inside the whole module."""
    return _within(mistake, "Spatial", "spatial_half")


def _within(mistake: type[nn.Module], half: str, place: str) -> type[nn.Module]:
    believed, why, step = (mistake.__doc__ or "").split("\n\n")
    words = f"In the {half.lower()} half: {believed.strip()[:1].lower()}{believed.strip()[1:]}"
    return type(half + mistake.__name__, (Whole,), {place: mistake, "__doc__": f"{words}\n\n{why}\n\n{step}"})
