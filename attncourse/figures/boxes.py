"""A detector's boxes on their image, and a map for each box: with the box drawn into its map, and its number below."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from attncourse.figures.maps import COLOUR_BAR, channels_of
from attncourse.figures.picture import FAINT, INK, WIDTH, NotDrawable, Picture, note, or_note, plain
from attncourse.figures.scale import POSITIVE

FOUND, TRUE = "#ff2d95", "#ffffff"
HEIGHT = 3.0
MOST = 4


@or_note
def boxed(
    image: Tensor | None,
    found: Tensor | None,
    *,
    labels: Sequence[str] | None = None,
    truth: Tensor | None = None,
    title: str = "",
    statement: str = "",
) -> Picture:
    """Draw boxes ``(n, 4)`` on an image ``(3, H, W)`` or ``(1, 3, H, W)`` in [0, 1]. Other shapes draw a note.

    Args:
        found: left, top, right, bottom in pixels; drawn as lines.
        labels: a word for each of them.
        truth: where the things are, ``(m, 4)``; drawn dashed.
        statement: one line below: the number that says whether to believe them.
    """
    if image is None or found is None:
        return note(title)
    pixels, edges = _pixels(image, "boxed"), _edges(found)
    if labels is not None and len(labels) != len(edges):
        raise NotDrawable(f"there are {len(labels)} labels and {len(edges)} boxes; give one for each")
    ratio = pixels.shape[1] / pixels.shape[0]
    height = min(HEIGHT, WIDTH / ratio)
    picture = Picture(max(height * ratio, HEIGHT), height + 0.4 * bool(title) + 0.3 * bool(statement), title)
    axes = picture.subplots()
    _show(axes, pixels)
    if truth is not None:
        _outline(axes, _edges(truth), TRUE, style="--")
    _outline(axes, edges, FOUND, labels=labels)
    if statement:
        picture.supxlabel(statement, fontsize=9, color=INK)
    return picture


@or_note
def box_maps(
    image: Tensor | None,
    found: Tensor | None,
    maps: Sequence[Tensor | None] | None,
    numbers: Sequence[Sequence[str]],
    *,
    rows: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    title: str = "",
    statement: str = "",
) -> Picture:
    """Draw, in rows, a map for each of up to 4 boxes of one image, on one fixed scale from 0 to 1.

    Args:
        image: ``(3, H, W)`` or ``(1, 3, H, W)`` in [0, 1].
        found: the boxes, ``(n, 4)``: left, top, right, bottom in pixels.
        maps: for each row ``(n, h, w)`` in [0, 1], as ``explain.scaled`` gives them; a row may be None: not built yet.
        numbers: for each row, what stands below each map: the number that says whether to believe it.
        rows, names: a word for each row, and for each box.
        statement: one line below all.

    Other shapes, and values outside [0, 1], draw a note.
    """
    if image is None or found is None or maps is None or all(one is None for one in maps):
        return note(title)
    pixels, edges = _pixels(image, "box_maps"), _edges(found)
    if not 1 <= len(edges) <= MOST:
        raise NotDrawable(f"box_maps draws the maps of 1 to {MOST} boxes, got {len(edges)}")
    kept = [number for number, one in enumerate(maps) if one is not None]
    shown = [_maps(one, len(edges)) for one in maps if one is not None]
    for what, given, count in (
        ("rows", rows, len(maps)),
        ("names", names, len(edges)),
        ("numbers", numbers, len(maps)),
    ):
        if given is not None and len(given) != count:
            raise NotDrawable(f"expected as many {what} as there are to name, {count}; got {len(given)}")
    if any(len(numbers[number]) != len(edges) for number in kept):
        raise NotDrawable(f"expected numbers for each of {len(edges)} maps in a row")
    height, width = pixels.shape[:2]
    side = min((WIDTH - COLOUR_BAR) / (len(edges) + 1), 2.6)
    tall = side * min(max(height / width, 0.3), 1.6) + 0.5
    picture = Picture(
        side * (len(edges) + 1) + COLOUR_BAR,
        tall * len(shown) + 0.2 + 0.4 * bool(title) + 0.3 * bool(statement),
        title,
    )
    grid = picture.subplots(len(shown), len(edges) + 1, squeeze=False)
    words = names or [f"box {number + 1}" for number in range(len(edges))]
    for line, number, values in zip(grid, kept, shown, strict=True):
        _show(line[0], pixels)
        _outline(line[0], edges, FOUND, labels=[str(place + 1) for place in range(len(edges))])
        line[0].set_ylabel(rows[number] if rows else "", fontsize=10)
        for place, axes in enumerate(line[1:]):
            drawn = axes.imshow(
                values[place], cmap=POSITIVE, vmin=0, vmax=1, interpolation="nearest", extent=_extent(height, width)
            )
            _frame(axes, height, width)
            _outline(axes, edges[place : place + 1], FOUND)
            axes.set_xlabel(numbers[number][place], fontsize=8, color=INK)
            if number == kept[0]:
                axes.set_title(words[place], fontsize=10)
    bar = picture.colorbar(drawn, ax=list(grid.flat), fraction=0.025, pad=0.01)
    bar.ax.tick_params(labelsize=8, color=FAINT)
    if statement:
        picture.supxlabel(statement, fontsize=9, color=INK)
    return picture


def _pixels(image: Tensor, asker: str) -> np.ndarray:
    """``(H, W, 3)`` in [0, 1]."""
    values = channels_of(image, asker)
    if values.shape[0] != 3:
        raise NotDrawable(f"{asker} needs an image of the 3 channels red, green, blue, got {values.shape[0]}")
    return values.clamp(0, 1).permute(1, 2, 0).numpy()


def _edges(found: Tensor) -> list[list[float]]:
    given = plain(found)
    if given.ndim != 2 or given.shape[1] != 4 or not bool(given.isfinite().all()):
        raise NotDrawable(f"boxes are (n, 4), left, top, right, bottom in pixels and finite; got {tuple(given.shape)}")
    return given.tolist()


def _maps(values: Tensor, count: int) -> np.ndarray:
    given = plain(values)
    if given.ndim != 3 or len(given) != count:
        raise NotDrawable(f"expected a map for each of {count} boxes, ({count}, h, w); got {tuple(given.shape)}")
    if not bool(((given >= 0) & (given <= 1)).all()):
        raise NotDrawable("a map lies within [0, 1]; scale it first: explain.scaled(maps)")
    return given.numpy()


def _extent(height: int, width: int) -> tuple[float, float, float, float]:
    """In pixels: pixel i reaches from i to i + 1, as boxes count."""
    return (0, width, height, 0)


def _show(axes: Axes, pixels: np.ndarray) -> None:
    height, width = pixels.shape[:2]
    axes.imshow(pixels, interpolation="nearest", extent=_extent(height, width))
    _frame(axes, height, width)


def _frame(axes: Axes, height: int, width: int) -> None:
    """The image's own frame, also where a box reaches beyond it."""
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.set_xticks([])
    axes.set_yticks([])


def _outline(
    axes: Axes,
    edges: Sequence[Sequence[float]],
    colour: str,
    *,
    style: str = "-",
    labels: Sequence[str] | None = None,
) -> None:
    for number, (left, top, right, bottom) in enumerate(edges):
        axes.add_patch(
            Rectangle((left, top), right - left, bottom - top, fill=False, color=colour, linestyle=style, linewidth=1.5)
        )
        if labels:
            axes.text(
                max(left, 0) + 0.5,
                max(top, 0) + 0.5,
                labels[number],
                fontsize=8,
                color=INK,
                va="top",
                clip_on=True,
                bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1},
            )
