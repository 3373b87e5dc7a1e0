"""Named, seeded things that are no tensors but must exist on both sides of the wall: small networks and gates.

A case passes ``Fixture("doubling-gate")``; whoever runs the answer makes the thing itself, so that no code travels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from attncourse.checking import fixture_networks
from attncourse.checking.draw import Draw


def _doubling_gate(seed: int) -> Callable[[Tensor], Tensor]:
    """``x -> 2 x``: an attention module whose place in a block is easy to see."""
    return lambda x: 2.0 * x


def _negating_branch(seed: int) -> Callable[[Tensor], Tensor]:
    """``x -> 1 - 3 x``: a residual branch whose sign tells on which side of a ReLU it was added."""
    return lambda x: 1.0 - 3.0 * x


def _mixing_gate(seed: int) -> Callable[[Tensor], Tensor]:
    """``x`` times one gate from the mean of all its channels: it tells whether it saw them together, and where."""
    return lambda x: x * torch.sigmoid(x.mean(dim=(1, 2, 3), keepdim=True))


def _narrow_branch(seed: int) -> Callable[[Tensor], Tensor]:
    """The first channel alone, ``x -> 2 x + 1``: a branch whose number of channels is its own."""
    return lambda x: 2.0 * x[:, :1] + 1.0


def _convolution(seed: int) -> nn.Module:
    """A 3x3 convolution, 4 to 4 channels, with weights drawn from the seed."""
    layer = nn.Conv2d(4, 4, 3, padding=1)
    draw = Draw(seed)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(draw.signed(*parameter.shape, low=0.1, high=0.4))
            parameter.requires_grad_(False)
    return layer


FIXTURES: dict[str, Callable[[int], Any]] = {
    "doubling-gate": _doubling_gate,
    "mixing-gate": _mixing_gate,
    "negating-branch": _negating_branch,
    "narrow-branch": _narrow_branch,
    "convolution": _convolution,
    "network": fixture_networks.network,
    "network-in-training": fixture_networks.training,
    "frozen-network": fixture_networks.frozen,
    "network-in-use": fixture_networks.in_use,
    "failing-network": fixture_networks.failing,
    "failing-network-in-training": fixture_networks.failing_in_training,
}


@dataclass(frozen=True)
class Fixture:
    """A name of ``FIXTURES`` and a seed. Raises ValueError for a name that is not there."""

    name: str
    seed: int = 0

    def __post_init__(self) -> None:
        if self.name not in FIXTURES:
            raise ValueError(f"no fixture is called {self.name!r}; there are {', '.join(FIXTURES)}")

    def make(self) -> Any:
        """The thing itself."""
        return FIXTURES[self.name](self.seed)
