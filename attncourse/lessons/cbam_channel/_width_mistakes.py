"""Wrong answers to cbam-channel-module: the width of the hidden layer.

Seen in published code, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

import torch
from torch import nn

from attncourse.lessons.cbam_channel._parts import Channel, public_modules


class RatioIgnored(Channel):
    """You wrote 16 where `reduction` belongs, so the argument has no effect.

    Whoever asks for reduction 4 silently gets 16. One of the most copied repositories does this.

    Use the argument: `channels // reduction`.
    """

    def hidden(self, channels, reduction):
        return max(1, channels // 16)


class RatioMultiplies(Channel):
    """You multiplied by the reduction, as if it were a fraction such as 0.5.

    One text has `reduction_ratio=0.5` and multiplies. Here reduction is a divisor: 16 makes the hidden layer 16 times
    narrower, yours is 16 times wider.

    Divide: `channels // reduction`.
    """

    def hidden(self, channels, reduction):
        return max(1, int(channels * reduction))


class NoBottleneck(Channel):
    """You made the hidden layer as wide as the input: reduction is not used.

    With C = 512 that is 524,288 weights instead of 32,768. The narrow layer is what keeps the module cheap.

    Make the hidden width `max(1, channels // reduction)`.
    """

    def hidden(self, channels, reduction):
        return channels


class HiddenAsWideAsTheRatio(Channel):
    """You made the hidden layer `reduction` wide. (Expected.)

    The reduction says how many times narrower the layer is, not how wide. At C = 256 and r = 16 both are 16, and
    nobody notices.

    Divide: `channels // reduction`.
    """

    def hidden(self, channels, reduction):
        return reduction


class OneLayer(nn.Module):
    """You used a single layer, from C channels to C gates. (Expected.)

    That is C * C weights and no ReLU. The MLP has a narrow hidden layer: two layers and a ReLU between them.

    Make two layers: C to `max(1, channels // reduction)`, and back to C.
    """

    def __init__(self, channels, reduction=16):
        super().__init__()
        self.layer = nn.Linear(channels, channels)

    def forward(self, x):
        logits = self.layer(x.mean(dim=(2, 3))) + self.layer(x.amax(dim=(2, 3)))
        return x * torch.sigmoid(logits)[:, :, None, None]


class DefaultOfEight(Channel):
    """You gave `reduction` another default than 16: it is 8 in your class.

    Everything else is right, but who writes `ChannelAttention(240)` gets another network than the paper's.

    Write `reduction=16`.
    """

    def __init__(self, channels, reduction=8):
        super().__init__(channels, reduction)


class RoundsUp(Channel):
    """You rounded the hidden width up.

    For 23 channels and reduction 4 the task says 23 // 4 = 5, and yours has 6.

    Use `//`, with a floor of 1.
    """

    def hidden(self, channels, reduction):
        return -(-channels // reduction)


class MultipleOfEight(Channel):
    """You rounded the hidden width to a multiple of 8, as timm does in squeeze-and-excitation.

    Hardware likes such widths, and for 256 channels it is the same. But 12 / 3 becomes 8, and the task asks for 4.

    Use `max(1, channels // reduction)`, and keep the variant in mind.
    """

    def hidden(self, channels, reduction):
        return max(8, int(channels / reduction + 4) // 8 * 8)


class NoFloor(Channel):
    """You divided without a floor: for fewer channels than `reduction` the hidden layer has width 0.

    A Linear of width 0 does not complain: its output is the bias alone, so the gates ignore the picture.

    Write `max(1, channels // reduction)`.
    """

    def hidden(self, channels, reduction):
        return channels // reduction


class NoFloorConvolution(nn.Module):
    """You divided without a floor: for 6 channels and reduction 16 the hidden layer has 6 // 16 = 0 channels.

    A convolution with 0 output channels can be made, but it fails when it is called.

    Write `max(1, channels // reduction)`.
    """

    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = channels // reduction
        self.mlp = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, channels, 1))

    def forward(self, x):
        mean, maximum = x.mean(dim=(2, 3), keepdim=True), x.amax(dim=(2, 3), keepdim=True)
        return x * torch.sigmoid(self.mlp(mean) + self.mlp(maximum))


WIDTH_MISTAKES = public_modules(dict(vars()))
