"""The first layer of judging modules: weights that depend on shapes alone, so that no name or layer type matters.

Every parameter of one shape, up to transposition and axes of size 1, gets the same values in the candidate, in the
reference and in each misconception. A Linear, a 1x1 convolution and an einsum then compute the same numbers, and an
answer that computes what a misconception computes is that misconception.

A misconception is written once, with its biases; ``patterns`` says which of them to leave out, so that it also names
the same mistake in an answer without them.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from attncourse.checking.candidate import Candidate, guarded
from attncourse.checking.draw import Draw
from attncourse.checking.exercise import ModuleExercise, Scenario
from attncourse.checking.observation import AnswerError, Observation, Outcome

# The label of what is said of the parameters themselves, not of a run.
PARAMETERS = "the parameters of"
Pattern = frozenset[int]
ALL_PARAMETERS: Pattern = frozenset()
# An answer of many layers has many biases; a mistake that needs more tries than these stays unnamed.
MOST_PATTERNS = 64


def canonical(shape: Sequence[int]) -> tuple[int, ...]:
    """``(4, 12, 1, 1)`` and ``(12, 4)`` -> ``(4, 12)``."""
    return tuple(sorted(size for size in shape if size != 1))


def filling(shape: Sequence[int], seed: int, low: float, high: float) -> Tensor:
    """float64 values for a parameter of this shape; a transposed shape gets the transposed values."""
    sizes = [size for size in shape if size != 1]
    order = _ascending(sizes)
    key = math.prod((size + 7) ** (axis + 1) for axis, size in enumerate(canonical(shape)))
    values = Draw((seed * 1_000_003 + key) % 2**63).signed(*canonical(shape), low=low, high=high)
    back = [order.index(axis) for axis in range(len(sizes))]
    return values.permute(back).reshape(tuple(shape))


def signature(shapes: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """The canonical shapes of some parameters, in an order that does not depend on theirs."""
    return tuple(sorted(canonical(shape) for shape in shapes))


def patterns(
    exercise: ModuleExercise, implementation: Callable[..., Any], seen: Iterable[Observation]
) -> list[Pattern]:
    """The sets of biases without which one of the course's own answers has the parameters that were seen.

    Each is a set of places in ``parameters()``; none, where no choice makes the parameters fit. ``seen`` begins with
    the signature of the first scenario; where building failed, all parameters stay.
    """
    first = next(iter(seen), None)
    wanted = first.outcome.value if first else None
    own = _own_parameters(implementation, tuple(exercise.scenarios[0].build))
    if not isinstance(wanted, tuple) or own is None:
        return [ALL_PARAMETERS]
    spare = Counter(shape for _, shape in own)
    spare.subtract(wanted)
    if min(spare.values(), default=0) < 0:
        return []
    biases: dict[tuple[int, ...], list[int]] = {shape: [] for shape in spare}
    for place, (name, shape) in enumerate(own):
        if name.endswith("bias"):
            biases[shape].append(place)
    # Shape by shape: of all sets of so many biases, few have the right shapes.
    choices = [
        list(itertools.islice(itertools.combinations(biases[shape], count), MOST_PATTERNS))
        for shape, count in spare.items()
    ]
    chosen = itertools.islice(itertools.product(*choices), MOST_PATTERNS)
    return [frozenset(itertools.chain.from_iterable(parts)) for parts in chosen]


@cache
def _own_parameters(
    implementation: Callable[..., Any], arguments: tuple[Any, ...]
) -> tuple[tuple[str, tuple[int, ...]], ...] | None:
    """Name and canonical shape of each parameter of one of the course's own answers; None where it has none yet."""
    try:
        with guarded():
            named = list(implementation(*arguments).named_parameters())
    except AnswerError:
        return None
    if any(isinstance(parameter, nn.parameter.UninitializedParameter) for _, parameter in named):
        return None
    return tuple((name, canonical(parameter.shape)) for name, parameter in named)


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
            yield from _scenario(exercise, scenario, candidate, seed * 101 + number, left_out)
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
            x = _readable(draw.normal(*shape, dtype=torch.float64) * scenario.scale)
            outcome = _by_canonical_shape(candidate.run(handle, x, seed), shapes, kept)
            yield Observation(f"{scenario.label}, input {shape}", (("x", x),), outcome)
        yield single
        yield _dtype(f"{scenario.label}, the dtype for a float64 input", x, outcome)
        trained = _by_canonical_shape(candidate.run(handle, x, seed, train=True), shapes, kept)
        yield Observation(f"{scenario.label}, input {shape}, in train mode", (("x", x),), trained)
    finally:
        candidate.release(handle)


def _readable(x: Tensor) -> Tensor:
    """Rounded to quarters, and no two alike: of two equal maxima either may get the gradient."""
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
