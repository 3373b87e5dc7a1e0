"""The right forms of BAM: where its batch norms may stand, and which biases it may have.

An answer whose parameters say nothing of their order or layout is compared with all forms that have as many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import torch
from torch import Tensor, nn

LAST, HIDDEN, BOTH = "last", "hidden", "both"
# torch's epsilon of a batch norm, and that of TensorFlow's, which some bring along.
EPSILONS = (1e-5, 1e-3)


@dataclass(frozen=True)
class Setting:
    """How to build one module; None leaves ``reduction`` or ``dilation`` to its default, 16 or 4."""

    channels: int
    reduction: int | None = None
    dilation: int | None = None

    @property
    def arguments(self) -> tuple[int, ...]:
        """What the class is called with."""
        given = (self.channels, self.reduction, self.dilation)
        return tuple(one for one in given if one is not None)

    @property
    def hidden(self) -> int:
        """``max(1, C // r)``."""
        return max(1, self.channels // (self.reduction or 16))

    @property
    def spacing(self) -> int:
        """d, the dilation."""
        return self.dilation or 4

    @property
    def words(self) -> str:
        """For sentences: ``4 channels, reduction 2, dilation 1``."""
        reduction = "the default reduction" if self.reduction is None else f"reduction {self.reduction}"
        dilation = "the default dilation" if self.dilation is None else f"dilation {self.dilation}"
        return f"{self.channels} channels, {reduction}, {dilation}"

    @property
    def channel_layers(self) -> list[tuple[int, int, int]]:
        """Channels in, channels out and side of each layer of the channel branch."""
        return [(self.channels, self.hidden, 1), (self.hidden, self.channels, 1)]

    @property
    def spatial_layers(self) -> list[tuple[int, int, int]]:
        """The same of the spatial branch."""
        hidden = self.hidden
        return [(self.channels, hidden, 1), (hidden, hidden, 3), (hidden, hidden, 3), (hidden, 1, 1)]

    @property
    def weights(self) -> int:
        """The values of all six layers, without biases."""
        return sum(a * b * side * side for a, b, side in (*self.channel_layers, *self.spatial_layers))


@dataclass(frozen=True)
class Form:
    """One branch: where its norms stand, whether they have a scale and shift, and which layers have a bias."""

    norm: str
    affine: bool
    biases: tuple[bool, ...]

    def normalised(self, number: int) -> bool:
        """Whether a batch norm follows this layer."""
        last = number == len(self.biases) - 1
        return self.norm == BOTH or self.norm == (LAST if last else HIDDEN)

    def extras(self, layers: Sequence[tuple[int, int, int]]) -> int:
        """How many values it has beyond the weights."""
        return sum(
            channels * (self.biases[number] + 2 * (self.affine and self.normalised(number)))
            for number, (_, channels, _) in enumerate(layers)
        )

    def build(self, layers: Sequence[tuple[int, int, int]], spacing: int, epsilon: float) -> nn.Sequential:
        """The branch itself, in float64."""
        parts: list[nn.Module] = []
        for number, (channels_in, channels, side) in enumerate(layers):
            reach = spacing if side > 1 else 0
            parts.append(
                nn.Conv2d(channels_in, channels, side, padding=reach, dilation=max(1, reach), bias=self.biases[number])
            )
            if self.normalised(number):
                parts.append(nn.BatchNorm2d(channels, eps=epsilon, affine=self.affine))
            if number < len(layers) - 1:
                parts.append(nn.ReLU())
        return nn.Sequential(*parts).double()


@dataclass(frozen=True)
class Reading:
    """A form of each branch."""

    channel: Form
    spatial: Form
    epsilon: float = EPSILONS[0]

    def count(self, setting: Setting) -> int:
        """How many parameters it has."""
        extras = self.channel.extras(setting.channel_layers) + self.spatial.extras(setting.spatial_layers)
        return setting.weights + extras


class Right(nn.Module):
    """A right BAM of one form: ``(B, C, H, W) -> (B, C, H, W)``."""

    def __init__(self, reading: Reading, setting: Setting) -> None:
        super().__init__()
        self.channel = reading.channel.build(setting.channel_layers, setting.spacing, reading.epsilon)
        self.spatial = reading.spatial.build(setting.spatial_layers, setting.spacing, reading.epsilon)

    def forward(self, x: Tensor) -> Tensor:
        """Section 3 of the paper."""
        u = self.channel(x.mean(dim=(2, 3), keepdim=True)) + self.spatial(x)
        return x * (1 + torch.sigmoid(u))


def _forms(layers: int) -> Iterator[Form]:
    for norm, affine, biases in product((LAST, HIDDEN, BOTH), (True, False), product((True, False), repeat=layers)):
        yield Form(norm, affine, biases)


@cache
def all_readings() -> tuple[Reading, ...]:
    """Every right form."""
    return tuple(Reading(channel, spatial) for channel, spatial in product(_forms(2), _forms(4)))
