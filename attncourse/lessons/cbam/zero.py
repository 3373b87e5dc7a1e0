"""cbam-zero: predict what three ways to join two gates give when all parameters are zero."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "cbam-zero",
    answer="zero_ratios",
    title="Predict: all parameters zero, three ways to join",
    points=1,
    task=(
        "All parameters of both halves are zero, without a batch norm. Set `zero_ratios` to three numbers, y / x for: "
        "the halves in a row; the average of the two halves' outputs; the halves in a row with x added at the end."
    ),
    hints=[
        "Lesson 01: which gate does a sigmoid give when all parameters are zero? Both halves end in one.",
        "In a row the second gate multiplies what the first has left.",
        "One half alone leaves 0.5 x. What is the average of two of those?",
        "0.5 * 0.5, (0.5 + 0.5) / 2, 0.5 * 0.5 + 1: `zero_ratios = (0.25, 0.5, 1.25)`.",
    ],
)


@exercise.reference
def three_ratios() -> tuple[float, ...]:
    return (0.25, 0.5, 1.25)


@exercise.misconception
def one_gate_alone() -> tuple[float, ...]:
    """You counted one gate in the row of two.

    Each half multiplies: the second halves what the first has halved.

    Take the product of both gates, in the first case and in the third.
    """
    return (0.5, 0.5, 1.5)


@exercise.misconception
def everything_is_shut() -> tuple[float, ...]:
    """You took zero parameters for shut gates.

    What is zero are the logits. The sigmoid of 0 is 0.5.

    Work out one gate first.
    """
    return (0.0, 0.0, 1.0)


@exercise.misconception
def adds_without_dividing() -> tuple[float, ...]:
    """You added the two halves in the second case.

    The average divides by two: (0.5 x + 0.5 x) / 2.

    Divide by 2.
    """
    return (0.25, 1.0, 1.25)


@exercise.misconception
def forgets_the_added_input() -> tuple[float, ...]:
    """You left the added input out of the third case.

    It adds a whole x to what the gates have left.

    Add 1.
    """
    return (0.25, 0.5, 0.25)


@exercise.misconception
def averages_the_product() -> tuple[float, ...]:
    """You put the halves in a row in the second case as well.

    There each half gets x itself, and their outputs are averaged.

    Work out each half's output alone, then the average.
    """
    return (0.25, 0.25, 1.25)
