"""BN-Inception: four branches side by side, joined along the channels; attention after each join ("SE-Inception").

Ioffe, Szegedy: "Batch Normalization", ICML 2015 (figure 5); attention as in Hu et al. (2019), figure 2.
Widths are those of the released Caffe network, where block 4c gives 608 channels.
Deviation: the convolutions have no bias, because a batch norm follows.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attncourse.hosts.layers import Host, classifier, convolution
from attncourse.hosts.options import at_least_one
from attncourse.hosts.slot import Attention, Slot


class Inception(nn.Module):
    """Branches of stride 1, joined: ``(B, C_in, H, W) -> (B, C, H, W)``.

    Args:
        channels_in: C_in.
        single: channels of the 1x1 branch.
        triple: hidden and output channels of the 1x1, 3x3 branch.
        double: hidden and output channels of the 1x1, 3x3, 3x3 branch.
        pooled: channels of the 1x1 convolution behind the pooling.
        slot: the host's slot.
        pool: the pooling, 3x3 of stride 1.
    """

    def __init__(
        self,
        channels_in: int,
        single: int,
        triple: tuple[int, int],
        double: tuple[int, int],
        pooled: int,
        slot: Slot,
        pool: type[nn.AvgPool2d] | type[nn.MaxPool2d] = nn.AvgPool2d,
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            [
                convolution(channels_in, single, 1),
                nn.Sequential(convolution(channels_in, triple[0], 1), convolution(triple[0], triple[1], 3)),
                nn.Sequential(
                    convolution(channels_in, double[0], 1),
                    convolution(double[0], double[1], 3),
                    convolution(double[1], double[1], 3),
                ),
                nn.Sequential(pool(3, 1, 1), convolution(channels_in, pooled, 1)),
            ]
        )
        self.channels = single + triple[1] + double[1] + pooled
        self.attention = slot.at("block", self.channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(torch.cat([branch(x) for branch in self.branches], dim=1))


class Reduction(nn.Module):
    """Branches of stride 2, joined: ``(B, C_in, H, W) -> (B, C, H / 2, W / 2)``; the pooled input joins as it is."""

    def __init__(self, channels_in: int, triple: tuple[int, int], double: tuple[int, int], slot: Slot) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            [
                nn.Sequential(convolution(channels_in, triple[0], 1), convolution(triple[0], triple[1], 3, stride=2)),
                nn.Sequential(
                    convolution(channels_in, double[0], 1),
                    convolution(double[0], double[1], 3),
                    convolution(double[1], double[1], 3, stride=2),
                ),
                nn.MaxPool2d(3, 2, padding=1),
            ]
        )
        self.channels = triple[1] + double[1] + channels_in
        self.attention = slot.at("block", self.channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(torch.cat([branch(x) for branch in self.branches], dim=1))


def se_inception(attention: Attention = None, *, classes: int = 1000, place: str | None = None) -> Host:
    """``attention="se"`` is SE-BN-Inception; None is the plain BN-Inception."""
    at_least_one("classes", classes)
    slot = Slot(attention, place)
    stem = nn.Sequential(
        convolution(3, 64, 7, stride=2),
        nn.MaxPool2d(3, 2, padding=1),
        convolution(64, 64, 1),
        convolution(64, 192, 3),
        nn.MaxPool2d(3, 2, padding=1),
    )
    third = nn.Sequential(
        Inception(192, 64, (64, 64), (64, 96), 32, slot),
        Inception(256, 64, (64, 96), (64, 96), 64, slot),
        slot.at("stage", 320),
    )
    fourth = nn.Sequential(
        Reduction(320, (128, 160), (64, 96), slot),
        Inception(576, 224, (64, 96), (96, 128), 128, slot),
        Inception(576, 192, (96, 128), (96, 128), 128, slot),
        Inception(576, 160, (128, 160), (128, 160), 128, slot),
        Inception(608, 96, (128, 192), (160, 192), 128, slot),
        slot.at("stage", 608),
    )
    fifth = nn.Sequential(
        Reduction(608, (128, 192), (192, 256), slot),
        Inception(1056, 352, (192, 320), (160, 224), 128, slot),
        Inception(1024, 352, (192, 320), (192, 224), 128, slot, pool=nn.MaxPool2d),
    )
    return Host(stem, [third, fourth, fifth], classifier(1024, classes))
