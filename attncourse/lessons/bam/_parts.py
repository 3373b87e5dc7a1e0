"""The right module in parts, which one mistake at a time replaces, and the dresses in which the same mistake comes.

The batch norms stand at the end of each branch (the paper) or behind the hidden layers (the authors' code), and the
convolutions have biases or none. A mistake does not depend on that. So each is also known in its other dresses, under
one name and with the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn

LAST, HIDDEN, BOTH = "last", "hidden", "both"
EVERYWHERE, NOWHERE, WHERE_NO_NORM = "everywhere", "nowhere", "where no norm follows"


def branch(
    layers: Iterable[tuple[int, int, int]], norm: str = LAST, biases: str = EVERYWHERE, spacing: int = 1
) -> nn.Sequential:
    """Convolutions ``(channels in, channels out, side)`` with a ReLU behind each but the last.

    ``norm``: where a batch norm stands; "" for none. ``spacing``: the dilation of those of side 3.
    """
    sizes = list(layers)
    parts: list[nn.Module] = []
    for number, (channels_in, channels, side) in enumerate(sizes):
        last = number == len(sizes) - 1
        normalised = norm == BOTH or norm == (LAST if last else HIDDEN)
        bias = biases == EVERYWHERE or (biases == WHERE_NO_NORM and not normalised)
        reach = spacing if side > 1 else 0
        parts.append(nn.Conv2d(channels_in, channels, side, padding=reach, dilation=max(1, reach), bias=bias))
        if normalised:
            parts.append(nn.BatchNorm2d(channels))
        if not last:
            parts.append(nn.ReLU())
    return nn.Sequential(*parts)


class Bam(nn.Module):
    """``(B, C, H, W) -> (B, C, H, W)``."""

    norm = LAST
    biases = EVERYWHERE
    # In which other forms a mistake is known, as members that they have in place of these.
    other_dresses: tuple[dict[str, Any], ...] = (
        {"norm": HIDDEN, "biases": EVERYWHERE},
        {"norm": LAST, "biases": NOWHERE},
    )

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__()
        hidden = self.hidden(channels, reduction)
        self.channel = branch(self.channel_layers(channels, hidden), self.norm, self.biases)
        self.spatial = branch(self.spatial_layers(channels, hidden), self.norm, self.biases, self.spacing(dilation))

    def named_parameters(self, *arguments, **options):
        """Under numbers: no bias is known as one, for which biases there are is a dress, not a pattern to try."""
        for number, (_, parameter) in enumerate(super().named_parameters(*arguments, **options)):
            yield str(number), parameter

    def hidden(self, channels, reduction):
        return max(1, channels // reduction)

    def spacing(self, dilation):
        return dilation

    def channel_layers(self, channels, hidden):
        return [(channels, hidden, 1), (hidden, channels, 1)]

    def spatial_layers(self, channels, hidden):
        return [(channels, hidden, 1), (hidden, hidden, 3), (hidden, hidden, 3), (hidden, 1, 1)]

    def pool(self, x):
        return x.mean(dim=(2, 3), keepdim=True)

    def channel_logits(self, x):
        return self.channel(self.pool(x))

    def spatial_logits(self, x):
        return self.spatial(x)

    def logits(self, x):
        return self.channel_logits(x) + self.spatial_logits(x)

    def gate(self, x):
        return torch.sigmoid(self.logits(x))

    def forward(self, x):
        return x * (1 + self.gate(x))


def dresses(mistake: type[nn.Module]) -> Iterator[type[nn.Module]]:
    """The same mistake with the batch norms of the authors' code, or without biases; those made of these parts."""
    if issubclass(mistake, Bam):
        for members in mistake.other_dresses if mistake.norm else ({"biases": NOWHERE},):
            yield type(mistake.__name__, (mistake,), dict(members))


def public_modules(names: dict[str, object]) -> tuple[type[nn.Module], ...]:
    """The module classes among the names that a file itself defines, but for those that begin with an underscore."""
    return tuple(
        thing
        for name, thing in names.items()
        if isinstance(thing, type) and issubclass(thing, nn.Module) and thing.__module__ == names["__name__"]
        if not name.startswith("_")
    )
