"""What a network's logits know of two figures together, and of nothing but how they are arranged: five numbers.

A network that adds up what it sees of each figure gives ``l(A, B) = l(A) + l(B) - l(neither)``. What is left over is a
difference of differences, and it is exactly 0, up to rounding, for whatever each figure tells alone: its looks, its
place, the picture's edge. Two figures, four pictures each time:

    together   A and B, A alone, B alone, neither; no row or column in common: what a gate made of global means sees
    near       in one line, 5 or 6 pixels apart against 14 and more: what a 7x7 kernel sees
    middle     in one line, 8 or 9 pixels apart against 13 and more: what two dilated kernels see, and 7x7 does not
    row        in one row against in two, 17 to 21 pixels apart: what row gates see
    column     in one column against in two: what column gates see

From "near" on all four pictures hold the same two figures, and each figure stands at each of its two places twice: the
arrangement alone is changed. So the modules have these signatures in the host "bag", ``x`` for a number that is not 0:

                 together  near  middle  row  column
    none             .       .     .      .     .
    SE               x       .     .      .     .
    CBAM             x       x     .      .     .
    BAM              x       x     x      .     .
    coordinate       .       .     .      x     x
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn

from attncourse.lab.tasks.canvas import BACKGROUND, COLOURS, SIDE, stamp
from attncourse.lab.tasks.task import Task

Place = tuple[int, int]
# (row, column) of one figure and of the other in each of four pictures; the first and the last count as +, the others
# as -. None: not there.
Four = tuple[tuple[Place | None, Place | None], ...]
# Above what float64 rounds away.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Arrangement:
    """How far logits move, the largest over the pictures: in units of the logits. 0: not at all, but for rounding."""

    together: float
    near: float
    middle: float
    row: float
    column: float

    def signature(self, threshold: float = ROUNDING) -> str:
        """``x`` for each number above the threshold, ``.`` for the others: SE's is "x....", CBAM's "xx..."."""
        return "".join("x" if value > threshold else "." for value in asdict(self).values())


@torch.no_grad()
def arrangement(model: nn.Module, task: Task, normalise: Callable[[Tensor], Tensor] | None = None) -> Arrangement:
    """The five numbers of a network ``(B, 3, 32, 32) -> (B, classes)``, with two of the task's figures.

    Args:
        model: a copy of it is asked, in float64 and eval mode, so that 0 is 0.
        task: whose ``figures`` are arranged.
        normalise: what the network's training did to pictures, float ``(B, 3, 32, 32)`` in 0..255; by default they are
            divided by 64, about what the lab's normalisation does.
    """
    copied = copy.deepcopy(model).cpu().double().eval()
    moved = {}
    for name, fours in BANDS.items():
        pictures = torch.from_numpy(np.stack([_picture(task, *pair) for four in fours() for pair in four])).float()
        pictures = pictures / 64 if normalise is None else normalise(pictures)
        logits = copied(pictures.double()).unflatten(0, (-1, 4))
        moved[name] = (logits[:, 0] - logits[:, 1] - logits[:, 2] + logits[:, 3]).abs().max().item()
    return Arrangement(**moved)


def _picture(task: Task, one: Place | None, other: Place | None) -> np.ndarray:
    picture = np.empty((1, 3, SIDE, SIDE), np.uint8)
    picture[:] = np.array(BACKGROUND)[:, None, None]
    for (shape, colour), place in zip(task.figures, (one, other), strict=True):
        if place is not None:
            stamp(picture, shape, COLOURS[colour], np.array([place[0]]), np.array([place[1]]))
    return picture[0]


def _together() -> Iterator[Four]:
    for one, other in (((8, 8), (23, 22)), ((22, 9), (7, 24))):
        yield (one, other), (one, None), (None, other), (None, None)


def _line(apart: int) -> Iterator[Four]:
    """One figure at 4 or 27, the other ``apart`` from the one and 23 - ``apart`` from the other; both directions."""
    first, last = 4, 27
    a, b = first + apart, last - apart
    for across in (10, 17):
        yield tuple(((across, one), (across, other)) for one in (first, last) for other in (a, b))
        yield tuple(((one, across), (other, across)) for one in (first, last) for other in (a, b))


def _near() -> Iterator[Four]:
    for apart in (5, 6):
        yield from _line(apart)


def _middle() -> Iterator[Four]:
    for apart in (8, 9):
        yield from _line(apart)


def _aligned() -> Iterator[Four]:
    """In one row or in two, far apart."""
    for one, other, left, right in ((8, 15, 5, 26), (10, 22, 7, 24)):
        yield tuple(((a, left), (b, right)) for a in (one, other) for b in (one, other))


def _upright() -> Iterator[Four]:
    """In one column or in two: the same, turned."""
    for four in _aligned():
        yield tuple((a[::-1], b[::-1]) for a, b in four if a and b)


BANDS: dict[str, Callable[[], Iterator[Four]]] = {
    "together": _together,
    "near": _near,
    "middle": _middle,
    "row": _aligned,
    "column": _upright,
}
