"""The right module in parts, which one mistake at a time replaces."""

from __future__ import annotations

import torch
from torch import nn


class Channel(nn.Module):
    """``(B, C, H, W) -> (B, C, H, W)``."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = self.hidden(channels, reduction)
        self.reduce = nn.Linear(channels, hidden)
        self.expand = nn.Linear(hidden, channels)

    def hidden(self, channels, reduction):
        return max(1, channels // reduction)

    def mean(self, x):
        return x.mean(dim=(2, 3))

    def maximum(self, x):
        return x.amax(dim=(2, 3))

    def mlp(self, z):
        return self.expand(torch.relu(self.reduce(z)))

    def join(self, mean, maximum):
        return self.mlp(mean) + self.mlp(maximum)

    def gate(self, x):
        return torch.sigmoid(self.join(self.mean(x), self.maximum(x)))

    def forward(self, x):
        return x * self.gate(x)[:, :, None, None]


def public_modules(names: dict[str, object]) -> tuple[type[nn.Module], ...]:
    """The module classes that a file itself defines, but for those whose names begin with an underscore."""
    return tuple(
        thing
        for name, thing in names.items()
        if isinstance(thing, type) and issubclass(thing, nn.Module) and thing.__module__ == names["__name__"]
        if not name.startswith("_")
    )
