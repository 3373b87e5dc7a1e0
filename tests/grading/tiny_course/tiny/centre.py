"""tiny-centre: an exercise that uses another one's answer."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "tiny-centre",
    answer="centre",
    title="Centre",
    points=1,
    task="Subtract the mean of each channel.",
    hints=["one", "two", "three", "four"],
    uses=["tiny-squeeze"],
)


@exercise.reference
def centre(x: Tensor) -> Tensor:
    return x - x.mean(dim=(2, 3), keepdim=True)


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    yield Case("three channels of 2x5", (draw.integers(1, 3, 2, 5),))
