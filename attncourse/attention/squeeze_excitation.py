"""Squeeze-and-Excitation: weigh each channel by a gate computed from all channels' global means.

Hu, Shen, Sun: "Squeeze-and-Excitation Networks", CVPR 2018 (journal version 2019).

    squeeze     z_c = 1 / (H W) * sum_ij x_cij                     (eq. 2)
    excitation  s   = sigmoid(W2 relu(W1 z)),  W1: C -> C/r, W2: C/r -> C   (eq. 3)
    scale       y_c = s_c * x_c                                    (eq. 4)

Deviations, and where they come from:
- both layers have a bias, as in the authors' Caffe networks and in the parameter counts that CBAM's table 4 prints;
  eq. 3 writes none;
- the hidden width is ``max(1, channels // reduction)``, so that few channels do not end in a layer of width 0.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attncourse.attention.checks import require_at_least, require_channels, require_feature_maps


class SqueezeExcitation(nn.Module):
    """Gate each channel by a bottleneck of the channels' means.

    Args:
        channels: C, the number of channels of the input, at least 1.
        reduction: r, by which the hidden layer is narrower than C, at least 1.

    Raises:
        ValueError: ``channels`` or ``reduction`` is below 1; the input is not ``(B, C, H, W)`` with this C.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        require_channels(channels)
        require_at_least("reduction", reduction, "the paper uses 16")
        hidden = max(1, channels // reduction)
        self.channels = channels
        self.reduce = nn.Linear(channels, hidden)
        self.expand = nn.Linear(hidden, channels)

    def gate(self, x: Tensor) -> Tensor:
        """One weight in (0, 1) for each channel: ``(B, C, H, W) -> (B, C, 1, 1)``."""
        require_feature_maps(x, self.channels)
        squeezed = x.mean(dim=(2, 3))
        return torch.sigmoid(self.expand(torch.relu(self.reduce(squeezed))))[:, :, None, None]

    def forward(self, x: Tensor) -> Tensor:
        """The gated features: ``(B, C, H, W) -> (B, C, H, W)``."""
        return x * self.gate(x)
