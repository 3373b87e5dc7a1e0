"""Wrong answers to cbam-channel-module: which two numbers describe a channel.

Seen in published code, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from attncourse.lessons.cbam_channel._parts import Channel, public_modules


class MeanOnly(Channel):
    """You described each channel by its mean alone: that is squeeze-and-excitation.

    It cannot tell one bright spot from an even grey. CBAM adds the maximum for that, and much code under its name
    forgets it.

    Send the maxima through the same MLP, and add.
    """

    def join(self, mean, maximum):
        return self.mlp(mean)


class MaximumOnly(Channel):
    """You described each channel by its maximum alone.

    One place then decides for the whole channel: a single spot counts as much as a channel full of it.

    Send the means through the same MLP as well, and add.
    """

    def join(self, mean, maximum):
        return self.mlp(maximum)


class MeanTwice(Channel):
    """You sent the means through the MLP twice. (Expected.)

    Look at the second pooling: it averages as well, so that the maximum is never taken.

    Make the second one a maximum: `x.amax(dim=(2, 3))` or `AdaptiveMaxPool2d(1)`.
    """

    def maximum(self, x):
        return self.mean(x)


class MaximumTwice(Channel):
    """You sent the maxima through the MLP twice. (Expected.)

    Look at the first pooling: it takes the maximum as well, so that the mean is never taken.

    Make the first one a mean: `x.mean(dim=(2, 3))` or `AdaptiveAvgPool2d(1)`.
    """

    def mean(self, x):
        return self.maximum(x)


class LargestByMagnitude(Channel):
    """You took the value that is farthest from zero, without its sign. (Expected.)

    Then -5 counts more than 3. The paper's maximum is the largest value, sign included.

    Leave abs out.
    """

    def maximum(self, x):
        return x.abs().amax(dim=(2, 3))


class Minimum(Channel):
    """You took the smallest value of each channel. (Expected.)

    Behind a ReLU that is nearly always 0, and says nothing.

    Use `amax`.
    """

    def maximum(self, x):
        return x.amin(dim=(2, 3))


class SumForTheMean(Channel):
    """You summed over the places and did not divide. (Expected.)

    The sum grows with the map: at twice the height and width it is four times as large, drowns the maximum and drives
    the gates to their ends.

    Use `mean` in place of `sum`.
    """

    def mean(self, x):
        return x.sum(dim=(2, 3))


class PoolsTheBatch(Channel):
    """You pooled over the batch as well.

    All pictures then share one gate, and what a picture gets depends on its neighbours. Each sample has its own.

    Pool over axes 2 and 3 only: axis 0 is the batch.
    """

    def mean(self, x):
        return x.mean(dim=(0, 2, 3)).expand(x.shape[0], -1)

    def maximum(self, x):
        return x.amax(dim=(0, 2, 3)).expand(x.shape[0], -1)


class SquareWindows(Channel):
    """You pooled with windows of H x H, as if every map were square.

    On a wide map the window covers the left part only, on a tall one it does not fit. Maps are H x W.

    Pool over both axes, or use the adaptive poolings, which fit their window themselves.
    """

    def mean(self, x):
        return functional.avg_pool2d(x, x.shape[2]).flatten(1)

    def maximum(self, x):
        return functional.max_pool2d(x, x.shape[2]).flatten(1)


class WindowsOfSeven(Channel):
    """You pooled with windows of 7 x 7, the size of the last maps of a ResNet at 224 pixels.

    Every other size fails or leaves more than one number for each channel. The module stands at maps of all sizes.

    Pool over both axes, or use the adaptive poolings.
    """

    def mean(self, x):
        return functional.avg_pool2d(x, 7).flatten(1)

    def maximum(self, x):
        return functional.max_pool2d(x, 7).flatten(1)


class PoolsTheRowsOnly(Channel):
    """You pooled over one of the two spatial axes only. (Expected.)

    A gate for each column remains. Channel attention has one for each channel: the whole map is pooled.

    Give both axes: `dim=(2, 3)`.
    """

    def forward(self, x):
        mean, maximum = (one.transpose(1, 2) for one in (x.mean(dim=2), x.amax(dim=2)))
        return x * torch.sigmoid(self.join(mean, maximum)).transpose(1, 2)[:, :, None]


class PoolsNothing(Channel):
    """You applied the layers at every place, without pooling first. (Expected.)

    Then each place gets a gate of its own that sees that place alone. First each channel becomes two numbers that stand
    for the whole map.

    Pool over H and W before the first layer.
    """

    def forward(self, x):
        last = x.movedim(1, -1)
        return x * torch.sigmoid(self.join(last, last)).movedim(-1, 1)


class DetachedMaximum(Channel):
    """You cut the maximum off from the gradient, with `detach`, `.data` or numpy. (Expected.)

    The values are right, but x never learns what its maximum does to the gates.

    Compute both descriptors with gradients on.
    """

    def maximum(self, x):
        return super().maximum(x).detach()


POOLING_MISTAKES = public_modules(dict(vars()))
