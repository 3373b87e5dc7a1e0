"""tiny-layer: a module."""

from __future__ import annotations

from torch import Tensor, nn

from attncourse.checking import ModuleExercise, Scenario

exercise = ModuleExercise(
    "tiny-layer",
    answer="Layer",
    title="Layer",
    points=2,
    task="A 1x1 convolution without bias.",
    hints=["one", "two", "three", "four"],
    scenarios=[Scenario("five channels", (5,), ((2, 5, 3, 4), (1, 5, 4, 3)))],
)


@exercise.reference
class Layer(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.mix(x)


@exercise.misconception
class Squashes(Layer):
    """You put a sigmoid after it.

    Nobody asked for it.

    Leave it out.
    """

    def forward(self, x: Tensor) -> Tensor:
        return self.mix(x).sigmoid()
