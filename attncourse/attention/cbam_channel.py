"""CBAM's channel attention: weigh each channel by what its mean and its maximum say together.

Woo, Park, Lee, Kweon: "CBAM: Convolutional Block Attention Module", ECCV 2018, section 3.

    Mc(F) = sigmoid(MLP(mean_ij F) + MLP(max_ij F)),   MLP(z) = W1 relu(W0 z)     (eq. 2)
    F'    = Mc(F) * F                                                             (eq. 1)

One MLP serves both descriptors, and one sigmoid follows the sum.

Deviations, and where they come from:
- both layers have a bias, as in the authors' code and the parameter counts of the paper's table 4; eq. 2 writes none;
- the hidden width is ``max(1, channels // reduction)``, so that few channels do not end in a layer of width 0.

``pools`` leaves a descriptor out, for the ablation of the paper's table 1. The mean alone is squeeze-and-excitation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from attncourse.attention.checks import (
    require_at_least,
    require_channels,
    require_feature_maps,
    require_subset,
)

_DESCRIPTORS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda x: x.mean(dim=(2, 3)),
    "max": lambda x: x.amax(dim=(2, 3)),
}


class ChannelAttention(nn.Module):
    """Gate each channel by a bottleneck, shared by the channels' means and the channels' maxima.

    Args:
        channels: C, the number of channels of the input, at least 1.
        reduction: r, by which the hidden layer is narrower than C, at least 1.
        pools: the descriptors in use, ``"mean"`` and ``"max"`` in the paper.

    Raises:
        ValueError: ``channels`` or ``reduction`` is below 1; ``pools`` is empty or names an unknown descriptor;
            the input is not ``(B, C, H, W)`` with this C.
    """

    def __init__(self, channels: int, reduction: int = 16, pools: Sequence[str] = ("mean", "max")) -> None:
        super().__init__()
        require_channels(channels)
        require_at_least("reduction", reduction, "the paper uses 16")
        require_subset("pools", pools, tuple(_DESCRIPTORS))
        hidden = max(1, channels // reduction)
        self.channels = channels
        self.pools = tuple(pools)
        self.reduce = nn.Linear(channels, hidden)
        self.expand = nn.Linear(hidden, channels)

    def _logits(self, descriptor: Tensor) -> Tensor:
        """The shared MLP: ``(B, C) -> (B, C)``."""
        return self.expand(torch.relu(self.reduce(descriptor)))

    def gate(self, x: Tensor) -> Tensor:
        """One weight in (0, 1) for each channel: ``(B, C, H, W) -> (B, C, 1, 1)``."""
        require_feature_maps(x, self.channels)
        first, *others = (self._logits(_DESCRIPTORS[pool](x)) for pool in self.pools)
        return torch.sigmoid(sum(others, first))[:, :, None, None]

    def forward(self, x: Tensor) -> Tensor:
        """The gated features: ``(B, C, H, W) -> (B, C, H, W)``."""
        return x * self.gate(x)
