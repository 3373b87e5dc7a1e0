"""The first layer of judging modules: weights that depend on shapes alone, so that no name or layer type matters.

Every parameter of one shape, up to transposition and axes of size 1, gets the same values in the candidate, in the
reference and in each misconception. A Linear, a 1x1 convolution and an einsum then compute the same numbers, and an
answer that computes what a misconception computes is that misconception.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from attncourse.checking.candidate import Candidate
from attncourse.checking.draw import Draw
from attncourse.checking.exercise import ModuleExercise, Scenario
from attncourse.checking.observation import AnswerError, Observation, Outcome


def canonical(shape: Sequence[int]) -> tuple[int, ...]:
    """``(4, 12, 1, 1)`` and ``(12, 4)`` -> ``(4, 12)``."""
    return tuple(sorted(size for size in shape if size != 1))


def filling(shape: Sequence[int], seed: int, low: float, high: float) -> Tensor:
    """float64 values for a parameter of this shape; a transposed shape gets the transposed values."""
    sizes = [size for size in shape if size != 1]
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    key = math.prod((size + 7) ** (axis + 1) for axis, size in enumerate(canonical(shape)))
    values = Draw(seed * 1_000_003 + key).signed(*canonical(shape), low=low, high=high)
    back = [order.index(axis) for axis in range(len(sizes))]
    return values.permute(back).reshape(tuple(shape))


def observe_module(exercise: ModuleExercise, candidate: Candidate, seed: int) -> list[Observation]:
    """Build, fill and run the candidate in every scenario; never raises for what the learner's code does."""
    seen: list[Observation] = []
    for number, scenario in enumerate(exercise.scenarios):
        arguments = tuple((f"argument {i + 1}", value) for i, value in enumerate(scenario.build))
        try:
            seen += _scenario(exercise, scenario, candidate, seed * 101 + number)
        except AnswerError as error:
            seen.append(Observation(scenario.label, arguments, Outcome(raised=error)))
    return seen


def _scenario(exercise: ModuleExercise, scenario: Scenario, candidate: Candidate, seed: int) -> list[Observation]:
    handle = candidate.build(scenario.build)
    draw = Draw(seed)
    try:
        first = draw.normal(*scenario.shapes[0])
        # Lazy layers get their shapes from a first call.
        candidate.run(handle, first, seed, gradients=False)
        shapes = candidate.shapes(handle)
        signature = tuple(sorted(canonical(shape) for shape in shapes))
        seen = [Observation(f"the parameters of {scenario.label}", (), Outcome(signature))]
        candidate.cast(handle, "float64")
        candidate.fill(handle, [filling(shape, seed, *exercise.fill) for shape in shapes])
        for shape in scenario.shapes:
            x = (draw.normal(*shape, dtype=torch.float64) * scenario.scale * 4).round() / 4
            outcome = _by_canonical_shape(candidate.run(handle, x, seed), shapes)
            seen.append(Observation(f"{scenario.label}, input {shape}", (("x", x),), outcome))
        trained = candidate.run(handle, x, seed, train=True, gradients=False)
        seen.append(Observation(f"{scenario.label}, input {shape}, in train mode", (("x", x),), trained))
        return seen
    finally:
        candidate.release(handle)


def _by_canonical_shape(outcome: Outcome, shapes: Sequence[Sequence[int]]) -> Outcome:
    """Sum the gradients of the parameters that share a canonical shape, so that their order does not matter."""
    if not outcome.gradients or len(outcome.gradients) != len(shapes) + 1:
        return outcome
    sums: dict[tuple[int, ...], Tensor] = {}
    for shape, gradient in zip(shapes, outcome.gradients[1:], strict=True):
        sizes = [size for size in shape if size != 1]
        order = sorted(range(len(sizes)), key=sizes.__getitem__)
        value = torch.zeros(tuple(shape), dtype=torch.float64) if gradient is None else gradient.double()
        key = canonical(shape)
        sums[key] = sums.get(key, torch.zeros(key, dtype=torch.float64)) + value.reshape(sizes).permute(order)
    together = (outcome.gradients[0], *(sums[key] for key in sorted(sums)))
    return Outcome(outcome.value, None, together, outcome.changed, outcome.stable)
