"""Wrong answers to coordinate-module, first part: the gates, and what is done with them.

Seen in published code or in the texts that learners come from, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from attncourse.lessons.coordinate_attention._parts import Coordinate, GateTimesGate, dressed, public_modules


class NoSigmoid(Coordinate):
    """You multiplied by what the second layers give, without a sigmoid.

    Such weights can be negative or far above 1; two negative ones even cancel. One much-copied implementation does so.
    A gate lies in (0, 1).

    Put a sigmoid around each of the two second layers.
    """

    def gates(self, x):
        return self.logits(x)


class SigmoidOnOneGateOnly(Coordinate):
    """You put a sigmoid around one of the two gates and left the other bare. (Expected.)

    The factor of a row or column can then be negative, or far above 1.

    Put a sigmoid around each of the two.
    """

    bare = 1

    def gates(self, x):
        logits = self.logits(x)
        return tuple(one if place == self.bare else one.sigmoid() for place, one in enumerate(logits))


class TanhGates(Coordinate):
    """You used tanh to bound the gates. (Expected.)

    It runs from -1 to 1: a negative gate turns the sign of a whole row. To weigh means 0 to 1.

    Replace tanh by a sigmoid.
    """

    def gates(self, x):
        row, column = self.logits(x)
        return row.tanh(), column.tanh()


class HardSigmoidGates(Coordinate):
    """You used the hard-sigmoid, since the activation is an h-swish. (Expected.)

    Those are two different places. The gates have a true sigmoid, which never is exactly 0 or 1 and so always learns.

    Keep h-swish behind the shared layer, and use a sigmoid for the gates.
    """

    def gates(self, x):
        row, column = self.logits(x)
        return functional.hardsigmoid(row), functional.hardsigmoid(column)


class SoftmaxAlongTheLine(Coordinate):
    """You made the gates of all rows add up to 1, and those of all columns, with a softmax. (Expected.)

    Then rows compete: of 56 rows each keeps about 1/56. Each gate is decided by itself; all may be open at once.

    Replace each softmax by a sigmoid.
    """

    def gates(self, x):
        row, column = self.logits(x)
        return row.softmax(dim=2), column.softmax(dim=3)


class SigmoidOfTheSum(Coordinate):
    """You added what the two second layers give, and applied one sigmoid to the sum.

    It is a gate, but another one: a strong row then opens all its columns. A product opens a place only where row and
    column agree. (timm calls your form "simple".)

    One sigmoid each, then multiply.
    """

    def forward(self, x):
        row, column = self.logits(x)
        return x * torch.sigmoid(row + column)


class SumOfTheGates(Coordinate):
    """You added the two gates up.

    The sum runs to 2, and a place is open as soon as its row is. A product opens it only where row and column agree:
    that is how two lines give a point.

    Multiply: x * row_gate * column_gate.
    """

    def forward(self, x):
        row, column = self.gates(x)
        return x * (row + column)


class MeanOfTheGates(Coordinate):
    """You averaged the two gates. (Expected.)

    A place is then half open as soon as its row is. A product opens it only where row and column agree.

    Multiply: x * row_gate * column_gate.
    """

    def forward(self, x):
        row, column = self.gates(x)
        return x * (row + column) / 2


class RowGateOnly(Coordinate):
    """You multiplied by the row gate alone.

    Which columns matter is computed and thrown away, and the last layer never learns. (The paper's "X Attention" is
    such an ablation.)

    Multiply by both gates.
    """

    def forward(self, x):
        return x * self.gates(x)[0]


class ColumnGateOnly(Coordinate):
    """You multiplied by the column gate alone. (Expected.)

    Which rows matter is computed and thrown away, and one layer never learns. (The paper's "Y Attention" is such an
    ablation.)

    Multiply by both gates.
    """

    def forward(self, x):
        return x * self.gates(x)[1]


class OneSecondLayer(Coordinate):
    """You used one second layer for both gates. (Expected.)

    Then a row and a column with equal means get equal gates: the module can't care for rows and not for columns. Only
    the first layer is shared.

    Make two second layers, one for each gate.
    """

    def __init__(self, channels, reduction=32):
        super().__init__(channels, reduction)
        self.columns = self.rows


class SigmoidTwice(Coordinate):
    """You applied the sigmoid twice to each gate. (Expected.)

    The sigmoid of a number between 0 and 1 lies between 0.5 and 0.73: all places get nearly the same factor.

    Look for a sigmoid in the layers and another in `forward`, and keep one.
    """

    def gates(self, x):
        row, column = super().gates(x)
        return row.sigmoid(), column.sigmoid()


class ReturnsTheGate(GateTimesGate):
    """You returned the product of the gates and left the multiplication to the caller.

    The shape is right, and the features are lost. This module's contract is features in, gated features out.

    Return `x * row_gate * column_gate`.
    """

    def forward(self, x):
        row, column = self.gates(x)
        return row * column


class ExtraResidual(Coordinate):
    """You added the input once more: x + x * gates.

    That is a factor between 1 and 2, which can never make a place weaker. The residual belongs to the block around the
    module.

    Return the product alone.
    """

    def forward(self, x):
        return x + super().forward(x)


class ChangesTheInput(Coordinate):
    """You multiplied in place, with `*=` or `mul_`.

    The tensor that the caller gave you changes under its hands: a residual around the block then adds the gated
    features, not the original ones.

    Make a new tensor: `return x * row_gate * column_gate`.
    """

    def forward(self, x):
        row, column = self.gates(x)
        return x.mul_(row).mul_(column)


class DetachedGates(Coordinate):
    """You cut the gates off from the gradient, with `detach`, `.data` or `torch.no_grad`. (Expected.)

    The values are right, but no layer ever learns.

    Compute the gates with gradients on, and multiply by them as they are.
    """

    def gates(self, x):
        row, column = super().gates(x)
        return row.detach(), column.detach()


class GatesNeverUsed(Coordinate):
    """You made the layers, and then returned the input without using them.

    Nothing is weighed, and no layer ever gets a gradient.

    Follow your `forward` from its last line back: both gates must be in what is returned.
    """

    def forward(self, x):
        return x.clone()


GATE_MISTAKES = public_modules(vars())
BARE_ROWS = dressed(SigmoidOnOneGateOnly, bare=0)
