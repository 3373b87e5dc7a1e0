"""Global mean pooling, right and wrong: what the learner's inspection in maps-pool-test is tried on."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor
from torch.nn import functional

from attncourse.checking import Case, Draw, FunctionExercise

subject = FunctionExercise(
    "maps-global-mean",
    answer="pool",
    title="Global mean pooling",
    points=1,
    task="`(B, C, H, W) -> (B, C)`, the mean of each map.",
    hints=["Not asked for by itself.", "See maps-pool-test.", "It is built in lesson 01.", "`x.mean(dim=(2, 3))`"],
)


@subject.reference
def mean_over_both_axes(x: Tensor) -> Tensor:
    return x.mean(dim=(2, 3))


@subject.cases
def cases(draw: Draw) -> Iterator[Case]:
    yield Case("two channels of 2x3", (draw.normal(1, 2, 2, 3),))
    yield Case("two pictures, three channels of 7x7", (draw.normal(2, 3, 7, 7),))
    yield Case("three pictures, two channels of 5x4", (draw.normal(3, 2, 5, 4) ** 3,))
    yield Case("two pictures, four channels of 4x9", (draw.normal(2, 4, 4, 9) ** 3,))


@subject.accepts
def adaptive_pooling(x):
    return functional.adaptive_avg_pool2d(x, 1)[:, :, 0, 0]


@subject.accepts
def sum_and_divide(x):
    return x.sum(dim=(2, 3)) / (x.shape[2] * x.shape[3])


@subject.accepts
def rows_then_columns(x):
    return x.mean(dim=3).mean(dim=2)


@subject.accepts
def flattened(x):
    return x.flatten(2).mean(dim=2)


@subject.accepts
def in_double_precision(x):
    return x.double().mean(dim=(2, 3)).to(x.dtype)


@subject.misconception
def takes_the_maximum(x):
    """It returns the largest value of each map.

    On a map that is the same everywhere, maximum and mean are equal.

    Let the values of a map differ.
    """
    return x.amax(dim=(2, 3))


@subject.misconception
def takes_the_median(x):
    """It returns the middle value of each map.

    Where values are spread evenly, as in 0, 1, 2, ..., middle and mean are equal.

    Put one value far away from the others.
    """
    return x.flatten(2).quantile(0.5, dim=2)


@subject.misconception
def sums(x):
    """It adds the values up and does not divide.

    The shape is right; only the values tell.

    Compare values, on maps of more than one place.
    """
    return x.sum(dim=(2, 3))


@subject.misconception
def divides_by_the_height_twice(x):
    """It divides the sum by H * H.

    On square maps that is the mean.

    Use a map with H and W different.
    """
    return x.sum(dim=(2, 3)) / x.shape[2] ** 2


@subject.misconception
def averages_magnitudes(x):
    """It averages the values without their signs.

    As long as nothing is negative, nobody notices.

    Put negative values into the maps.
    """
    return x.abs().mean(dim=(2, 3))


@subject.misconception
def repeats_the_first_picture(x):
    """It pools the first picture and repeats it for the whole batch.

    With a batch of one it is right.

    Give it two different pictures.
    """
    return x[:1].mean(dim=(2, 3)).expand(x.shape[0], -1)


@subject.misconception
def averages_the_batch_too(x):
    """It averages over the batch as well, and repeats the result for each picture.

    With a batch of one it is right.

    Give it two different pictures.
    """
    return x.mean(dim=(0, 2, 3)).expand(x.shape[0], -1)


@subject.misconception
def mixes_the_channels(x):
    """It averages over the channels as well, and repeats the result for each channel.

    With one channel, or with equal channels, it is right.

    Let the channels differ.
    """
    return x.mean(dim=(1, 2, 3))[:, None].expand(-1, x.shape[1])


@subject.misconception
def confuses_pictures_and_channels(x):
    """It reshapes (B, C, ...) to (C, B, ...) instead of exchanging the axes.

    With a batch of one, or with one channel, it is right.

    Use at least two pictures and two channels, all different.
    """
    return x.reshape(x.shape[1], x.shape[0], -1).mean(dim=2).T


@subject.misconception
def keeps_the_axes(x):
    """It keeps two axes of length 1: (B, C, 1, 1).

    Its values are right; only the shape tells.

    Look at the shape as well.
    """
    return x.mean(dim=(2, 3), keepdim=True)


@subject.misconception
def averages_one_axis(x):
    """It averages over one spatial axis only: (B, C, H).

    Its values have the right mean altogether; only the shape tells.

    Look at the shape as well.
    """
    return x.mean(dim=3)


@subject.misconception
def one_number_for_everything(x):
    """It returns one number for the whole batch.

    Comparing functions stretch a single number to any shape.

    Look at the shape as well.
    """
    return x.mean()


@subject.misconception
def seven_by_seven(x):
    """It pools with a window of 7 x 7.

    On 7 x 7 maps, the last ones of a ResNet, it is right.

    Use maps of another size.
    """
    return functional.avg_pool2d(x, 7).flatten(1)
