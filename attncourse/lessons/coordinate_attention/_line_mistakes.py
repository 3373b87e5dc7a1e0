"""Wrong answers to coordinate-module, second part: the two descriptors, on one line and apart again.

Seen in published code or in the texts that learners come from, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

import torch
from torch import nn

from attncourse.lessons.coordinate_attention._parts import Coordinate, GateTimesGate, dressed, public_modules


class TurnsTheWrongDescriptor(Coordinate):
    """You turned the rows' descriptor and not the columns', and concatenated along axis 2.

    `(B, C, 1, H)` and `(B, C, 1, W)` fit along axis 2 only where H = W. On square maps it runs, which is why such code
    is published.

    Turn the columns': `(B, C, 1, W)` becomes `(B, C, W, 1)`.
    """

    def together(self, x):
        row, column = self.means(x)
        return torch.cat([row.transpose(2, 3), column], dim=2)


class TurnsNone(Coordinate):
    """You concatenated `(B, C, H, 1)` and `(B, C, 1, W)` as they are.

    One stands and one lies; they fit along no axis.

    Turn the columns' descriptor first: `.transpose(2, 3)`, or `.permute(0, 1, 3, 2)`.
    """

    def together(self, x):
        return torch.cat(self.means(x), dim=2)


class PoolsTheOtherAxis(Coordinate):
    """You pooled over H where rows are wanted, and over W where columns are.

    `mean(dim=2)` takes the mean over all rows, and so leaves one number for each column. The axis that you name is the
    one that goes.

    Rows: `mean(dim=3, keepdim=True)`; columns: `mean(dim=2, keepdim=True)`.
    """

    def means(self, x):
        return x.mean(dim=2, keepdim=True), x.mean(dim=3, keepdim=True)


class TakesTheColumnsForTheRows(Coordinate):
    """You put the columns on the line first, and took the first H places for the rows.

    The sizes fit on every map, so nothing complains; but the row gates come from columns, and some of both from the
    seam between them.

    Split in the order in which you concatenated: rows first, H of them.
    """

    def together(self, x):
        row, column = self.means(x)
        return torch.cat([column.transpose(2, 3), row], dim=2)


class PoolsTheWholeMap(Coordinate):
    """You pooled over height and width, as SE does. (Expected.)

    Each channel is one number then, and no row differs from another: the very thing that coordinate attention sets out
    to mend.

    Pool over one axis at a time.
    """

    def means(self, x):
        mean = x.mean(dim=(2, 3), keepdim=True)
        return mean.expand(-1, -1, x.shape[2], 1), mean.expand(-1, -1, 1, x.shape[3])


class MaximumForTheMean(Coordinate):
    """You took the largest value of each row and column. (Expected.)

    CBAM adds a maximum to the mean. Coordinate attention has the mean alone (equations 4 and 5).

    Use `mean` in place of `amax`.
    """

    def means(self, x):
        return x.amax(dim=3, keepdim=True), x.amax(dim=2, keepdim=True)


class SumForTheMean(Coordinate):
    """You summed along the rows and columns and did not divide. (Expected.)

    A wide map then has strong rows and a high one strong columns, and the shared layer can't serve both.

    Use `mean` in place of `sum`.
    """

    def means(self, x):
        return x.sum(dim=3, keepdim=True), x.sum(dim=2, keepdim=True)


class ConcatenatesTheChannels(Coordinate):
    """You put rows and columns side by side as channels, along axis 1.

    Then row i and column i meet in one place, which only square maps allow, and means nothing. They are to lie end to
    end, as H + W places of one line.

    Concatenate along the axis of places: `dim=2`.
    """

    def layer(self, channels, hidden):
        return nn.Conv2d(2 * channels, hidden, 1)

    def together(self, x):
        row, column = self.means(x)
        return torch.cat([row, column.transpose(2, 3)], dim=1)

    def parts(self, x):
        inner = self.features(x)
        return inner, inner.transpose(2, 3)


class SplitsTheOtherWayRound(Coordinate):
    """You exchanged H and W: in the split, or by turning the rows' part back and not the columns'.

    On square maps it runs, and may even be right. Elsewhere a part gets another number of places than its axis has.

    Split in the order in which you concatenated, and turn the columns' part back, and only that.
    """

    def parts(self, x):
        row, column = self.features(x).split([x.shape[3], x.shape[2]], dim=2)
        return row, column.transpose(2, 3)


class SplitsInHalves(Coordinate):
    """You cut the line into two halves. (Expected.)

    The rows end at H and not in the middle; only on square maps these are the same.

    Split with the sizes [H, W].
    """

    def parts(self, x):
        row, column = self.features(x).chunk(2, dim=2)
        return row, column.transpose(2, 3)


class DoesNotSplit(Coordinate):
    """You gave both gates the whole line of H + W places.

    A gate of H + W rows fits no map of H rows. What was put together must be taken apart.

    Split with the sizes [H, W], and give each gate its own part.
    """

    def parts(self, x):
        inner = self.features(x)
        return inner, inner.transpose(2, 3)


class _TurnsTheRowsBack(SplitsTheOtherWayRound):
    def parts(self, x):
        row, column = self.features(x).split([x.shape[2], x.shape[3]], dim=2)
        return row.transpose(2, 3), column


LINE_MISTAKES = public_modules(vars())
# These stop at the last product, whose order decides the words in which torch complains.
STOPPED = tuple(
    dressed(mistake, **order)
    for mistake in (SplitsTheOtherWayRound, SplitsInHalves, DoesNotSplit)
    for order in ({"columns_first": True}, {"forward": GateTimesGate.forward})
)
TURNED = tuple(
    dressed(SplitsTheOtherWayRound, parts=_TurnsTheRowsBack.parts, **order)
    for order in ({}, {"columns_first": True}, {"forward": GateTimesGate.forward})
)
