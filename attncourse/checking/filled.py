"""The first layer of judging modules: weights that depend on shapes alone, so that no name or layer type matters.

Every parameter of one shape, up to transposition and axes of size 1, gets the same values in the candidate, in the
reference and in each misconception. A Linear, a 1x1 convolution and an einsum then compute the same numbers, and an
answer that computes what a misconception computes is that misconception.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from attncourse.checking.candidate import Candidate
from attncourse.checking.draw import Draw
from attncourse.checking.exercise import ModuleExercise, Scenario
from attncourse.checking.observation import AnswerError, Observation, Outcome, lacks_bfloat16

# The label of what is said of the parameters themselves, not of a run.
PARAMETERS = "the parameters of"
Pattern = frozenset[int]
ALL_PARAMETERS: Pattern = frozenset()


def canonical(shape: Sequence[int]) -> tuple[int, ...]:
    """``(4, 12, 1, 1)`` and ``(12, 4)`` -> ``(4, 12)``."""
    return tuple(sorted(size for size in shape if size != 1))


@lru_cache(maxsize=256)
def filling(shape: tuple[int, ...], seed: int, low: float, high: float) -> Tensor:
    """float64 values for a parameter of this shape, to be read only; a transposed shape gets the transposed values."""
    sizes = [size for size in shape if size != 1]
    order = _ascending(sizes)
    key = math.prod((size + 7) ** (axis + 1) for axis, size in enumerate(canonical(shape)))
    values = Draw((seed * 1_000_003 + key) % 2**63).signed(*canonical(shape), low=low, high=high)
    back = [order.index(axis) for axis in range(len(sizes))]
    return values.permute(back).reshape(tuple(shape))


def signature(shapes: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """The canonical shapes of some parameters, in an order that does not depend on theirs."""
    return tuple(sorted(canonical(shape) for shape in shapes))


def observe_module(
    exercise: ModuleExercise, candidate: Candidate, seed: int, left_out: Pattern = ALL_PARAMETERS
) -> Iterator[Observation]:
    """Build, fill and run the candidate in every scenario; never raises for what the learner's code does.

    The parameters at the places ``left_out`` are zero and not told of. Lazy: a comparison stops at the first
    difference, and what comes after it is never run.
    """
    for number, scenario in enumerate(exercise.scenarios):
        arguments = tuple((f"argument {i + 1}", value) for i, value in enumerate(scenario.build))
        try:
            yield from _scenario(exercise, scenario, candidate, _seed_of(seed, number), left_out)
        except AnswerError as error:
            yield Observation(scenario.label, arguments, Outcome(raised=error))
    try:
        yield from _reduced_precision(exercise.scenarios[0], candidate, seed)
    except AnswerError as error:
        yield Observation("in bfloat16", (), Outcome(raised=error))


def _scenario(
    exercise: ModuleExercise, scenario: Scenario, candidate: Candidate, seed: int, left_out: Pattern
) -> Iterator[Observation]:
    handle = candidate.build(scenario.build)
    draw = Draw(seed)
    try:
        count = len(candidate.shapes(handle))
        # Lazy layers get their shapes from a first call.
        first = draw.normal(*scenario.shapes[0])
        outcome = candidate.run(handle, first, seed, gradients=False)
        shapes = _known_shapes(candidate, handle, outcome)
        kept = [place for place in range(len(shapes)) if place not in left_out]
        yield Observation(f"{PARAMETERS} {scenario.label}", (), Outcome(signature([shapes[place] for place in kept])))
        late = len(shapes) - count
        yield Observation(f"{PARAMETERS} {scenario.label} that only the first call made", (), Outcome(late))
        single = _dtype(f"{scenario.label}, the dtype for a float32 input", first, outcome)
        candidate.cast(handle, "float64")
        values = [filling(shape, seed, *exercise.fill) for shape in shapes]
        candidate.fill(handle, [v if place in kept else torch.zeros_like(v) for place, v in enumerate(values)])
        for shape in scenario.shapes:
            x = _features(draw, scenario, shape)
            outcome = _by_canonical_shape(candidate.run(handle, x, seed), shapes, kept)
            yield Observation(f"{scenario.label}, input {shape}", (("x", x),), outcome)
        yield single
        yield _dtype(f"{scenario.label}, the dtype for a float64 input", x, outcome)
        trained = _by_canonical_shape(candidate.run(handle, x, seed, train=True), shapes, kept)
        yield Observation(f"{scenario.label}, input {shape}, in train mode", (("x", x),), trained)
    finally:
        candidate.release(handle)


def first_input(exercise: ModuleExercise, seed: int) -> tuple[int, Tensor]:
    """The seed of the values and the features with which ``observe_module`` runs a filled module first."""
    scenario = exercise.scenarios[0]
    draw = Draw(_seed_of(seed, 0))
    draw.normal(*scenario.shapes[0])  # that of the float32 call
    return _seed_of(seed, 0), _features(draw, scenario, scenario.shapes[0])


def _seed_of(seed: int, number: int) -> int:
    return seed * 101 + number


def _features(draw: Draw, scenario: Scenario, shape: Sequence[int]) -> Tensor:
    """Rounded to quarters, and no two alike: of two equal maxima either may get the gradient."""
    x = draw.normal(*shape, dtype=torch.float64) * scenario.scale
    return (x * 4).round() / 4 + torch.arange(x.numel(), dtype=x.dtype).reshape(x.shape) * 2**-16


def _known_shapes(candidate: Candidate, handle: int, first: Outcome) -> list[tuple[int, ...]]:
    shapes = candidate.shapes(handle)
    if any(-1 in shape for shape in shapes):
        raise first.raised or AnswerError(
            "LazyError", "a lazy layer has no shape after the first call: it was not used"
        )
    return shapes


def _reduced_precision(scenario: Scenario, candidate: Candidate, seed: int) -> Iterator[Observation]:
    handle = candidate.build(scenario.build)
    try:
        x = Draw(seed).normal(*scenario.shapes[0])
        candidate.run(handle, x, seed, gradients=False)
        candidate.cast(handle, "bfloat16")
        x = x.to(torch.bfloat16)
        outcome = candidate.run(handle, x, seed, gradients=False)
        if outcome.raised and lacks_bfloat16(outcome.raised):
            return
        yield _dtype(f"{scenario.label}, the dtype for a bfloat16 input", x, outcome)
    finally:
        candidate.release(handle)


def _dtype(label: str, x: Tensor, outcome: Outcome) -> Observation:
    """The result's dtype alone, where the values need not agree: the weights may be any."""
    return Observation(label, (("x", x),), outcome if outcome.raised else Outcome(_kind(outcome.value)))


