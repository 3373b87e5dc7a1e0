"""VGG-16 with batch norm: thirteen 3x3 convolutions in five stages, three large linear layers.

Simonyan, Zisserman: "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015.
Attention stands after each convolution, its batch norm and its ReLU, as Hu et al. (2019) put it.
Deviations: the convolutions have no bias, because a batch norm follows; inputs of any size are averaged down to 7x7.
"""

from __future__ import annotations

from torch import nn

from attncourse.hosts.layers import Host, convolution
from attncourse.hosts.options import at_least_one
from attncourse.hosts.slot import Attention, Slot

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


def vgg16(attention: Attention = None, *, classes: int = 1000, place: str | None = None) -> Host:
    at_least_one("classes", classes)
    slot = Slot(attention, place)
    stages: list[nn.Module] = []
    before = 3
    for stage, (channels, depth) in enumerate(STAGES):
        layers: list[nn.Module] = []
        for _ in range(depth):
            layers += [convolution(before, channels, 3), slot.at("block", channels)]
            before = channels
        if stage < len(STAGES) - 1:
            layers.append(slot.at("stage", channels))
        stages.append(nn.Sequential(*layers, nn.MaxPool2d(2)))
    head = nn.Sequential(nn.AdaptiveAvgPool2d(7), nn.Flatten())
    for features in (512 * 7 * 7, 4096):
        head.extend([nn.Linear(features, 4096), nn.ReLU(), nn.Dropout(0.5)])
    head.append(nn.Linear(4096, classes))
    return Host(nn.Identity(), stages, head)
