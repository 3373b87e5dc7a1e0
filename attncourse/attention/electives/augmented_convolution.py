"""Attention-augmented convolution: some output channels from a convolution, the others from self-attention.

Bello, Zoph, Vaswani, Shlens, Le: "Attention Augmented Convolutional Networks", ICCV 2019.

    logits_h(i, j) = q_i . k_j + q_i . r_h[row(j) - row(i)] + q_i . r_w[column(j) - column(i)],   q scaled by 1/sqrt(d)
    head_h         = softmax over j of (logits_h) V_h
    y              = concat(conv(x), W concat(heads))

The learned r say how far apart two places are, so that the attention knows where. Memory grows with heads * (H W)^2.

Deviations, and where they come from:
- the number of heads is ``min(heads, channels - 1)``; heads share ``channels // 10`` value channels and
  ``channels // 5`` key channels (the paper's ratios 0.1 and 0.2), rounded down to at least 1 a head. The paper also
  wants at least 20 key channels a head;
- the keys have no bias, for the softmax would cancel it; the authors' code has one;
- the authors size r by the feature map; here it serves all maps up to ``largest`` rows and columns.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attncourse.attention.checks import (
    require_at_least,
    require_channels,
    require_feature_maps,
    require_odd,
)


class AugmentedConvolution(nn.Module):
    """Concatenate a convolution and multi-head self-attention with relative positions.

    Args:
        channels: C, of input and output, at least 2: one for the convolution and one for the attention.
        kernel_size: side of the convolution's window, odd.
        heads: number of heads, at least 1, and at most C - 1 are built.
        largest: the largest height or width of an input, at least 1.

    Raises:
        ValueError: an argument is out of its range; the input is not ``(B, C, H, W)`` with this C, or larger than
            ``largest``.
    """

    def __init__(self, channels: int, kernel_size: int = 3, heads: int = 4, largest: int = 64) -> None:
        super().__init__()
        require_channels(channels)
        require_at_least("channels", channels, "one is for the convolution and one for the attention", minimum=2)
        require_odd("kernel_size", kernel_size, "the paper uses 3")
        require_at_least("heads", heads, "the paper uses 8")
        require_at_least("largest", largest, "give the largest height or width of an input")
        self.channels = channels
        self.heads = min(heads, channels - 1)
        self.largest = largest
        self.key_width = max(1, channels // (5 * self.heads))
        values = self.heads * max(1, channels // (10 * self.heads))
        keys = self.heads * self.key_width
        self.convolution = nn.Conv2d(channels, channels - values, kernel_size, padding=kernel_size // 2)
        self.query = nn.Conv2d(channels, keys, kernel_size=1)
        self.key = nn.Conv2d(channels, keys, kernel_size=1, bias=False)
        self.value = nn.Conv2d(channels, values, kernel_size=1)
        self.project = nn.Conv2d(values, values, kernel_size=1)
        self.row_distance = nn.Parameter(torch.randn(2 * largest - 1, self.key_width) * self.key_width**-0.5)
        self.column_distance = nn.Parameter(torch.randn(2 * largest - 1, self.key_width) * self.key_width**-0.5)

    def _distances(self, table: Tensor, length: int) -> Tensor:
        """``table[j - i]`` for all i and j: ``(length, length, d)``."""
        place = torch.arange(length, device=table.device)
        return table[place[None, :] - place[:, None] + self.largest - 1]

    def attention(self, x: Tensor) -> Tensor:
        """How much place i takes of place j: ``(B, C, H, W) -> (B, heads, H W, H W)``, each row's sum is 1."""
        require_feature_maps(x, self.channels)
        height, width = x.shape[2:]
        if height > self.largest or width > self.largest:
            raise ValueError(
                f"expected at most {self.largest} rows and columns, got {height} and {width}; give a larger 'largest'"
            )
        shape = (self.heads, self.key_width)
        query = (self.query(x) * self.key_width**-0.5).unflatten(1, shape)
        key = self.key(x).flatten(2).unflatten(1, shape)
        content = torch.einsum("bndhw,bndm->bnhwm", query, key).unflatten(4, (height, width))
        rows = torch.einsum("bndhw,hpd->bnhwp", query, self._distances(self.row_distance, height))
        columns = torch.einsum("bndhw,wqd->bnhwq", query, self._distances(self.column_distance, width))
        logits = content + rows.unsqueeze(5) + columns.unsqueeze(4)
        return logits.flatten(4).softmax(dim=4).flatten(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W) -> (B, C, H, W)``: the convolution's channels before the attention's."""
        attention = self.attention(x)
        value = self.value(x).flatten(2).unflatten(1, (self.heads, -1))
        gathered = (value @ attention.transpose(2, 3)).flatten(1, 2).unflatten(2, x.shape[2:])
        return torch.cat([self.convolution(x), self.project(gathered)], dim=1)
