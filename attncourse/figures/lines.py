"""Curves: one line for each set of values, told apart by colour and by dashes."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from attncourse.figures.picture import FAINT, WIDTH, NotDrawable, Picture, note, or_note, plain

# Okabe and Ito's colours, for all kinds of colour vision; the dashes help in grey.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
DASHES = ("-", "--", "-.", ":", (0, (6, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))


@or_note
def curve(
    xs: Tensor,
    ys: Tensor | Sequence[Tensor | None] | None,
    *,
    labels: Sequence[str] | None = None,
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
) -> Picture:
    """Draw ``ys`` over ``xs``: one tensor ``(N,)``, or several, up to 7. Lines that are ``None`` are left out.

    A line that is not as long as ``xs`` draws a note. Raises ValueError where labels and lines are not as many.
    """
    lines = list(ys) if isinstance(ys, list | tuple) else [ys]
    if all(line is None for line in lines):
        return note(title)
    if labels is not None and len(labels) != len(lines):
        raise ValueError(f"expected one label for each of {len(lines)} lines, got {len(labels)}")
    if len(lines) > len(COLOURS):
        raise ValueError(f"curve draws up to {len(COLOURS)} lines, got {len(lines)}; draw two pictures")
    across = plain(xs).flatten()
    picture = Picture(WIDTH, 3.2, title)
    axes = picture.subplots()
    for number, line in enumerate(lines):
        if line is None:
            continue
        heights = plain(line).flatten()
        if heights.shape != across.shape:
            raise NotDrawable(
                f"curve draws as many values as xs has, {len(across)}, got {len(heights)}, "
                f"from shape {tuple(plain(line).shape)}; look at the axes that are left"
            )
        name = labels[number] if labels else None
        axes.plot(across, heights, color=COLOURS[number], linestyle=DASHES[number], linewidth=2, label=name)
    axes.axhline(0, color=FAINT, linewidth=0.8)
    axes.grid(color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(xlabel, fontsize=9)
    axes.set_ylabel(ylabel, fontsize=9)
    axes.tick_params(labelsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    if labels:
        axes.legend(fontsize=9, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return picture
