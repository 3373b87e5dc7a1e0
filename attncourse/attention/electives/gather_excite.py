"""Gather-excite: weigh each value by what its neighbourhood, or the whole map, says of its channel.

Hu, Shen, Albanie, Sun, Vedaldi: "Gather-Excite: Exploiting Feature Context in Convolutional Neural Networks",
NeurIPS 2018.

    gather   z = mean of each channel over windows of side 2e - 1, stride e         (GE-theta-, no parameters)
             or log2(e) depthwise 3x3 convolutions of stride 2                      (GE-theta)
    excite   gate = sigmoid(resize(z)), with a 1x1 bottleneck before it             (GE-theta+)
    y = gate * x

With the whole map as extent, a mean, and the bottleneck, this is squeeze-and-excitation.

Deviations, and where they come from:
- a learned gather over the whole map needs a kernel as large as the map and is left out: this module fits any size;
- windows at the border take the mean over the places inside the map, as timm does;
- a batch norm follows each gathering convolution, and a ReLU stands between them, as in timm;
- the hidden width is ``max(1, channels // reduction)``.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attncourse.attention.checks import require_at_least, require_channels, require_feature_maps, require_flag


class GatherExcite(nn.Module):
    """Gate each value by its gathered context.

    Args:
        channels: C, the number of channels of the input, at least 1.
        extent: e, a power of two of at least 2; None is the whole map.
        learned: gather by depthwise convolutions rather than by means; only with an extent.
        bottleneck: two 1x1 convolutions with a ReLU between them before the gate.
        reduction: r of that bottleneck, at least 1.

    Raises:
        ValueError: an argument is out of its range; the input is not ``(B, C, H, W)`` with this C.
    """

    def __init__(
        self,
        channels: int,
        extent: int | None = 4,
        learned: bool = True,
        bottleneck: bool = False,
        reduction: int = 16,
    ) -> None:
        super().__init__()
        require_channels(channels)
        require_at_least("reduction", reduction, "the paper uses 16")
        require_flag("learned", learned)
        require_flag("bottleneck", bottleneck)
        if extent is not None and (not isinstance(extent, int) or extent < 2 or extent & (extent - 1)):
            raise ValueError(
                f"extent must be None or a power of two of at least 2, got {extent!r}; the paper uses 2, 4, 8"
            )
        if learned and extent is None:
            raise ValueError("learned=True needs an extent, got extent=None; give 2, 4 or 8, or learned=False")
        self.channels = channels
        self.extent = extent
        self.convolutions = nn.Sequential()
        if learned and extent is not None:
            for step in range(extent.bit_length() - 1):
                if step:
                    self.convolutions.append(nn.ReLU())
                self.convolutions.append(
                    nn.Conv2d(channels, channels, 3, stride=2, padding=1, groups=channels, bias=False)
                )
                self.convolutions.append(nn.BatchNorm2d(channels))
        hidden = max(1, channels // reduction)
        self.reduce = nn.Conv2d(channels, hidden, kernel_size=1) if bottleneck else None
        self.expand = nn.Conv2d(hidden, channels, kernel_size=1) if bottleneck else None

    def gather(self, x: Tensor) -> Tensor:
        """The context: ``(B, C, H, W) -> (B, C, ceil(H / e), ceil(W / e))``, or ``(B, C, 1, 1)`` of the whole map."""
        require_feature_maps(x, self.channels)
        if self.extent is None:
            return x.mean(dim=(2, 3), keepdim=True)
        if len(self.convolutions):
            return self.convolutions(x)
        side = 2 * self.extent - 1
        return F.avg_pool2d(x, side, self.extent, padding=side // 2, count_include_pad=False)

    def gate(self, x: Tensor) -> Tensor:
        """One weight in (0, 1) for each value: ``(B, C, H, W) -> (B, C, H, W)``; ``(B, C, 1, 1)`` of the whole map."""
        context = self.gather(x)
        if self.reduce is not None and self.expand is not None:
            context = self.expand(torch.relu(self.reduce(context)))
        if self.extent is not None:
            context = F.interpolate(context, size=x.shape[2:], mode="nearest")
        return torch.sigmoid(context)

    def forward(self, x: Tensor) -> Tensor:
        """The gated features: ``(B, C, H, W) -> (B, C, H, W)``."""
        return x * self.gate(x)
