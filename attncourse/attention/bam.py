"""BAM: one gate for every channel at every place, from a channel branch and a spatial branch side by side.

Park, Woo, Lee, Kweon: "BAM: Bottleneck Attention Module", BMVC 2018, section 3.

    Mc(F) = BN(W1 relu(W0 mean_ij F + b0) + b1)                     W0: C -> C/r, W1: C/r -> C
    Ms(F) = BN(conv1x1(conv3x3_d(conv3x3_d(conv1x1(F)))))           C -> C/r -> C/r -> C/r -> 1, dilation d = 4
    M(F)  = sigmoid(Mc(F) + Ms(F))
    F'    = F + M(F) * F = F * (1 + M(F))

The sum broadcasts ``(B, C, 1, 1)`` against ``(B, 1, H, W)``. A place sees a window of 17 x 17 places, 2 * 2 * d + 1.

Deviations, and where they come from:
- a ReLU follows every layer but the last of each branch, as in the authors' code; the equations write no ReLU;
- the hidden width is ``max(1, channels // reduction)``, so that few channels do not end in a layer of width 0;
- the fully connected layers are 1x1 convolutions on ``(B, C, 1, 1)``, which compute the same.

The authors' code differs from their paper in two ways, and each is an option:
- ``combine="product"``: M = sigmoid(Mc * Ms);
- ``batch_norm="hidden"``: a batch norm after every layer but the last, and none at the end. The parameters of the
  paper's CIFAR table (24.07M for ResNet-50) fit ``"last"`` alone.

In training mode a batch of one image has one value a channel in the channel branch, which a batch norm refuses.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from attncourse.attention.checks import (
    require_at_least,
    require_channels,
    require_choice,
    require_feature_maps,
)

_COMBINE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"sum": torch.add, "product": torch.mul}
_PLACEMENTS = ("last", "hidden")


def _branch(layers: list[nn.Conv2d], batch_norm: str) -> nn.Sequential:
    """The layers with a ReLU between them and batch norms where ``batch_norm`` puts them."""
    branch = nn.Sequential()
    *hidden, last = layers
    for number, layer in enumerate(hidden):
        branch.add_module(f"convolution{number}", layer)
        if batch_norm == "hidden":
            branch.add_module(f"normalise{number}", nn.BatchNorm2d(layer.out_channels))
        branch.add_module(f"relu{number}", nn.ReLU())
    branch.add_module("last", last)
    if batch_norm == "last":
        branch.add_module("normalise", nn.BatchNorm2d(last.out_channels))
    return branch


class BAM(nn.Module):
    """Gate every channel at every place, and keep the input beside the gated features.

    Args:
        channels: C, the number of channels of the input, at least 1.
        reduction: r, by which both branches' hidden layers are narrower than C, at least 1.
        dilation: d of the two 3x3 convolutions of the spatial branch, at least 1.
        combine: ``"sum"`` of the branches (the paper's) or their ``"product"`` (the authors' code's).
        batch_norm: ``"last"`` (the paper's) or ``"hidden"`` (the authors' code's).

    Raises:
        ValueError: an argument is out of its range; the input is not ``(B, C, H, W)`` with this C; in training mode,
            from the batch norm, a batch of one image.
    """

    def __init__(
        self,
        channels: int,
        reduction: int = 16,
        dilation: int = 4,
        combine: str = "sum",
        batch_norm: str = "last",
    ) -> None:
        super().__init__()
        require_channels(channels)
        require_at_least("reduction", reduction, "the paper uses 16")
        require_at_least("dilation", dilation, "the paper uses 4")
        require_choice("combine", combine, tuple(_COMBINE))
        require_choice("batch_norm", batch_norm, _PLACEMENTS)
        hidden = max(1, channels // reduction)
        self.channels = channels
        self.combine = combine
        self.channel = _branch([nn.Conv2d(channels, hidden, 1), nn.Conv2d(hidden, channels, 1)], batch_norm)
        self.spatial = _branch(
            [
                nn.Conv2d(channels, hidden, 1),
                nn.Conv2d(hidden, hidden, 3, padding=dilation, dilation=dilation),
                nn.Conv2d(hidden, hidden, 3, padding=dilation, dilation=dilation),
                nn.Conv2d(hidden, 1, 1),
            ],
            batch_norm,
        )

    def channel_logits(self, x: Tensor) -> Tensor:
        """The paper's Mc, any real numbers: ``(B, C, H, W) -> (B, C, 1, 1)``."""
        require_feature_maps(x, self.channels)
        return self.channel(x.mean(dim=(2, 3), keepdim=True))

    def spatial_logits(self, x: Tensor) -> Tensor:
        """The paper's Ms, any real numbers: ``(B, C, H, W) -> (B, 1, H, W)``."""
        require_feature_maps(x, self.channels)
        return self.spatial(x)

    def channel_gate(self, x: Tensor) -> Tensor:
        """sigmoid(Mc), to look at one branch alone, for M is not made of it: ``(B, C, H, W) -> (B, C, 1, 1)``."""
        return torch.sigmoid(self.channel_logits(x))

    def spatial_gate(self, x: Tensor) -> Tensor:
        """sigmoid(Ms), to look at one branch alone, for M is not made of it: ``(B, C, H, W) -> (B, 1, H, W)``."""
        return torch.sigmoid(self.spatial_logits(x))

    def gate(self, x: Tensor) -> Tensor:
        """The paper's M, one weight in (0, 1) for every channel at every place: ``(B, C, H, W) -> (B, C, H, W)``."""
        return torch.sigmoid(_COMBINE[self.combine](self.channel_logits(x), self.spatial_logits(x)))

    def forward(self, x: Tensor) -> Tensor:
        """The features, scaled by weights in (1, 2): ``(B, C, H, W) -> (B, C, H, W)``."""
        return x * (1 + self.gate(x))
