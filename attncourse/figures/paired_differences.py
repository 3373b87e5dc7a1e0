"""Paired differences: what each seed says, their mean with its interval, and what is too little to matter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from attncourse.figures.picture import FAINT, INK, WIDTH, Picture, note

NOTHING = "No two runs share a seed yet."
ROW = 0.55
# One for all rows: they have their names, and a variant's colour in other pictures is told by its place there.
COLOUR = "#444444"


def paired_differences(
    labels: Sequence[str],
    differences: Sequence[Sequence[float]],
    intervals: Sequence[tuple[float, float] | None],
    *,
    words: Sequence[str] | None = None,
    worth: float = 0.0,
    against: str = "",
    title: str = "",
) -> Picture:
    """Draw a row for each variant: a dot for each seed, the mean as a diamond, its interval as a bar.

    Args:
        labels: the variants, from the top.
        differences: for each its differences, one a seed, as fractions; drawn in percentage points.
        intervals: of each mean; None where there is none.
        words: a verdict to stand at each row's end.
        worth: differences up to this, either way, are shaded as too small to matter.
        against: what they differ from, for the axis.

    Raises ValueError where these are not equally many.
    """
    given = [labels, differences, intervals, *([words] if words is not None else [])]
    if len({len(one) for one in given}) > 1:
        raise ValueError(f"expected as many of each, got {', '.join(str(len(one)) for one in given)}")
    if not any(len(row) for row in differences):
        return note(title, NOTHING)
    picture = Picture(WIDTH, 1.0 + ROW * len(labels) + (0.3 if title else 0), title)
    axes = picture.subplots()
    if worth:
        axes.axvspan(-100 * worth, 100 * worth, color="#eeeeee", zorder=0)
    axes.axvline(0, color=FAINT, linewidth=1)
    for row, (seeds, interval) in enumerate(zip(differences, intervals, strict=True)):
        if not len(seeds):
            continue
        values = 100 * np.asarray(seeds, dtype=float)
        axes.plot(values, np.full(len(values), row + 0.22), "o", color=COLOUR, alpha=0.4, markersize=4, mec="none")
        if interval is not None:
            axes.plot([100 * interval[0], 100 * interval[1]], [row, row], color=COLOUR, linewidth=2.5, zorder=2)
        axes.plot([values.mean()], [row], marker="D", color=COLOUR, mec="white", markersize=8, zorder=3)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_yticks(range(len(labels)), labels, fontsize=9)
    if words is not None:
        beside = axes.secondary_yaxis("right")
        beside.set_yticks(range(len(labels)), words, fontsize=9, color=INK)
        beside.tick_params(length=0)
        beside.spines["right"].set_visible(False)
    axes.set_xlabel(f"difference to {against} (percentage points)" if against else "percentage points", fontsize=9)
    axes.tick_params(axis="x", labelsize=9)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return picture
