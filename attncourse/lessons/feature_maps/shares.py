"""maps-shares: what independent gates add up to."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "maps-shares",
    answer="sum_of_gates",
    title="Predict: what 64 gates add up to",
    points=1,
    task=(
        "A layer has 64 channels, and all 64 logits are 0. Each gate is the sigmoid of its logit. Set `sum_of_gates` "
        "to what the 64 gates add up to."
    ),
    hints=[
        "Begin with one channel. What is the sigmoid of 0? Look where the curve crosses the vertical axis.",
        "sigmoid(0) = 1 / (1 + exp(0)).",
        "The other 63 channels have the same logit and don't know of each other. So all gates are equal; add them up.",
        "64 times a half: `sum_of_gates = 32`.",
    ],
)


@exercise.reference
def a_half_each() -> float:
    return 32.0


@exercise.misconception
def shares_of_one() -> float:
    """You took the gates for shares, which add up to 1.

    That is what softmax makes, and what one published text says of SE. Sigmoids are taken one by one: nobody divides
    by their sum.

    Work out a single gate first, then add.
    """
    return 1.0


@exercise.misconception
def zero_is_shut() -> float:
    """You read logit 0 as gate 0.

    The logit is what comes in, the gate what comes out. The curve passes 0 half-way up: a gate is shut only for large
    negative logits.

    Compute torch.sigmoid(torch.tensor(0.0)).
    """
    return 0.0


@exercise.misconception
def zero_is_open() -> float:
    """You read logit 0 as "change nothing", a gate of 1.

    A gate of 1 lets the channel through unchanged, but the sigmoid reaches 1 only far to the right. At 0 it is
    undecided, half-way.

    Compute torch.sigmoid(torch.tensor(0.0)).
    """
    return 64.0


@exercise.misconception
def one_gate_alone() -> float:
    """You gave the value of one gate.

    That number is right, but there are 64 of them, and they are asked for together.

    Add them up.
    """
    return 0.5
