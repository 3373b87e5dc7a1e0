"""cbam-spatial-descriptors: two numbers for each place, mean and maximum over its channels (Woo et al., eq. 3)."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "cbam-spatial-descriptors",
    answer="descriptors",
    title="Two maps: the mean and the maximum over the channels",
    points=2,
    task=(
        "Write `descriptors(x)`: `(B, C, H, W) -> (B, 2, H, W)`. Map 0 holds at each place the mean over all channels, "
        "map 1 the largest of them."
    ),
    hints=[
        "The channel module asked of each channel: how much of it is there, anywhere? Turn the question round.",
        "Which of the axes B, C, H, W is to go? Its size becomes 1 if you keep it.",
        "`x.mean(dim=1, keepdim=True)` and `x.amax(dim=1, keepdim=True)` are `(B, 1, H, W)` each.",
        "`torch.cat([...], dim=1)` puts them side by side as two channels.",
        "In full: `return torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)`.",
    ],
)


@exercise.reference
def descriptors(x: Tensor) -> Tensor:
    """``(B, C, H, W) -> (B, 2, H, W)``."""
    return torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    yield Case("three channels of 2x3", (_distinct(draw, 1, 3, 2, 3),))
    yield Case("a batch of two, four channels of 3x2", (_distinct(draw, 2, 4, 3, 2),))
    yield Case("five channels of 1x4", (_distinct(draw, 3, 5, 1, 4),))
    yield Case("four channels of 5x3", (_distinct(draw, 3, 4, 5, 3),))
    yield Case("seven channels of 4x6", (_distinct(draw, 2, 7, 4, 6),))


def _distinct(draw: Draw, *shape: int) -> Tensor:
    """Whole numbers, no two alike: where the largest value stands twice, two maxima have different gradients."""
    order = draw.normal(math.prod(shape)).argsort()
    return (order - 2 * len(order) // 3).reshape(shape).float()


@exercise.accepts
def stacked(x):
    return torch.stack([x.mean(1), x.max(1).values], dim=1)


@exercise.accepts
def filled_in(x):
    result = x.new_empty(x.shape[0], 2, *x.shape[2:])
    result[:, 0], result[:, 1] = x.mean(dim=1), torch.amax(x, dim=1)
    return result


@exercise.accepts
def sum_and_divide(x):
    mean = x.sum(dim=-3, keepdim=True) / x.shape[-3]
    return torch.cat((mean, torch.max(x, 1, keepdim=True)[0]), 1)


@exercise.accepts
def channels_last(x):
    last = x.permute(0, 2, 3, 1)
    return torch.stack([last.mean(-1), last.amax(-1)], dim=-1).permute(0, 3, 1, 2)


@exercise.accepts
def pooled_as_a_depth(x):
    deep, whole = x[:, None], (x.shape[1], 1, 1)
    return torch.cat([functional.avg_pool3d(deep, whole), functional.max_pool3d(deep, whole)], dim=1)[:, :, 0]


@exercise.accepts
def channel_by_channel(x):
    total = largest = x[:, 0]
    for channel in x.unbind(1)[1:]:
        total, largest = total + channel, torch.maximum(largest, channel)
    return torch.stack([total / x.shape[1], largest], dim=1)


@exercise.misconception
def pools_over_places(x):
    """You pooled over height and width, as the channel module does.

    That describes each channel and forgets where things are. Here each place is to be described: the channels go, H
    and W stay. (A widely read text has it "along the width and height"; its own code does otherwise.)

    Pool along axis 1.
    """
    return torch.cat([x.mean(dim=(2, 3), keepdim=True), x.amax(dim=(2, 3), keepdim=True)], dim=1)


@exercise.misconception
def pools_along_the_width(x):
    """You pooled along the last axis, which is the width.

    Where the channels come last, as in TensorFlow, that would be right. In torch the order is B, C, H, W.

    Pool along axis 1.
    """
    return torch.cat([x.mean(dim=-1, keepdim=True), x.amax(dim=-1, keepdim=True)], dim=1)


@exercise.misconception
def pools_channels_and_rows(x):
    """You pooled along axes 1 and 2, the channels and the rows.

    Those two are height and width where the channels come last. Here one number for each column remains.

    Pool along axis 1 alone.
    """
    return torch.cat([x.mean(dim=(1, 2), keepdim=True), x.amax(dim=(1, 2), keepdim=True)], dim=1)


@exercise.misconception
def loses_the_channel_axis(x):
    """You pooled without keeping the axis, so axis 1 became the height.

    `x.mean(dim=1)` is `(B, H, W)`; to put two of these together along axis 1 lays one map below the other.

    Add keepdim=True, or use torch.stack in place of torch.cat.
    """
    return torch.cat([x.mean(dim=1), x.amax(dim=1)], dim=1)


@exercise.misconception
def one_map_below_the_other(x):
    """You put the maps together along the height.

    That is one picture, twice as tall. The convolution needs them as two channels of one picture, so that it sees both
    at each place.

    Put them together along axis 1.
    """
    return torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=2)


@exercise.misconception
def one_map_behind_the_other(x):
    """You put the maps together along the batch.

    That is twice as many pictures with one map each.

    Put them together along axis 1.
    """
    return torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=0)


@exercise.misconception
def adds_the_maps(x):
    """You added the two maps up.

    From the sum nobody can tell "all channels a little" from "one channel strongly". That difference is why there are
    two.

    Put them side by side with torch.cat along axis 1.
    """
    return x.mean(dim=1, keepdim=True) + x.amax(dim=1, keepdim=True)


@exercise.misconception
def maximum_first(x):
    """You put the maximum first.

    The authors' code does that too, and for a module that learns its own kernels both are right. Here the kernels are
    given, and the first is meant for the mean: equation 3 writes [mean; max].

    Exchange the two.
    """
    return torch.cat([x.amax(dim=1, keepdim=True), x.mean(dim=1, keepdim=True)], dim=1)


@exercise.misconception
def sums_the_channels(x):
    """You summed over the channels and did not divide.

    The sum grows with the number of channels; the mean is the same for 3 channels and for 512.

    Use mean, or divide by the number of channels.
    """
    return torch.cat([x.sum(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)


@exercise.misconception
def takes_the_index(x):
    """You took which channel is the largest, not how large it is.

    `x.max(dim=1)` gives two things, the values and their indices. The index of a channel measures nothing.

    Take the first of the two, or call x.amax.
    """
    return torch.cat([x.mean(dim=1, keepdim=True), x.argmax(dim=1, keepdim=True).to(x.dtype)], dim=1)


@exercise.misconception
def takes_the_smallest(x):
    """You took the smallest channel at each place.

    Behind a ReLU that is 0 nearly everywhere.

    Use the largest: x.amax.
    """
    return torch.cat([x.mean(dim=1, keepdim=True), x.amin(dim=1, keepdim=True)], dim=1)


@exercise.misconception
def largest_by_size(x):
    """You took the channel that is farthest from zero, without its sign.

    -5 counts more than 3 then. The paper's maximum is the largest value, sign included.

    Leave abs out.
    """
    return torch.cat([x.mean(dim=1, keepdim=True), x.abs().amax(dim=1, keepdim=True)], dim=1)
