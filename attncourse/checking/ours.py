"""The course's own modules, right and wrong, at a glimpse: most are not the answer at hand, and one call tells so.

A misconception is written once, with its biases; ``patterns`` says which of them to leave out, so that it also names
the same mistake in an answer without them.
"""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from attncourse.checking.candidate import guarded
from attncourse.checking.draw import Draw
from attncourse.checking.exercise import ModuleExercise
from attncourse.checking.filled import ALL_PARAMETERS, PARAMETERS, Pattern, canonical, filling, first_input, signature
from attncourse.checking.observation import AnswerError, Observation, compare
from attncourse.checking.plain import plain

# An answer of many layers has many biases; a mistake that needs more tries than these stays unnamed.
MOST_PATTERNS = 64


class Ours:
    """One of the course's own answers as it is in an exercise's first scenario."""

    def __init__(self, exercise: ModuleExercise, implementation: Callable[..., Any]) -> None:
        scenario = exercise.scenarios[0]
        self._exercise = exercise
        self._origin = implementation, tuple(scenario.build)
        self._module = _built(*self._origin)
        named = [] if self._module is None else list(self._module.named_parameters())
        self._names = [name for name, _ in named]
        self._shapes = [tuple(parameter.shape) for _, parameter in named]

    @property
    def signature(self) -> tuple[tuple[int, ...], ...] | None:
        """The canonical shapes of its parameters; None where it has none before a call, or cannot be built."""
        return None if self._module is None else signature(self._shapes)

    def patterns(self, seen: Iterable[Observation]) -> list[Pattern]:
        """The sets of biases without which it has the parameters that were seen.

        Each is a set of places in ``parameters()``; none, where no choice makes the parameters fit. ``seen`` begins
        with the signature of the first scenario; where building failed, all parameters stay.
        """
        first = next(iter(seen), None)
        wanted = first.outcome.value if first else None
        if not isinstance(wanted, tuple) or self._module is None:
            return [ALL_PARAMETERS]
        own = [canonical(shape) for shape in self._shapes]
        spare = Counter(own)
        spare.subtract(wanted)
        if min(spare.values(), default=0) < 0:
            return []
        biases: dict[tuple[int, ...], list[int]] = {shape: [] for shape in spare}
        for place, (name, shape) in enumerate(zip(self._names, own, strict=True)):
            if name.endswith("bias"):
                biases[shape].append(place)
        # Shape by shape: of all sets of so many biases, few have the right shapes.
        choices = [
            list(itertools.islice(itertools.combinations(biases[shape], count), MOST_PATTERNS))
            for shape, count in spare.items()
        ]
        chosen = itertools.islice(itertools.product(*choices), MOST_PATTERNS)
        return [frozenset(itertools.chain.from_iterable(parts)) for parts in chosen]

    def glimpse(self, seed: int, left_out: Pattern) -> Any:
        """Its result for the first input, the parameters at ``left_out`` being zero, or the AnswerError that it raised.

        None where it cannot be told without a closer look.
        """
        module = _warm(*self._origin, tuple(self._exercise.scenarios[0].shapes[0]))
        if module is None:
            return None
        fill_seed, x = first_input(self._exercise, seed)
        try:
            with guarded(), torch.no_grad():
                for place, parameter in enumerate(module.parameters()):
                    if place in left_out:
                        parameter.zero_()
                    else:
                        parameter.copy_(filling(tuple(parameter.shape), fill_seed, *self._exercise.fill))
                return plain(module(x.clone()))
        except AnswerError as error:
            return error


def parts(glimpse: Any, seen: Iterable[Observation]) -> bool:
    """Whether a glimpse of one of the course's own answers is enough to tell that it is not what was seen."""
    run = next((one.outcome for one in seen if not one.label.startswith(PARAMETERS)), None)
    if run is None or not run.stable:
        return False
    if isinstance(glimpse, AnswerError):
        return run.raised is None or not run.raised.same_as(glimpse)
    return isinstance(glimpse, Tensor) and (run.raised is not None or compare(glimpse, run.value) is not None)


@cache
def _built(implementation: Callable[..., Any], arguments: tuple[Any, ...]) -> nn.Module | None:
    """The module; None where it is lazy, or cannot be built."""
    try:
        with guarded():
            module: nn.Module = implementation(*arguments).eval()
            lazy = any(isinstance(one, nn.parameter.UninitializedParameter) for one in module.parameters())
            return None if lazy else module
    except AnswerError:
        return None


@cache
def _warm(implementation: Callable[..., Any], arguments: tuple[Any, ...], shape: tuple[int, ...]) -> nn.Module | None:
    """The module after one float32 call, in float64; None where that made further parameters."""
    module = _built(implementation, arguments)
    if module is None:
        return None
    count = len(list(module.parameters()))
    with contextlib.suppress(AnswerError), guarded(), torch.no_grad():
        module(Draw(0).normal(*shape))
    return module.double() if len(list(module.parameters())) == count else None
