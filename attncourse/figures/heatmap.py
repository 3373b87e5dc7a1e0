"""An image beside the maps that explain it, each with its number: no map stands alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from attncourse.figures.maps import COLOUR_BAR, channels_of
from attncourse.figures.picture import FAINT, INK, WIDTH, Picture, note, plain
from attncourse.figures.scale import POSITIVE

OUTLINE = "#ff2d95"  # in no photograph and in no map
MOST = 4


def heatmaps(
    image: Tensor | None,
    maps: Sequence[Tensor] | None,
    numbers: Sequence[str],
    *,
    names: Sequence[str] | None = None,
    title: str = "",
    statement: str = "",
) -> Picture:
    """Draw an image and up to 4 maps of it on one fixed scale from 0 to 1, a number below each.

    Map and image are not blended, for on top of an image no colour means a value any more. Instead the line in the
    image goes around all places where the first map is above half. The PNG carries title, numbers and statement as
    text too (``Description``), wherever it goes.

    Args:
        image: ``(3, H, W)`` or ``(1, 3, H, W)`` in [0, 1].
        maps: each ``(h, w)`` or ``(1, h, w)`` in [0, 1], as ``explain.scaled`` gives them.
        numbers: what to say below each map: a measured number that tells whether to believe it.
        names: what stands above each map.
        statement: one line below all.

    Raises ValueError for other shapes or numbers of maps, and for values outside [0, 1].
    """
    if image is None or maps is None:
        return note(title)
    pixels = channels_of(image, "heatmaps")
    if pixels.shape[0] != 3:
        raise ValueError(f"heatmaps needs an image of 3 channels, got {pixels.shape[0]}")
    shown = [_map(one) for one in maps]
    if not 1 <= len(shown) <= MOST:
        raise ValueError(f"heatmaps draws 1 to {MOST} maps, got {len(shown)}")
    for what, given in (("numbers", numbers), ("names", names)):
        if given is not None and len(given) != len(shown):
            raise ValueError(f"expected as many {what} as maps ({len(shown)}), got {len(given)}")
    if not all(number.strip() for number in numbers):
        raise ValueError("a map has no number below it; say the measured one that tells whether to believe it")
    height, width = pixels.shape[1:]
    side = min((WIDTH - COLOUR_BAR) / (len(shown) + 1), 3.2)
    tall = side * min(max(height / width, 0.3), 1.6) + 0.9
    picture = Picture(side * (len(shown) + 1) + COLOUR_BAR, tall + 0.4 * bool(title) + 0.3 * bool(statement), title)
    axes = picture.subplots(1, len(shown) + 1, squeeze=False)[0]
    axes[0].imshow(pixels.clamp(0, 1).permute(1, 2, 0).numpy(), interpolation="nearest")
    _outline(axes[0], shown[0], height, width)
    axes[0].set_title("image", fontsize=10)
    axes[0].set_xlabel("line: the map is above 0.5", fontsize=8, color=INK)
    for number, (place, values) in enumerate(zip(axes[1:], shown, strict=True)):
        drawn = place.imshow(
            values,
            cmap=POSITIVE,
            vmin=0,
            vmax=1,
            interpolation="nearest",
            extent=(-0.5, width - 0.5, height - 0.5, -0.5),
        )
        place.set_title(names[number] if names else "", fontsize=10)
        place.set_xlabel(numbers[number], fontsize=8, color=INK)
    for place in axes:
        place.set_xticks([])
        place.set_yticks([])
    bar = picture.colorbar(drawn, ax=list(axes), fraction=0.025, pad=0.01)
    bar.ax.tick_params(labelsize=8, color=FAINT)
    if statement:
        picture.supxlabel(statement, fontsize=9, color=INK)
    below = [": ".join(filter(None, pair)) for pair in zip(names or [""] * len(shown), numbers, strict=True)]
    picture.description = "; ".join(" ".join(part.split()) for part in (title, *below, statement) if part)
    return picture


def _map(values: Tensor) -> np.ndarray:
    given = plain(values)
    if given.ndim == 3 and given.shape[0] == 1:
        given = given[0]
    if given.ndim != 2:
        raise ValueError(f"a map is (h, w) or (1, h, w), got {tuple(given.shape)}; choose one image, maps[:1]")
    if not bool(((given >= 0) & (given <= 1)).all()):
        raise ValueError("a map lies within [0, 1]; scale it first: explain.scaled(maps)")
    return given.numpy()


def _outline(axes: Axes, values: np.ndarray, height: int, width: int) -> None:
    """Around what is above half; nothing where nothing is, or everything."""
    if values.min() < 0.5 < values.max() and min(values.shape) > 1:
        rows = (np.arange(values.shape[0]) + 0.5) * height / values.shape[0] - 0.5
        columns = (np.arange(values.shape[1]) + 0.5) * width / values.shape[1] - 0.5
        axes.contour(columns, rows, values, levels=[0.5], colors=OUTLINE, linewidths=1.5)
