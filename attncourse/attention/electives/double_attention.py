"""Double attention: gather a few descriptors from the whole map, then let every place choose among them.

Chen, Kalantidis, Li, Yan, Feng: "A^2-Nets: Double Attention Networks", NeurIPS 2018.

    gather       G = A softmax_places(B)^T             A: C -> m features, B: C -> n maps, each map's sum is 1
    distribute   Z = G softmax_maps(V)                 V: C -> n, each place's sum is 1
    y = x + W Z                                        W: 1x1, m -> C

Deviations, and where they come from:
- m = n = ``max(1, channels // reduction)`` with reduction 4, the paper's choice;
- B has no bias, for the softmax over the places would cancel it;
- widely copied code takes the second softmax over the places too; the paper takes it over the n maps, and so do we.
"""

from __future__ import annotations

from torch import Tensor, nn

from attncourse.attention.checks import require_at_least, require_channels, require_feature_maps


class DoubleAttention(nn.Module):
    """Gather descriptors by attention, distribute them by attention, add them to the input.

    Args:
        channels: C, the number of channels of the input, at least 1.
        reduction: by which features and maps are fewer than C, at least 1.

    Raises:
        ValueError: an argument is out of its range; the input is not ``(B, C, H, W)`` with this C.
    """

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        require_channels(channels)
        require_at_least("reduction", reduction, "the paper uses 4")
        hidden = max(1, channels // reduction)
        self.channels = channels
        self.features = nn.Conv2d(channels, hidden, kernel_size=1)
        self.maps = nn.Conv2d(channels, hidden, kernel_size=1, bias=False)
        self.choices = nn.Conv2d(channels, hidden, kernel_size=1)
        self.expand = nn.Conv2d(hidden, channels, kernel_size=1)

    def gathering(self, x: Tensor) -> Tensor:
        """The maps that gather: ``(B, C, H, W) -> (B, n, H, W)``, each map's sum is 1."""
        require_feature_maps(x, self.channels)
        return self.maps(x).flatten(2).softmax(dim=2).unflatten(2, x.shape[2:])

    def distribution(self, x: Tensor) -> Tensor:
        """How much of each descriptor a place takes: ``(B, C, H, W) -> (B, n, H, W)``, each place's sum is 1."""
        require_feature_maps(x, self.channels)
        return self.choices(x).softmax(dim=1)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W) -> (B, C, H, W)``."""
        gathering = self.gathering(x)
        descriptors = self.features(x).flatten(2) @ gathering.flatten(2).transpose(1, 2)
        taken = descriptors @ self.distribution(x).flatten(2)
        return x + self.expand(taken.unflatten(2, x.shape[2:]))
