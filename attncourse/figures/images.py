"""Photographs that come with an installed package, and how to look at an RGB tensor."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from attncourse.figures.maps import channels_of
from attncourse.figures.photographs import PHOTOGRAPHS, Photograph
from attncourse.figures.picture import WIDTH, NotDrawable, Picture, note, or_note

HEIGHT = 3.0


def photograph(size: tuple[int, int] = (150, 128), *, of: str = "grace_hopper") -> Tensor:
    """``(1, 3, H, W)`` in [0, 1] for ``size`` = (H, W), float32.

    All that the photograph shows is squeezed into ``size``. The proportions are true only where those of ``size`` are
    the photograph's own, height to width 75:64 for "grace_hopper", 1:1 for "cat", about 2:3 for "whole_cat".

    Args:
        size: (H, W) in pixels.
        of: one of ``PHOTOGRAPHS``: "grace_hopper" (1984, public domain), "cat" (a square of Chelsea by Stefan van der
            Walt, CC0) or "whole_cat" (all of it).

    Raises ValueError for sizes below 1, and for a photograph that there isn't.
    """
    small = Image.fromarray(_named(size, of).pixels()).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1).unsqueeze(0).float() / 255


def places(part: str, size: tuple[int, int], *, of: str) -> Tensor:
    """Where a part is in ``photograph(size, of=of)``: bool ``(1, H, W)``, True for pixels whose centre it holds.

    Args:
        part: a name of ``PHOTOGRAPHS[of].parts``: "right ear", "left eye", "nose", "face". The boxes are ours, by eye.
        size: (H, W) in pixels.
        of: one of ``PHOTOGRAPHS``.

    Raises ValueError as ``photograph``, and where the part is not in it, or too small for a pixel of that size.
    """
    shown = _named(size, of)
    if part not in shown.parts:
        raise ValueError(f"{of} has no part {part!r}; it has: {', '.join(shown.parts) or 'none'}")
    top, left, bottom, right = shown.parts[part]
    above, beside, below, beyond = shown.window
    rows = above + (torch.arange(size[0]) + 0.5) * (below - above) / size[0]
    columns = beside + (torch.arange(size[1]) + 0.5) * (beyond - beside) / size[1]
    found = ((rows >= top) & (rows < bottom))[:, None] & ((columns >= left) & (columns < right))
    if not bool(found.any()):
        raise ValueError(f"the {part} is not in {of} at {size[0]}x{size[1]}; try a larger size, or of='whole_cat'")
    return found[None]


def _named(size: tuple[int, int], of: str) -> Photograph:
    if min(size) < 1:
        raise ValueError(f"size is (H, W) in pixels, at least 1 each, got {tuple(size)}")
    if of not in PHOTOGRAPHS:
        raise ValueError(f"there is no photograph {of!r}; there are: {', '.join(PHOTOGRAPHS)}")
    return PHOTOGRAPHS[of]


@or_note
def image(x: Tensor | None, *, title: str = "") -> Picture:
    """Show ``(3, H, W)`` or ``(1, 3, H, W)`` in [0, 1] in its own colours. Other shapes draw a note."""
    if x is None:
        return note(title)
    values = channels_of(x, "image")
    if values.shape[0] != 3:
        raise NotDrawable(f"image needs the 3 channels red, green, blue, got {values.shape[0]}; try feature_maps")
    ratio = values.shape[2] / values.shape[1]
    height = min(HEIGHT, WIDTH / ratio)
    picture = Picture(max(height * ratio, HEIGHT), height + (0.4 if title else 0), title)
    axes = picture.subplots()
    axes.imshow(values.clamp(0, 1).permute(1, 2, 0).numpy(), interpolation="nearest")
    axes.set_axis_off()
    return picture
