"""Non-local block: every place takes a mean over all places, weighed by how alike they are.

Wang, Girshick, Gupta, He: "Non-local Neural Networks", CVPR 2018, the embedded Gaussian.

    a_ij = softmax over j of (theta(x_i) . phi(x_j))       theta, phi, g: 1x1, C -> C/2
    y_i  = sum_j a_ij g(x_j)
    z_i  = BN(W y_i) + x_i                                 W: 1x1, C/2 -> C

The batch norm's scale starts at 0, as in the paper, so that a new block changes nothing: in its first step only the
batch norm learns. Memory grows with (H W)^2.

Deviations, and where they come from:
- phi has no bias, for the softmax would cancel it; the authors' code has one;
- the hidden width is ``max(1, channels // reduction)``;
- phi and g see all places; the paper also halves them by pooling in places, to save time.
"""

from __future__ import annotations

from torch import Tensor, nn

from attncourse.attention.checks import require_at_least, require_channels, require_feature_maps


class NonLocal(nn.Module):
    """Self-attention over all places, added to the input.

    Args:
        channels: C, the number of channels of the input, at least 1.
        reduction: by which the hidden layers are narrower than C, at least 1.

    Raises:
        ValueError: an argument is out of its range; the input is not ``(B, C, H, W)`` with this C.
    """

    def __init__(self, channels: int, reduction: int = 2) -> None:
        super().__init__()
        require_channels(channels)
        require_at_least("reduction", reduction, "the paper uses 2")
        hidden = max(1, channels // reduction)
        self.channels = channels
        self.query = nn.Conv2d(channels, hidden, kernel_size=1)
        self.key = nn.Conv2d(channels, hidden, kernel_size=1, bias=False)
        self.value = nn.Conv2d(channels, hidden, kernel_size=1)
        self.expand = nn.Conv2d(hidden, channels, kernel_size=1)
        self.normalise = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.normalise.weight)

    def attention(self, x: Tensor) -> Tensor:
        """How much place i takes of place j: ``(B, C, H, W) -> (B, H W, H W)``, each row's sum is 1."""
        require_feature_maps(x, self.channels)
        logits = self.query(x).flatten(2).transpose(1, 2) @ self.key(x).flatten(2)
        return logits.softmax(dim=2)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W) -> (B, C, H, W)``."""
        attention = self.attention(x)
        gathered = self.value(x).flatten(2) @ attention.transpose(1, 2)
        return x + self.normalise(self.expand(gathered.unflatten(2, x.shape[2:])))
