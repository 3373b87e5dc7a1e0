"""Before and after: what a gate did to each channel, on one scale."""

from __future__ import annotations

from torch import Tensor

from attncourse.figures.maps import COLOUR_BAR, PER_ROW, channels_of
from attncourse.figures.picture import FAINT, WIDTH, NotDrawable, Picture, note, or_note
from attncourse.figures.scale import draw_map, scale_of

LABEL = 0.3


@or_note
def before_after(
    x: Tensor | None, y: Tensor | None, *, title: str = "", rows: tuple[str, str] = ("before", "after")
) -> Picture:
    """Draw the channels of ``x`` above those of ``y``, both ``(C, H, W)`` or ``(1, C, H, W)``; at most 8 channels.

    ``rows``: the words beside the two rows. Where the two have different shapes, a note is drawn.
    """
    if x is None or y is None:
        return note(title)
    before, after = channels_of(x, "before_after"), channels_of(y, "before_after")
    if before.shape != after.shape:
        raise NotDrawable(
            f"before_after compares equal shapes, got {tuple(before.shape)} and {tuple(after.shape)}; "
            "a gate must leave the shape of the features as it was"
        )
    columns = min(len(before), PER_ROW)
    side = min((WIDTH - LABEL - COLOUR_BAR) / columns, 2.4)
    height = side * min(max(before.shape[1] / before.shape[2], 0.3), 1.6) + 0.2
    if len(before) > columns:
        title = f"{title} (the first {columns} of {len(before)} channels)".strip()
    picture = Picture(columns * side + LABEL + COLOUR_BAR, 2 * height + (0.6 if title else 0.3), title)
    grid = picture.subplots(2, columns, squeeze=False)
    colours = scale_of(before, after)
    for row, (line, values) in enumerate(zip(grid, (before, after), strict=True)):
        for number, axes in enumerate(line):
            drawn = draw_map(axes, values[number], colours)
            if row == 0:
                axes.set_title(f"channel {number}", fontsize=9)
        line[0].set_ylabel(rows[row], fontsize=10)
    bar = picture.colorbar(drawn, ax=list(grid.flat), fraction=0.025, pad=0.01)
    bar.ax.tick_params(labelsize=8, color=FAINT)
    return picture
