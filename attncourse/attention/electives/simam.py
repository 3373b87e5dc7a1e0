"""SimAM: a value that stands out in its channel's map is kept, with no parameters at all.

Yang, Zhang, Li, Xie: "SimAM: A Simple, Parameter-Free Attention Module for Convolutional Neural Networks", ICML 2021.

    d_ij = (x_ij - mean)^2
    v    = sum_ij d_ij / (H W - 1)
    gate = sigmoid(d_ij / (4 (v + lambda)) + 1/2)      the inverse of the paper's minimal energy
    y    = gate * x                                    each channel by itself

Deviations, and where they come from:
- v divides by ``max(1, H W - 1)``, so that a map of one place gives sigmoid(1/2) and not NaN.

No size depends on the number of channels, so there is no ``channels`` argument.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from attncourse.attention.checks import require_feature_maps


class SimAM(nn.Module):
    """Gate each value by how far it lies from its map's mean.

    Args:
        regularisation: the paper's lambda, above 0.

    Raises:
        ValueError: ``regularisation`` is not above 0; the input is not ``(B, C, H, W)``.
    """

    def __init__(self, regularisation: float = 1e-4) -> None:
        super().__init__()
        number = isinstance(regularisation, (int, float)) and not isinstance(regularisation, bool)
        if not number or not 0 < regularisation < math.inf:
            raise ValueError(f"regularisation must be a number above 0, got {regularisation!r}; the paper uses 1e-4")
        self.regularisation = regularisation

    def gate(self, x: Tensor) -> Tensor:
        """One weight in (0.5, 1) for each value: ``(B, C, H, W) -> (B, C, H, W)``."""
        require_feature_maps(x)
        distance = (x - x.mean(dim=(2, 3), keepdim=True)).square()
        others = max(1, x.shape[2] * x.shape[3] - 1)
        variance = distance.sum(dim=(2, 3), keepdim=True) / others
        return torch.sigmoid(distance / (4 * (variance + self.regularisation)) + 0.5)

    def forward(self, x: Tensor) -> Tensor:
        """The gated features: ``(B, C, H, W) -> (B, C, H, W)``."""
        return x * self.gate(x)
