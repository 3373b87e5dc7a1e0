"""ResNeXt 32x4d: ResNet's bottleneck with the 3x3 convolution in 32 groups, and twice as wide inside.

Xie, Girshick, Dollár, Tu, He: "Aggregated Residual Transformations for Deep Neural Networks", CVPR 2017.
"""

from __future__ import annotations

from attncourse.hosts.layers import Host
from attncourse.hosts.resnet import WIDE, bottleneck, residual_network
from attncourse.hosts.slot import Attention, Slot


def resnext50(
    attention: Attention = None, *, classes: int = 1000, place: str | None = None, stride_on: str = "1x1"
) -> Host:
    slot = Slot(attention, place)
    block = bottleneck(slot, stride_on, groups=32, inner=2)
    return residual_network(block, (3, 4, 6, 3), WIDE, slot, classes=classes, stem="imagenet")


def resnext101(
    attention: Attention = None, *, classes: int = 1000, place: str | None = None, stride_on: str = "1x1"
) -> Host:
    slot = Slot(attention, place)
    block = bottleneck(slot, stride_on, groups=32, inner=2)
    return residual_network(block, (3, 4, 23, 3), WIDE, slot, classes=classes, stem="imagenet")
