"""cbam-channel-last-bias: predict what the sigmoid gets where only the last bias is not zero."""

from __future__ import annotations

import math

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "cbam-channel-last-bias",
    answer="logit",
    title="Predict: only the last bias is not zero",
    points=1,
    task=(
        "In a channel attention as equation 2 has it, all weights are 0 and so is the first layer's bias; each value "
        "of the second layer's bias is 1. Which number goes into the sigmoid, in every channel? Set `logit` to it."
    ),
    hints=[
        "Follow the means through the MLP: what does the first layer give, what the ReLU, what the second layer?",
        "Now follow the maxima through the same MLP.",
        "Equation 2: sigmoid(MLP(mean) + MLP(max)). How often does the MLP add its last bias?",
        "Each call gives 0 + 1, and there are two: `logit = 2`.",
    ],
)


@exercise.reference
def one_for_each_call() -> float:
    return 2.0


@exercise.misconception
def the_bias_counts_once() -> float:
    """You counted the bias once: one MLP, one bias.

    There is one MLP, but it is called twice, and each call ends with its bias. (A module that adds before the second
    layer would count it once. That can be learned as well, but it is not what the equation says.)

    Write both calls out and add them.
    """
    return 1.0


@exercise.misconception
def zero_weights_give_zero() -> float:
    """You took the whole MLP for zero, because its weights are.

    Zero weights silence what comes in. A bias is added behind them, and speaks always.

    What does a linear layer give whose weight is 0 and whose bias is 1?
    """
    return 0.0


@exercise.misconception
def the_branches_are_averaged() -> float:
    """You took the average of two branches for their sum, or weighed each with one half.

    Equation 2 adds.

    Write both calls out and add them.
    """
    return 0.5


@exercise.misconception
def gives_the_gate() -> float:
    """You gave what comes out of the sigmoid: the gate.

    Asked is what goes in.

    Stop one step earlier.
    """
    return 1 / (1 + math.exp(-2))


@exercise.misconception
def a_sigmoid_in_each_branch() -> float:
    """You put a sigmoid behind each branch: 0.73 + 0.73.

    That is a bug which much code has. In equation 2 the branches are added first, and the sigmoid comes last.

    Add the two branches as the MLP gives them.
    """
    return 2 / (1 + math.exp(-1))


@exercise.misconception
def every_layer_adds_one() -> float:
    """You let both layers of both calls add 1.

    The first layer's bias is 0; only the second layer has one that is not.

    Count the calls, and one bias for each.
    """
    return 4.0
