"""MobileNetV1: a depthwise 3x3 convolution, then a 1x1 ("pointwise") convolution, thirteen times.

Howard et al.: "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", 2017.

Where attention stands, ``place``:
- "convolution": after every convolution: the stem, each depthwise and each pointwise one. No text says so, but CBAM's
  table 5 can be had in no other way (5.07 M parameters);
- "pointwise": after each pointwise convolution, as the count of Hu et al. (2019) has it (4.7 M parameters with SE);
- "stage": before the second, third and fourth depthwise convolution of stride 2, as BAM's table has it.
"""

from __future__ import annotations

from torch import nn

from attncourse.hosts.layers import Host, classifier, convolution
from attncourse.hosts.options import at_least_one, widened
from attncourse.hosts.slot import Attention, Slot

# The pointwise convolutions' outputs; every stage but the first begins with stride 2.
STAGES = ((64,), (128, 128), (256, 256), (512, 512, 512, 512, 512, 512), (1024, 1024))


def mobilenet_v1(
    attention: Attention = None, *, width: float = 1.0, classes: int = 1000, place: str | None = None
) -> Host:
    """``width`` multiplies all channels (alpha in the paper); fractions are cut off."""
    at_least_one("classes", classes)
    slot = Slot(attention, place, places=("convolution", "pointwise", "stage"))
    before = widened(32, width)
    stem = nn.Sequential(convolution(3, before, 3, stride=2), slot.at("convolution", before))
    stages: list[nn.Module] = []
    for stage, outputs in enumerate(STAGES):
        layers: list[nn.Module] = []
        for block, output in enumerate(outputs):
            channels = widened(output, width)
            stride = 2 if block == 0 and stage > 0 else 1
            layers += [convolution(before, before, 3, stride, groups=before), slot.at("convolution", before)]
            layers += [convolution(before, channels, 1), slot.at("convolution", channels)]
            layers.append(slot.at("pointwise", channels))
            before = channels
        if 0 < stage < len(STAGES) - 1:
            layers.append(slot.at("stage", before))
        stages.append(nn.Sequential(*layers))
    return Host(stem, stages, classifier(before, classes))
