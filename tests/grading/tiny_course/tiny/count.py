"""tiny-count: a value."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "tiny-count", answer="count", title="Count", points=1, task="Weights of a Linear(6, 2).", hints=["a", "b", "c", "d"]
)


@exercise.reference
def right() -> int:
    return 12


@exercise.misconception
def with_bias() -> int:
    """You counted a bias.

    There is none.

    Count again.
    """
    return 14
