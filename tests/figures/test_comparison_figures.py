"""The figures of a comparison: every number that is given is drawn, where it belongs."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from attncourse import figures
from attncourse.figures import Picture
from attncourse.figures.accuracy_and_cost import counted

NAN = float("nan")


def points(line: Line2D) -> tuple[list[float], list[float]]:
    return np.asarray(line.get_xdata(), float).tolist(), np.asarray(line.get_ydata(), float).tolist()


def marks(axes: Axes, marker: str) -> list[tuple[list[float], list[float]]]:
    return [points(line) for line in axes.lines if line.get_marker() == marker]


def notes(picture: Picture) -> list[str]:
    return [text.get_text() for text in picture.texts]


def test_accuracy_stands_over_its_cost_with_its_interval() -> None:
    picture = figures.accuracy_and_cost(
        ["none", "se", "bam"], [1000, 2000, 3000], [0.7, 0.72, NAN], [(0.69, 0.71), None, None], cost="parameters"
    )
    (axes,) = picture.axes
    drawn = axes.get_legend_handles_labels()[1]
    assert drawn == ["none", "se"], "a mean that is not there is left out"
    assert marks(axes, "o") == [([1000], [70])]
    assert marks(axes, "s") == [([2000], [72])]
    (bar,) = [segments for one in axes.collections for segments in one.get_segments()]  # type: ignore[attr-defined]
    assert bar.tolist() == [[1000, pytest.approx(69)], [1000, pytest.approx(71)]]
    assert axes.get_xlabel() == "parameters"


@pytest.mark.parametrize(("number", "text"), [(7, "7"), (20_300, "20.3k"), (1_500_000, "1.5M"), (4.1e9, "4.1G")])
def test_costs_are_written_short(number: float, text: str) -> None:
    assert counted(number) == text


def test_learning_curves_are_means_with_bands_from_lowest_to_highest() -> None:
    runs = [[0.1, 0.5, 0.7], [0.3, 0.4, 0.8, 0.9]]
    (axes,) = figures.learning_curves({"none": [], "se": runs, "bam": [[0.2]]}).axes
    (epochs, means), (one, alone) = [points(line) for line in axes.lines]
    assert epochs == [1, 2, 3], "as far as the shortest run"
    assert means == pytest.approx([20, 45, 75])
    assert (one, alone) == ([1], [20])
    heights = np.asarray(axes.collections[0].get_paths()[0].vertices)[:, 1]
    assert (heights.min(), heights.max()) == (pytest.approx(10), pytest.approx(80))
    assert axes.get_legend_handles_labels()[1] == ["se (2 seeds)", "bam (1 seed)"]


def test_more_curves_than_colours_are_told_apart_by_their_dashes() -> None:
    (axes,) = figures.learning_curves({str(number): [[0.1, 0.2]] for number in range(12)}).axes
    looks = [(line.get_color(), str(line.get_linestyle()), str(line._dash_pattern)) for line in axes.lines]  # type: ignore[attr-defined]
    assert len(set(looks)) == 12


def test_paired_differences_show_every_seed_the_mean_and_the_interval() -> None:
    picture = figures.paired_differences(
        ["se", "bam", "cbam"],
        [[0.01, 0.03], [], [-0.02]],
        [(0.005, 0.035), None, None],
        words=["better", "no verdict", "no verdict"],
        worth=0.005,
        against="none",
    )
    (axes,) = picture.axes
    assert [across for across, _ in marks(axes, "o")] == [[1, 3], [-2]]
    assert marks(axes, "D") == [([2], [0]), ([-2], [2])]
    (bar,) = [points(line) for line in axes.lines if line.get_linewidth() == 2.5]
    assert bar == (pytest.approx([0.5, 3.5]), [0, 0])
    band = axes.patches[0].get_extents().transformed(axes.transData.inverted())
    assert (band.x0, band.x1) == (pytest.approx(-0.5), pytest.approx(0.5))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["se", "bam", "cbam"]
    assert axes.get_xlabel() == "difference to none (percentage points)"
    low, high = axes.get_ylim()
    assert low > high, "the first variant stands at the top"
    (beside,) = axes.child_axes
    assert [label.get_text() for label in beside.get_yticklabels()] == ["better", "no verdict", "no verdict"]


def test_nothing_measured_is_said() -> None:
    assert notes(figures.accuracy_and_cost([], [], [], [])) == ["No run has been measured yet."]
    assert notes(figures.accuracy_and_cost(["se"], [1], [NAN], [None])) == ["No run has been measured yet."]
    assert notes(figures.learning_curves({"se": [], "bam": [[]]})) == ["No run has been measured yet."]
    assert notes(figures.paired_differences(["se"], [[]], [None])) == ["No two runs share a seed yet."]


def test_lists_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="got 2, 1, 1 and 1"):
        figures.accuracy_and_cost(["none", "se"], [1], [0.5], [None])
    with pytest.raises(ValueError, match="got 1, 1, 1, 2"):
        figures.paired_differences(["se"], [[0.1]], [None], words=["a", "b"])
