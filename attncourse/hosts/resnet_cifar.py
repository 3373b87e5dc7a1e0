"""The thin ResNets for 32x32 pictures: three stages of 16, 32 and 64 channels, 6 n + 2 layers deep.

He, Zhang, Ren, Sun: "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2. The shortcuts have no
parameters ("option A"): every second place, and channels of zeros. Attention at the end of each block's branch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from attncourse.hosts.layers import Host, classifier, convolution
from attncourse.hosts.options import at_least_one
from attncourse.hosts.slot import Attention, Slot


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut: ``(B, C_in, H, W) -> (B, C, H / stride, W / stride)``."""

    def __init__(self, channels_in: int, channels: int, stride: int, slot: Slot) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            convolution(channels_in, channels, 3, stride), convolution(channels, channels, 3, activation=None)
        )
        self.attention = slot.at("block", channels)
        self.stride = stride
        self.missing = channels - channels_in

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x[:, :, :: self.stride, :: self.stride]
        shortcut = functional.pad(shortcut, (0, 0, 0, 0, self.missing // 2, self.missing - self.missing // 2))
        return torch.relu(self.attention(self.branch(x)) + shortcut)


def _network(blocks: int, attention: Attention, classes: int, place: str | None) -> Host:
    at_least_one("classes", classes)
    slot = Slot(attention, place)
    stages: list[nn.Module] = []
    before = 16
    for stage, channels in enumerate((16, 32, 64)):
        layers: list[nn.Module] = []
        for block in range(blocks):
            layers.append(Block(before, channels, 2 if stage > 0 and block == 0 else 1, slot))
            before = channels
        if stage < 2:
            layers.append(slot.at("stage", channels))
        stages.append(nn.Sequential(*layers))
    return Host(convolution(3, 16, 3), stages, classifier(64, classes))


def resnet20(attention: Attention = None, *, classes: int = 10, place: str | None = None) -> Host:
    return _network(3, attention, classes, place)


def resnet56(attention: Attention = None, *, classes: int = 10, place: str | None = None) -> Host:
    return _network(9, attention, classes, place)


def resnet110(attention: Attention = None, *, classes: int = 10, place: str | None = None) -> Host:
    return _network(18, attention, classes, place)
