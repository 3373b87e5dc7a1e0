"""ResNet: blocks whose branch is added to a shortcut; attention at the end of the branch, before the addition.

He, Zhang, Ren, Sun: "Deep Residual Learning for Image Recognition", CVPR 2016. Widened ("WRN-18") as in the tables of
CBAM and BAM: the stages 1.5 or 2 times as wide, the stem as it was.

Which convolution of a bottleneck has the stride: the first 1x1, as in the paper and in the tables of CBAM and BAM
(3.858 G multiply-adds), or the 3x3, as in PyTorch's models ("ResNet 1.5", 4.089 G).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from attncourse.hosts.layers import Host, classifier, convolution
from attncourse.hosts.options import at_least_one, one_of, widened
from attncourse.hosts.slot import Attention, Slot

STRIDES = ("1x1", "3x3")
STEMS = ("imagenet", "cifar")
Block = Callable[[int, int, int], nn.Module]


class Residual(nn.Module):
    """``relu(attention(branch(x)) + shortcut(x))``: ``(B, C_in, H, W) -> (B, C, H / stride, W / stride)``."""

    def __init__(self, branch: nn.Module, attention: nn.Module, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.branch = branch
        self.attention = attention
        self.shortcut: nn.Module = nn.Identity()
        if channels_in != channels or stride != 1:
            self.shortcut = convolution(channels_in, channels, 1, stride, activation=None)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.attention(self.branch(x)) + self.shortcut(x))


def basic(slot: Slot) -> Block:
    """Two 3x3 convolutions."""

    def block(channels_in: int, channels: int, stride: int) -> nn.Module:
        branch = nn.Sequential(
            convolution(channels_in, channels, 3, stride), convolution(channels, channels, 3, activation=None)
        )
        return Residual(branch, slot.at("block", channels), channels_in, channels, stride)

    return block


def bottleneck(slot: Slot, stride_on: str, groups: int = 1, inner: int = 4) -> Block:
    """1x1, 3x3, 1x1 convolutions; the middle one ``inner`` times narrower than the output, in ``groups``."""
    one_of("stride_on", stride_on, STRIDES)

    def block(channels_in: int, channels: int, stride: int) -> nn.Module:
        hidden = channels // inner
        first, middle = (stride, 1) if stride_on == "1x1" else (1, stride)
        branch = nn.Sequential(
            convolution(channels_in, hidden, 1, first),
            convolution(hidden, hidden, 3, middle, groups=groups),
            convolution(hidden, channels, 1, activation=None),
        )
        return Residual(branch, slot.at("block", channels), channels_in, channels, stride)

    return block


def residual_network(
    block: Block, depths: Sequence[int], channels: Sequence[int], slot: Slot, *, classes: int, stem: str
) -> Host:
    """Stages of blocks; the stem of ImageNet divides the size by 4, that of CIFAR keeps it."""
    at_least_one("classes", classes)
    one_of("stem", stem, STEMS)
    start = nn.Sequential(convolution(3, 64, 7, stride=2), nn.MaxPool2d(3, 2, 1))
    if stem == "cifar":
        start = convolution(3, 64, 3)
    stages: list[nn.Module] = []
    before = 64
    for stage, (depth, width) in enumerate(zip(depths, channels, strict=True)):
        strides = [1 if stage == 0 else 2] + [1] * (depth - 1)
        blocks = []
        for stride in strides:
            blocks.append(block(before, width, stride))
            before = width
        if stage < len(depths) - 1:
            blocks.append(slot.at("stage", width))
        stages.append(nn.Sequential(*blocks))
    return Host(start, stages, classifier(before, classes))


NARROW = (64, 128, 256, 512)
WIDE = (256, 512, 1024, 2048)


def resnet18(
    attention: Attention = None, *, classes: int = 1000, place: str | None = None, stem: str = "imagenet"
) -> Host:
    slot = Slot(attention, place)
    return residual_network(basic(slot), (2, 2, 2, 2), NARROW, slot, classes=classes, stem=stem)


def resnet34(
    attention: Attention = None, *, classes: int = 1000, place: str | None = None, stem: str = "imagenet"
) -> Host:
    slot = Slot(attention, place)
    return residual_network(basic(slot), (3, 4, 6, 3), NARROW, slot, classes=classes, stem=stem)


def resnet50(
    attention: Attention = None,
    *,
    classes: int = 1000,
    place: str | None = None,
    stride_on: str = "1x1",
    stem: str = "imagenet",
) -> Host:
    slot = Slot(attention, place)
    return residual_network(bottleneck(slot, stride_on), (3, 4, 6, 3), WIDE, slot, classes=classes, stem=stem)


def resnet101(
    attention: Attention = None,
    *,
    classes: int = 1000,
    place: str | None = None,
    stride_on: str = "1x1",
    stem: str = "imagenet",
) -> Host:
    slot = Slot(attention, place)
    return residual_network(bottleneck(slot, stride_on), (3, 4, 23, 3), WIDE, slot, classes=classes, stem=stem)


def wrn18(
    attention: Attention = None,
    *,
    width: float = 1.5,
    classes: int = 1000,
    place: str | None = None,
    stem: str = "imagenet",
) -> Host:
    """ResNet-18 with stages ``width`` times as wide: 1.5 and 2.0 in the tables."""
    slot = Slot(attention, place)
    channels = [widened(channels, width) for channels in NARROW]
    return residual_network(basic(slot), (2, 2, 2, 2), channels, slot, classes=classes, stem=stem)
