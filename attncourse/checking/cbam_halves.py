"""The two halves of a CBAM, each as a candidate of its own, so that the probes of either half can judge it.

A gate whose parameters are all zero is 0.5 everywhere, whatever it looks at. So with the spatial half at zero, twice
the output is the channel half's; and with the channel half at zero, twice the input gives the spatial half's. Which
parameters belong to which half is seen from what they move: the ratio y / x, apart between channels or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from attncourse.checking.candidate import Candidate
from attncourse.checking.cbam_masks import CHANNEL, Found, Half, masks, run
from attncourse.checking.observation import AnswerError, Outcome

CHANNELS = 5


@dataclass
class _Built:
    """One half as it was asked for; the spatial half is built anew for each number of channels that it meets."""

    arguments: tuple[Any, ...]
    dtype: str = "float32"
    values: list[Tensor] | None = None
    handles: dict[int, int] = field(default_factory=dict)


class HalfCandidate:
    """One half of the candidate behind the verbs that probes use; see ``Candidate``."""

    def __init__(self, candidate: Candidate, half: Half, seed: int, found: Found | None = None) -> None:
        """``found``: the masks found so far, which several halves of one candidate may share."""
        self._candidate = candidate
        self._half: Half = half
        self._seed = seed
        self._built: list[_Built] = []
        self._found: Found = {} if found is None else found

    def build(self, arguments: Sequence[Any]) -> int:
        """``(C, r)`` for the channel half, its window 3x3; ``(k,)`` or ``()`` for the spatial half."""
        self._built.append(_Built(tuple(arguments)))
        self._handle(len(self._built) - 1, self._channels(len(self._built) - 1))
        return len(self._built) - 1

    def shapes(self, handle: int) -> list[tuple[int, ...]]:
        """The shapes of this half's own parameters; of a tensor that it shares, its entries as a vector."""
        return [
            tuple(mask.shape) if bool(mask.all()) else (int(mask.sum()),)
            for mask in self._own(handle, self._channels(handle))
            if bool(mask.any())
        ]

    def trainable(self, handle: int) -> list[bool]:
        """Asked of the whole module, not here."""
        return [True for _ in self.shapes(handle)]

    def cast(self, handle: int, dtype: str) -> None:
        """Convert the module."""
        self._built[handle].dtype = dtype
        for real in self._built[handle].handles.values():
            self._candidate.cast(real, dtype)

    def fill(self, handle: int, values: Sequence[Tensor]) -> None:
        """Overwrite this half's parameters; the other half's stay zero."""
        self._built[handle].values = list(values)
        for channels, real in self._built[handle].handles.items():
            self._fill(handle, channels, real)

    def run(
        self, handle: int, x: Tensor, seed: int, train: bool = False, gradients: bool = True, twice: bool = True
    ) -> Outcome:
        """Run this half, the other one standing half open everywhere."""
        channels = x.shape[1]
        real = self._handle(handle, channels)
        given = x if self._half == CHANNEL else 2 * x
        seen = self._candidate.run(real, given, seed, train, gradients, twice)
        value = seen.value
        scale = 2 if self._half == CHANNEL else 1
        if isinstance(value, Tensor):
            value = value * scale
        return Outcome(value, seen.raised, self._slopes(handle, channels, seen, scale), seen.changed, seen.stable)

    def run_with(
        self, arguments: tuple[Any, ...], values: Sequence[Tensor], x: Tensor, seed: int, train: bool
    ) -> Outcome:
        """Run this half of ``CBAM(*arguments)``, with its part of the whole module's ``values``."""
        real = self._candidate.build(arguments)
        try:
            run(self._candidate, real, torch.ones(1, x.shape[1], 2, 3))  # lazy layers
            self._candidate.cast(real, "float64")
            own = self._masks(arguments, real, x.shape[1])
            self._candidate.fill(real, [value * mask for value, mask in zip(values, own, strict=True)])
            given = x if self._half == CHANNEL else 2 * x
            seen = self._candidate.run(real, given, seed, train, gradients=False, twice=False)
            doubled = seen.value * 2 if self._half == CHANNEL and isinstance(seen.value, Tensor) else seen.value
            return Outcome(doubled, seen.raised)
        finally:
            self._candidate.release(real)

    def _slopes(self, handle: int, channels: int, seen: Outcome, scale: int) -> tuple[Tensor | None, ...] | None:
        if seen.gradients is None:
            return None
        of_input, *rest = seen.gradients
        own = self._own(handle, channels)
        if len(rest) != len(own):
            return None
        kept = [
            None if slope is None else scale * (slope if bool(mask.all()) else slope[mask])
            for slope, mask in zip(rest, own, strict=True)
            if bool(mask.any())
        ]
        return (None if of_input is None else 2 * of_input, *kept)

    def release(self, handle: int) -> None:
        """Forget a half."""
        for real in self._built[handle].handles.values():
            self._candidate.release(real)

    def _channels(self, handle: int) -> int:
        return self._built[handle].arguments[0] if self._half == CHANNEL else CHANNELS

    def _arguments(self, handle: int, channels: int) -> tuple[Any, ...]:
        arguments = self._built[handle].arguments
        if self._half == CHANNEL:
            return (*arguments, 3) if len(arguments) == 2 else arguments
        # A narrow MLP, whatever the channels: all of its entries may have to be tried one by one.
        return (channels, max(2, channels // 2), *arguments)

    def _handle(self, handle: int, channels: int) -> int:
        built = self._built[handle]
        if channels not in built.handles:
            real = self._candidate.build(self._arguments(handle, channels))
            x = torch.ones(1, channels, 2, 3)
            run(self._candidate, real, x)  # lazy layers
            self._candidate.cast(real, "float64")
            self._masks(self._arguments(handle, channels), real, channels)
            built.handles[channels] = real
            self._fill(handle, channels, real)
            self._candidate.cast(real, built.dtype)
        return built.handles[channels]

    def _own(self, handle: int, channels: int) -> list[Tensor]:
        self._handle(handle, channels)
        return self._found[self._arguments(handle, channels)][self._half]

    def _masks(self, arguments: tuple[Any, ...], real: int, channels: int) -> list[Tensor]:
        if arguments not in self._found:
            self._found[arguments] = masks(self._candidate, real, channels, self._seed)
        return self._found[arguments][self._half]

    def _fill(self, handle: int, channels: int, real: int) -> None:
        own = self._found[self._arguments(handle, channels)][self._half]
        parts = iter(self._built[handle].values or [])
        full = []
        for mask in own:
            tensor = torch.zeros(mask.shape, dtype=torch.float64)
            if bool(mask.any()):
                part = next(parts, None)
                if part is not None:
                    tensor[mask] = part.double().reshape(-1)
            full.append(tensor)
        self._candidate.fill(real, full)

    def describe(self) -> dict[str, Any]:
        """As the whole."""
        return self._candidate.describe()

    def value(self) -> Any:
        """No value: a half is a module."""
        raise AnswerError("TypeError", "half of a module has no value")

    def call(self, arguments: Sequence[Any], seed: int, gradients: bool = True, records: bool = False) -> Outcome:
        """No function: a half is a module."""
        raise AnswerError("TypeError", "half of a module is no function")

    def examine(self, implementation: Any) -> dict[str, Any]:
        """No test: a half is a module."""
        raise AnswerError("TypeError", "half of a module is no test")
