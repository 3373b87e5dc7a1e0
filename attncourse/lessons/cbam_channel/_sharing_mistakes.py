"""Wrong answers to cbam-channel-module: which layers the two descriptors go through.

Seen in published code, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

import torch
from torch import nn

from attncourse.lessons.cbam_channel._parts import Channel, public_modules


class TwoMlps(Channel):
    """You made an MLP for each descriptor: four layers in all.

    That costs twice the parameters, and the network must learn twice what a strong channel means. The paper's MLP is
    shared: the same two layers see the means, then the maxima.

    Make two layers, and call them twice.
    """

    def __init__(self, channels, reduction=16):
        super().__init__(channels, reduction)
        hidden = self.hidden(channels, reduction)
        self.other = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))

    def join(self, mean, maximum):
        return self.mlp(mean) + self.other(maximum)


class SharesTheFirstLayerOnly(Channel):
    """You shared the first layer and gave each descriptor a second one of its own. (Expected.)

    Both layers belong to the shared MLP. What differs between the branches is the descriptor alone.

    Use one second layer for both.
    """

    def __init__(self, channels, reduction=16):
        super().__init__(channels, reduction)
        self.other = nn.Linear(self.hidden(channels, reduction), channels)

    def join(self, mean, maximum):
        return self.mlp(mean) + self.other(torch.relu(self.reduce(maximum)))


class SharesTheSecondLayerOnly(Channel):
    """You shared the second layer and gave each descriptor a first one of its own. (Expected.)

    Both layers belong to the shared MLP. What differs between the branches is the descriptor alone.

    Use one first layer for both.
    """

    def __init__(self, channels, reduction=16):
        super().__init__(channels, reduction)
        self.other = nn.Linear(channels, self.hidden(channels, reduction))

    def join(self, mean, maximum):
        return self.mlp(mean) + self.expand(torch.relu(self.other(maximum)))


class ConcatenatesTheDescriptors(Channel):
    """You put the two descriptors side by side, as 2C numbers, into one MLP.

    Then the first layer has a weight of its own for every mean and every maximum: it is twice as wide and nothing is
    shared. Concatenation is what CBAM's *spatial* half does.

    Keep the first layer at C inputs, and call the MLP twice.
    """

    def __init__(self, channels, reduction=16):
        super().__init__(channels, reduction)
        self.reduce = nn.Linear(2 * channels, self.hidden(channels, reduction))

    def join(self, mean, maximum):
        return self.mlp(torch.cat([mean, maximum], dim=1))


class _MaximumInFront(ConcatenatesTheDescriptors):
    def join(self, mean, maximum):
        return super().join(maximum, mean)


SHARING_MISTAKES = public_modules(dict(vars()))
SHARING_DRESSES = (_MaximumInFront,)
