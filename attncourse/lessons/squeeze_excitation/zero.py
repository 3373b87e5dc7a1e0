"""se-zero: predict what the module does when all its parameters are zero."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "se-zero",
    answer="zero_ratio",
    title="Predict: all parameters zero",
    points=1,
    task=(
        "An SE module has four channels, and every weight and bias in it is 0. Each output value is the same multiple "
        "of its input value. Which? Set `zero_ratio` to that number."
    ),
    hints=[
        "Follow one picture through: whatever its means are, what does a layer give whose weights and bias are zero?",
        "ReLU of zero is zero, and the second layer is zero as well. So every logit is 0.",
        "Lesson 00: where does the sigmoid's curve cross the vertical axis?",
        "sigmoid(0) = 1 / (1 + exp(0)) = 1 / 2. In full: `zero_ratio = 0.5`.",
    ],
)


@exercise.reference
def a_half() -> float:
    return 0.5


@exercise.misconception
def everything_is_shut() -> float:
    """You took zero parameters for a shut gate.

    What is zero are the logits. A gate is the sigmoid of its logit, and that is 0 only far down, at minus infinity.

    Look up the sigmoid at 0, in lesson 00 or with torch.sigmoid(torch.tensor(0.0)).
    """
    return 0.0


@exercise.misconception
def everything_passes() -> float:
    """You expected a module that has learned nothing to change nothing.

    That holds for x + f(x), where f begins at zero. SE multiplies, and a gate of exactly 1 would need a logit of plus
    infinity: SE never starts as the identity.

    Work out the logit, then its sigmoid.
    """
    return 1.0


@exercise.misconception
def an_equal_share() -> float:
    """You shared 1 among the four channels.

    That is a softmax. SE's gates are separate sigmoids: they are no shares and add up to nothing in particular.

    Work out one channel alone: its logit, then its sigmoid.
    """
    return 0.25


@exercise.misconception
def input_plus_half() -> float:
    """You added the input to the gated input.

    The SE module returns the product alone. The residual connection, where there is one, lies around it, in the block.

    Leave the sum out: what is the gate itself?
    """
    return 1.5
