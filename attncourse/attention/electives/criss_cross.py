"""Criss-cross attention: a place attends to its own row and column; twice, and it has heard of every place.

Huang, Wang, Huang, Huang, Wei, Liu: "CCNet: Criss-Cross Attention for Semantic Segmentation", ICCV 2019.

    a_u  = softmax over the H + W - 1 places p of u's row and column of (q_u . k_p)
    x'_u = gamma * sum_p a_up v_p + x_u            q, k: 1x1, C -> C/8; v: 1x1, C -> C
    y    = the same once more, with the same weights

gamma starts at 0, as in the authors' code, so that a new block changes nothing: in its first step only gamma learns.

Deviations, and where they come from:
- k has no bias, for the softmax would cancel it; the authors' code has one;
- the hidden width is ``max(1, channels // reduction)``;
- the paper's network puts a 3x3 convolution before and after; they belong to the network.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attncourse.attention.checks import require_at_least, require_channels, require_feature_maps


class CrissCrossAttention(nn.Module):
    """Attend to one's own row and column, as often as told.

    Args:
        channels: C, the number of channels of the input, at least 1.
        reduction: by which queries and keys are narrower than C, at least 1.
        passes: how often the same attention is applied, at least 1.

    Raises:
        ValueError: an argument is out of its range; the input is not ``(B, C, H, W)`` with this C.
    """

    def __init__(self, channels: int, reduction: int = 8, passes: int = 2) -> None:
        super().__init__()
        require_channels(channels)
        require_at_least("reduction", reduction, "the paper uses 8")
        require_at_least("passes", passes, "the paper uses 2")
        hidden = max(1, channels // reduction)
        self.channels = channels
        self.passes = passes
        self.query = nn.Conv2d(channels, hidden, kernel_size=1)
        self.key = nn.Conv2d(channels, hidden, kernel_size=1, bias=False)
        self.value = nn.Conv2d(channels, channels, kernel_size=1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def attention(self, x: Tensor) -> Tensor:
        """How much a place takes of its column's H places, then of its row's W: ``(B, C, H, W) -> (B, H, W, H + W)``.

        The sum is 1. The place itself counts in the row alone: its weight in the column is 0.
        """
        require_feature_maps(x, self.channels)
        query, key = self.query(x), self.key(x)
        columns = torch.einsum("bchw,bcgw->bhwg", query, key)
        rows = torch.einsum("bchw,bchv->bhwv", query, key)
        itself = torch.eye(x.shape[2], dtype=torch.bool, device=x.device)[:, None]
        return torch.cat([columns.masked_fill(itself, float("-inf")), rows], dim=3).softmax(dim=3)

    def _once(self, x: Tensor) -> Tensor:
        columns, rows = self.attention(x).split([x.shape[2], x.shape[3]], dim=3)
        value = self.value(x)
        # Matrix products, a column and a row at a time: (B, W, H, H) @ (B, W, H, C) and (B, H, W, W) @ (B, H, W, C).
        of_columns = columns.transpose(1, 2) @ value.permute(0, 3, 2, 1)
        of_rows = rows @ value.permute(0, 2, 3, 1)
        return x + self.gamma * (of_columns.permute(0, 3, 2, 1) + of_rows.permute(0, 3, 1, 2))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W) -> (B, C, H, W)``."""
        for _ in range(self.passes):
            x = self._once(x)
        return x
