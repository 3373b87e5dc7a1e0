"""coordinate-descriptors: the mean of each row and of each column, on one line (Hou et al., equations 4 and 5)."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "coordinate-descriptors",
    answer="descriptors",
    title="One line: the mean of each row, then of each column",
    points=2,
    task=(
        "Write `descriptors(x)`: `(B, C, H, W) -> (B, C, H + W, 1)`. In each channel, first the means of the H rows, "
        "then the means of the W columns."
    ),
    hints=[
        "Which axis has to go so that one number is left for each row? The one you name in mean(dim=...) goes.",
        "Rows: (B, C, H, 1) with keepdim. Columns: (B, C, 1, W) with keepdim. One stands, one lies.",
        "Turn the lying one: transpose(2, 3) exchanges the last two axes.",
        "In full: `rows = x.mean(dim=3, keepdim=True)`, `columns = x.mean(dim=2, keepdim=True).transpose(2, 3)`, "
        "`return torch.cat([rows, columns], dim=2)`.",
    ],
)


@exercise.reference
def descriptors(x: Tensor) -> Tensor:
    """``(B, C, H, W) -> (B, C, H + W, 1)``."""
    return torch.cat([x.mean(dim=3, keepdim=True), x.mean(dim=2, keepdim=True).transpose(2, 3)], dim=2)


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    yield Case("one channel of 2x3", (draw.integers(1, 1, 2, 3),))
    yield Case("two channels of 3x2", (draw.integers(1, 2, 3, 2),))
    yield Case("a batch of two, three channels of 4x4", (draw.integers(2, 3, 4, 4),))
    yield Case("a batch of three, two channels of 5x3", (draw.integers(3, 2, 5, 3),))
    yield Case("four channels of 1x6", (draw.integers(2, 4, 1, 6),))


@exercise.accepts
def unsqueezed(x):
    return torch.cat([x.mean(3), x.mean(2)], dim=2).unsqueeze(3)


@exercise.accepts
def adaptive_pooling(x):
    rows = functional.adaptive_avg_pool2d(x, (None, 1))
    return torch.cat((rows, functional.adaptive_avg_pool2d(x, (1, None)).permute(0, 1, 3, 2)), dim=-2)


@exercise.accepts
def sums_divided(x):
    rows, columns = x.sum(-1) / x.shape[-1], x.sum(-2) / x.shape[-2]
    return torch.cat([rows, columns], -1)[..., None]


@exercise.accepts
def filled_in(x):
    height, width = x.shape[2:]
    line = x.new_empty(*x.shape[:2], height + width, 1)
    line[:, :, :height, 0], line[:, :, height:, 0] = x.mean(dim=3), x.mean(dim=2)
    return line


@exercise.accepts
def one_picture_at_a_time(x):
    return torch.stack([torch.cat([one.mean(2, keepdim=True), one.mean(1).unsqueeze(2)], 1) for one in x])


@exercise.accepts
def einsums(x):
    rows, columns = torch.einsum("bchw->bch", x) / x.shape[3], torch.einsum("bchw->bcw", x) / x.shape[2]
    return torch.cat([rows, columns], dim=2).view(*x.shape[:2], -1, 1)


@exercise.misconception
def turns_the_wrong_one(x):
    """You turned the rows' descriptor and left the columns' lying.

    Both lie then, `(B, C, 1, H)` and `(B, C, 1, W)`, and along axis 2 they fit only where H = W.

    Turn the columns'.
    """
    return torch.cat([x.mean(dim=3, keepdim=True).transpose(2, 3), x.mean(dim=2, keepdim=True)], dim=2)


@exercise.misconception
def turns_none(x):
    """You concatenated `(B, C, H, 1)` and `(B, C, 1, W)` as they are.

    Along axis 2 all other axes must agree, and the last ones are 1 and W.

    Turn the columns' descriptor first: transpose(2, 3).
    """
    return torch.cat([x.mean(dim=3, keepdim=True), x.mean(dim=2, keepdim=True)], dim=2)


@exercise.misconception
def pools_the_other_axis(x):
    """You took mean(dim=2) for the rows and mean(dim=3) for the columns.

    The axis that you name is the one that goes: mean(dim=2) averages all rows, and one number for each column is left.

    Exchange the two.
    """
    return torch.cat([x.mean(dim=2, keepdim=True).transpose(2, 3), x.mean(dim=3, keepdim=True)], dim=2)


@exercise.misconception
def side_by_side_as_channels(x):
    """You put rows and columns together along axis 1, the channels.

    Row i and column i then share a place, which fits only where H = W. They are to lie end to end.

    Concatenate along the axis of places, dim=2.
    """
    return torch.cat([x.mean(dim=3, keepdim=True), x.mean(dim=2, keepdim=True).transpose(2, 3)], dim=1)


@exercise.misconception
def lies_down(x):
    """You laid the line along the width: `(B, C, 1, H + W)`.

    That would serve as well, if all that follows knew of it. The task has it along axis 2.

    Turn the columns' descriptor, not the rows', and concatenate along axis 2.
    """
    return torch.cat([x.mean(dim=3, keepdim=True).transpose(2, 3), x.mean(dim=2, keepdim=True)], dim=3)


@exercise.misconception
def takes_the_largest(x):
    """You took the largest value of each row and column.

    That is a maximum, as CBAM has beside its mean. Here the mean alone is asked for.

    Use mean.
    """
    return torch.cat([x.amax(dim=3, keepdim=True), x.amax(dim=2, keepdim=True).transpose(2, 3)], dim=2)


@exercise.misconception
def sums_up(x):
    """You summed and did not divide.

    On a wide map the rows would then be strong and the columns weak, and one layer serves both.

    Use mean, or divide: rows by W, columns by H.
    """
    return torch.cat([x.sum(dim=3, keepdim=True), x.sum(dim=2, keepdim=True).transpose(2, 3)], dim=2)


@exercise.misconception
def means_of_the_whole_map(x):
    """You pooled over both axes.

    Then all places of the line hold one number, that of SE.

    Pool over one axis at a time.
    """
    return x.mean(dim=(2, 3), keepdim=True).expand(-1, -1, x.shape[2] + x.shape[3], 1)


@exercise.misconception
def averages_the_channels(x):
    """You averaged over the channels as well.

    Each channel is to keep rows and columns of its own: that is what a spatial gate could not do.

    Leave axis 1 alone.
    """
    mean = x.mean(dim=1, keepdim=True)
    return torch.cat([mean.mean(dim=3, keepdim=True), mean.mean(dim=2, keepdim=True).transpose(2, 3)], dim=2)
