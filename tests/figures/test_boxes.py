"""Boxes and their maps: every edge where it belongs, the image's own frame, a number below each map."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from attncourse import figures
from attncourse.figures import Picture

IMAGE = torch.rand(3, 12, 16, generator=torch.Generator().manual_seed(0))
BOXES = torch.tensor([[1.0, 2, 7, 9], [-3, 4.5, 5, 14]])
MAPS = torch.rand(2, 3, 4, generator=torch.Generator().manual_seed(1))


def outlines(axes: Axes) -> list[tuple[float, ...]]:
    """Left, top, right, bottom of what is drawn, and its dashes."""
    found = [one for one in axes.patches if isinstance(one, Rectangle)]
    return [(one.get_x(), one.get_y(), one.get_x() + one.get_width(), one.get_y() + one.get_height()) for one in found]


def test_boxes_stand_at_their_pixels_in_the_images_own_frame() -> None:
    picture = figures.boxed(IMAGE[None], BOXES, labels=["a", "b"], truth=BOXES[:1] + 1, statement="0.9")
    (axes,) = picture.axes
    assert outlines(axes) == [(2, 3, 8, 10), (1, 2, 7, 9), (-3, 4.5, 5, 14)]
    assert [one.get_linestyle() for one in axes.patches] == ["--", "-", "-"]
    assert axes.get_xlim() == (0, 16) and axes.get_ylim() == (12, 0)
    assert axes.images[0].get_extent() == [0, 16, 12, 0]
    assert [text.get_text() for text in axes.texts] == ["a", "b"]
    assert picture.get_supxlabel() == "0.9"
    assert picture._repr_png_().startswith(b"\x89PNG")


def test_each_map_has_its_own_box_and_its_number() -> None:
    numbers = [["8 %", "9 %"], ["90 %", "91 %"]]
    picture = figures.box_maps(IMAGE, BOXES, [MAPS, 1 - MAPS], numbers, rows=["first", "second"], names=["a", "b"])
    image, one, other = picture.axes[:3]
    assert outlines(image) == [(1, 2, 7, 9), (-3, 4.5, 5, 14)]
    assert (outlines(one), outlines(other)) == ([(1, 2, 7, 9)], [(-3, 4.5, 5, 14)])
    assert [axes.get_xlabel() for axes in picture.axes[1:3] + picture.axes[4:6]] == ["8 %", "9 %", "90 %", "91 %"]
    assert [axes.get_ylabel() for axes in (picture.axes[0], picture.axes[3])] == ["first", "second"]
    assert (one.get_title(), other.get_title()) == ("a", "b")
    torch.testing.assert_close(torch.as_tensor(one.images[0].get_array()), MAPS[0].double())
    assert one.images[0].get_clim() == (0, 1)
    assert picture._repr_png_().startswith(b"\x89PNG")


def test_a_row_that_is_not_built_is_left_out() -> None:
    picture = figures.box_maps(IMAGE, BOXES, [None, MAPS], [["-", "-"], ["1", "2"]], rows=["first", "second"])
    assert [axes.get_ylabel() for axes in picture.axes[:3]] == ["second", "", ""]


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda: figures.boxed(None, BOXES), "Build this first"),
        (lambda: figures.boxed(IMAGE, None), "Build this first"),
        (lambda: figures.box_maps(IMAGE, BOXES, [None], [[]]), "Build this first"),
        (lambda: figures.boxed(IMAGE, BOXES[0]), r"\(n, 4\).*got \(4,\)"),
        (lambda: figures.boxed(IMAGE, BOXES / 0), "finite"),
        (lambda: figures.boxed(IMAGE[:1], BOXES), "3 channels"),
        (lambda: figures.boxed(IMAGE, BOXES, labels=["a"]), "1 labels and 2 boxes"),
        (lambda: figures.box_maps(IMAGE, BOXES, [MAPS[:1]], [["1", "2"]]), r"each of 2 boxes.*got \(1, 3, 4\)"),
        (lambda: figures.box_maps(IMAGE, BOXES, [2 * MAPS], [["1", "2"]]), r"within \[0, 1\]"),
        (lambda: figures.box_maps(IMAGE, BOXES, [MAPS], [["1"]]), "numbers"),
        (lambda: figures.box_maps(IMAGE, BOXES, [MAPS], []), "numbers"),
        (lambda: figures.box_maps(IMAGE, BOXES[:0], [MAPS[:0]], [[]]), "1 to 4 boxes, got 0"),
    ],
)
def test_what_cannot_be_drawn_is_a_note(draw: Callable[[], Picture], said: str) -> None:
    picture = draw()
    (text,) = picture.texts
    assert re.search(said, text.get_text().replace("\n", " "))
