"""Wrong answers to bam-module, third part: where its batch norms stand.

Seen in published code, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

from torch import nn

from attncourse.lessons.bam._parts import BOTH, HIDDEN, NOWHERE, Bam, branch, public_modules


class NoBatchNorm(Bam):
    """You left the batch norms out.

    The paper ends each branch with one, so that neither drowns the other in the sum. Its table of parameters has them.

    Put `nn.BatchNorm2d` at the end of each branch (or behind the hidden layers, as the authors' code does).
    """

    norm = ""


class NormalisesTheSum(Bam):
    """You put one batch norm behind the sum, none in the branches. (Expected.)

    The branches' scales are then lost before they are made alike, which is what the norms are for.

    Normalise each branch by itself.
    """

    norm = ""

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__(channels, reduction, dilation)
        self.normalise = nn.BatchNorm2d(channels)

    def logits(self, x):
        return self.normalise(super().logits(x))


class OnlyTheChannelBranchIsNormalised(Bam):
    """You gave the channel branch a batch norm, and the spatial branch none. (Expected.)

    The sum then weighs the two by chance: one has a set scale, the other any.

    Put a batch norm into the spatial branch as well.
    """

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__(channels, reduction, dilation)
        layers = self.spatial_layers(channels, self.hidden(channels, reduction))
        self.spatial = branch(layers, "", self.biases, self.spacing(dilation))


class OnlyTheSpatialBranchIsNormalised(Bam):
    """You gave the spatial branch a batch norm, and the channel branch none. (Expected.)

    The sum then weighs the two by chance: one has a set scale, the other any.

    Put a batch norm into the channel branch as well.
    """

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__(channels, reduction, dilation)
        self.channel = branch(self.channel_layers(channels, self.hidden(channels, reduction)), "", self.biases)


class NormBehindTheRelu(Bam):
    """You put the batch norms of the hidden layers behind their ReLU. (Expected.)

    The norm then takes the mean of what the ReLU left, and its numbers run below zero again. The authors' code has
    convolution, batch norm, ReLU; the paper only has norms at the ends of the branches.

    Exchange ReLU and batch norm.
    """

    norm = HIDDEN
    other_dresses = ({"biases": NOWHERE}, {"norm": BOTH})

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__(channels, reduction, dilation)
        for parts in (self.channel, self.spatial):
            for place in range(len(parts) - 1):
                if isinstance(parts[place], nn.BatchNorm2d) and isinstance(parts[place + 1], nn.ReLU):
                    parts[place], parts[place + 1] = parts[place + 1], parts[place]


NORM_MISTAKES = public_modules(vars())
