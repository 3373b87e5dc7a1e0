"""scSE: squeeze-and-excitation over the channels, and the same idea over the places, side by side.

Roy, Navab, Wachinger: "Concurrent Spatial and Channel Squeeze & Excitation in Fully Convolutional Networks",
MICCAI 2018; with the maximum: "Recalibrating Fully Convolutional Networks...", TMI 2019.

    cSE(x) = sigmoid(W2 relu(W1 mean_ij x)) * x        r = 2
    sSE(x) = sigmoid(w . x_ij) * x                     1x1 convolution, C -> 1
    y      = cSE(x) + sSE(x),   or the larger of the two at each value

Deviations: cSE is this project's ``SqueezeExcitation``, which names its own.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from attncourse.attention.checks import require_choice, require_feature_maps
from attncourse.attention.squeeze_excitation import SqueezeExcitation

_COMBINE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"add": torch.add, "max": torch.maximum}


class ScSE(nn.Module):
    """Join the features gated by channel and the features gated by place.

    Args:
        channels: C, the number of channels of the input, at least 1.
        reduction: r of the channel gate, at least 1.
        combine: ``"add"`` or ``"max"``.

    Raises:
        ValueError: an argument is out of its range; the input is not ``(B, C, H, W)`` with this C.
    """

    def __init__(self, channels: int, reduction: int = 2, combine: str = "add") -> None:
        super().__init__()
        require_choice("combine", combine, tuple(_COMBINE))
        self.channel = SqueezeExcitation(channels, reduction)
        self.spatial = nn.Conv2d(channels, 1, kernel_size=1, bias=False)
        self.channels = channels
        self.combine = combine

    def channel_gate(self, x: Tensor) -> Tensor:
        """``(B, C, H, W) -> (B, C, 1, 1)``, in (0, 1)."""
        return self.channel.gate(x)

    def spatial_gate(self, x: Tensor) -> Tensor:
        """``(B, C, H, W) -> (B, 1, H, W)``, in (0, 1)."""
        require_feature_maps(x, self.channels)
        return torch.sigmoid(self.spatial(x))

    def forward(self, x: Tensor) -> Tensor:
        """The joined features: ``(B, C, H, W) -> (B, C, H, W)``."""
        return _COMBINE[self.combine](x * self.channel_gate(x), x * self.spatial_gate(x))
