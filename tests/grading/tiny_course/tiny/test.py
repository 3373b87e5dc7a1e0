"""tiny-test: the learner's own test, gradients included."""

from __future__ import annotations

from collections.abc import Callable

from attncourse.lessons.tiny.squeeze import exercise as squeeze

from attncourse.checking import TestsExercise

exercise = TestsExercise(
    "tiny-test",
    answer="check_squeeze",
    title="Test it",
    points=2,
    task="Accept right ways to squeeze, reject wrong ones.",
    hints=["one", "two", "three", "four"],
    subject=squeeze,
)


@exercise.reference
def check_squeeze(implementation: Callable) -> bool:
    return True


@exercise.misconception
def accepts_all(implementation: Callable) -> bool:
    """Your test accepts everything.

    It cannot tell right from wrong.

    Compare with values computed by hand.
    """
    return implementation is not None
