"""MobileNetV2: inverted residuals, wide inside and narrow outside, with nothing but addition at the narrow ends.

Sandler, Howard, Zhu, Zhmoginov, Chen: "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018.

Attention stands where Hou et al. ("Coordinate Attention", CVPR 2021) and their code put it: between the depthwise and
the last 1x1 convolution of each block that expands its channels (not in the first, which does not). With their
table's reductions: 24 for SE and CBAM, 32 for coordinate attention.
"""

from __future__ import annotations

from torch import Tensor, nn

from attncourse.hosts.layers import Host, classifier, convolution, divisible
from attncourse.hosts.options import at_least_one, positive
from attncourse.hosts.slot import Attention, Slot

# (expansion, channels, blocks, stride), grouped by resolution.
STAGES = (
    ((1, 16, 1, 1),),
    ((6, 24, 2, 2),),
    ((6, 32, 3, 2),),
    ((6, 64, 4, 2), (6, 96, 3, 1)),
    ((6, 160, 3, 2), (6, 320, 1, 1)),
)


class InvertedResidual(nn.Module):
    """Expand, depthwise convolution, attention, project: ``(B, C_in, H, W) -> (B, C, H / stride, W / stride)``."""

    def __init__(self, channels_in: int, channels: int, stride: int, expansion: int, slot: Slot) -> None:
        super().__init__()
        hidden = channels_in * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers.append(convolution(channels_in, hidden, 1, activation=nn.ReLU6))
        layers.append(convolution(hidden, hidden, 3, stride, groups=hidden, activation=nn.ReLU6))
        if expansion != 1:
            layers.append(slot.at("block", hidden))
        layers.append(convolution(hidden, channels, 1, activation=None))
        self.branch = nn.Sequential(*layers)
        self.adds = stride == 1 and channels_in == channels

    def forward(self, x: Tensor) -> Tensor:
        y = self.branch(x)
        return x + y if self.adds else y


def mobilenet_v2(
    attention: Attention = None, *, width: float = 1.0, classes: int = 1000, place: str | None = None
) -> Host:
    """``width`` multiplies all channels, to multiples of 8; the last 1x1 convolution gives at least 1280."""
    at_least_one("classes", classes)
    positive("width", width)
    slot = Slot(attention, place, options={"se": {"reduction": 24}, "cbam": {"reduction": 24}})
    before = divisible(32 * width)
    stem = convolution(3, before, 3, stride=2, activation=nn.ReLU6)
    stages: list[nn.Module] = []
    for stage, groups in enumerate(STAGES):
        blocks: list[nn.Module] = []
        for expansion, output, depth, stride in groups:
            channels = divisible(output * width)
            for block in range(depth):
                blocks.append(InvertedResidual(before, channels, stride if block == 0 else 1, expansion, slot))
                before = channels
        if 0 < stage < len(STAGES) - 1:
            blocks.append(slot.at("stage", before))
        stages.append(nn.Sequential(*blocks))
    last = max(1280, divisible(1280 * width))
    stages[-1].append(convolution(before, last, 1, activation=nn.ReLU6))  # type: ignore[operator]
    return Host(stem, stages, classifier(last, classes, dropout=0.2))
