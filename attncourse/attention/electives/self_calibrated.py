"""Self-calibrated convolution: half of the channels are gated by what they look like at a coarser scale.

Liu, Hou, Cheng, Wang, Feng: "Improving Convolutional Networks with Self-Calibrated Convolutions", CVPR 2020.

    x1, x2 = the first and the second half of the channels
    gate   = sigmoid(x1 + up(F2(mean over r x r windows of x1)))        r = 4
    y1     = F4(F3(x1) * gate)
    y2     = F1(x2)
    y      = concat(y1, y2)                                             F: 3x3 convolution and batch norm

Deviations, and where they come from:
- with an odd number of channels the second half has one more;
- windows at the border may be smaller, so that maps smaller than r fit;
- ``up`` is bilinear, as in the paper; the authors' code takes the nearest;
- the batch norms are the authors' code's; the paper writes none. Their block also reduces each half by a 1x1
  convolution first, which belongs to the block.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attncourse.attention.checks import require_at_least, require_channels, require_feature_maps


def _convolution(channels: int) -> nn.Sequential:
    """3x3 convolution and batch norm: ``(B, channels, H, W) -> (B, channels, H, W)``."""
    return nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))


class SelfCalibratedConvolution(nn.Module):
    """Convolve one half of the channels as usual, and gate the other by its coarse view.

    Args:
        channels: C, of input and output, at least 2: one for each half.
        pooling: r, the side of the windows, at least 1.

    Raises:
        ValueError: an argument is out of its range; the input is not ``(B, C, H, W)`` with this C.
    """

    def __init__(self, channels: int, pooling: int = 4) -> None:
        super().__init__()
        require_channels(channels)
        require_at_least("channels", channels, "each half needs one", minimum=2)
        require_at_least("pooling", pooling, "the paper uses 4")
        self.channels = channels
        self.pooling = pooling
        self.first = channels // 2
        self.plain = _convolution(channels - self.first)
        self.coarse = _convolution(self.first)
        self.fine = _convolution(self.first)
        self.last = _convolution(self.first)

    def gate(self, x: Tensor) -> Tensor:
        """The gate of the first half: ``(B, C, H, W) -> (B, C // 2, H, W)``, in (0, 1)."""
        require_feature_maps(x, self.channels)
        first = x[:, : self.first]
        pooled = F.avg_pool2d(first, self.pooling, ceil_mode=True)
        seen = F.interpolate(self.coarse(pooled), size=x.shape[2:], mode="bilinear", align_corners=False)
        return torch.sigmoid(first + seen)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W) -> (B, C, H, W)``: the calibrated half before the plain one."""
        gate = self.gate(x)
        calibrated = self.last(self.fine(x[:, : self.first]) * gate)
        return torch.cat([calibrated, self.plain(x[:, self.first :])], dim=1)
