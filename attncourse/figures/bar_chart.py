"""Gates and descriptors as bars: one for each channel."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from torch import Tensor

from attncourse.figures.picture import FAINT, INK, WIDTH, NotDrawable, Picture, note, or_note, plain
from attncourse.figures.scale import short

BLUE, ORANGE = "#0072b2", "#d55e00"
NUMBERED = 16


@or_note
def bars(
    values: Tensor | None,
    *,
    labels: Sequence[str] | None = None,
    title: str = "",
    expected: Tensor | None = None,
) -> Picture:
    """Draw ``(C,)``, ``(1, C)`` or ``(1, C, 1, 1)`` as bars, and ``expected`` as marks beside them.

    Where all lie within [0, 1] the axis runs from 0 to 1, with a line at either end. Other shapes draw a note, and so
    do values that are not as many as the labels or the expected ones.
    """
    if values is None:
        return note(title)
    heights, marks = _line(values), None if expected is None else _line(expected)
    for what, given in (("labels", labels), ("expected values", marks)):
        if given is not None and len(given) != len(heights):
            raise NotDrawable(
                f"there are {len(given)} {what} and {len(heights)} bars, from shape {tuple(plain(values).shape)}; "
                "make them as many"
            )
    picture = Picture(WIDTH, 2.6, title)
    axes = picture.subplots()
    places = range(len(heights))
    axes.bar(places, heights, color=BLUE, width=0.7, label="yours" if marks else None)
    if marks:
        axes.plot(places, marks, linestyle="", marker="D", markersize=7, color=ORANGE, mec="white", label="expected")
        axes.legend(fontsize=9, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    _frame(axes, [*heights, *(marks or [])])
    if len(heights) <= NUMBERED:
        for place, height in zip(places, heights, strict=True):
            up = height >= 0
            axes.annotate(
                short(height),
                (place, height),
                (0, 2 if up else -2),
                textcoords="offset points",
                ha="center",
                va="bottom" if up else "top",
                fontsize=9,
                color=INK,
            )
        word = "channel {}" if len(heights) <= 8 else "{}"
        axes.set_xticks(list(places), labels or [word.format(place) for place in places])
        axes.tick_params(axis="x", labelsize=9, length=0)
    if len(heights) > 8 and not labels:
        axes.set_xlabel("channel", fontsize=9)
    return picture


def _frame(axes: Axes, numbers: Sequence[float]) -> None:
    within = all(0 <= number <= 1 for number in numbers)
    for height in (0, 1) if within else (0,):
        axes.axhline(height, color=FAINT, linewidth=1, linestyle="--" if height else "-")
    if within:
        axes.set_ylim(0, 1.15)
        axes.set_yticks([0, 0.5, 1])
    else:
        axes.margins(y=0.15)
    axes.tick_params(axis="y", labelsize=9)
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def _line(values: Tensor) -> list[float]:
    given = plain(values)
    sizes = [size for size in given.shape if size != 1]
    if given.ndim == 0 or len(sizes) > 1:
        raise NotDrawable(
            f"bars draws (C,), (1, C) or (1, C, 1, 1), got shape {tuple(given.shape)}; choose one sample, values[:1]"
        )
    return given.flatten().tolist()
