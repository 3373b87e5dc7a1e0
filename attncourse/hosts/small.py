"""The small, fast network of the CIFAR lab: three residual stages, some ten seconds of one processor for an epoch.

Ours, after no paper. A stem of stride 2 does the first halving, because places cost time and 32x32 pictures are
redundant. Attention at the end of each block's branch, as in ResNet.
"""

from __future__ import annotations

from torch import nn

from attncourse.hosts.layers import Host, classifier, convolution
from attncourse.hosts.options import at_least_one
from attncourse.hosts.resnet import basic
from attncourse.hosts.slot import Attention, Slot

CHANNELS = (16, 32, 64)


def small(attention: Attention = None, *, classes: int = 10, place: str | None = None) -> Host:
    at_least_one("classes", classes)
    slot = Slot(attention, place)
    block = basic(slot)
    stages: list[nn.Module] = []
    before = CHANNELS[0]
    for stage, channels in enumerate(CHANNELS):
        layers = [block(before, channels, 1 if stage == 0 else 2)]
        if stage < len(CHANNELS) - 1:
            layers.append(slot.at("stage", channels))
        stages.append(nn.Sequential(*layers))
        before = channels
    return Host(convolution(3, CHANNELS[0], 3, stride=2), stages, classifier(before, classes))
