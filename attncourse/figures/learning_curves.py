"""Learning curves of several variants: the mean of the seeds, and a band from the lowest to the highest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from attncourse.figures.lines import COLOURS, DASHES
from attncourse.figures.picture import WIDTH, Picture, note

NOTHING = "No run has been measured yet."


def learning_curves(
    curves: Mapping[str, Sequence[Sequence[float]]], *, ylabel: str = "test accuracy", title: str = ""
) -> Picture:
    """Draw accuracies by epoch: for each variant its runs, each one value an epoch.

    Fractions, drawn in per cent. Runs of one variant that differ in length (a budget of time) are drawn as far as the
    shortest. Variants without runs are left out; beyond seven, colours come again with other dashes.
    """
    shown = {label: runs for label, runs in curves.items() if runs and min(map(len, runs))}
    if not shown:
        return note(title, NOTHING)
    picture = Picture(WIDTH, 3.6, title)
    axes = picture.subplots()
    for number, (label, runs) in enumerate(shown.items()):
        length = min(map(len, runs))
        values = 100 * np.array([run[:length] for run in runs], dtype=float)
        epochs = np.arange(1, length + 1)
        colour = COLOURS[number % len(COLOURS)]
        dashes = DASHES[(number + number // len(COLOURS)) % len(DASHES)]
        axes.fill_between(epochs, values.min(0), values.max(0), color=colour, alpha=0.15, linewidth=0)
        few = "o" if length == 1 else None
        name = f"{label} ({len(runs)} seed{'s' * (len(runs) > 1)})"
        axes.plot(epochs, values.mean(0), color=colour, linestyle=dashes, marker=few, linewidth=2, label=name)
    axes.set_xlabel("epoch", fontsize=9)
    axes.set_ylabel(f"{ylabel} (%): mean, lowest and highest", fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=9, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return picture
