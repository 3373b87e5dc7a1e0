"""The parameter-matched control: is it the attention, or is it only more parameters?

``control(se)`` stands where SE stands and has as many parameters, but nothing of attention: two plain 1x1 convolutions
with a ReLU between them, added to their input. No pooling, no gate, and no place learns of another. If ``se`` beats
``none`` and not ``control(se)``, the parameters may explain it.

    y = x + W2 relu(W1 x),    W1: C -> m,  W2: m -> C

At each place m, and whether W2 has a bias, are chosen to come nearest to the number of parameters. SE's own two layers
are matched exactly. It is no match in multiply-adds: these layers work at every pixel, and the table shows both.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attncourse.hosts.slot import Attention, Slot
from attncourse.lab.errors import LabError

# The control of a whole network may differ by this share of the parameters that the attention adds.
TOLERANCE = 0.1


class PlainLayers(nn.Module):
    """Two 1x1 convolutions beside a shortcut: ``(B, C, H, W) -> (B, C, H, W)``.

    Args:
        channels: C.
        hidden: m, the channels between the two.
        bias: whether the second has a bias.
    """

    def __init__(self, channels: int, hidden: int, bias: bool) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, hidden, 1)
        self.expand = nn.Conv2d(hidden, channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """The input and what the two layers add."""
        return x + self.expand(torch.relu(self.reduce(x)))


class Control:
    """What a host's slot takes to build the control of ``stands_for``, in the same places.

    Args:
        stands_for: what ``lab.variant.build`` gives.
    """

    def __init__(self, stands_for: Attention) -> None:
        self.stands_for = stands_for

    def __call__(self, channels: int) -> PlainLayers:
        """The plain layers for a place with this many channels."""
        slot = Slot(self.stands_for)
        target = sum(parameter.numel() for parameter in slot.at(slot.place, channels).parameters())
        return PlainLayers(channels, *nearest(channels, target))


def nearest(channels: int, target: int) -> tuple[int, bool]:
    """The hidden width, at least 1, and the bias that come nearest to ``target`` parameters."""
    offers = []
    for bias in (False, True):
        exact = (target - channels * bias) / (2 * channels + 1)
        offers += [(max(1, hidden), bias) for hidden in (int(exact), int(exact) + 1)]
    return min(offers, key=lambda offer: abs(parameters(channels, *offer) - target))


def parameters(channels: int, hidden: int, bias: bool) -> int:
    """How many parameters ``PlainLayers`` have."""
    return hidden * (2 * channels + 1) + channels * bias


def require_match(text: str, added: int, by_control: int) -> None:
    """Raises LabError unless a control adds as many parameters as the attention ``text``, up to ``TOLERANCE``."""
    if abs(by_control - added) > TOLERANCE * added:
        raise LabError(
            f"{text} adds {added} parameters, and the nearest control {by_control}: no match within {TOLERANCE:.0%}. "
            "So few parameters explain little; compare without a control"
        )
