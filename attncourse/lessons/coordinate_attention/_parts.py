"""The right module in parts, which one mistake at a time replaces, and the dresses in which the same mistake comes.

Half of the published code has a ReLU where the authors have h-swish, and some has no batch norm. A mistake does not
depend on that. So each is also known in its other dresses, under one name and with the same words.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class Coordinate(nn.Module):
    """``(B, C, H, W) -> (B, C, H, W)``."""

    normalised = True
    rectified = False
    of_the_norm = False  # whether a mistake needs the batch norm to be one
    columns_first = False  # in the last product: where sizes do not fit, torch complains in other words

    def __init__(self, channels, reduction=32):
        super().__init__()
        hidden = self.width(channels, reduction)
        self.shared = self.layer(channels, hidden)
        self.norm = nn.BatchNorm2d(hidden) if self.normalised else nn.Identity()
        self.rows = nn.Conv2d(hidden, channels, 1)
        self.columns = nn.Conv2d(hidden, channels, 1)

    def width(self, channels, reduction):
        return max(8, channels // reduction)

    def layer(self, channels, hidden):
        return nn.Conv2d(channels, hidden, 1)

    def means(self, x):
        """``(B, C, H, 1)`` and ``(B, C, 1, W)``."""
        return x.mean(dim=3, keepdim=True), x.mean(dim=2, keepdim=True)

    def together(self, x):
        row, column = self.means(x)
        return torch.cat([row, column.transpose(2, 3)], dim=2)

    def activation(self, a):
        return a.relu() if self.rectified else functional.hardswish(a)

    def features(self, x):
        return self.activation(self.norm(self.shared(self.together(x))))

    def parts(self, x):
        """``(B, hidden, H, 1)`` and ``(B, hidden, 1, W)``."""
        row, column = self.features(x).split([x.shape[2], x.shape[3]], dim=2)
        return row, column.transpose(2, 3)

    def logits(self, x):
        row, column = self.parts(x)
        return self.rows(row), self.columns(column)

    def gates(self, x):
        row, column = self.logits(x)
        return row.sigmoid(), column.sigmoid()

    def forward(self, x):
        row, column = self.gates(x)
        return x * column * row if self.columns_first else x * row * column


class GateTimesGate(Coordinate):
    """The gates are multiplied before x is."""

    def forward(self, x):
        row, column = self.gates(x)
        return x * (row * column)


def dresses(mistake: type[nn.Module]) -> Iterator[type[nn.Module]]:
    """The same mistake without a batch norm and with a ReLU; none, where it is not made of these parts."""
    if not issubclass(mistake, Coordinate):
        return
    for normalised, rectified in product((True, False), (False, True)):
        if (rectified or not normalised) and (normalised or not mistake.of_the_norm):
            yield dressed(mistake, normalised=normalised, rectified=rectified)


def dressed(mistake: type[nn.Module], **members: Any) -> type[nn.Module]:
    """A mistake with other members, under its own name."""
    return type(mistake.__name__, (mistake,), members)


def public_modules(names: dict[str, object]) -> tuple[type[nn.Module], ...]:
    """The module classes among the names that a file itself defines, but for those that begin with an underscore."""
    return tuple(
        thing
        for name, thing in names.items()
        if isinstance(thing, type) and issubclass(thing, nn.Module) and thing.__module__ == names["__name__"]
        if not name.startswith("_")
    )
