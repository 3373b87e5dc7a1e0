"""CBAM: channel attention, then spatial attention on what the first has refined.

Woo, Park, Lee, Kweon: "CBAM: Convolutional Block Attention Module", ECCV 2018.

    F'  = Mc(F) * F           channel attention, see cbam_channel.py
    F'' = Ms(F') * F'         spatial attention, see cbam_spatial.py              (eq. 1)

There is no shortcut inside: the residual block around it has one.

The other orders are the ablation of the paper's table 3:
    "spatial-channel"   F' = Ms(F) * F,  F'' = Mc(F') * F'
    "parallel"          F'' = Mc(F) * Ms(F) * F; the paper does not write how it joins the two: the product is ours

Deviations: those of the two parts, named in their files (biases in the MLP and a batch norm after the convolution, as
in the authors' code and the paper's parameter counts).
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from attncourse.attention.cbam_channel import ChannelAttention
from attncourse.attention.cbam_spatial import SpatialAttention
from attncourse.attention.checks import require_choice, require_feature_maps

_ORDERS = ("channel-spatial", "spatial-channel", "parallel")


class CBAM(nn.Module):
    """Gate each channel, then each place.

    Args:
        channels: C, the number of channels of the input, at least 1.
        reduction: r of the channel attention, at least 1.
        kernel_size: k of the spatial attention, odd.
        order: ``"channel-spatial"`` (the paper's), ``"spatial-channel"`` or ``"parallel"``.
        channel_pools: the channel attention's descriptors, ``"mean"`` and ``"max"`` in the paper.
        spatial_pools: the spatial attention's descriptors, ``"mean"`` and ``"max"`` in the paper.
        batch_norm: normalise in the spatial attention, as the authors' code does.

    Raises:
        ValueError: an argument is out of its range; the input is not ``(B, C, H, W)`` with this C.
    """

    def __init__(
        self,
        channels: int,
        reduction: int = 16,
        kernel_size: int = 7,
        order: str = "channel-spatial",
        channel_pools: Sequence[str] = ("mean", "max"),
        spatial_pools: Sequence[str] = ("mean", "max"),
        batch_norm: bool = True,
    ) -> None:
        super().__init__()
        require_choice("order", order, _ORDERS)
        self.channels = channels
        self.order = order
        self.channel = ChannelAttention(channels, reduction, channel_pools)
        self.spatial = SpatialAttention(kernel_size, batch_norm, spatial_pools)

    def channel_gate(self, x: Tensor) -> Tensor:
        """The channel gate that acts when this block's input is x: ``(B, C, H, W) -> (B, C, 1, 1)``, in (0, 1)."""
        require_feature_maps(x, self.channels)
        return self.channel.gate(self.spatial(x) if self.order == "spatial-channel" else x)

    def spatial_gate(self, x: Tensor) -> Tensor:
        """The spatial gate that acts when this block's input is x: ``(B, C, H, W) -> (B, 1, H, W)``, in (0, 1)."""
        require_feature_maps(x, self.channels)
        return self.spatial.gate(self.channel(x) if self.order == "channel-spatial" else x)

    def gate(self, x: Tensor) -> Tensor:
        """Both gates multiplied, by which the input is scaled: ``(B, C, H, W) -> (B, C, H, W)``, in (0, 1)."""
        return self.channel_gate(x) * self.spatial_gate(x)

    def forward(self, x: Tensor) -> Tensor:
        """The gated features: ``(B, C, H, W) -> (B, C, H, W)``."""
        require_feature_maps(x, self.channels)
        if self.order == "channel-spatial":
            return self.spatial(self.channel(x))
        if self.order == "spatial-channel":
            return self.channel(self.spatial(x))
        return x * self.channel.gate(x) * self.spatial.gate(x)
