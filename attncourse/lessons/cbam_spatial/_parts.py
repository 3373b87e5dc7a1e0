"""The right module in parts, which one mistake at a time replaces, and the dresses in which the same mistake comes.

Half of the published code stacks the mean first, half the maximum, and some puts a batch norm behind the convolution.
A mistake does not depend on that. So each is also known in its other dresses, under one name and with the same words.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import torch
from torch import nn


class Spatial(nn.Module):
    """``(B, C, H, W) -> (B, C, H, W)``."""

    maximum_first = False
    normalised = False

    def __init__(self, kernel_size=7):
        super().__init__()
        self.convolution = self.layer(kernel_size)
        self.behind = nn.BatchNorm2d(1) if self.normalised else nn.Identity()

    def layer(self, kernel_size):
        return nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2)

    def maps(self, x):
        return x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)

    def stacked(self, x):
        mean, maximum = self.maps(x)
        return torch.cat([maximum, mean] if self.maximum_first else [mean, maximum], dim=1)

    def logits(self, x):
        return self.behind(self.convolution(self.stacked(x)))

    def gate(self, x):
        return torch.sigmoid(self.logits(x))

    def forward(self, x):
        return x * self.gate(x)


class Unordered(Spatial):
    """A mistake in which no order of two maps is left."""


def dresses(mistake: type[nn.Module]) -> Iterator[type[nn.Module]]:
    """The same mistake in the other order of the maps, and with a batch norm; none, where it is not of these parts."""
    if not issubclass(mistake, Spatial):
        return
    orders = (False,) if issubclass(mistake, Unordered) else (False, True)
    for maximum_first, normalised in product(orders, (False, True)):
        if maximum_first or normalised:
            yield type(mistake.__name__, (mistake,), {"maximum_first": maximum_first, "normalised": normalised})


def public_modules(names: dict[str, object]) -> tuple[type[nn.Module], ...]:
    """The module classes among the names that a file itself defines, but for those that begin with an underscore."""
    return tuple(
        thing
        for name, thing in names.items()
        if isinstance(thing, type) and issubclass(thing, nn.Module) and thing.__module__ == names["__name__"]
        if not name.startswith("_")
    )
