"""Shapes on their way: a box for each step, with the shape that the tensor really has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from attncourse.figures.picture import FAINT, INK, WIDTH, Picture, note

PER_ROW = 4
BOX, ROW = (1.7, 0.8), 1.15


def shape_flow(steps: Sequence[tuple[str, Any]] | None, *, title: str = "") -> Picture:
    """Draw ``(name, tensor or shape)`` as boxes with arrows between them; ``None`` is a step not built yet."""
    if not steps:
        return note(title)
    rows = math.ceil(len(steps) / PER_ROW)
    picture = Picture(WIDTH, ROW * rows + (0.4 if title else 0.1), title)
    axes = picture.subplots()
    axes.set(xlim=(0, WIDTH), ylim=(-ROW * rows, 0))
    axes.set_axis_off()
    step = WIDTH / min(len(steps), PER_ROW)
    for number, (name, value) in enumerate(steps):
        middle = step * (number % PER_ROW + 0.5), -ROW * (number // PER_ROW + 0.5)
        built = value is not None
        corner = middle[0] - BOX[0] / 2, middle[1] - BOX[1] / 2
        axes.add_patch(
            FancyBboxPatch(
                corner,
                *BOX,
                boxstyle="round,pad=0,rounding_size=0.08",
                facecolor="#eaf3f9" if built else "white",
                edgecolor="#0072b2" if built else FAINT,
                linestyle="-" if built else "--",
            )
        )
        shape = _words(value) if built else "not built yet"
        axes.text(middle[0], middle[1] + 0.16, name, ha="center", va="center", fontsize=10, color=INK)
        axes.text(
            middle[0], middle[1] - 0.16, shape, ha="center", va="center", fontsize=10, family="monospace", color=INK
        )
        if number + 1 < len(steps):
            _arrow(axes, middle, step, last_of_row=(number + 1) % PER_ROW == 0)
    return picture


def _arrow(axes: Axes, middle: tuple[float, float], step: float, last_of_row: bool) -> None:
    """To the next box: straight on, or out of the row's end, where the next row begins on the left."""
    begin = middle[0] + BOX[0] / 2, middle[1]
    end = (begin[0] + (step - BOX[0]) * (0.6 if last_of_row else 1), middle[1])
    axes.add_patch(FancyArrowPatch(begin, end, arrowstyle="-|>", mutation_scale=14, color=FAINT, shrinkA=2, shrinkB=2))


def _words(value: Any) -> str:
    sizes = getattr(value, "shape", value)
    if not isinstance(sizes, list | tuple) or not all(isinstance(size, int) for size in sizes):
        return type(value).__name__
    return f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"