def _kind(value: Any) -> Any:
    """``(x, gate)`` -> ``("float32", "float32")``; a word or None is its own kind."""
    if isinstance(value, Tensor):
        return str(value.dtype).removeprefix("torch.")
    if isinstance(value, tuple):
        return tuple(map(_kind, value))
    return value if value is None or isinstance(value, str) else type(value).__name__


def _by_canonical_shape(outcome: Outcome, shapes: Sequence[Sequence[int]], kept: Sequence[int]) -> Outcome:
    """The parameters' gradients in a form that does not depend on their order.

    For each canonical shape their sum, and the sorted sizes of each: the sum alone would not see one matrix in two
    places, because parameters of one shape have the same values.
    """
    if not outcome.gradients or len(outcome.gradients) != len(shapes) + 1:
        return outcome
    sums: dict[tuple[int, ...], Tensor] = {}
    norms: dict[tuple[int, ...], list[Tensor]] = {}
    for place in kept:
        shape, gradient = shapes[place], outcome.gradients[place + 1]
        sizes = [size for size in shape if size != 1]
        value = torch.zeros(tuple(shape), dtype=torch.float64) if gradient is None else gradient.double()
        if value.shape != torch.Size(shape):
            raise AnswerError("ShapeError", f"a parameter of shape {tuple(shape)} got a gradient {tuple(value.shape)}")
        key = canonical(shape)
        value = value.reshape(sizes).permute(_ascending(sizes))
        sums[key] = sums[key] + value if key in sums else value
        norms.setdefault(key, []).append(value.norm())
    ordered = (torch.stack(norms[key]).sort().values for key in sorted(norms))
    together = (outcome.gradients[0], *(sums[key] for key in sorted(sums)), *ordered)
    return Outcome(outcome.value, None, together, outcome.changed, outcome.stable)


def _ascending(sizes: Sequence[int]) -> list[int]:
    return sorted(range(len(sizes)), key=sizes.__getitem__)
