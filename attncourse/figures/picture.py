"""The picture itself: a matplotlib Figure that shows itself in a notebook, made without pyplot."""

from __future__ import annotations

import functools
import io
import textwrap
from collections.abc import Callable
from typing import Any, ParamSpec

import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from torch import Tensor

Drawn = ParamSpec("Drawn")

WIDTH = 8.5
NOT_BUILT = "Build this first: run the exercise above."
INK, FAINT = "#222222", "#8a8a8a"
NOTE_LETTERS = 90


class Picture(Figure):
    """A figure, ``width`` x ``height`` inches, whose last-expression display is a PNG."""

    def __init__(self, width: float, height: float, title: str = "") -> None:
        super().__init__(figsize=(width, height), dpi=100, facecolor="white", layout="constrained")
        FigureCanvasAgg(self)
        self.title = title
        self.description = ""  # what must not be lost with the notebook: it goes into the file as text
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
        metadata = {"Software": None} | ({"Description": self.description} if self.description else {})
        self.savefig(buffer, format="png", facecolor="white", metadata=metadata)
        return buffer.getvalue()

    def __repr__(self) -> str:
        return f"<Picture: {self.title}>" if self.title else "<Picture>"


class Note(Picture):
    """A sentence where there is nothing to draw; its repr says so, for those who read a notebook as text."""

    def __init__(self, title: str, text: str) -> None:
        words = textwrap.fill(text, NOTE_LETTERS)
        super().__init__(WIDTH, 1.1 + 0.2 * len(words.splitlines()), title)
        self.words = text
        self.text(0.5, 0.4, words, ha="center", va="center", fontsize=11, color=FAINT, style="italic")

    def __repr__(self) -> str:
        return f"<Note: {self.words}>"


class NotDrawable(ValueError):
    """A value that a picture cannot show: what was expected, what came, and the next step."""


def note(title: str = "", text: str = NOT_BUILT) -> Note:
    """A picture with a sentence, where there is nothing to draw yet."""
    return Note(title, text)


def or_note(draw: Callable[Drawn, Picture]) -> Callable[Drawn, Picture]:
    """Let a figure draw a note, where it would raise ``NotDrawable`` (a decorator).

    What a learner built may have any shape. The check has told of it; the cells below are to go on.
    """

    @functools.wraps(draw)
    def drawn(*arguments: Drawn.args, **options: Drawn.kwargs) -> Picture:
        try:
            return draw(*arguments, **options)
        except NotDrawable as found:
            return note(str(options.get("title", "")), f"This can't be drawn: {found}.")

    return drawn


def plain(value: Any) -> Tensor:
    """A float tensor on the CPU without a gradient. Raises NotDrawable for no tensor, number or list of them."""
    try:
        return torch.as_tensor(value).detach().cpu().double()
    except (TypeError, ValueError, RuntimeError) as error:
        given = type(value).__name__
        raise NotDrawable(f"expected a tensor, got {given}; a picture takes values such as x[0]") from error
