"""Wrong answers to cbam-spatial-module, second part: what the convolution is given to see.

Seen in published code or in the texts that learners come from, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

import torch
from torch import nn

from attncourse.lessons.cbam_spatial._parts import Spatial, Unordered, public_modules


class _OneMap(Unordered):
    def layer(self, kernel_size):
        return nn.Conv2d(1, 1, kernel_size, padding=kernel_size // 2)


class MeanOnly(_OneMap):
    """You gave the convolution the mean map alone.

    Where one of many channels stands out, the mean hardly moves; that is why CBAM adds the maximum (equation 3).

    Stack both maps, `torch.cat([mean, maximum], dim=1)`, and convolve two channels.
    """

    def stacked(self, x):
        return x.mean(dim=1, keepdim=True)


class MaximumOnly(_OneMap):
    """You gave the convolution the maximum map alone.

    It says how strong the strongest channel is, and nothing of all the others. CBAM takes the mean as well (equation
    3).

    Stack both maps, `torch.cat([mean, maximum], dim=1)`, and convolve two channels.
    """

    def stacked(self, x):
        return x.amax(dim=1, keepdim=True)


class AddsTheMaps(_OneMap):
    """You added the two maps up and convolved their sum.

    One kernel then has to serve both. Stacked, each map has a kernel of its own, and the module can learn "strong
    maximum, weak mean", which a sum cannot tell from the opposite.

    Replace the sum by `torch.cat(..., dim=1)`, and make the convolution take 2 channels.
    """

    def stacked(self, x):
        return sum(self.maps(x))


class SumForTheMean(Spatial):
    """You summed over the channels and did not divide. (Expected.)

    The sum grows with the number of channels: with 512 of them the gates are all 0 or 1, and one kernel cannot serve
    two widths.

    Use `mean` in place of `sum`.
    """

    def maps(self, x):
        return x.sum(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)


class MinimumForTheMaximum(Spatial):
    """You took the smallest channel where the largest belongs. (Expected.)

    Behind a ReLU the minimum is 0 nearly everywhere and says nothing.

    Use `x.amax(dim=1, keepdim=True)`.
    """

    def maps(self, x):
        return x.mean(dim=1, keepdim=True), x.amin(dim=1, keepdim=True)


class TakesTheIndex(Spatial):
    """You took which channel is the largest, not how large it is. (Expected.)

    `x.max(dim=1)` gives two things, values and indices. A channel's number means nothing, and no gradient goes
    through it.

    Take the first of the two, `.values`, or call `x.amax`.
    """

    def maps(self, x):
        return x.mean(dim=1, keepdim=True), x.max(dim=1, keepdim=True).indices.to(x.dtype)


class PoolsOverPlaces(Spatial):
    """You pooled over height and width, as the channel module does.

    Then each channel has a number and no place is left to weigh. Here it is the other way round: the channels go, the
    places stay. (One widely read text has it "along the width and height".)

    Pool along axis 1: `x.mean(dim=1, keepdim=True)`.
    """

    def maps(self, x):
        return x.mean(dim=(2, 3), keepdim=True), x.amax(dim=(2, 3), keepdim=True)


class PoolsAlongTheWidth(Spatial):
    """You pooled along the last axis, which is the width.

    In TensorFlow the channels come last, and code from there pools along axis 3. In torch axis 3 is W, and the
    channels are axis 1.

    Pool along axis 1: `x.mean(dim=1, keepdim=True)`.
    """

    def maps(self, x):
        return x.mean(dim=3, keepdim=True), x.amax(dim=3, keepdim=True)


class PoolsAlongTheHeight(Spatial):
    """You pooled along axis 2, which is the height.

    The axes are B, C, H, W, counted from 0: axis 2 is H, and the channels are axis 1.

    Pool along axis 1: `x.mean(dim=1, keepdim=True)`.
    """

    def maps(self, x):
        return x.mean(dim=2, keepdim=True), x.amax(dim=2, keepdim=True)


class PoolsChannelsAndRows(Spatial):
    """You pooled along axes 1 and 2.

    Those are height and width where the channels come last; in torch they are channels and height. One gate for each
    column is left, and broadcasting spreads it over the rows without a word.

    Pool along axis 1 alone: `x.mean(dim=1, keepdim=True)`.
    """

    def maps(self, x):
        return x.mean(dim=(1, 2), keepdim=True), x.amax(dim=(1, 2), keepdim=True)


class PoolsTheBatch(Spatial):
    """You pooled along axis 0, which is the batch. (Expected.)

    Then the pictures are mixed with each other and the channels stay.

    Pool along axis 1: `x.mean(dim=1, keepdim=True)`.
    """

    def maps(self, x):
        return x.mean(dim=0, keepdim=True), x.amax(dim=0, keepdim=True)


class LosesTheChannelAxis(Spatial):
    """You pooled without `keepdim=True`, so that axis 1 became the height.

    The maps are `(B, H, W)`, and `torch.cat` along axis 1 puts one below the other: `(B, 2H, W)`.

    Keep the axis with `keepdim=True`, or use `torch.stack(..., dim=1)`.
    """

    def maps(self, x):
        return x.mean(dim=1), x.amax(dim=1)


class ConcatenatesAlongTheBatch(_OneMap):
    """You put the two maps one behind the other along axis 0, the batch.

    That makes a batch of 2B pictures with one channel each; no gate ever sees both maps of a picture.

    Concatenate along axis 1, and make the convolution take 2 channels.
    """

    def stacked(self, x):
        return torch.cat(self.maps(x), dim=0)


class ConvolvesAllChannels(Unordered):
    """You convolved all channels, without pooling along them first.

    That is C * k * k weights in place of 2 * k * k, tied to one number of channels. CBAM describes each place by two
    numbers, whatever C is.

    Take mean and maximum over axis 1 first.
    """

    def layer(self, kernel_size):
        return nn.LazyConv2d(1, kernel_size, padding=kernel_size // 2)

    def stacked(self, x):
        return x


class NormalisesTheMaps(Spatial):
    """You put a batch norm before the convolution, on the two maps. (Expected.)

    It shifts the maps before zeros are put around them, so that the border no longer means "nothing here". The
    authors' batch norm stands behind the convolution.

    Leave it out, or put `nn.BatchNorm2d(1)` behind the convolution.
    """

    def layer(self, kernel_size):
        return nn.Sequential(nn.BatchNorm2d(2), super().layer(kernel_size))


MAP_MISTAKES = public_modules(vars())
