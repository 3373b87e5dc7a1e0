"""Wrong answers to coordinate-module, third part: the shared layer, its width and its activation.

Seen in published code or in the texts that learners come from, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

import warnings

from torch import nn
from torch.nn import functional

from attncourse.lessons.coordinate_attention._parts import Coordinate, public_modules


class TwoFirstLayers(Coordinate):
    """You gave rows and columns a first layer each.

    That is not wrong in itself, but another module, with a third more weights. Sharing the layer is the reason for
    putting the two descriptors together.

    Make one first layer, and send both through it.
    """

    def __init__(self, channels, reduction=32):
        super().__init__(channels, reduction)
        self.shared_columns = nn.Conv2d(channels, self.shared.out_channels, 1)

    def parts(self, x):
        row, column = self.means(x)
        return self.activation(self.norm(self.shared(row))), self.activation(self.norm(self.shared_columns(column)))


class NormForEachDirection(Coordinate):
    """You gave rows and columns a batch norm each, behind one shared layer. (Expected.)

    Each direction then has a scale and a shift of its own, and the shared layer is shared no more, but for a factor.

    Make one batch norm, and send both through it.
    """

    of_the_norm = True

    def __init__(self, channels, reduction=32):
        super().__init__(channels, reduction)
        self.norm_of_columns = nn.BatchNorm2d(self.shared.out_channels)

    def parts(self, x):
        row, column = (self.shared(one) for one in self.means(x))
        return self.activation(self.norm(row)), self.activation(self.norm_of_columns(column))


class NormBehindTheActivation(Coordinate):
    """You put the batch norm behind the activation. (Expected.)

    The order is layer, batch norm, activation: the norm puts the numbers where h-swish bends.

    Exchange the two.
    """

    of_the_norm = True

    def features(self, x):
        return self.norm(self.activation(self.shared(self.together(x))))


class NoActivation(Coordinate):
    """You left the activation between the layers out. (Expected.)

    Two layers with nothing between them are one layer: the hidden width only makes it weaker.

    Put `functional.hardswish` behind the batch norm.
    """

    def activation(self, a):
        return a


class SigmoidForHSwish(Coordinate):
    """You used a sigmoid between the layers. (Expected.)

    The hidden numbers are no gates. A sigmoid squeezes them all into (0, 1), and strong rows become alike.

    Use h-swish (or ReLU) between the layers, and the sigmoids for the gates.
    """

    def activation(self, a):
        return a.sigmoid()


class HardSigmoidForHSwish(Coordinate):
    """You wrote `relu6(x + 3) / 6` for h-swish.

    That is the hard-sigmoid. H-swish is x times it; the factor is easily lost, since the authors' code has two classes
    for them.

    Write `x * functional.relu6(x + 3) / 6`, or `functional.hardswish(x)`.
    """

    def activation(self, a):
        return functional.hardsigmoid(a)


class LooksAtNeighbours(Coordinate):
    """You made the shared layer three places wide.

    It then mixes each row with the next, and at the seam the last row with the first column. The paper's layer is 1x1:
    it mixes channels, never places.

    Use a kernel size of 1.
    """

    def layer(self, channels, hidden):
        return nn.Conv2d(channels, hidden, (3, 1), padding=(1, 0))


class NoFloor(Coordinate):
    """You took channels // reduction for the hidden width, without a floor.

    16 channels // 32 is 0: nothing is left. The authors take at least 8, and the paper's parameter counts fit with
    that.

    Use max(8, channels // reduction).
    """

    def __init__(self, channels, reduction=32):
        with warnings.catch_warnings():
            # torch warns of a layer without weights.
            warnings.simplefilter("ignore")
            super().__init__(channels, reduction)

    def width(self, channels, reduction):
        return channels // reduction


class FloorOfOne(Coordinate):
    """You took 1 for the least hidden width, as in SE.

    It runs, but with 64 channels all rows and columns are described by 2 numbers. The floor here is 8.

    Use max(8, channels // reduction).
    """

    def width(self, channels, reduction):
        return max(1, channels // reduction)


class CeilingOfEight(Coordinate):
    """You wrote min(8, ...) for max(8, ...). (Expected.)

    The width then never exceeds 8, and few channels leave nothing. 8 is the least.

    Use max(8, channels // reduction).
    """

    def width(self, channels, reduction):
        return max(1, min(8, channels // reduction))


class ReductionIgnored(Coordinate):
    """You wrote 32 where `reduction` belongs, so the argument has no effect.

    Whoever asks for a reduction of 4 silently gets 32.

    Use the argument: max(8, channels // reduction).
    """

    def width(self, channels, reduction):
        return max(8, channels // 32)


class DefaultOfSixteen(Coordinate):
    """You gave `reduction` the default of SE, 16. Here it is 32.

    Everything else is right, but who writes `CoordinateAttention(channels)` gets another network than the paper's.

    Write `reduction=32`.
    """

    def __init__(self, channels, reduction=16):
        super().__init__(channels, reduction)


class LayersMadeInForward(nn.Module):
    """You made the layers inside `forward`.

    Every call gets new random weights: nothing can be learned, and the module has no parameters at all.

    Make the layers once, in `__init__`.
    """

    def __init__(self, channels, reduction=32):
        super().__init__()
        self.arguments = channels, reduction

    def forward(self, x):
        return Coordinate(*self.arguments).to(x)(x)


LAYER_MISTAKES = public_modules(vars())


class TwoFirstLayersAndNorms(TwoFirstLayers):
    """The same mistake, gone on with."""

    of_the_norm = True

    def __init__(self, channels, reduction=32):
        super().__init__(channels, reduction)
        self.norm_of_columns = nn.BatchNorm2d(self.shared.out_channels)

    def parts(self, x):
        row, column = self.means(x)
        row, column = self.norm(self.shared(row)), self.norm_of_columns(self.shared_columns(column))
        return self.activation(row), self.activation(column)
