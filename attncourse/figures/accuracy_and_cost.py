"""Accuracy against cost: one mark for each variant, with the interval of its mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.ticker import FuncFormatter, MaxNLocator

from attncourse.figures.lines import COLOURS
from attncourse.figures.picture import FAINT, WIDTH, Picture, note

MARKERS = "osD^vPX*<>ph"
NOTHING = "No run has been measured yet."


def accuracy_and_cost(
    labels: Sequence[str],
    costs: Sequence[float],
    means: Sequence[float],
    intervals: Sequence[tuple[float, float] | None],
    *,
    cost: str = "multiply-adds",
    title: str = "",
) -> Picture:
    """Draw each variant's mean accuracy over its cost, its interval as a bar, and the first one's level right through.

    Accuracies and intervals are fractions and are drawn in per cent; ``cost`` names the axis. A mean that is NaN is
    left out. Raises ValueError where the four are not equally many.
    """
    if not len(labels) == len(costs) == len(means) == len(intervals):
        raise ValueError(
            f"expected as many labels, costs, means and intervals, got {len(labels)}, {len(costs)}, {len(means)} "
            f"and {len(intervals)}"
        )
    shown = [number for number, mean in enumerate(means) if not math.isnan(mean)]
    if not shown:
        return note(title, NOTHING)
    picture = Picture(WIDTH, max(3.4, 1.2 + 0.24 * len(shown)), title)
    axes = picture.subplots()
    for number in shown:
        mean, interval = 100 * means[number], intervals[number]
        reach = None if interval is None else [[mean - 100 * interval[0]], [100 * interval[1] - mean]]
        axes.errorbar(
            [costs[number]],
            [mean],
            yerr=reach,
            color=COLOURS[number % len(COLOURS)],
            marker=MARKERS[number % len(MARKERS)],
            markersize=7,
            linestyle="",
            capsize=4,
            label=labels[number],
        )
    if shown[0] == 0:
        axes.axhline(100 * means[0], color=FAINT, linewidth=0.8, linestyle="--", zorder=0)
    axes.margins(x=0.12, y=0.12)
    axes.set_xlabel(cost, fontsize=9)
    axes.set_ylabel("test accuracy (%)", fontsize=9)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: counted(value)))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.grid(color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=9, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return picture


def counted(number: float) -> str:
    """``1.5M``, ``20.3k``, ``7``: a count in few digits."""
    for unit, name in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if abs(number) >= unit:
            return f"{number / unit:.4g}{name}"
    return f"{number:.4g}"
