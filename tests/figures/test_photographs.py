"""The photographs that come with installed packages, and what is where in them."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from attncourse import figures
from attncourse.figures import PHOTOGRAPHS, photograph, places


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_each_is_a_batch_of_one_in_its_own_proportions(name: str) -> None:
    top, left, bottom, right = PHOTOGRAPHS[name].window
    whole = photograph((bottom - top, right - left), of=name)
    file = torch.from_numpy(PHOTOGRAPHS[name].read().copy())[top:bottom, left:right]
    assert torch.equal((whole[0] * 255).round().byte(), file.permute(2, 0, 1)), "not squeezed: the file's own pixels"
    small = photograph((31, 24), of=name)
    assert small.shape == (1, 3, 31, 24) and small.dtype == torch.float32
    assert small.min() >= 0 and small.max() <= 1
    torch.testing.assert_close(small, functional.adaptive_avg_pool2d(whole, (31, 24)), atol=0.3, rtol=0)


def test_without_a_name_it_is_grace_hopper() -> None:
    assert torch.equal(photograph((30, 25)), photograph((30, 25), of="grace_hopper"))


def test_the_parts_of_the_cat_have_their_colours() -> None:
    size = (64, 96)
    cat = photograph(size, of="whole_cat")[0]
    redness = cat[0] / cat[1]

    def at(part: str) -> torch.Tensor:
        return places(part, size, of="whole_cat")[0]

    nose = at("nose")
    assert nose[cat[0] - cat[1] > 0.3].float().mean() > 0.9, "what is red is the nose"
    for eye in ("left eye", "right eye"):
        assert (redness[at(eye)] < 1.2).float().mean() > 0.15 > (redness[nose] < 1.2).float().mean(), "green"
        assert cat[:, at(eye)].amax(0).min() < 0.2, "the pupil"
    # Behind the cat, on both sides, it is nearly grey; the fur is not.
    face = at("face")
    assert (redness[~face] < 1.2).float().mean() > 5 * (redness[face] < 1.2).float().mean()


def test_a_part_lies_at_the_same_place_in_the_square_and_in_the_whole() -> None:
    whole = places("right ear", (300, 451), of="whole_cat")
    square = places("right ear", (300, 300), of="cat")
    assert torch.equal(square, whole[:, :, 100:400]) and square.dtype == torch.bool
    rows, columns = (places("right ear", (30, 15), of="cat")[0].any(dim) for dim in (1, 0))
    assert rows.nonzero().flatten().tolist() == list(range(0, 8)), "pixels whose centre lies above row 76 of 300"
    assert columns.nonzero().flatten().tolist() == list(range(10, 15)), "and beyond column 210 of 300"


@pytest.mark.parametrize(
    ("part", "size", "of", "words"),
    [
        ("nose", (32, 32), "dog", "no photograph 'dog'; there are: grace_hopper, cat"),
        ("tail", (32, 32), "cat", "no part 'tail'; it has: left ear, right ear"),
        ("nose", (32, 32), "grace_hopper", "no part 'nose'; it has: none"),
        ("left ear", (32, 32), "cat", "the left ear is not in cat at 32x32; try a larger size, or of='whole_cat'"),
        ("nose", (2, 2), "cat", "the nose is not in cat at 2x2"),
        ("nose", (0, 2), "cat", "at least 1 each"),
    ],
)
def test_an_error_says_what_there_is(part: str, size: tuple[int, int], of: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        places(part, size, of=of)
    if "photograph" in words or "least" in words:
        with pytest.raises(ValueError, match=words):
            figures.photograph(size, of=of)
