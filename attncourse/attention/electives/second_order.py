"""Second-order pooling (GSoP): gate channels by how they vary together, not by their means.

Gao, Xie, Wang, Li: "Global Second-order Pooling Convolutional Networks", CVPR 2019, the channel-wise block.

    z     = relu(BN(conv1x1(x)))                   C -> d
    S     = covariance of z's d channels over all places, d x d
    gate  = sigmoid(W rowwise(BN(S)))              rowwise: each row of S by itself, d -> 4 numbers; W: 4d -> C
    y     = gate * x

Deviations, and where they come from:
- d is ``min(128, channels)``: 128 in the authors' code, which has no narrow layers;
- the authors' code rectifies x before the first convolution and takes every second place in the widest maps; not here.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attncourse.attention.checks import require_at_least, require_channels, require_feature_maps


class SecondOrderAttention(nn.Module):
    """Gate each channel by the covariances of a narrower view of the channels.

    Args:
        channels: C, the number of channels of the input, at least 1.
        covariance_channels: d, at least 1, and at most C are built.

    Raises:
        ValueError: an argument is out of its range; the input is not ``(B, C, H, W)`` with this C.
    """

    def __init__(self, channels: int, covariance_channels: int = 128) -> None:
        super().__init__()
        require_channels(channels)
        require_at_least("covariance_channels", covariance_channels, "the authors use 128")
        narrow = min(covariance_channels, channels)
        self.channels = channels
        self.reduce = nn.Conv2d(channels, narrow, kernel_size=1)
        self.normalise = nn.BatchNorm2d(narrow)
        self.normalise_rows = nn.BatchNorm2d(narrow)
        self.rowwise = nn.Conv2d(narrow, 4 * narrow, kernel_size=(narrow, 1), groups=narrow)
        self.expand = nn.Conv2d(4 * narrow, channels, kernel_size=1)

    def covariance(self, x: Tensor) -> Tensor:
        """The covariances over the places: ``(B, C, H, W) -> (B, d, d)``, divided by H W."""
        require_feature_maps(x, self.channels)
        narrow = torch.relu(self.normalise(self.reduce(x))).flatten(2)
        centred = narrow - narrow.mean(dim=2, keepdim=True)
        return centred @ centred.transpose(1, 2) / centred.shape[2]

    def gate(self, x: Tensor) -> Tensor:
        """One weight in (0, 1) for each channel: ``(B, C, H, W) -> (B, C, 1, 1)``."""
        rows = self.normalise_rows(self.covariance(x).unsqueeze(3))
        return torch.sigmoid(self.expand(self.rowwise(rows)))

    def forward(self, x: Tensor) -> Tensor:
        """The gated features: ``(B, C, H, W) -> (B, C, H, W)``."""
        return x * self.gate(x)
