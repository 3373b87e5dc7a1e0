"""Shapes on their way: a box for each step, with the shape that the tensor really has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from attncourse.figures.picture import FAINT, INK, WIDTH, Picture, note

PER_ROW = 4
BOX, ROW = (1.7, 0.8), 1.15


Step = tuple[str, Any]
Place = tuple[float, float]


def shape_flow(steps: Sequence[Step | list[Step]] | None, *, title: str = "") -> Picture:
    """Draw ``(name, tensor or shape)`` as boxes with arrows between them; ``None`` is a step not built yet.

    A list of such pairs is a fork: its boxes stand one above the other, each between the step before and the next.
    """
    if not steps:
        return note(title)
    columns = [step if isinstance(step, list) else [step] for step in steps]
    rows = [columns[first : first + PER_ROW] for first in range(0, len(columns), PER_ROW)]
    heights = [ROW * max(map(len, row)) for row in rows]
    picture = Picture(WIDTH, sum(heights) + (0.4 if title else 0.1), title)
    axes = picture.subplots()
    axes.set(xlim=(0, WIDTH), ylim=(-sum(heights), 0))
    axes.set_axis_off()
    width = WIDTH / min(len(columns), PER_ROW)
    before: list[Place] = []
    for number, column in enumerate(columns):
        row, place = divmod(number, PER_ROW)
        middle = -sum(heights[:row]) - heights[row] / 2
        centres = [(width * (place + 0.5), middle + ROW * ((len(column) - 1) / 2 - i)) for i in range(len(column))]
        for centre, (name, value) in zip(centres, column, strict=True):
            _box(axes, centre, name, value)
            for other in before if place else ():
                _arrow(axes, other, (centre[0] - BOX[0] / 2, centre[1]))
            if place == PER_ROW - 1 and number + 1 < len(columns):
                # Out of the row's end: the next row begins on the left.
                _arrow(axes, centre, (centre[0] + BOX[0] / 2 + 0.6 * (width - BOX[0]), centre[1]))
        before = centres
    return picture


def _box(axes: Axes, centre: Place, name: str, value: Any) -> None:
    across, up = centre
    built = value is not None
    axes.add_patch(
        FancyBboxPatch(
            (across - BOX[0] / 2, up - BOX[1] / 2),
            *BOX,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor="#eaf3f9" if built else "white",
            edgecolor="#0072b2" if built else FAINT,
            linestyle="-" if built else "--",
        )
    )
    shape = _words(value) if built else "not built yet"
    axes.text(across, up + 0.16, name, ha="center", va="center", fontsize=10, color=INK)
    axes.text(across, up - 0.16, shape, ha="center", va="center", fontsize=10, family="monospace", color=INK)


def _arrow(axes: Axes, box: Place, end: Place) -> None:
    """From the right side of a box."""
    begin = box[0] + BOX[0] / 2, box[1]
    axes.add_patch(FancyArrowPatch(begin, end, arrowstyle="-|>", mutation_scale=14, color=FAINT, shrinkA=2, shrinkB=2))


def _words(value: Any) -> str:
    sizes = getattr(value, "shape", value)
    if not isinstance(sizes, list | tuple) or not all(isinstance(size, int) for size in sizes):
        return type(value).__name__
    return f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"
