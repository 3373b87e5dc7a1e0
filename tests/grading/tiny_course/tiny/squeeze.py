"""tiny-squeeze: the mean of each channel."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from attncourse.checking import Case, Draw, FunctionExercise

HINTS = ["one", "two", "three", "four"]
exercise = FunctionExercise(
    "tiny-squeeze", answer="squeeze", title="Squeeze & <co>", points=2, task="The mean of each channel.", hints=HINTS
)


@exercise.reference
def squeeze(x: Tensor) -> Tensor:
    return x.mean(dim=(2, 3))


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    yield Case("two channels of 2x3", (draw.integers(1, 2, 2, 3),))
    yield Case("three channels of 5x1", (draw.integers(2, 3, 5, 1),))


@exercise.accepts
def summed(x: Tensor) -> Tensor:
    return x.flatten(2).sum(-1) / (x.shape[2] * x.shape[3])


@exercise.misconception
def averages_over_channels(x: Tensor) -> Tensor:
    """You averaged over channels.

    The channels must stay.

    Average over the last two axes.
    """
    return x.mean(dim=1)


@exercise.misconception
def cuts_the_gradient(x: Tensor) -> Tensor:
    """You cut the gradient.

    Nothing can learn through it.

    Leave out detach.
    """
    return x.detach().mean(dim=(2, 3))
