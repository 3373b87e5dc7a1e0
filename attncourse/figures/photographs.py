"""The photographs that come with packages the course needs anyway: whose they are, and what is where in them.

All boxes are ours, drawn by eye; they are (top, left, bottom, right) in pixels of the whole file, and a box also holds
some of what lies around a round or pointed thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from matplotlib import cbook
from PIL import Image

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Photograph:
    """Attributes:
    title: who or what, by whom, under which licence.
    read: gives the whole file, uint8 ``(H, W, 3)``.
    window: the part of it that is shown.
    parts: where things are, by name.
    """

    title: str
    read: Callable[[], np.ndarray]
    window: Box
    parts: Mapping[str, Box] = field(default_factory=dict)

    def pixels(self) -> np.ndarray:
        """What is shown: uint8 ``(H, W, 3)``."""
        top, left, bottom, right = self.window
        return self.read()[top:bottom, left:right]


def _grace_hopper() -> np.ndarray:
    with Image.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as picture:
        return np.array(picture.convert("RGB"))


def _chelsea() -> np.ndarray:
    from skimage import data  # scipy with it: only whoever looks at the cat waits for that

    return data.chelsea()


# The upper edge of the photograph cuts both ears; "left" and "right" are the viewer's.
CHELSEA = {
    "left ear": (0, 38, 32, 102),
    "right ear": (0, 310, 76, 400),
    "left eye": (84, 132, 149, 212),
    "right eye": (108, 293, 166, 347),
    "nose": (222, 226, 268, 294),
    "face": (0, 32, 280, 364),
}
CAT = "Chelsea the cat, by Stefan van der Walt (CC0, from scikit-image)"

PHOTOGRAPHS: dict[str, Photograph] = {
    "grace_hopper": Photograph("Grace Hopper, 1984 (public domain, from matplotlib)", _grace_hopper, (0, 0, 600, 512)),
    # A square, as CIFAR-10's pictures are: the face and the ear on the right; the one on the left lies outside.
    "cat": Photograph(CAT, _chelsea, (0, 100, 300, 400), CHELSEA),
    "whole_cat": Photograph(f"{CAT}, the whole picture", _chelsea, (0, 0, 300, 451), CHELSEA),
}
