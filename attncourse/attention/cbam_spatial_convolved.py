"""CBAM's spatial attention with a learned descriptor, which the paper compares with pooling and finds worse.

Woo, Park, Lee, Kweon: "CBAM: Convolutional Block Attention Module", ECCV 2018, table 2, the rows "1x1 conv".

    Ms(F) = sigmoid(conv_kxk(conv_1x1(F))),   1x1: C -> 1

Those rows stand behind channel attention: ``nn.Sequential(ChannelAttention(C), ConvolvedSpatialAttention(C, 7))``.

Deviations, and where they come from:
- the 1x1 convolution has no bias and gives one map: so the parameters of both rows come out as printed (28.10M);
- a batch norm follows the second convolution, as in ``SpatialAttention``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attncourse.attention.checks import require_channels, require_feature_maps, require_flag, require_odd


class ConvolvedSpatialAttention(nn.Module):
    """Gate each place by a convolution over one learned mixture of the channels.

    Args:
        channels: C, the number of channels of the input, at least 1.
        kernel_size: k, the side of the second convolution's window, odd.
        batch_norm: normalise the second convolution's output.

    Raises:
        ValueError: an argument is out of its range; the input is not ``(B, C, H, W)`` with this C.
    """

    def __init__(self, channels: int, kernel_size: int = 7, batch_norm: bool = True) -> None:
        super().__init__()
        require_channels(channels)
        require_odd("kernel_size", kernel_size, "the paper compares 3 and 7")
        require_flag("batch_norm", batch_norm)
        self.channels = channels
        self.describe = nn.Conv2d(channels, 1, kernel_size=1, bias=False)
        self.convolution = nn.Conv2d(1, 1, kernel_size, padding=kernel_size // 2, bias=False)
        self.normalise = nn.BatchNorm2d(1, momentum=0.01) if batch_norm else nn.Identity()

    def gate(self, x: Tensor) -> Tensor:
        """One weight in (0, 1) for each place: ``(B, C, H, W) -> (B, 1, H, W)``."""
        require_feature_maps(x, self.channels)
        return torch.sigmoid(self.normalise(self.convolution(self.describe(x))))

    def forward(self, x: Tensor) -> Tensor:
        """The gated features: ``(B, C, H, W) -> (B, C, H, W)``."""
        return x * self.gate(x)
