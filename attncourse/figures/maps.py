"""Feature maps as small multiples with one colour scale, so that channels can be compared."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from attncourse.figures.picture import FAINT, WIDTH, NotDrawable, Picture, note, or_note, plain
from attncourse.figures.scale import Scale, draw_map, scale_of

PER_ROW, MOST = 8, 32
COLOUR_BAR = 0.8


@or_note
def feature_maps(
    x: Tensor | None,
    *,
    titles: Sequence[str] | None = None,
    title: str = "",
    scale: tuple[float, float] | None = None,
) -> Picture:
    """Draw each channel of ``(C, H, W)`` or ``(1, C, H, W)``; at most 32 channels.

    ``titles``: a word for each channel. ``scale``: the lowest and highest value, where several pictures are to share
    one. Another shape draws a note, and so do channels that are not as many as the titles.
    """
    if x is None:
        return note(title)
    values = channels_of(x, "feature_maps")
    count = values.shape[0]
    if titles is not None and len(titles) != count:
        raise NotDrawable(
            f"there are {len(titles)} titles and {count} channels, from shape {tuple(plain(x).shape)}; "
            "channels stand in axis 1"
        )
    shown = values[:MOST]
    columns = min(len(shown), PER_ROW)
    rows = math.ceil(len(shown) / columns)
    side = min((WIDTH - COLOUR_BAR) / columns, 2.6)
    height = side * min(max(values.shape[1] / values.shape[2], 0.3), 1.6) + 0.3
    if count > MOST:
        title = f"{title} (the first {MOST} of {count} channels)".strip()
    picture = Picture(columns * side + COLOUR_BAR, rows * height + (0.4 if title else 0.1), title)
    colours = Scale(*scale) if scale else scale_of(values)
    grid = picture.subplots(rows, columns, squeeze=False)
    for number, axes in enumerate(grid.flat):
        if number >= len(shown):
            axes.set_axis_off()
            continue
        drawn = draw_map(axes, shown[number], colours)
        axes.set_title(titles[number] if titles else f"channel {number}", fontsize=9)
    bar = picture.colorbar(drawn, ax=list(grid.flat), fraction=0.025, pad=0.01)
    bar.ax.tick_params(labelsize=8, color=FAINT)
    return picture


def channels_of(x: Tensor, asker: str) -> Tensor:
    """``(C, H, W)`` of one sample. Raises NotDrawable for a batch of several, and for other numbers of axes."""
    values = plain(x)
    if values.ndim == 4 and values.shape[0] == 1:
        values = values[0]
    if values.ndim != 3 or not values.numel():
        shape = tuple(values.shape)
        step = "choose one sample, x[:1]" if values.ndim == 4 else "print its shape, and look which axis is missing"
        raise NotDrawable(f"{asker} draws (C, H, W) or (1, C, H, W), got shape {shape}; {step}")
    return values
