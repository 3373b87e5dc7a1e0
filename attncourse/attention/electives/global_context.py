"""Global context: one attention map for the whole image gathers a context vector, and every place receives it.

Cao, Xu, Lin, Wei, Hu: "GCNet: Non-local Networks Meet Squeeze-Excitation Networks and Beyond", ICCVW 2019.

    a_j = softmax over all places of (Wk x_j)
    c   = sum_j a_j x_j
    y_i = x_i + W2 relu(LN(W1 c))            W1: C -> C/r, W2: C/r -> C

``fusion="multiply"`` scales by ``sigmoid(W2 relu(LN(W1 c)))`` instead, as one of the paper's variants does.

Deviations, and where they come from:
- the hidden width is ``max(4, channels // reduction)``: the layer norm of a single value is 0 whatever it was;
- Wk has no bias, for the softmax would cancel it; the authors' code has one;
- W2 starts as PyTorch starts it; the authors' code starts it at 0.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attncourse.attention.checks import (
    require_at_least,
    require_channels,
    require_choice,
    require_feature_maps,
)


class GlobalContext(nn.Module):
    """Add a bottleneck of an attended mean to every place.

    Args:
        channels: C, the number of channels of the input, at least 1.
        reduction: r, by which the hidden layer is narrower than C down to 4 channels, at least 1.
        fusion: ``"add"`` (the paper's choice) or ``"multiply"``.

    Raises:
        ValueError: an argument is out of its range; the input is not ``(B, C, H, W)`` with this C.
    """

    def __init__(self, channels: int, reduction: int = 16, fusion: str = "add") -> None:
        super().__init__()
        require_channels(channels)
        require_at_least("reduction", reduction, "the paper uses 16")
        require_choice("fusion", fusion, ("add", "multiply"))
        hidden = max(4, channels // reduction)
        self.channels = channels
        self.fusion = fusion
        self.key = nn.Conv2d(channels, 1, kernel_size=1, bias=False)
        self.reduce = nn.Linear(channels, hidden)
        self.normalise = nn.LayerNorm(hidden)
        self.expand = nn.Linear(hidden, channels)

    def attention(self, x: Tensor) -> Tensor:
        """The map by which the context is gathered: ``(B, C, H, W) -> (B, 1, H, W)``, its sum is 1."""
        return self._weights(x).reshape(x.shape[0], 1, *x.shape[2:])

    def _weights(self, x: Tensor) -> Tensor:
        """``(B, C, H, W) -> (B, 1, H W)``."""
        require_feature_maps(x, self.channels)
        return self.key(x).flatten(2).softmax(dim=2)

    def context(self, x: Tensor) -> Tensor:
        """What every place receives: ``(B, C, H, W) -> (B, C, 1, 1)``, any real numbers."""
        # The weighted sum over the places, as a matrix product: (B, C, H W) @ (B, H W, 1). On a CPU torch multiplies by
        # a transposed (B, 1, H W) several times as fast as by a (B, H W, 1) made with reshape.
        weights = self._weights(x).transpose(1, 2)
        gathered = (x.flatten(2) @ weights).squeeze(2)
        return self.expand(torch.relu(self.normalise(self.reduce(gathered))))[:, :, None, None]

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W) -> (B, C, H, W)``."""
        context = self.context(x)
        return x + context if self.fusion == "add" else x * torch.sigmoid(context)
