"""Wrong answers to bam-module, second part: what the two branches look at, and of which layers they are made.

Seen in published code, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

import warnings

from torch import nn
from torch.nn import functional

from attncourse.lessons.bam._parts import Bam, public_modules


class DilationMissing(Bam):
    """You left the dilation out of the 3x3 convolutions.

    Two of them then see 5x5 places. With the dilation d they see 4 d + 1: 17x17 for d = 4, with the same nine
    weights each.

    Give both `dilation=dilation, padding=dilation`.
    """

    def spacing(self, dilation):
        return 1


class DilationFixedAtFour(Bam):
    """You fixed the dilation at 4, and the argument has no effect.

    Whoever builds your module with dilation=2 for small maps gets 4, and is not told.

    Use the argument for both the dilation and the padding.
    """

    def spacing(self, dilation):
        return 4


class DilationOfTwo(Bam):
    """You made 2 the default of dilation.

    The paper compares several and keeps 4; a much-copied file has 2.

    Write `dilation=4` in the signature.
    """

    def __init__(self, channels, reduction=16, dilation=2):
        super().__init__(channels, reduction, dilation)


class DilatesOneLayerOnly(Bam):
    """You dilated one of the two 3x3 convolutions, not both. (Expected.)

    The window is then 2 d + 3 places wide, not 4 d + 1.

    Give both `dilation=dilation, padding=dilation`.
    """

    undilated = 0
    other_dresses = (*Bam.other_dresses, {"undilated": 1})

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__(channels, reduction, dilation)
        wide = [part for part in self.spatial if isinstance(part, nn.Conv2d) and part.kernel_size == (3, 3)]
        wide[self.undilated].dilation = wide[self.undilated].padding = (1, 1)


class PaddingIsNotDilation(Bam):
    """You padded by 1, as an ordinary 3x3 convolution needs it, whatever the dilation is.

    A dilated window reaches d places beyond its middle, so that with less padding the map shrinks. One published BAM
    has this bug: its map shrinks from 7x7 to 1x1, and broadcasting hides it at that one size.

    Set `padding=dilation`.
    """

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__(channels, reduction, dilation)
        for part in self.spatial:
            if isinstance(part, nn.Conv2d) and part.kernel_size == (3, 3):
                part.padding = (1, 1)


class ThirdConvolution(Bam):
    """You have three 3x3 convolutions in the spatial branch.

    BAM has two. A much-copied file has a third: 9 h^2 parameters more, and a wider window.

    Count: 1x1, 3x3, 3x3, 1x1.
    """

    def spatial_layers(self, channels, hidden):
        first, wide, *rest = super().spatial_layers(channels, hidden)
        return [first, wide, wide, *rest]


class OneConvolution(Bam):
    """You have one 3x3 convolution in the spatial branch. (Expected.)

    BAM has two, one upon the other. One sees 2 d + 1 places in each direction, two see 4 d + 1.

    Count: 1x1, 3x3, 3x3, 1x1.
    """

    def spatial_layers(self, channels, hidden):
        first, wide, _, last = super().spatial_layers(channels, hidden)
        return [first, wide, last]


class WindowsOfOne(Bam):
    """You made the two middle convolutions 1x1. (Expected.)

    Then a place sees itself alone. The middle of the spatial branch is there to look around.

    Make them 3x3, with dilation and padding.
    """

    def spatial_layers(self, channels, hidden):
        first, _, _, last = super().spatial_layers(channels, hidden)
        return [first, (hidden, hidden, 1), (hidden, hidden, 1), last]


class SpatialBranchWithAllChannels(Bam):
    """You let the spatial branch end in C maps, to make the shapes equal for the sum.

    One map is enough: `(B, 1, H, W)` broadcasts against `(B, C, 1, 1)`. With C maps it is no spatial branch any more,
    and it costs more.

    End the branch with `nn.Conv2d(hidden, 1, 1)`.
    """

    def spatial_layers(self, channels, hidden):
        *first, _ = super().spatial_layers(channels, hidden)
        return [*first, (hidden, channels, 1)]


class SpatialBranchSeesTheMean(Bam):
    """You gave the spatial branch the mean over the channels. (Expected.)

    That is what CBAM looks at. BAM's spatial branch begins with a 1x1 convolution over all C channels, so that it can
    learn which of them matter.

    Give it x itself: `nn.Conv2d(channels, hidden, 1)` comes first.
    """

    def spatial_layers(self, channels, hidden):
        _, *rest = super().spatial_layers(channels, hidden)
        return [(1, hidden, 1), *rest]

    def spatial_logits(self, x):
        return self.spatial(x.mean(dim=1, keepdim=True))


class ReluMissing(Bam):
    """You left the ReLUs out of both branches. (Expected: the paper's equations do not write them.)

    Linear layers one upon the other are one linear layer. The authors' code has a ReLU behind each layer but the last.

    Put a ReLU behind every layer but the last of each branch.
    """

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__(channels, reduction, dilation)
        self.channel, self.spatial = (
            nn.Sequential(*(part for part in one if not isinstance(part, nn.ReLU)))
            for one in (self.channel, self.spatial)
        )


class ReluMissingInTheSpatialBranch(Bam):
    """You left the ReLUs out of the spatial branch. (Expected.)

    Four linear layers one upon the other are one linear layer: two 3x3 windows without a ReLU between them are one
    sparse 5x5 window.

    Put a ReLU behind the first three convolutions.
    """

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__(channels, reduction, dilation)
        self.spatial = nn.Sequential(*(part for part in self.spatial if not isinstance(part, nn.ReLU)))


class ReluMissingInTheChannelBranch(Bam):
    """You left the ReLU out of the channel branch. (Expected.)

    Two linear layers one upon the other are one linear layer: the hidden width only makes it weaker.

    Put a ReLU between the two layers.
    """

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__(channels, reduction, dilation)
        self.channel = nn.Sequential(*(part for part in self.channel if not isinstance(part, nn.ReLU)))


class MaximumForTheMean(Bam):
    """You took the maximum of each channel where the mean belongs.

    BAM's channel branch has the mean alone. (The maximum came with CBAM, by the same authors.)

    Use `x.mean(dim=(2, 3))`.
    """

    def pool(self, x):
        return x.amax(dim=(2, 3), keepdim=True)


class MeanAndMaximum(Bam):
    """You described each channel by its mean and its maximum, as CBAM does. (Expected.)

    BAM is the simpler one here: the mean alone goes through the layers.

    Leave the maximum out.
    """

    def channel_logits(self, x):
        return self.channel(self.pool(x)) + self.channel(x.amax(dim=(2, 3), keepdim=True))


class SumForTheMean(Bam):
    """You summed over the places and did not divide. (Expected.)

    The sum grows with the map: one set of weights cannot serve 56x56 and 7x7.

    Use `mean` in place of `sum`.
    """

    def pool(self, x):
        return x.sum(dim=(2, 3), keepdim=True)


class SquareWindow(Bam):
    """You pooled with a square window of side H, as the authors' code does.

    On square maps that is the global mean. Where W is larger, but less than twice H, only the left part is seen, and
    nothing complains; where it is smaller, the call fails.

    Use `x.mean(dim=(2, 3), keepdim=True)` or `nn.AdaptiveAvgPool2d(1)`.
    """

    def pool(self, x):
        return functional.avg_pool2d(x, x.shape[2], stride=x.shape[2])


class ChannelBranchDoesNotPool(Bam):
    """You gave the channel branch x itself, without pooling. (Expected.)

    With 1x1 convolutions that runs and keeps the shape, but it judges each place by itself: no channel is seen as a
    whole.

    Begin with the mean over both H and W.
    """

    def pool(self, x):
        return x


class PoolsTheBatch(Bam):
    """You averaged over the batch too. (Expected.)

    All pictures then get the same channel logits, and what a picture gets depends on its neighbours.

    Average over axes 2 and 3 only.
    """

    def pool(self, x):
        return x.mean(dim=(0, 2, 3), keepdim=True)


class DeeperChannelBranch(Bam):
    """You have more than one hidden layer in the channel branch.

    BAM's has one: C to C/r and back to C. A much-copied file has three.

    Two layers: C to hidden, hidden to C.
    """

    def channel_layers(self, channels, hidden):
        return [(channels, hidden, 1), (hidden, hidden, 1), (hidden, hidden, 1), (hidden, channels, 1)]


class NoFloor(Bam):
    """You took channels // reduction for the hidden width, without a floor.

    3 channels // 16 is 0: nothing is left of the branches.

    Use `max(1, channels // reduction)`.
    """

    def __init__(self, channels, reduction=16, dilation=4):
        with warnings.catch_warnings():
            # torch warns of a layer without weights.
            warnings.simplefilter("ignore")
            super().__init__(channels, reduction, dilation)

    def hidden(self, channels, reduction):
        return channels // reduction


class RatioFixedAtSixteen(Bam):
    """You fixed the ratio at 16, and the argument has no effect.

    Whoever asks for reduction=4 gets a narrower module, and is not told.

    Compute the hidden width from the argument: `max(1, channels // reduction)`.
    """

    def hidden(self, channels, reduction):
        return max(1, channels // 16)


class RatioAsTheWidth(Bam):
    """You took the reduction for the hidden width itself. (Expected.)

    It is the number by which C is divided.

    Compute `hidden = max(1, channels // reduction)`.
    """

    def hidden(self, channels, reduction):
        return reduction


class RatioInOneBranchOnly(Bam):
    """You narrowed the channel branch, and left the spatial branch at 16.

    Both branches share the ratio (not the layers): both are `max(1, channels // reduction)` wide inside.

    Use `hidden` in both branches.
    """

    def spatial_layers(self, channels, hidden):
        return super().spatial_layers(channels, max(1, channels // 16))


class BranchesShareTheirFirstLayer(Bam):
    """You used one first layer for both branches. (Expected.)

    Both reduce C to hidden, but each has weights of its own: one for what, one for where.

    Make a first layer for each branch.
    """

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__(channels, reduction, dilation)
        self.spatial[0] = self.channel[0]


BRANCH_MISTAKES = public_modules(vars())
