"""The colours of values: one rule, so that a colour means the same in every picture.

All within [0, 1]: from 0 to 1, however little of it is used. Never negative: from 0 to the maximum. Otherwise from -m
to m, with grey at zero. Both colour maps are perceptually uniform and readable by colour-blind people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from torch import Tensor

POSITIVE, SIGNED = "cividis", "coolwarm"
PRINTED = 6


@dataclass(frozen=True)
class Scale:
    """The lowest and highest value of a picture and the name of its colour map."""

    low: float
    high: float

    @property
    def colours(self) -> str:
        """The colour map's name in matplotlib."""
        return SIGNED if self.low < 0 else POSITIVE

    def ink(self, value: float) -> str:
        """Black or white, whichever can be read on the colour of ``value``."""
        share = (value - self.low) / (self.high - self.low)
        red, green, blue, _ = colormaps[self.colours](min(max(share, 0.0), 1.0))
        return "black" if 0.30 * red + 0.59 * green + 0.11 * blue > 0.5 else "white"


def scale_of(*values: Tensor) -> Scale:
    """The scale that shows all of ``values``; ones that are not finite don't count."""
    kept = [v[v.isfinite()] for v in values]
    low = min((float(v.min()) for v in kept if v.numel()), default=0.0)
    high = max((float(v.max()) for v in kept if v.numel()), default=1.0)
    if low < 0:
        reach = max(-low, high)
        return Scale(-reach, reach)
    return Scale(0.0, 1.0) if high <= 1 else Scale(0.0, high)


def draw_map(axes: Axes, values: Tensor, scale: Scale) -> AxesImage:
    """Draw one map ``(H, W)`` as squares, with numbers in them where there are few."""
    drawn = axes.imshow(
        np.asarray(values), cmap=scale.colours, vmin=scale.low, vmax=scale.high, interpolation="nearest"
    )
    axes.set_xticks([])
    axes.set_yticks([])
    if max(values.shape) <= PRINTED:
        for row, line in enumerate(values.tolist()):
            for column, value in enumerate(line):
                axes.text(column, row, short(value), ha="center", va="center", fontsize=8, color=scale.ink(value))
    return drawn


def short(value: float) -> str:
    """``3``, ``0.25``, ``-1.5``, ``120``: at most three digits, no idle zeros."""
    if value == 0:
        return "0"
    return f"{value:.2f}".rstrip("0").rstrip(".") if 0.005 <= abs(value) < 100 else f"{value:.3g}"
