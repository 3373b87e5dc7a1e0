"""The picture itself: a matplotlib Figure that shows itself in a notebook, made without pyplot."""

from __future__ import annotations

import io
from typing import Any

import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from torch import Tensor

WIDTH = 8.5
NOT_BUILT = "Build this first: run the exercise above."
INK, FAINT = "#222222", "#8a8a8a"


class Picture(Figure):
    """A figure, ``width`` x ``height`` inches, whose last-expression display is a PNG."""

    def __init__(self, width: float, height: float, title: str = "") -> None:
        super().__init__(figsize=(width, height), dpi=100, facecolor="white", layout="constrained")
        FigureCanvasAgg(self)
        self.title = title
        if title:
            self.suptitle(title, fontsize=11, color=INK)

    def _repr_png_(self) -> bytes:
        if isinstance(self.get_layout_engine(), ConstrainedLayoutEngine):
            # Constrained layout moves things a little at each drawing: settle once, then keep the places.
            self.draw_without_rendering()
            self.draw_without_rendering()
            self.set_layout_engine("none")
        buffer = io.BytesIO()
        # No version string in the file: the same values give the same bytes.
        self.savefig(buffer, format="png", facecolor="white", metadata={"Software": None})
        return buffer.getvalue()

    def __repr__(self) -> str:
        return f"<Picture: {self.title}>" if self.title else "<Picture>"


def note(title: str = "", text: str = NOT_BUILT) -> Picture:
    """A picture with a sentence, where there is nothing to draw yet."""
    picture = Picture(WIDTH, 1.3, title)
    picture.text(0.5, 0.4, text, ha="center", va="center", fontsize=11, color=FAINT, style="italic")
    return picture


def plain(value: Any) -> Tensor:
    """A float tensor on the CPU without a gradient. Raises ValueError for what is no tensor, number or list of them."""
    try:
        return torch.as_tensor(value).detach().cpu().double()
    except (TypeError, ValueError, RuntimeError) as error:
        given = type(value).__name__
        raise ValueError(f"expected a tensor, got {given}; a picture takes values such as x[0]") from error
