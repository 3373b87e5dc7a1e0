"""se-residual: where attention stands in a residual block."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from attncourse.checking import Case, Draw, Fixture, FunctionExercise

exercise = FunctionExercise(
    "se-residual",
    answer="residual",
    title="SE in a residual block",
    points=2,
    task=(
        "Write `residual(x, branch, attention)`: `(B, C, H, W) -> (B, C, H, W)`. `branch` stands for all convolutions "
        "and batch norms of the block, `attention` for the SE module. Put them together as SE-ResNet does."
    ),
    hints=[
        "Without attention a residual block is relu(x + branch(x)). Into which of its wires does the gate go?",
        "The shortcut must stay untouched, so that the signal always has a free way through.",
        "Attention weighs what the branch has made, before it meets the shortcut. The ReLU stays where it was.",
        "From the inside out: branch(x), then attention of that, then plus x, then ReLU.",
        "In full: `return torch.relu(x + attention(branch(x)))`.",
    ],
)


@exercise.reference
def residual(x: Tensor, branch, attention) -> Tensor:
    """``(B, C, H, W) -> (B, C, H, W)``."""
    return torch.relu(x + attention(branch(x)))


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    negating, doubling = Fixture("negating-branch"), Fixture("doubling-gate")
    yield Case("one channel of 1x4, branch 1 - 3x, attention doubles", (draw.integers(1, 1, 1, 4), negating, doubling))
    yield Case("two channels of 2x3, attention doubles", (draw.integers(1, 2, 2, 3), negating, doubling))
    mixing = Fixture("mixing-gate")
    yield Case("three channels of 3x2, a gate from all of them", (draw.normal(2, 3, 3, 2), negating, mixing))
    convolution = Fixture("convolution", draw.integer(0, 99))
    yield Case("four channels of 5x3, branch a convolution", (draw.normal(2, 4, 5, 3), convolution, mixing))


@exercise.accepts
def line_by_line(x, branch, attention):
    out = branch(x)
    out = attention(out)
    out = out + x
    return out.relu()


@exercise.accepts
def identity_kept_aside(x, branch, attention):
    identity = x
    features = branch(x)
    return nn.ReLU()(attention(features) + identity)


@exercise.accepts
def clamped(x, branch, attention):
    return (x + attention(branch(x))).clamp(min=0)


@exercise.accepts
def added_in_place(x, branch, attention):
    out = x.clone()
    out += attention(branch(x))
    return nn.functional.relu(out)


@exercise.accepts
def sequential(x, branch, attention):
    total = torch.stack([x, attention(branch(x))]).sum(dim=0)
    return torch.maximum(total, torch.zeros_like(total))


@exercise.misconception
def forgets_the_attention(x, branch, attention):
    """You built the plain residual block and never called the attention.

    It happens in published networks too: the module is made, it is registered, its parameters are counted, and forward
    goes past it. Nothing fails; it just never learns.

    Send the branch's result through attention.
    """
    return torch.relu(x + branch(x))


@exercise.misconception
def forgets_the_shortcut(x, branch, attention):
    """You left x out of the sum.

    Without the shortcut it is no residual block: wherever the gate is nearly shut the signal would be lost.

    Add x before the ReLU.
    """
    return torch.relu(attention(branch(x)))


@exercise.misconception
def gates_the_sum(x, branch, attention):
    """You put attention behind the addition, before the ReLU.

    Then it also weighs the shortcut, which is no longer a free way through: stacked blocks multiply their gates into
    the signal again and again.

    Apply attention to the branch, then add x.
    """
    return torch.relu(attention(x + branch(x)))


@exercise.misconception
def gates_the_output(x, branch, attention):
    """You put attention at the very end, behind the ReLU.

    There it weighs the shortcut as well, and its means are those of a signal that has lost its negative part. The paper
    calls this SE-POST, and found it worse than the standard place (a second-hand figure).

    Apply attention to the branch, then add x, then ReLU.
    """
    return attention(torch.relu(x + branch(x)))


@exercise.misconception
def gates_the_input(x, branch, attention):
    """You put attention before the branch.

    The paper calls this SE-PRE and found it about as good (a second-hand figure); it is another block all the same.
    The standard SE weighs what the branch has made.

    First the branch, then attention.
    """
    return torch.relu(x + branch(attention(x)))


@exercise.misconception
def gates_the_shortcut(x, branch, attention):
    """You put attention on the shortcut.

    That is the paper's SE-Identity. In the standard block the shortcut stays as it is, and the branch is weighed.

    Apply attention to branch(x), not to x.
    """
    return torch.relu(attention(x) + branch(x))


@exercise.misconception
def forgets_the_relu(x, branch, attention):
    """You left out the block's last ReLU.

    The sum may be negative; the block ends with a ReLU, as it did without attention.

    Put torch.relu around the sum.
    """
    return x + attention(branch(x))


@exercise.misconception
def relu_before_the_addition(x, branch, attention):
    """You put the ReLU on the branch, before the addition.

    Then the branch can only add, never take away, and the sum is not rectified. ResNet adds first.

    Put the ReLU around the whole sum.
    """
    return x + torch.relu(attention(branch(x)))


@exercise.misconception
def relu_before_the_attention(x, branch, attention):
    """You put a ReLU between the branch and attention.

    The branch ends with a batch norm and no ReLU, so that it may correct the shortcut downwards as well.

    Give attention the branch's result as it is.
    """
    return torch.relu(x + attention(torch.relu(branch(x))))
