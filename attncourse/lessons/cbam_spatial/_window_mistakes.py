"""Wrong answers to cbam-spatial-module, third part: the kernel, its size and its padding.

Seen in published code or in the texts that learners come from, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

from torch import nn

from attncourse.lessons.cbam_spatial._parts import Spatial, public_modules


class KernelFixedAtSeven(Spatial):
    """You wrote 7 where `kernel_size` belongs, so the argument has no effect.

    Whoever asks for a 3x3 kernel silently gets 7x7.

    Use the argument: `nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2)`.
    """

    def layer(self, kernel_size):
        return nn.Conv2d(2, 1, 7, padding=3)


class PointwiseKernel(Spatial):
    """You used a 1x1 convolution, so each place looks at itself alone. (Expected.)

    Then a lone bright pixel and the middle of a large object get the same gate. The neighbourhood is what the
    7x7 window is there for.

    Use `nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2)`.
    """

    def layer(self, kernel_size):
        return nn.Conv2d(2, 1, 1)


class DefaultOfThree(Spatial):
    """You gave `kernel_size` another default than 7: it is 3 in your class.

    Everything else is right, but who writes `SpatialAttention()` gets another network than the paper's.

    Write `kernel_size=7`.
    """

    def __init__(self, kernel_size=3):
        super().__init__(kernel_size)


class OnlyThreeAndSeven(Spatial):
    """You pad for the kernel sizes 3 and 7 alone, as a much-copied implementation does.

    Its line reads `padding = 3 if kernel_size == 7 else 1`, and an assertion keeps all other sizes out. The task asks
    for any odd kernel size, and one formula serves them all.

    Use `padding=kernel_size // 2`; no assertion is needed.
    """

    def layer(self, kernel_size):
        assert kernel_size in (3, 7), "kernel size must be 3 or 7"
        return nn.Conv2d(2, 1, kernel_size, padding=3 if kernel_size == 7 else 1)


class _WithoutTheAssertion(OnlyThreeAndSeven):
    def layer(self, kernel_size):
        return nn.Conv2d(2, 1, kernel_size, padding=3 if kernel_size == 7 else 1)


class PaddingFixedAtThree(Spatial):
    """You padded by 3, whatever the kernel size is.

    That is right for 7x7 alone. With a 3x3 kernel the gate comes out four rows and columns too large.

    Pad by `kernel_size // 2`.
    """

    def layer(self, kernel_size):
        return nn.Conv2d(2, 1, kernel_size, padding=3)


class PaddingFixedAtOne(Spatial):
    """You padded by 1, whatever the kernel size is.

    That is right for 3x3 alone. With a 7x7 kernel the gate comes out four rows and columns too small.

    Pad by `kernel_size // 2`.
    """

    def layer(self, kernel_size):
        return nn.Conv2d(2, 1, kernel_size, padding=1)


class NoPadding(Spatial):
    """You convolved without padding.

    The gate map comes out kernel_size - 1 rows and columns smaller than x: the places at the border have no gate.

    Pad by `kernel_size // 2`.
    """

    def layer(self, kernel_size):
        return nn.Conv2d(2, 1, kernel_size)


class PaddingOfTheKernelSize(Spatial):
    """You padded by the whole kernel size. (Expected.)

    The gate map comes out too large. A window of k reaches k // 2 places beyond its middle, so that many zeros are
    missing on each side.

    Pad by `kernel_size // 2`.
    """

    def layer(self, kernel_size):
        return nn.Conv2d(2, 1, kernel_size, padding=kernel_size)


class RepeatsTheBorder(Spatial):
    """You repeated the border's values beyond the border. (Expected.)

    It is a fair choice elsewhere. CBAM's convolution, like nearly all, sees zeros there, and trained weights rely on
    it.

    Leave `padding_mode` alone: its default is zeros.
    """

    def layer(self, kernel_size):
        return nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, padding_mode="replicate")


class DilatedKernel(Spatial):
    """You spread the kernel out with a dilation. (Expected.)

    Then it looks at every second place in a window about twice as wide. That is BAM's idea, two lessons on.

    Leave `dilation` alone, and pad by `kernel_size // 2`.
    """

    def layer(self, kernel_size):
        return nn.Conv2d(2, 1, kernel_size, padding=kernel_size - 1, dilation=2)


class _GateFirst(Spatial):
    """``gate * x``: where the sizes do not fit, torch complains in other words."""

    def forward(self, x):
        return self.gate(x) * x


WINDOW_MISTAKES = public_modules(vars())
WINDOW_DRESSES = (
    _WithoutTheAssertion,
    *(
        type(mistake.__name__, (_GateFirst, mistake), {})
        for mistake in (
            _WithoutTheAssertion,
            PaddingFixedAtThree,
            PaddingFixedAtOne,
            NoPadding,
            PaddingOfTheKernelSize,
        )
    ),
)
