"""The grid pointing game: what a mosaic is made of, and that only a map that tells classes apart wins."""

from __future__ import annotations

import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from attncourse.explain import CAM, ExplainError, Mosaics, average, grid_pointing_game, mosaics, sure

HEIGHT, WIDTH = 3, 5


class Coloured(nn.Module):
    """Class k is what channel k shows; ``heads`` says which class each channel speaks for."""

    def __init__(self, heads: list[int]) -> None:
        super().__init__()
        self.seen = nn.ReLU()
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        return self.seen(x).mean((2, 3))[:, self.heads]


def pictures(each: int = 6, classes: int = 5) -> tuple[Tensor, Tensor]:
    """Of class k channel k alone is bright, by another amount at each place and in each picture."""
    labels = torch.arange(classes).repeat(each)
    bright = 1 + torch.rand(len(labels), HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    images = torch.zeros(len(labels), classes, HEIGHT, WIDTH)
    images[torch.arange(len(labels)), labels] = bright
    return images, labels


def played(mosaics: Mosaics, heads: list[int]) -> Tensor:
    with CAM(Coloured(heads), "seen") as cam:
        return torch.stack([cam(mosaics.images, mosaics.classes[:, cell]) for cell in range(4)], 1)


def test_a_mosaic_is_four_pictures_of_four_classes_each_used_once() -> None:
    images, labels = pictures()
    made = mosaics(images, labels, 7, seed=3)
    assert made.images.shape == (7, 5, 2 * HEIGHT, 2 * WIDTH)
    assert made.pictures.unique().numel() == 28
    for number in range(7):
        assert len(set(made.classes[number].tolist())) == 4
        for cell in range(4):
            top, left = HEIGHT * (cell // 2), WIDTH * (cell % 2)
            picture = int(made.pictures[number, cell])
            here = made.images[number, :, top : top + HEIGHT, left : left + WIDTH]
            assert torch.equal(here, images[picture])
            assert int(made.classes[number, cell]) == int(labels[picture])
            mask = torch.zeros(2 * HEIGHT, 2 * WIDTH, dtype=torch.bool)
            mask[top : top + HEIGHT, left : left + WIDTH] = True
            assert torch.equal(made.masks[cell], mask)
    again, other = mosaics(images, labels, 7, seed=3), mosaics(images, labels, 7, seed=4)
    assert torch.equal(again.pictures, made.pictures) and not torch.equal(other.pictures, made.pictures)


def test_a_frequent_class_stands_in_every_cell_alike() -> None:
    labels = torch.tensor([0] * 240 + [1, 2, 3] * 80)
    made = mosaics(torch.zeros(480, 1, 1, 2), labels, 60, seed=0)
    counts = (made.classes == 0).sum(0)
    assert counts.tolist() == pytest.approx([15] * 4, abs=9)


def test_mosaics_says_what_is_missing() -> None:
    images, labels = pictures(each=2)
    with pytest.raises(ExplainError, match="10 pictures of 5 classes are enough for . mosaics.* 9 were asked for"):
        mosaics(images, labels, 9)
    with pytest.raises(ExplainError, match="of 3 classes are enough for 0 mosaics"):
        mosaics(images[labels < 3], labels[labels < 3], 1)
    with pytest.raises(ExplainError, match="count=0"):
        mosaics(images, labels, 0)
    with pytest.raises(ExplainError, match=r"a class for each.*torch.float32 \(10,\)"):
        mosaics(images, labels.float(), 1)


def test_sure_wants_the_right_class_and_its_probability() -> None:
    scores = torch.tensor([[0.0, 2.0, 0.0], [0.0, 2.0, 0.0], [0.1, 0.0, 0.0], [3.0, 0.0, 2.9]])
    images, labels = scores[:, :, None, None].expand(-1, -1, 2, 3), torch.tensor([1, 0, 0, 0])
    model = Coloured([0, 1, 2]).train()
    # Softmax: 0.79, then the wrong class, 0.36 right but unsure, 0.51 (the mirrored 0.46 would be below).
    assert sure(model, images, labels, batch=3).tolist() == [True, False, False, True]
    assert sure(model, images, labels, least=0.0).tolist() == [True, False, True, True]
    assert sure(model, images, labels, least=0.6).tolist() == [True, False, False, False]
    assert model.training
    with pytest.raises(ExplainError, match="3 classes"):
        sure(model, images, labels + 2)


def test_a_map_of_the_right_class_wins_and_one_of_another_loses() -> None:
    images, labels = pictures(classes=4)
    made = mosaics(images, labels, 5)
    right = grid_pointing_game(played(made, [0, 1, 2, 3]), made)
    assert right.shares.tolist() == [[1.0] * 4] * 5 and right.hits.tolist() == [[1.0] * 4] * 5
    assert right.share.mean == 1 and right.share.low is None, "without spread there is no interval"
    wrong = grid_pointing_game(played(made, [1, 2, 3, 0]), made)
    assert wrong.share.mean == 0 and wrong.rate.mean == 0


def test_a_map_that_is_blind_to_classes_gets_exactly_a_quarter() -> None:
    images, labels = pictures()
    made = mosaics(images, labels, 6)
    blind = torch.rand(6, 1, 4, 3, generator=torch.Generator().manual_seed(1)).expand(-1, 4, -1, -1)
    found = grid_pointing_game(blind, made)
    assert found.shares.sum(1).tolist() == pytest.approx([1] * 6)
    assert found.hits.sum(1).tolist() == pytest.approx([1] * 6)
    assert found.share.mean == pytest.approx(0.25) and found.rate.mean == pytest.approx(0.25)


def test_shares_and_hits_are_those_of_a_plain_loop() -> None:
    images, labels = pictures()
    made = mosaics(images, labels, 4)
    maps = torch.rand(4, 4, 2 * HEIGHT, 2 * WIDTH, generator=torch.Generator().manual_seed(2))
    maps[1, 2] = 0
    found = grid_pointing_game(maps, made)
    for number in range(4):
        for cell in range(4):
            top, left = HEIGHT * (cell // 2), WIDTH * (cell % 2)
            whole = maps[number, cell]
            inner = whole[top : top + HEIGHT, left : left + WIDTH]
            if (number, cell) == (1, 2):
                assert found.shares[number, cell] == 0.25 and found.hits[number, cell] == 0.25
                continue
            assert float(found.shares[number, cell]) == pytest.approx(float(inner.sum() / whole.sum()))
            assert float(found.hits[number, cell]) == float(inner.max() == whole.max())
    assert found.empty == 1
    assert str(found).endswith("chance 25%, 4 mosaics; 1 of 16 maps are 0 everywhere")
    with pytest.raises(ExplainError, match=r"\(4, 4, h, w\); got \(4, 3, 6, 10\)"):
        grid_pointing_game(maps[:, :3], made)
    with pytest.raises(ExplainError, match="at least 0"):
        grid_pointing_game(maps - 1, made)


def test_what_counts_as_independent_is_the_mosaic() -> None:
    images, labels = pictures()
    made = mosaics(images, labels, 7)
    found = grid_pointing_game(torch.rand(7, 4, 6, 8, generator=torch.Generator().manual_seed(3)), made)
    by_mosaic = found.shares.double().mean(1)
    low, high = stats.ttest_1samp(by_mosaic.numpy(), 0.0).confidence_interval(0.95)
    assert found.share.n == 7 and (found.share.low, found.share.high) == pytest.approx((low, high))
    assert found.share.deviation == pytest.approx(stats.tstd(by_mosaic.numpy()))


def test_average_leaves_out_what_is_not_defined() -> None:
    found = average(torch.tensor([1.0, float("nan"), 2.0, 4.0]))
    low, high = stats.ttest_1samp([1.0, 2.0, 4.0], 0.0).confidence_interval(0.95)
    assert found.n == 3 and (found.low, found.high) == pytest.approx((low, high))
    assert f"{found:.1f}" == f"2.3 (95% interval {low:.1f} to {high:.1f})"
    assert average(torch.tensor([3.0])).deviation is None and f"{average(torch.tensor([3.0])):g}" == "3 (no interval)"
    assert average(torch.tensor([float("nan")])).n == 0
