"""A photograph that comes with matplotlib, and how to look at an RGB tensor."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib import cbook
from PIL import Image
from torch import Tensor

from attncourse.figures.maps import channels_of
from attncourse.figures.picture import WIDTH, NotDrawable, Picture, note, or_note

HEIGHT = 3.0


def photograph(size: tuple[int, int] = (150, 128)) -> Tensor:
    """Grace Hopper, 1984 (public domain): ``(1, 3, H, W)`` in [0, 1] for ``size`` = (H, W), float32.

    Raises ValueError for sizes below 1.
    """
    if min(size) < 1:
        raise ValueError(f"size is (H, W) in pixels, at least 1 each, got {tuple(size)}")
    with Image.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as picture:
        small = picture.convert("RGB").resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1).unsqueeze(0).float() / 255


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
