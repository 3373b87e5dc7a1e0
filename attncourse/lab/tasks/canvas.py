"""What the tasks' pictures are made of: a plain background, small figures, and draws that are everywhere the same.

All is integers. The draws are the raw 64-bit numbers of PCG64, whose stream NumPy promises to keep for good; the
methods of its Generator may change between versions.

A figure is 3 pixels wide, so that the host's 3x3 convolution answers to it on 5x5 places. Two figures whose centres are
5 pixels apart, in rows or in columns, have no place in common.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Whole = NDArray[np.int64]

SIDE = 32
# Centres stand at FIRST .. FIRST + PLACES - 1, so that no figure's 5x5 places reach beyond the picture.
FIRST = 3
PLACES = SIDE - 2 * FIRST
# Centres this far apart, in rows or in columns, have no place in common.
APART = 5
# Beyond BAM's reach: 8 places, and the 2 + 2 places that figures answer beyond their centres.
FAR = 13

SHAPES: dict[str, tuple[str, ...]] = {
    "square": ("###",) * 3,
    "plus": (".#.", "###", ".#."),
    "large square": ("#######",) * 7,
    "large plus": ("..###..",) * 2 + ("#######",) * 3 + ("..###..",) * 2,
}
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (225, 50, 50),
    "green": (40, 200, 50),
    "white": (225, 225, 225),
    "black": (25, 25, 25),
}
BACKGROUND = (110, 110, 120)
JITTER = 20


class Draws:
    """Whole numbers for ``count`` pictures from one seed: the same on every machine and in every version."""

    def __init__(self, seed: int, count: int) -> None:
        self._stream = np.random.PCG64(seed)
        self.count = count

    def below(self, limit: int | Whole, *shape: int) -> Whole:
        """Uniform in 0 .. limit - 1: ``(count, *shape)``. ``limit`` may be one number a picture."""
        raw = self._stream.random_raw(self.count * int(np.prod(shape, dtype=int)))
        return (raw.reshape(self.count, *shape) % np.asarray(limit).astype(np.uint64)).astype(np.int64)

    def one_of(self, *values: int) -> Whole:
        """One of these for each picture: ``(count,)``."""
        return np.array(values, dtype=np.int64)[self.below(len(values))]

    def evenly(self, parts: int) -> Whole:
        """0 .. parts - 1, as equally often as can be, in a drawn order: ``(count,)``."""
        order = np.argsort(self._stream.random_raw(self.count), kind="stable")
        return (np.arange(self.count) % parts)[order]


def blank(draws: Draws) -> Pixels:
    """Pictures of plain background, a little different each: uint8 ``(count, 3, 32, 32)``."""
    colours = np.array(BACKGROUND) + draws.below(2 * JITTER + 1, 3) - JITTER
    return np.broadcast_to(colours[:, :, None, None], (draws.count, 3, SIDE, SIDE)).astype(np.uint8)


def stamp(pictures: Pixels, shape: str, colour: Whole | tuple[int, int, int], rows: Whole, columns: Whole) -> None:
    """Draw a figure into each picture, its centre at (row, column); ``colour`` is one for all, or ``(count, 3)``."""
    values = np.broadcast_to(np.asarray(colour), (len(pictures), 3))
    every, half = np.arange(len(pictures)), len(SHAPES[shape]) // 2
    for down, line in enumerate(SHAPES[shape]):
        for right, mark in enumerate(line):
            if mark == "#":
                pictures[every, :, rows + down - half, columns + right - half] = values


def jittered(colour: str, draws: Draws) -> Whole:
    """A named colour, a little different in each picture: ``(count, 3)``."""
    return np.array(COLOURS[colour]) + draws.below(2 * JITTER + 1, 3) - JITTER
