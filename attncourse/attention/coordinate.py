"""Coordinate attention: weigh each channel's rows and each channel's columns, so that the gate knows where.

Hou, Zhou, Feng: "Coordinate Attention for Efficient Mobile Network Design", CVPR 2021, section 3.

    z_h(c, i) = mean_j x(c, i, j)        one value a row                          (eq. 4)
    z_w(c, j) = mean_i x(c, i, j)        one value a column                       (eq. 5)
    f         = delta(BN(F1([z_h ; z_w])))     F1: 1x1, C -> m, on H + W places   (eq. 6)
    g_h = sigmoid(Fh(f_h)),  g_w = sigmoid(Fw(f_w))     1x1, m -> C               (eq. 7, 8)
    y(c, i, j) = x(c, i, j) * g_h(c, i) * g_w(c, j)                               (eq. 9)

F1 mixes channels, never places: rows and columns meet in its weights and in the batch norm's statistics alone.

Deviations, and where they come from:
- the hidden width is ``max(8, channels // reduction)``: the floor of 8 is in the authors' code and in the paper's
  parameter counts, and the paper writes C/r;
- delta, "a non-linear activation function" in the paper, is h-swish, as in the authors' code;
- all three convolutions have a bias, as in the authors' code and in the parameter counts.

``directions`` is the ablation of the paper's table 1: "x" pools along the width and keeps the row gate alone ("X
Attention"), "y" pools along the height and keeps the column gate alone. That table's 3.89M fits ``reduction=24``.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attncourse.attention.checks import (
    require_at_least,
    require_channels,
    require_choice,
    require_feature_maps,
)

_DIRECTIONS = ("both", "x", "y")


class CoordinateAttention(nn.Module):
    """Gate each channel's rows and columns by their means.

    Args:
        channels: C, the number of channels of the input, at least 1.
        reduction: r, by which the hidden layer is narrower than C down to 8 channels, at least 1.
        directions: ``"both"`` (the paper's), ``"x"`` (the row gate alone) or ``"y"`` (the column gate alone).

    Raises:
        ValueError: an argument is out of its range; the input is not ``(B, C, H, W)`` with this C; a gate is asked for
            that ``directions`` leaves out.
    """

    def __init__(self, channels: int, reduction: int = 32, directions: str = "both") -> None:
        super().__init__()
        require_channels(channels)
        require_at_least("reduction", reduction, "the paper uses 32")
        require_choice("directions", directions, _DIRECTIONS)
        hidden = max(8, channels // reduction)
        self.channels = channels
        self.directions = directions
        self.reduce = nn.Conv2d(channels, hidden, kernel_size=1)
        self.normalise = nn.BatchNorm2d(hidden)
        self.expand_rows = nn.Conv2d(hidden, channels, kernel_size=1) if directions != "y" else None
        self.expand_columns = nn.Conv2d(hidden, channels, kernel_size=1) if directions != "x" else None

    def gates(self, x: Tensor) -> list[Tensor]:
        """The gates in use, rows ``(B, C, H, 1)`` before columns ``(B, C, 1, W)``, each in (0, 1)."""
        require_feature_maps(x, self.channels)
        descriptors = []
        if self.expand_rows is not None:
            descriptors.append(x.mean(dim=3, keepdim=True))
        if self.expand_columns is not None:
            # (B, C, W, 1), so that columns line up below the rows.
            descriptors.append(x.mean(dim=2).unsqueeze(3))
        hidden = F.hardswish(self.normalise(self.reduce(torch.cat(descriptors, dim=2))))
        parts = list(hidden.split([descriptor.shape[2] for descriptor in descriptors], dim=2))
        gates = []
        if self.expand_rows is not None:
            gates.append(torch.sigmoid(self.expand_rows(parts[0])))
        if self.expand_columns is not None:
            gates.append(torch.sigmoid(self.expand_columns(parts[-1].transpose(2, 3))))
        return gates

    def row_gate(self, x: Tensor) -> Tensor:
        """One weight in (0, 1) for each row of each channel: ``(B, C, H, W) -> (B, C, H, 1)``."""
        if self.expand_rows is None:
            raise ValueError("there is no row gate with directions='y'; build the module with 'both' or 'x'")
        return self.gates(x)[0]

    def column_gate(self, x: Tensor) -> Tensor:
        """One weight in (0, 1) for each column of each channel: ``(B, C, H, W) -> (B, C, 1, W)``."""
        if self.expand_columns is None:
            raise ValueError("there is no column gate with directions='x'; build the module with 'both' or 'y'")
        return self.gates(x)[-1]

    def gate(self, x: Tensor) -> Tensor:
        """The product of the gates in use, in (0, 1): ``(B, C, H, W) -> (B, C, H, W)``, one gate alone broadcast."""
        gate = torch.ones_like(x)
        for part in self.gates(x):
            gate = gate * part
        return gate

    def forward(self, x: Tensor) -> Tensor:
        """The gated features: ``(B, C, H, W) -> (B, C, H, W)``."""
        for gate in self.gates(x):
            x = x * gate
        return x
