"""MobileNeXt: sandglass blocks, the residual turned round again: wide outside, narrow inside, depthwise at both ends.

Zhou, Hou, Chen, Feng, Yan: "Rethinking Bottleneck Structure for Efficient Mobile Network Design", ECCV 2020.

The layout is that of the authors' code: a block that opens a group of several has no first depthwise convolution, and a
last one only where it has the stride. Attention stands where Hou et al. ("Coordinate Attention", CVPR 2021) put it:
after the first depthwise convolution, in 15 of the 20 blocks; with 24, their MobileNetV2's reduction, for SE and CBAM.
"""

from __future__ import annotations

from torch import Tensor, nn

from attncourse.hosts.layers import Host, classifier, convolution, divisible
from attncourse.hosts.options import at_least_one, positive
from attncourse.hosts.slot import Attention, Slot

# (reduction inside the block, channels, blocks, stride), grouped by resolution.
STAGES = (
    ((2, 96, 1, 2), (6, 144, 1, 1)),
    ((6, 192, 3, 2),),
    ((6, 288, 3, 2), (6, 384, 4, 1)),
    ((6, 576, 4, 2), (6, 960, 3, 1), (6, 1280, 1, 1)),
)


class Sandglass(nn.Module):
    """Depthwise, attention, narrow, widen, depthwise: ``(B, C_in, H, W) -> (B, C, H / stride, W / stride)``.

    ``opens`` a group of several: such a block changes the channels, without the first depthwise convolution.
    """

    def __init__(self, channels_in: int, channels: int, stride: int, reduction: int, opens: bool, slot: Slot) -> None:
        super().__init__()
        hidden = channels_in // reduction
        if hidden < channels / 6:
            hidden = divisible(-(-channels // 6), 16)
        self.adds = channels_in == channels and stride == 1
        whole = self.adds or not opens
        layers: list[nn.Module] = []
        if whole:
            layers.append(convolution(channels_in, channels_in, 3, groups=channels_in, activation=nn.ReLU6))
            layers.append(slot.at("block", channels_in))
        layers.append(convolution(channels_in, hidden, 1, activation=None))
        layers.append(convolution(hidden, channels, 1, activation=nn.ReLU6))
        if whole or stride == 2:
            layers.append(convolution(channels, channels, 3, stride, groups=channels, activation=None))
        self.branch = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        y = self.branch(x)
        return x + y if self.adds else y


def mobilenext(
    attention: Attention = None, *, width: float = 1.0, classes: int = 1000, place: str | None = None
) -> Host:
    """``width`` multiplies all channels, to multiples of 8; the last block gives at least 1280."""
    at_least_one("classes", classes)
    positive("width", width)
    slot = Slot(attention, place, options={"se": {"reduction": 24}, "cbam": {"reduction": 24}})
    before = divisible(32 * width)
    stem = convolution(3, before, 3, stride=2, activation=nn.ReLU6)
    stages: list[nn.Module] = []
    for stage, groups in enumerate(STAGES):
        blocks: list[nn.Module] = []
        for reduction, output, depth, stride in groups:
            channels = max(output, divisible(output * width)) if output == 1280 else divisible(output * width)
            for block in range(depth):
                opens = block == 0 and depth > 1
                blocks.append(Sandglass(before, channels, stride if block == 0 else 1, reduction, opens, slot))
                before = channels
        if stage < len(STAGES) - 1:
            blocks.append(slot.at("stage", before))
        stages.append(nn.Sequential(*blocks))
    return Host(stem, stages, classifier(before, classes, dropout=0.2))
