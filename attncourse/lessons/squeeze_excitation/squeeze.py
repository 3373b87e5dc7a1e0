"""se-squeeze: one number for each channel, the mean over its places (Hu et al., eq. 2)."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "se-squeeze",
    answer="squeeze",
    title="Squeeze: one number for each channel",
    points=1,
    task="Write `squeeze(x)`: `(B, C, H, W) -> (B, C)`, the mean of each channel over all its places.",
    hints=[
        "Take one channel of 2x3 numbers. Which single number stands for all six of them?",
        "Of the axes B, C, H, W, which two tell where in the picture a value lies? Those are to go.",
        "`x.mean(dim=...)` takes several axes at once, as a tuple. Axis 0 is the batch.",
        "In full: `return x.mean(dim=(2, 3))`.",
    ],
)


@exercise.reference
def squeeze(x: Tensor) -> Tensor:
    """``(B, C, H, W) -> (B, C)``."""
    return x.mean(dim=(2, 3))


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    yield Case("two channels of 2x3", (_distinct(draw, 1, 2, 2, 3),))
    yield Case("a batch of two, three channels of 2x1", (_distinct(draw, 2, 3, 2, 1),))
    yield Case("four channels of 5x3", (_distinct(draw, 3, 4, 5, 3),))
    yield Case("four channels of 3x5", (_distinct(draw, 2, 4, 3, 5),))
    yield Case("two channels of 8x9", (_distinct(draw, 2, 2, 8, 9),))


def _distinct(draw: Draw, *shape: int) -> Tensor:
    """Whole numbers, no two alike: where the largest value stands twice, two maxima have different gradients."""
    order = draw.normal(math.prod(shape)).argsort()
    return (order - len(order) // 3).reshape(shape).float()


@exercise.accepts
def adaptive_pooling(x: Tensor) -> Tensor:
    return functional.adaptive_avg_pool2d(x, 1).flatten(1)


@exercise.accepts
def sum_and_divide(x: Tensor) -> Tensor:
    return x.sum(dim=(-1, -2)) / (x.shape[-1] * x.shape[-2])


@exercise.accepts
def flatten_first(x: Tensor) -> Tensor:
    return x.flatten(2).mean(-1)


@exercise.accepts
def einsum(x: Tensor) -> Tensor:
    return torch.einsum("bchw->bc", x) / x[0, 0].numel()


@exercise.accepts
def loops(x: Tensor) -> Tensor:
    return torch.stack([torch.stack([channel.mean() for channel in sample]) for sample in x])


@exercise.accepts
def window_of_the_whole_map(x: Tensor) -> Tensor:
    return functional.avg_pool2d(x, (x.shape[2], x.shape[3])).squeeze(-1).squeeze(-1)


@exercise.misconception
def averages_over_channels(x: Tensor) -> Tensor:
    """You averaged over the channel axis: one number for each place, none for each channel.

    Axis 1 is C. SE asks how strong each channel is as a whole, so the channels must stay and the places must go.

    Average over the last two axes, H and W.
    """
    return x.mean(dim=1)


@exercise.misconception
def keeps_the_axes(x: Tensor) -> Tensor:
    """You averaged over the right axes, and kept them with size 1: (B, C, 1, 1).

    The numbers are right. Here the excitation comes next, a layer that takes (B, C); the two empty axes would be in
    its way. They come back at the end, when the gates must meet the feature maps again.

    Leave out keepdim=True, or flatten the result: .flatten(1).
    """
    return x.mean(dim=(2, 3), keepdim=True)


@exercise.misconception
def sums_instead_of_averaging(x: Tensor) -> Tensor:
    """You added the values of each channel up, and did not divide by how many they are.

    A sum grows with the size of the map: the same picture twice as large would get four times the number, and the
    layers behind would see another input. The mean is the same for both.

    Divide by H * W, or call mean.
    """
    return x.sum(dim=(2, 3))


@exercise.misconception
def takes_the_maximum(x: Tensor) -> Tensor:
    """You took the largest value of each channel.

    That answers "how strong is it where it is strongest", and one noisy place decides. SE squeezes by the mean
    (eq. 2): every place counts the same. CBAM, the next paper of the course, uses both.

    Replace the maximum by the mean, over the same axes.
    """
    return x.amax(dim=(2, 3))


@exercise.misconception
def one_number_for_everything(x: Tensor) -> Tensor:
    """You averaged over all axes at once: one number for the whole batch.

    `x.mean()` without axes also mixes the channels with each other, and the pictures of the batch. Then no channel
    can be told from another, and nothing is left to weigh.

    Name the axes that are to go: H and W.
    """
    return x.mean()


@exercise.misconception
def averages_the_batch(x: Tensor) -> Tensor:
    """You averaged over the batch as well: one number a channel, the same for all pictures.

    Those are the axes of a batch norm's statistics, (0, 2, 3). SE looks at each picture by itself: its gate for a
    picture must not depend on what else happens to be in the batch.

    Leave axis 0 alone: average over (2, 3).
    """
    return x.mean(dim=(0, 2, 3))


@exercise.misconception
def averages_along_rows_only(x: Tensor) -> Tensor:
    """You averaged over one axis: a number for each row of each channel, (B, C, H).

    The last axis alone is W. A place has two coordinates, and both must go. (Keeping one of them on purpose is the
    idea of coordinate attention, later in the course.)

    Give mean both axes, as a tuple.
    """
    return x.mean(dim=-1)


@exercise.misconception
def pools_with_a_square_window(x: Tensor) -> Tensor:
    """You pooled with a window of H x H, as if every map were square.

    On a square map that is the whole map. On a wider one the window covers the left part only, and nobody tells you;
    on a narrower one it does not fit.

    Pool over the whole map whatever its shape: x.mean over both axes, or adaptive_avg_pool2d(x, 1).
    """
    return functional.avg_pool2d(x, x.shape[2]).flatten(1)


@exercise.misconception
def pools_with_a_fixed_window(x: Tensor) -> Tensor:
    """You pooled with a window of 7 x 7, the size of ResNet's last maps.

    That is global only where the map happens to be 7x7. On larger maps it gives one number for each window, on
    smaller ones it does not fit.

    Let the window follow the input: x.mean over both axes, or adaptive_avg_pool2d(x, 1).
    """
    return functional.avg_pool2d(x, 7).flatten(1)
