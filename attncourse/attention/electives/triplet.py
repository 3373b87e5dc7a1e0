"""Triplet attention: spatial attention three times, on the map seen from the front, from the side and from above.

Misra, Nalamada, Arasanipalai, Hou: "Rotate to Attend: Convolutional Triplet Attention Module", WACV 2021.

    a_hw = sigmoid(BN(conv_kxk(Z_c(x))))     Z_c: maximum and mean over the channels, k = 7
    a_cw = the same with the height in the channels' role, a_ch with the width in it
    y    = (a_hw * x + a_cw * x + a_ch * x) / 3

Deviations, and where they come from:
- each branch is this project's ``SpatialAttention``, so the two maps are stacked as (mean, max) where the authors' code
  stacks (max, mean).

No size depends on the number of channels, so there is no ``channels`` argument.
"""

from __future__ import annotations

from torch import Tensor, nn

from attncourse.attention.cbam_spatial import SpatialAttention
from attncourse.attention.checks import require_feature_maps


class TripletAttention(nn.Module):
    """Average three spatial gates over the three pairs of axes.

    Args:
        kernel_size: k of each branch's convolution, odd.

    Raises:
        ValueError: ``kernel_size`` is even or below 1; the input is not ``(B, C, H, W)``.
    """

    def __init__(self, kernel_size: int = 7) -> None:
        super().__init__()
        self.height_width = SpatialAttention(kernel_size)
        self.channel_width = SpatialAttention(kernel_size)
        self.channel_height = SpatialAttention(kernel_size)

    def spatial_gate(self, x: Tensor) -> Tensor:
        """``(B, C, H, W) -> (B, 1, H, W)``, in (0, 1)."""
        require_feature_maps(x)
        return self.height_width.gate(x)

    def column_gate(self, x: Tensor) -> Tensor:
        """From the descriptors over the height: ``(B, C, H, W) -> (B, C, 1, W)``, in (0, 1)."""
        require_feature_maps(x)
        return self.channel_width.gate(x.transpose(1, 2)).transpose(1, 2)

    def row_gate(self, x: Tensor) -> Tensor:
        """From the descriptors over the width: ``(B, C, H, W) -> (B, C, H, 1)``, in (0, 1)."""
        require_feature_maps(x)
        return self.channel_height.gate(x.transpose(1, 3)).transpose(1, 3)

    def gate(self, x: Tensor) -> Tensor:
        """The mean of the three: ``(B, C, H, W) -> (B, C, H, W)``, in (0, 1)."""
        return (self.spatial_gate(x) + self.column_gate(x) + self.row_gate(x)) / 3

    def forward(self, x: Tensor) -> Tensor:
        """The gated features: ``(B, C, H, W) -> (B, C, H, W)``."""
        return x * self.gate(x)
