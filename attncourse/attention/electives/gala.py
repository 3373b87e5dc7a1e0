"""GALA: global and local attention, mixed channel by channel by sums and by products.

Linsley, Shiebler, Eberhardt, Serre: "Learning what and where to attend", ICLR 2019.

    G  = W_expand relu(W_shrink mean_ij x)                    what: one number a channel
    S  = V_collapse relu(V_shrink x)                          where: one number a place, 1x1 convolutions
    A  = tanh(a_c (S_ij + G_c) + m_c (S_ij G_c))              a, m: learned, one number a channel
    y  = A * x

The gate lies in (-1, 1): it can also turn a feature's sign. The paper supervises A by maps of what people clicked on
(ClickMe); that loss belongs to a training, not to this module.

Deviations, and where they come from:
- a and m start at 1; the paper does not say;
- the hidden width is ``max(1, channels // reduction)``, with r = 4;
- written from the paper's equations as second-hand sources give them; not compared with the authors' TensorFlow code.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attncourse.attention.checks import require_at_least, require_channels, require_feature_maps


class GALA(nn.Module):
    """Gate every value by a mixture of a channel path and a place path.

    Args:
        channels: C, the number of channels of the input, at least 1.
        reduction: r, by which both paths' hidden layers are narrower than C, at least 1.

    Raises:
        ValueError: an argument is out of its range; the input is not ``(B, C, H, W)`` with this C.
    """

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        require_channels(channels)
        require_at_least("reduction", reduction, "the paper uses 4")
        hidden = max(1, channels // reduction)
        self.channels = channels
        self.channel_reduce = nn.Conv2d(channels, hidden, kernel_size=1)
        self.channel_expand = nn.Conv2d(hidden, channels, kernel_size=1)
        self.spatial_reduce = nn.Conv2d(channels, hidden, kernel_size=1)
        self.spatial_collapse = nn.Conv2d(hidden, 1, kernel_size=1)
        self.additive = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.multiplicative = nn.Parameter(torch.ones(1, channels, 1, 1))

    def channel_logits(self, x: Tensor) -> Tensor:
        """The paper's G, any real numbers: ``(B, C, H, W) -> (B, C, 1, 1)``."""
        require_feature_maps(x, self.channels)
        means = x.mean(dim=(2, 3), keepdim=True)
        return self.channel_expand(torch.relu(self.channel_reduce(means)))

    def spatial_logits(self, x: Tensor) -> Tensor:
        """The paper's S, any real numbers: ``(B, C, H, W) -> (B, 1, H, W)``."""
        require_feature_maps(x, self.channels)
        return self.spatial_collapse(torch.relu(self.spatial_reduce(x)))

    def gate(self, x: Tensor) -> Tensor:
        """The paper's A, in (-1, 1): ``(B, C, H, W) -> (B, C, H, W)``."""
        what, where = self.channel_logits(x), self.spatial_logits(x)
        return torch.tanh(self.additive * (where + what) + self.multiplicative * (where * what))

    def forward(self, x: Tensor) -> Tensor:
        """The gated features: ``(B, C, H, W) -> (B, C, H, W)``."""
        return x * self.gate(x)
