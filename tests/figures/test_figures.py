"""The figures: real pictures of the values given, with no trace left in matplotlib's state."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch
from PIL import Image

from attncourse import figures
from attncourse.figures import Picture
from attncourse.figures.scale import Scale, scale_of, short

U = torch.linspace(-3, 3, 7)
PICTURES: dict[str, Callable[[], Picture]] = {
    "feature_maps": lambda: figures.feature_maps(torch.randn(1, 3, 5, 4), title="maps"),
    "one map": lambda: figures.feature_maps(torch.rand(1, 7, 9)),
    "many maps": lambda: figures.feature_maps(torch.rand(40, 9, 13)),
    "bars": lambda: figures.bars(torch.rand(1, 6, 1, 1), expected=torch.rand(6)),
    "many bars": lambda: figures.bars(torch.randn(64)),
    "before_after": lambda: figures.before_after(torch.randn(2, 5, 3), torch.randn(1, 2, 5, 3)),
    "curve": lambda: figures.curve(U, [U, None, 2 * U], labels=["a", "b", "c"]),
    "shape_flow": lambda: figures.shape_flow([("x", torch.zeros(2, 3)), ("gate", None), ("y", (2, 3, 4))] * 2),
    "image": lambda: figures.image(torch.rand(1, 3, 6, 5)),
    "heatmaps": lambda: figures.heatmaps(
        torch.rand(1, 3, 8, 12), [torch.rand(4, 6)] * 2, ["0.1", "0.2"], statement="s"
    ),
}
NOTES: dict[str, Callable[[], Picture]] = {
    "feature_maps": lambda: figures.feature_maps(None, title="t"),
    "bars": lambda: figures.bars(None),
    "before": lambda: figures.before_after(None, torch.zeros(1, 2, 3)),
    "after": lambda: figures.before_after(torch.zeros(1, 2, 3), None),
    "curve": lambda: figures.curve(U, None),
    "curves": lambda: figures.curve(U, [None, None], labels=["a", "b"]),
    "shape_flow": lambda: figures.shape_flow(None),
    "image": lambda: figures.image(None),
    "heatmaps": lambda: figures.heatmaps(None, None, []),
}


def opened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture._repr_png_()))


def texts(picture: Picture) -> list[str]:
    return [text.get_text() for axes in picture.axes for text in axes.texts]


def heights(line: Line2D) -> list[float]:
    return np.asarray(line.get_ydata(), dtype=float).tolist()


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_a_png_of_notebook_width_that_is_the_same_each_time(name: str) -> None:
    torch.manual_seed(0)
    first = PICTURES[name]()
    torch.manual_seed(0)
    second = PICTURES[name]()
    picture = opened(first)
    assert picture.format == "PNG" and picture.width <= 860 and picture.height >= 60
    assert len(np.unique(np.asarray(picture.convert("L")))) > 5, "the picture is blank"
    assert first._repr_png_() == second._repr_png_()


@pytest.mark.parametrize("name", NOTES)
def test_what_is_not_built_yet_draws_a_note(name: str) -> None:
    picture = NOTES[name]()
    assert any("Build this first" in text.get_text() for text in picture.texts)
    assert opened(picture).width > 100


def test_no_pyplot_and_no_global_style() -> None:
    before = dict(matplotlib.rcParams)
    for make in PICTURES.values():
        make()._repr_png_()
    assert dict(matplotlib.rcParams) == before
    code = (
        "import sys, torch; from attncourse import figures; "
        "figures.bars(torch.rand(3))._repr_png_(); sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_arguments_are_left_as_they_were_and_may_carry_gradients() -> None:
    x = torch.randn(1, 2, 3, 4, requires_grad=True)
    before = x.detach().clone()
    figures.feature_maps(x * 2)
    figures.bars(x.mean(dim=(2, 3)))
    figures.image(torch.rand(3, 4, 5, requires_grad=True))
    assert torch.equal(x, before)


def test_one_scale_for_all_channels() -> None:
    x = torch.zeros(2, 3, 3)
    x[0, 0, 0], x[1, 2, 2] = 8.0, 2.0
    images = [axes.images[0] for axes in figures.feature_maps(x).axes if axes.images]
    assert [image.get_clim() for image in images] == [(0.0, 8.0)] * 2
    both = [axes.images[0] for axes in figures.before_after(x, 3 * x).axes if axes.images]
    assert {image.get_clim() for image in both} == {(0.0, 24.0)} and len(both) == 4


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([0.4, 0.6], Scale(0.0, 1.0)),
        ([0.0, 7.0], Scale(0.0, 7.0)),
        ([-2.0, 1.0], Scale(-2.0, 2.0)),
        ([-1.0, 5.0], Scale(-5.0, 5.0)),
        ([float("nan"), 3.0], Scale(0.0, 3.0)),
        ([0.0, 0.0], Scale(0.0, 1.0)),
    ],
)
def test_zero_has_one_colour_and_gates_one_scale(values: list[float], wanted: Scale) -> None:
    assert scale_of(torch.tensor(values)) == wanted


def test_a_given_scale_is_used() -> None:
    picture = figures.feature_maps(torch.rand(2, 3, 4), scale=(0.0, 5.0))
    assert picture.axes[0].images[0].get_clim() == (0.0, 5.0)


def test_small_maps_show_their_numbers_and_large_ones_do_not() -> None:
    assert texts(figures.feature_maps(torch.tensor([[[1.0, -2.5], [0.25, 120.0]]]))) == ["1", "-2.5", "0.25", "120"]
    assert texts(figures.feature_maps(torch.rand(1, 7, 3))) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_shown_not_fatal(value: float) -> None:
    picture = figures.feature_maps(torch.tensor([[[value, 1.0, 0.0]]]))
    assert str(value) in texts(picture)
    opened(picture)


@pytest.mark.parametrize(
    ("value", "wanted"), [(0.0, "0"), (3.0, "3"), (0.5, "0.5"), (-1.234, "-1.23"), (1234.0, "1.23e+03")]
)
def test_numbers_are_short(value: float, wanted: str) -> None:
    assert short(value) == wanted


def test_the_bars_of_gates_reach_from_0_to_1_and_others_as_far_as_they_must() -> None:
    gates = figures.bars(torch.tensor([0.2, 0.3])).axes[0]
    assert gates.get_ylim()[0] == 0 and gates.get_ylim()[1] > 1
    assert sorted(heights(line)[0] for line in gates.lines) == [0, 1]
    logits = figures.bars(torch.tensor([-4.0, 9.0])).axes[0]
    assert logits.get_ylim()[0] < -4 and logits.get_ylim()[1] > 9


def test_bars_show_the_expected_beside_yours() -> None:
    axes = figures.bars(torch.tensor([0.2, 0.3]), expected=torch.tensor([0.4, 0.9])).axes[0]
    assert any(np.allclose(heights(line), [0.4, 0.9]) for line in axes.lines)


def test_shape_flow_writes_the_shapes_that_tensors_have() -> None:
    steps: list[tuple[str, Any]] = [("x", torch.zeros(2, 3, 4, 5)), ("gate", None), ("vector", (7,))]
    assert texts(figures.shape_flow(steps)) == ["x", "(2, 3, 4, 5)", "gate", "not built yet", "vector", "(7,)"]


WRONG: dict[str, tuple[Callable[[], Picture], str]] = {
    "a batch": (lambda: figures.feature_maps(torch.zeros(2, 3, 4, 5), title="t"), "(2, 3, 4, 5); choose one sample"),
    "no channel axis": (lambda: figures.feature_maps(torch.zeros(3, 4)), "got shape (3, 4)"),
    "no channel": (lambda: figures.feature_maps(torch.zeros(1, 0, 4, 4)), "got shape (0, 4, 4)"),
    "too many channels": (
        lambda: figures.feature_maps(torch.zeros(1, 3, 4, 4), titles=["a"]),
        "1 titles and 3 channels, from shape (1, 3, 4, 4)",
    ),
    "bars of a batch": (lambda: figures.bars(torch.zeros(2, 3)), "got shape (2, 3)"),
    "too many bars": (lambda: figures.bars(torch.zeros(3), labels=["a"]), "1 labels and 3 bars, from shape (3,)"),
    "too few marks": (lambda: figures.bars(torch.zeros(3), expected=torch.zeros(2)), "2 expected values and 3 bars"),
    "another shape": (
        lambda: figures.before_after(torch.zeros(1, 2, 3), torch.zeros(1, 3, 2)),
        "must leave the shape of the features",
    ),
    "a short line": (lambda: figures.curve(U, [U[:3]]), "as xs has, 7, got 3, from shape (3,)"),
    "no colours": (lambda: figures.image(torch.zeros(4, 5, 5)), "got 4"),
    "a dict": (lambda: figures.bars({}, title="t"), "expected a tensor, got dict"),  # type: ignore[arg-type]
    "a tuple": (lambda: figures.feature_maps((U, None)), "expected a tensor, got tuple"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", WRONG)
def test_an_answer_of_the_wrong_shape_draws_a_note(name: str) -> None:
    draw, words = WRONG[name]
    picture = draw()
    assert words in repr(picture)
    (shown,) = (text.get_text() for text in picture.texts if text.get_text() not in ("", picture.title))
    assert words in shown.replace("\n", " ") and opened(picture).width <= 860


def test_a_fork_in_shape_flow_has_an_arrow_to_and_from_each_of_its_boxes() -> None:
    x = torch.zeros(2, 3)
    axes = figures.shape_flow([("x", x), [("a", x), ("b", None)], ("y", x)]).axes[0]
    assert [text.get_text() for text in axes.texts][2::2] == ["a", "b", "y"]
    heights_of = {text.get_text(): text.get_position()[1] for text in axes.texts}
    assert heights_of["a"] > heights_of["x"] == heights_of["y"] > heights_of["b"]
    assert sum(isinstance(patch, FancyArrowPatch) for patch in axes.patches) == 4


def test_shape_flow_takes_whatever_was_built() -> None:
    steps = [("x", torch.zeros(2, 3)), ("a number", 5), ("a pair", (U, U)), ("a word", "yes")]
    assert texts(figures.shape_flow(steps))[1::2] == ["(2, 3)", "int", "tuple", "str"]


def test_no_solved_lesson_shows_a_note() -> None:
    for notebook in sorted(Path("solutions").glob("*.ipynb")):
        assert "<Note: " not in notebook.read_text(), notebook.name


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: figures.curve(U, [U], labels=["a", "b"]), "1 lines, got 2"),
        (lambda: figures.curve(U, [U] * 8), "up to 7 lines, got 8"),
        (lambda: figures.photograph((0, 3)), "at least 1"),
    ],
)
def test_an_error_says_what_was_expected(draw: Callable[[], Picture], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        draw()


def test_the_photograph_is_a_batch_of_one_in_0_to_1() -> None:
    photo = figures.photograph((31, 24))
    assert photo.shape == (1, 3, 31, 24) and photo.dtype == torch.float32
    assert 0 <= photo.min() < 0.2 and 0.8 < photo.max() <= 1
    red, _, blue = photo[0, :, 2:6, -4:].mean(dim=(1, 2))
    assert blue > red, "behind her, on the right, the background is blue"


def test_heatmaps_have_one_fixed_scale_and_a_number_each() -> None:
    faint, strong = torch.full((1, 2, 3), 0.1), torch.tensor([[0.0, 1.0, 0.0]])
    names, numbers = ["grad_cam", "noise"], ["area 0.2", "correlation 0.1"]
    picture = figures.heatmaps(torch.rand(3, 8, 12), [faint, strong], numbers, names=names, statement="untrained")
    maps = [axes.images[0] for axes in picture.axes[1:3]]
    assert all(one.get_clim() == (0, 1) and one.get_cmap().name == "cividis" for one in maps)
    assert [axes.get_xlabel() for axes in picture.axes[1:3]] == numbers
    assert [axes.get_title() for axes in picture.axes[1:3]] == names
    assert np.allclose(np.asarray(maps[0].get_array()), 0.1), "a faint map stays faint"
    assert maps[0].get_extent() == [-0.5, 11.5, 7.5, -0.5], "a small map lies over the whole image"
    assert "untrained" in [text.get_text() for text in picture.texts]


def test_the_file_of_a_heat_map_carries_its_numbers_as_text() -> None:
    numbers = ["area 0.2,\nchance 0.4", "correlation 0.1"]
    maps = [torch.rand(2, 3), torch.rand(2, 3)]
    drawn = figures.heatmaps(torch.rand(3, 8, 12), maps, numbers, names=["a", "b"], title="Über", statement="untrained")
    with Image.open(io.BytesIO(drawn._repr_png_())) as file:
        assert file.info["Description"] == "Über; a: area 0.2, chance 0.4; b: correlation 0.1; untrained"
    with Image.open(io.BytesIO(figures.bars(torch.rand(3))._repr_png_())) as file:
        assert "Description" not in file.info


def test_the_line_in_the_image_goes_around_what_is_above_half() -> None:
    image, half = torch.rand(3, 8, 12), torch.zeros(8, 12)
    half[2:6, 3:9] = 1
    drawn = figures.heatmaps(image, [half], ["n"]).axes[0].collections
    corners = np.concatenate([path.vertices for path in drawn[0].get_paths()])
    assert corners.min(0).tolist() == [2.5, 1.5] and corners.max(0).tolist() == [8.5, 5.5]
    assert not figures.heatmaps(image, [torch.zeros(8, 12)], ["n"]).axes[0].collections


@pytest.mark.parametrize(
    ("image", "maps", "numbers", "said"),
    [
        (torch.rand(1, 8, 12), [torch.rand(2, 3)], ["n"], "3 channels, got 1"),
        (torch.rand(3, 8, 12), [torch.rand(2, 2, 3)], ["n"], "choose one image"),
        (torch.rand(3, 8, 12), [2 * torch.ones(2, 3)], ["n"], "scale it first"),
        (torch.rand(3, 8, 12), [torch.rand(2, 3)], [], "as many numbers as maps"),
        (torch.rand(3, 8, 12), [torch.rand(2, 3)] * 2, ["area 0.2", " "], "no number below it"),
        (torch.rand(3, 8, 12), [], [], "1 to 4 maps, got 0"),
    ],
)
def test_heatmaps_name_what_does_not_fit(image: Any, maps: Any, numbers: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        figures.heatmaps(image, maps, numbers)
