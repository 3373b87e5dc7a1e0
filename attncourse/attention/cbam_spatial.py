"""CBAM's spatial attention: weigh each place by what the mean and the maximum over its channels say.

Woo, Park, Lee, Kweon: "CBAM: Convolutional Block Attention Module", ECCV 2018, section 3.

    Ms(F) = sigmoid(conv_kxk([mean_c F ; max_c F])),   k = 7                      (eq. 3)
    F''   = Ms(F) * F                                                             (eq. 1)

Deviations, and where they come from:
- a batch norm follows the convolution, which has no bias, as in the authors' code and in the paper's table 4
  (49 * 2 + 2 = 100 parameters); eq. 3 writes none, and ``batch_norm=False`` leaves it out;
- the two maps are stacked in the equation's order, (mean, max); the authors' code stacks (max, mean), so its
  convolution weights load with their two input channels swapped (``attncourse.attention.interchange``);
- the authors' ResNet starts with that batch norm's scale at 0, so that every gate begins at 0.5; ours starts at 1.

No size depends on the number of channels, so there is no ``channels`` argument: ``SpatialAttention()`` fits any input,
and ``attncourse.attention.build("cbam_spatial", channels)`` builds it where a host passes the channels to every module.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from attncourse.attention.checks import require_feature_maps, require_flag, require_odd, require_subset

_DESCRIPTORS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda x: x.mean(dim=1, keepdim=True),
    "max": lambda x: x.amax(dim=1, keepdim=True),
}


class SpatialAttention(nn.Module):
    """Gate each place by a convolution over the maps of channel means and channel maxima.

    Args:
        kernel_size: k, the side of the convolution's window, odd.
        batch_norm: normalise the convolution's output, as the authors' code does.
        pools: the descriptors in use, ``"mean"`` and ``"max"`` in the paper, stacked in this order.

    Raises:
        ValueError: ``kernel_size`` is even or below 1; ``batch_norm`` is neither True nor False; ``pools`` is empty or
            names an unknown descriptor; the input is not ``(B, C, H, W)``.
    """

    def __init__(self, kernel_size: int = 7, batch_norm: bool = True, pools: Sequence[str] = ("mean", "max")) -> None:
        super().__init__()
        require_odd("kernel_size", kernel_size, "the paper uses 7")
        require_flag("batch_norm", batch_norm)
        require_subset("pools", pools, tuple(_DESCRIPTORS))
        self.pools = tuple(pools)
        self.convolution = nn.Conv2d(len(self.pools), 1, kernel_size, padding=kernel_size // 2, bias=False)
        # The momentum is the authors' code's.
        self.normalise = nn.BatchNorm2d(1, momentum=0.01) if batch_norm else nn.Identity()

    def gate(self, x: Tensor) -> Tensor:
        """One weight in (0, 1) for each place: ``(B, C, H, W) -> (B, 1, H, W)``."""
        require_feature_maps(x)
        descriptors = torch.cat([_DESCRIPTORS[pool](x) for pool in self.pools], dim=1)
        return torch.sigmoid(self.normalise(self.convolution(descriptors)))

    def forward(self, x: Tensor) -> Tensor:
        """The gated features: ``(B, C, H, W) -> (B, C, H, W)``."""
        return x * self.gate(x)
