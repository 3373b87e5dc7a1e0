"""EfficientNet-b0: MobileNetV2's block with SE inside, kernels of 3 or 5, and SiLU.

Tan, Le: "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019.

The published network is the one with ``attention="se"``: SE after the depthwise convolution of every block, its hidden
layer a quarter of the block's input channels. Without attention it is the same network with empty slots.
Deviations: SE's hidden layer has ReLU in place of SiLU (the counts are the same); no stochastic depth; PyTorch's
constants of batch norm.
"""

from __future__ import annotations

from torch import Tensor, nn

from attncourse.hosts.layers import Host, classifier, convolution
from attncourse.hosts.options import at_least_one
from attncourse.hosts.slot import Attention, Slot

# (expansion, channels, blocks, stride, kernel), grouped by resolution.
STAGES = (
    ((1, 16, 1, 1, 3),),
    ((6, 24, 2, 2, 3),),
    ((6, 40, 2, 2, 5),),
    ((6, 80, 3, 2, 3), (6, 112, 3, 1, 5)),
    ((6, 192, 4, 2, 5), (6, 320, 1, 1, 3)),
)


class MBConv(nn.Module):
    """Expand, depthwise convolution, attention, project: ``(B, C_in, H, W) -> (B, C, H / stride, W / stride)``."""

    def __init__(
        self, channels_in: int, channels: int, stride: int, expansion: int, kernel_size: int, slot: Slot
    ) -> None:
        super().__init__()
        hidden = channels_in * expansion
        options = {"reduction": 4 * expansion} if slot.name == "se" else {}
        layers: list[nn.Module] = []
        if expansion != 1:
            layers.append(convolution(channels_in, hidden, 1, activation=nn.SiLU))
        layers.append(convolution(hidden, hidden, kernel_size, stride, groups=hidden, activation=nn.SiLU))
        layers.append(slot.at("block", hidden, **options))
        layers.append(convolution(hidden, channels, 1, activation=None))
        self.branch = nn.Sequential(*layers)
        self.adds = stride == 1 and channels_in == channels

    def forward(self, x: Tensor) -> Tensor:
        y = self.branch(x)
        return x + y if self.adds else y


def efficientnet_b0(attention: Attention = None, *, classes: int = 1000, place: str | None = None) -> Host:
    at_least_one("classes", classes)
    slot = Slot(attention, place)
    stem = convolution(3, 32, 3, stride=2, activation=nn.SiLU)
    before = 32
    stages: list[nn.Module] = []
    for stage, groups in enumerate(STAGES):
        blocks: list[nn.Module] = []
        for expansion, channels, depth, stride, kernel_size in groups:
            for block in range(depth):
                blocks.append(MBConv(before, channels, stride if block == 0 else 1, expansion, kernel_size, slot))
                before = channels
        if 0 < stage < len(STAGES) - 1:
            blocks.append(slot.at("stage", before))
        stages.append(nn.Sequential(*blocks))
    stages[-1].append(convolution(before, 1280, 1, activation=nn.SiLU))  # type: ignore[operator]
    return Host(stem, stages, classifier(1280, classes, dropout=0.2))
