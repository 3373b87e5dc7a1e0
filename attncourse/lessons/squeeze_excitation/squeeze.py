"""se-squeeze: one number for each channel, the mean over its places (Hu et al., eq. 2)."""

from __future__ import annotations

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
    yield Case("two channels of 2x3", (draw.integers(1, 2, 2, 3),))
    yield Case("a batch of two, three channels of 2x1", (draw.integers(2, 3, 2, 1),))
    yield Case("four channels of 5x3", (draw.integers(3, 4, 5, 3),))
    yield Case("four channels of 3x5", (draw.integers(2, 4, 3, 5),))


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


@exercise.misconception
def averages_over_channels(x: Tensor) -> Tensor:
    """You averaged over the channel axis: one number for each place, none for each channel.

    Axis 1 is C. SE asks how strong each channel is as a whole, so the channels must stay and the places must go.

    Average over the last two axes, H and W.
    """
    return x.mean(dim=1)
