"""Which parameters of a CBAM belong to which of its halves, seen from what they move.

The ratio y / x is a gate for each channel times a gate for each place. A parameter that moves it apart between channels
belongs to the channel half, one that moves all channels alike to the spatial half.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from attncourse.checking.candidate import Candidate
from attncourse.checking.draw import Draw
from attncourse.checking.observation import AnswerError

CHANNEL: Literal["channel"] = "channel"
SPATIAL: Literal["spatial"] = "spatial"
Half = Literal["channel", "spatial"]
# For the arguments of a module, the entries of its parameters that belong to each half.
Found = dict[tuple[Any, ...], dict[Half, list[Tensor]]]

LOW, HIGH = 0.1, 0.4
MOVED = 1e-7
ROUNDS = 2


def masks(candidate: Candidate, handle: int, channels: int, seed: int) -> dict[Half, list[Tensor]]:
    """For each half, which entries of each parameter are its own; the module is float64, and is left with any values.

    Whole parameters first; where none moves the places alone, entry by entry: one flat vector may hold both halves.
    """
    shapes = candidate.shapes(handle)
    whole = [[torch.ones(shape, dtype=torch.bool)] for shape in shapes]
    found = _sorted(candidate, handle, channels, seed, whole)
    if not any(bool(one.any()) for one in found[SPATIAL]):
        found = _sorted(candidate, handle, channels, seed, [_entries(shape) for shape in shapes])
    return found


def _entries(shape: Sequence[int]) -> list[Tensor]:
    count = torch.Size(shape).numel()
    return [one.reshape(tuple(shape)) for one in torch.eye(count, dtype=torch.bool)]


def _sorted(
    candidate: Candidate, handle: int, channels: int, seed: int, units: Sequence[Sequence[Tensor]]
) -> dict[Half, list[Tensor]]:
    draw = Draw(seed + 5)
    shapes = candidate.shapes(handle)
    found: dict[Half, list[Tensor]] = {
        half: [torch.zeros(shape, dtype=torch.bool) for shape in shapes] for half in (CHANNEL, SPATIAL)
    }
    for _ in range(ROUNDS):
        # Large enough for the corners of a 7x7 window.
        x = draw.signed(4, channels, 4, 5, low=0.3, high=2.0)
        values = [draw.signed(*shape, low=LOW, high=HIGH) for shape in shapes]
        candidate.fill(handle, values)
        before = factors(run(candidate, handle, x), x)
        for place, tensor_units in enumerate(units):
            for unit in tensor_units:
                moved = [value + unit * 0.1 if number == place else value for number, value in enumerate(values)]
                candidate.fill(handle, moved)
                change = factors(run(candidate, handle, x), x) - before
                if bool((change - change[:, :1]).abs().max() > MOVED):
                    found[CHANNEL][place] |= unit
                elif bool(change.abs().max() > MOVED):
                    found[SPATIAL][place] |= unit
    for channel, spatial in zip(found[CHANNEL], found[SPATIAL], strict=True):
        spatial &= ~channel
    return found


def factors(y: Tensor, x: Tensor) -> Tensor:
    """log |y / x|; AnswerError where y has another shape or holds no numbers."""
    if y.shape != x.shape:
        raise AnswerError("ShapeError", f"expected an output of shape {tuple(x.shape)}, got {tuple(y.shape)}")
    if not y.is_floating_point() or not bool(torch.isfinite(y).all()):
        raise AnswerError("ValueError", "the output holds values that are not finite (nan or inf)")
    return (y.double() / x.double()).abs().clamp_min(1e-300).log()


def run(candidate: Candidate, handle: int, x: Tensor) -> Tensor:
    """The output of a module for x; AnswerError where it raises or gives no tensor."""
    outcome = candidate.run(handle, x, 0, gradients=False, twice=False)
    if outcome.raised:
        raise outcome.raised
    if not isinstance(outcome.value, Tensor):
        raise AnswerError("TypeError", f"forward returned {type(outcome.value).__name__}, not a tensor")
    return outcome.value
