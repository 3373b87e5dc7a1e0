"""cbam-channel-twin: build the picture that squeeze-and-excitation takes for another one."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "cbam-channel-twin",
    answer="twin",
    title="Find the input: a twin for squeeze-and-excitation",
    points=2,
    task=(
        "Write `twin(x)`: `(B, C, H, W) -> (B, C, H, W)`. Each channel of the result holds one number at all of its "
        "places, and every SE module, whatever its weights, gives it the gates that it gives x."
    ),
    hints=[
        "SE gives two pictures the same gates, whatever its weights, if something agrees in every channel. What?",
        "A channel that holds one number everywhere: what is its mean, and what its maximum?",
        "So the number is the channel's mean. `x.mean(dim=(2, 3), keepdim=True)` has the shape (B, C, 1, 1).",
        "`expand_as(x)` repeats axes of size 1 until the shape is that of x.",
        "In full: `return x.mean(dim=(2, 3), keepdim=True).expand_as(x)`.",
    ],
)


@exercise.reference
def twin(x: Tensor) -> Tensor:
    """``(B, C, H, W) -> (B, C, H, W)``."""
    return x.mean(dim=(2, 3), keepdim=True).expand_as(x)


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    yield Case("two channels of 2x3", (_distinct(draw, 1, 2, 2, 3),))
    yield Case("a batch of two, three channels of 3x2", (_distinct(draw, 2, 3, 3, 2),))
    yield Case("three pictures, four channels of 1x5", (_distinct(draw, 3, 4, 1, 5),))
    yield Case("two pictures, five channels of 4x4", (_distinct(draw, 2, 5, 4, 4),))


def _distinct(draw: Draw, *shape: int) -> Tensor:
    """Whole numbers, no two alike: where the largest value stands twice, two maxima have different gradients."""
    order = draw.normal(math.prod(shape)).argsort()
    return (order - 2 * len(order) // 3).reshape(shape).float()


@exercise.accepts
def times_ones(x):
    return torch.ones_like(x) * x.mean((2, 3))[:, :, None, None]


@exercise.accepts
def repeated(x):
    b, c, h, w = x.shape
    return x.mean(dim=(-2, -1)).reshape(b, c, 1, 1).repeat(1, 1, h, w)


@exercise.accepts
def pooled_and_enlarged(x):
    return functional.interpolate(functional.adaptive_avg_pool2d(x, 1), size=x.shape[2:])


@exercise.accepts
def minus_what_differs(x):
    return x - (x - x.mean((2, 3), keepdim=True))


@exercise.accepts
def by_a_matrix_of_shares(x):
    places = x.shape[2] * x.shape[3]
    return (x.flatten(2) @ torch.full((places, places), 1 / places)).view_as(x)


@exercise.accepts
def filled_channel_by_channel(x):
    maps = [torch.full(x.shape[2:], 1.0) * channel.mean() for picture in x for channel in picture]
    return torch.stack(maps).reshape(x.shape)


@exercise.misconception
def takes_the_maximum(x):
    """You filled each channel with its maximum.

    That is the twin for a module that squeezes with the maximum. SE sees the mean, and the mean has changed.

    Keep the mean instead.
    """
    return x.amax(dim=(2, 3), keepdim=True).expand_as(x)


@exercise.misconception
def shuffles_the_places(x):
    """You moved the values to other places.

    SE is blind to that too, so your twin has the right gates. But the task asks for one number at all places of a
    channel, so that the maximum changes: shuffling keeps it.

    Fill each channel with a single number.
    """
    return x.flip(3)


@exercise.misconception
def returns_the_means(x):
    """You returned the means, `(B, C)`.

    They are the right numbers. A picture has places: each number belongs at every one of them.

    Give them two axes of length 1, and expand them to the shape of x.
    """
    return x.mean(dim=(2, 3))


@exercise.misconception
def returns_one_place(x):
    """You returned one place for each channel, `(B, C, 1, 1)`.

    Its gates are the right ones: SE takes pictures of any size. The task asks for the shape of x, so that the two can
    be compared place by place.

    Add `.expand_as(x)`.
    """
    return x.mean(dim=(2, 3), keepdim=True)


@exercise.misconception
def averages_the_channels(x):
    """You averaged over the channels, at each place.

    Now all channels are alike, and their means have changed: other gates.

    Average over axes 2 and 3, the places.
    """
    return x.mean(dim=1, keepdim=True).expand_as(x)


@exercise.misconception
def averages_everything(x):
    """You averaged over the channels as well.

    Then every channel has the same mean, and SE sees another picture.

    Keep one number for each channel: average over axes 2 and 3.
    """
    return x.mean(dim=(1, 2, 3), keepdim=True).expand_as(x)


@exercise.misconception
def averages_the_batch(x):
    """You averaged over the batch as well.

    Each picture has its own means, and its own gates.

    Average over axes 2 and 3 only.
    """
    return x.mean(dim=(0, 2, 3), keepdim=True).expand_as(x)


@exercise.misconception
def averages_each_row(x):
    """You averaged over one spatial axis.

    SE gives that the right gates, for the mean has stayed. But a channel still holds several numbers: one for each row
    or column.

    Average over both axes.
    """
    return x.mean(dim=3, keepdim=True).expand_as(x)


@exercise.misconception
def divides_the_sum_by_the_height(x):
    """You divided the sum by the wrong number of places.

    A map has H * W places. With any other divisor the mean of the twin is not that of x.

    Use `mean`, which divides by all of them.
    """
    return (x.sum(dim=(2, 3), keepdim=True) / x.shape[2]).expand_as(x)
