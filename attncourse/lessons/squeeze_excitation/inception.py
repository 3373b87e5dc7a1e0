"""se-inception: where attention stands in an Inception block."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from attncourse.checking import Case, Draw, Fixture, FunctionExercise

exercise = FunctionExercise(
    "se-inception",
    answer="inception",
    title="SE in an Inception block",
    points=1,
    task=(
        "Write `inception(x, first, second, third, attention)`: run the three branches side by side on `x`, put their "
        "channels together, and let `attention` weigh the result, as SE-Inception does."
    ),
    hints=[
        "An Inception block has no sum: each branch brings channels of its own. How many has the result in all?",
        "Attention is to compare all channels with each other. So they must all be there before it looks.",
        "`torch.cat([a, b, c], dim=...)` puts tensors side by side along one axis. The channels are axis 1.",
        "In full: `return attention(torch.cat([first(x), second(x), third(x)], dim=1))`.",
    ],
)


@exercise.reference
def inception(x: Tensor, first, second, third, attention) -> Tensor:
    """``(B, C, H, W) -> (B, C1 + C2 + C3, H, W)``."""
    return attention(torch.cat([first(x), second(x), third(x)], dim=1))


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    negating, doubling, narrow = Fixture("negating-branch"), Fixture("doubling-gate"), Fixture("narrow-branch")
    mixing = Fixture("mixing-gate")
    yield Case("one channel of 1x2", (draw.integers(1, 1, 1, 2), doubling, negating, narrow, mixing))
    yield Case("three channels of 2x3", (draw.integers(2, 3, 2, 3), negating, narrow, doubling, mixing))
    convolution = Fixture("convolution", draw.integer(0, 99))
    yield Case("four channels of 5x3", (draw.normal(2, 4, 5, 3), narrow, convolution, negating, mixing))


@exercise.accepts
def line_by_line(x, first, second, third, attention):
    outputs = [first(x), second(x), third(x)]
    joined = torch.cat(outputs, 1)
    return attention(joined)


@exercise.accepts
def comprehension(x, first, second, third, attention):
    return attention(torch.cat([branch(x) for branch in (first, second, third)], dim=-3))


@exercise.accepts
def joined_in_two_steps(x, first, second, third, attention):
    joined = torch.cat((first(x), second(x)), dim=1)
    joined = torch.cat((joined, third(x)), dim=1)
    return attention(joined)


@exercise.accepts
def concatenated(x, first, second, third, attention):
    return attention(torch.concatenate([first(x), second(x), third(x)], axis=1))


@exercise.accepts
def stacked_horizontally(x, first, second, third, attention):
    return attention(torch.hstack([first(x), second(x), third(x)]))


@exercise.misconception
def gates_each_branch(x, first, second, third, attention):
    """You gave each branch its own attention, and put the results together afterwards.

    Then the gates of a branch know the channels of that branch alone. SE stands behind the concatenation, so that each
    gate may depend on all channels of the block.

    Concatenate first, then call attention once.
    """
    return torch.cat([attention(first(x)), attention(second(x)), attention(third(x))], dim=1)


@exercise.misconception
def gates_the_input(x, first, second, third, attention):
    """You put attention before the branches.

    It would weigh the channels that come in. SE weighs what the block has made.

    Call attention on the concatenated result.
    """
    given = attention(x)
    return torch.cat([first(given), second(given), third(given)], dim=1)


@exercise.misconception
def forgets_the_attention(x, first, second, third, attention):
    """You built the plain Inception block and never called the attention.

    Published networks do it too: a module that is registered and never called has parameters and no effect.

    Send the concatenated channels through attention.
    """
    return torch.cat([first(x), second(x), third(x)], dim=1)


@exercise.misconception
def sums_the_branches(x, first, second, third, attention):
    """You added the branches, as a residual block would.

    An Inception block keeps them apart: each brings channels of its own, and their numbers need not even be equal.

    Concatenate along the channel axis.
    """
    return attention(first(x) + second(x) + third(x))


@exercise.misconception
def gates_the_last_branch_only(x, first, second, third, attention):
    """You weighed one branch, and left the others as they are.

    The brackets decide: attention(third(x)) inside the list is the last branch alone.

    Put attention around the whole torch.cat(...).
    """
    return torch.cat([first(x), second(x), attention(third(x))], dim=1)


@exercise.misconception
def joins_along_the_batch(x, first, second, third, attention):
    """You concatenated along axis 0, the batch.

    Then the block seems to return three times as many pictures, and no picture has more channels. `torch.cat` takes
    axis 0 unless you say otherwise.

    Say dim=1.
    """
    return attention(torch.cat([first(x), second(x), third(x)], dim=0))


@exercise.misconception
def adds_a_shortcut(x, first, second, third, attention):
    """You joined the input to the branches' channels.

    A shortcut belongs to residual blocks. An Inception block consists of what its branches made.

    Concatenate the three branches only.
    """
    return attention(torch.cat([x, first(x), second(x), third(x)], dim=1))
