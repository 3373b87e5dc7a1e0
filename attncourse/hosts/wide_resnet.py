"""WRN-28: few, wide blocks for 32x32 pictures, with batch norm and ReLU before each convolution.

Zagoruyko, Komodakis: "Wide Residual Networks", BMVC 2016. Attention at the end of each block's branch; BAM after the
first two of the three stages. Without dropout.
"""

from __future__ import annotations

from torch import Tensor, nn

from attncourse.hosts.layers import Host, classifier
from attncourse.hosts.options import at_least_one
from attncourse.hosts.slot import Attention, Slot


def _convolution(channels_in: int, channels: int, kernel_size: int, stride: int = 1) -> nn.Conv2d:
    layer = nn.Conv2d(channels_in, channels, kernel_size, stride, kernel_size // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return layer


class PreActivation(nn.Module):
    """Norm, ReLU, 3x3, norm, ReLU, 3x3, added: ``(B, C_in, H, W) -> (B, C, H / stride, W / stride)``.

    Where the shape changes, the shortcut is a 1x1 convolution of the activated input, as in the authors' code.
    """

    def __init__(self, channels_in: int, channels: int, stride: int, slot: Slot) -> None:
        super().__init__()
        self.activate = nn.Sequential(nn.BatchNorm2d(channels_in), nn.ReLU())
        self.branch = nn.Sequential(
            _convolution(channels_in, channels, 3, stride),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            _convolution(channels, channels, 3),
        )
        self.attention = slot.at("block", channels)
        self.shortcut: nn.Module | None = None
        if channels_in != channels or stride != 1:
            self.shortcut = _convolution(channels_in, channels, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        activated = self.activate(x)
        shortcut = x if self.shortcut is None else self.shortcut(activated)
        return self.attention(self.branch(activated)) + shortcut


def wrn28(
    attention: Attention = None, *, width: int = 10, depth: int = 28, classes: int = 100, place: str | None = None
) -> Host:
    """WRN-28-8 and WRN-28-10 are ``width=8`` and ``width=10``; ``depth`` is 6 n + 4."""
    at_least_one("classes", classes)
    at_least_one("width", width)
    at_least_one("depth", depth)
    if depth < 10 or (depth - 4) % 6:
        raise ValueError(f"depth must be 6 n + 4 (10, 16, 22, 28, ...); got {depth}")
    slot = Slot(attention, place)
    stages: list[nn.Module] = []
    before = 16
    for stage, channels in enumerate((16 * width, 32 * width, 64 * width)):
        layers: list[nn.Module] = []
        for block in range((depth - 4) // 6):
            layers.append(PreActivation(before, channels, 2 if stage > 0 and block == 0 else 1, slot))
            before = channels
        if stage < 2:
            layers.append(slot.at("stage", channels))
        else:
            layers += [nn.BatchNorm2d(channels), nn.ReLU()]
        stages.append(nn.Sequential(*layers))
    return Host(_convolution(3, 16, 3), stages, classifier(before, classes))
