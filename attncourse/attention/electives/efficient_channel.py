"""Efficient channel attention: a channel's gate comes from its own mean and its neighbours', without a bottleneck.

Wang, Wu, Zhu, Li, Zuo, Hu: "ECA-Net: Efficient Channel Attention for Deep Convolutional Neural Networks", CVPR 2020.

    gate = sigmoid(conv1d_k(mean_ij x))                k weights for all channels
    k    = the odd number near |log2(C) / gamma + b / gamma|,   gamma = 2, b = 1

Deviations, and where they come from:
- "near" is as in the authors' code: the number is cut to an integer, and 1 is added where that is even.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from attncourse.attention.checks import require_channels, require_feature_maps, require_odd


def window(channels: int) -> int:
    """The paper's k for this number of channels: 3 for 64, 5 for 256."""
    return int(abs((math.log2(channels) + 1) / 2)) | 1


class EfficientChannelAttention(nn.Module):
    """Gate each channel by a convolution along the channels' means.

    Args:
        channels: C, the number of channels of the input, at least 1.
        kernel_size: k, odd; None computes it from the channels.

    Raises:
        ValueError: an argument is out of its range; the input is not ``(B, C, H, W)`` with this C.
    """

    def __init__(self, channels: int, kernel_size: int | None = None) -> None:
        super().__init__()
        require_channels(channels)
        side = window(channels) if kernel_size is None else kernel_size
        require_odd("kernel_size", side, "None computes it from the channels")
        self.channels = channels
        self.convolution = nn.Conv1d(1, 1, side, padding=side // 2, bias=False)

    def gate(self, x: Tensor) -> Tensor:
        """One weight in (0, 1) for each channel: ``(B, C, H, W) -> (B, C, 1, 1)``."""
        require_feature_maps(x, self.channels)
        means = x.mean(dim=(2, 3)).unsqueeze(1)
        return torch.sigmoid(self.convolution(means)).transpose(1, 2).unsqueeze(3)

    def forward(self, x: Tensor) -> Tensor:
        """The gated features: ``(B, C, H, W) -> (B, C, H, W)``."""
        return x * self.gate(x)
