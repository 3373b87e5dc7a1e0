"""Wrong answers to cbam-module, third part: what becomes of the arguments.

Seen in published code, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

import torch
from torch import nn

from attncourse.lessons.cbam._parts import Whole, public_modules


class ReductionNotPassedOn(Whole):
    """You did not pass `reduction` on to the channel half, so that it is always 16.

    Whoever asks for reduction 4 silently gets 16.

    Use the argument where the MLP is made.
    """

    def __init__(self, channels, reduction=16, kernel_size=7):
        super().__init__(channels, 16, kernel_size)


class KernelSizeNotPassedOn(Whole):
    """You did not pass `kernel_size` on to the spatial half, so that it is always 7.

    Whoever asks for a 3x3 window silently gets 7x7.

    Use the argument where the convolution is made.
    """

    def __init__(self, channels, reduction=16, kernel_size=7):
        super().__init__(channels, reduction, 7)


class ArgumentsExchanged(Whole):
    """You took the kernel size for the second argument and the reduction for the third. (Expected.)

    `CBAM(64, 16, 7)` then has a reduction of 7 and a 16x16 window.

    Keep the order: channels, reduction, kernel_size.
    """

    def __init__(self, channels, kernel_size=7, reduction=16):
        super().__init__(channels, reduction, kernel_size)


class DefaultReductionOfEight(Whole):
    """You gave `reduction` another default than 16: it is 8 in your class.

    Everything else is right, but who writes `CBAM(240)` gets another network than the paper's.

    Write `reduction=16`.
    """

    def __init__(self, channels, reduction=8, kernel_size=7):
        super().__init__(channels, reduction, kernel_size)


class DefaultKernelOfThree(Whole):
    """You gave `kernel_size` another default than 7: it is 3 in your class.

    Everything else is right, but who writes `CBAM(240)` gets another network than the paper's.

    Write `kernel_size=7`.
    """

    def __init__(self, channels, reduction=16, kernel_size=3):
        super().__init__(channels, reduction, kernel_size)


class DefaultKernelOfFortyNine(Whole):
    """Your window is 49 x 49 by default.

    One much-copied repository has that: 49 is the number of weights of a 7x7 window, and `kernel_size` is its side.

    Write `kernel_size=7`.
    """

    def __init__(self, channels, reduction=16, kernel_size=49):
        super().__init__(channels, reduction, kernel_size)


class HalvesMadeInForward(nn.Module):
    """You made the layers inside `forward`.

    Every call gets new random weights: nothing can be learned, and the module has no parameters at all. One of the
    texts that learners come from builds both halves inside a function.

    Make the layers once, in `__init__`.
    """

    def __init__(self, channels, reduction=16, kernel_size=7):
        super().__init__()
        self.arguments = channels, reduction, kernel_size

    def forward(self, x):
        return Whole(*self.arguments).to(x)(x)


class ConvolutionMadeInForward(Whole):
    """You made the convolution inside `forward`, and the MLP in `__init__`. (Expected.)

    Every call draws a new random window: the spatial half can never learn.

    Make both in `__init__`.
    """

    def __init__(self, channels, reduction=16, kernel_size=7):
        super().__init__(channels, reduction, kernel_size)
        self.side, self.spatial = kernel_size, None

    def forward(self, x):
        refined = self.channel(x)
        maps = torch.cat([refined.mean(dim=1, keepdim=True), refined.amax(dim=1, keepdim=True)], dim=1)
        return refined * nn.Conv2d(2, 1, self.side, padding=self.side // 2).to(x)(maps).sigmoid()


class _OfOnePrecision(HalvesMadeInForward):
    """Nothing fits the new layers to x: in float64 torch complains, of each kind of layer in other words."""

    def forward(self, x):
        return Whole(*self.arguments)(x)


class _ConvolutionsOfOnePrecision(HalvesMadeInForward):
    bias = True

    def forward(self, x):
        channels, reduction, _ = self.arguments
        layer = nn.Conv2d(channels, max(1, channels // reduction), 1, bias=self.bias)
        layer(x.mean(dim=(2, 3), keepdim=True))
        return Whole(*self.arguments)(x)


class _BareConvolutionsOfOnePrecision(_ConvolutionsOfOnePrecision):
    bias = False


ARGUMENT_MISTAKES = public_modules(dict(vars()))
ARGUMENT_DRESSES = (_OfOnePrecision, _ConvolutionsOfOnePrecision, _BareConvolutionsOfOnePrecision)
