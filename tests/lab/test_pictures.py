"""Batches on the device: compared with one picture at a time, cut out of a mirrored border."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from attncourse.lab.pictures import Pictures

CPU = torch.device("cpu")
LABELS = torch.tensor([3, 1, 4, 1, 5])


@pytest.fixture
def images() -> Tensor:
    return torch.randint(0, 256, (5, 3, 6, 9), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


def normalised(images: Tensor) -> Tensor:
    """Each channel less its mean, over its standard deviation."""
    channels = images.double().transpose(0, 1).flatten(1)
    return (images.double() - channels.mean(1)[:, None, None]) / channels.std(1)[:, None, None]


def test_plain_pictures_are_normalised_channels_last(images: Tensor) -> None:
    batch, labels = Pictures(images, LABELS, images, CPU).plain(torch.tensor([4, 0]))
    assert torch.allclose(batch.double(), normalised(images)[[4, 0]], atol=1e-5)
    assert labels.tolist() == [5, 3]
    assert batch.is_contiguous(memory_format=torch.channels_last)


def test_test_pictures_are_normalised_by_the_training_pictures(images: Tensor) -> None:
    test = Pictures(images // 2, LABELS, images, CPU).plain(torch.arange(5))[0]
    channels = images.double().transpose(0, 1).flatten(1)
    expected = (images // 2 - channels.mean(1)[:, None, None]) / channels.std(1)[:, None, None]
    assert torch.allclose(test.double(), expected, atol=1e-5)


def test_a_channel_of_one_value_is_no_division_by_zero() -> None:
    flat = torch.full((2, 3, 4, 4), 7, dtype=torch.uint8)
    assert Pictures(flat, LABELS[:2], flat, CPU).plain(torch.arange(2))[0].abs().max() == 0


def candidates(image: Tensor, shift: int, flip: bool) -> list[Tensor]:
    """Every picture that augmentation may make of one."""
    height, width = image.shape[1:]
    padded = functional.pad(image[None], (shift,) * 4, mode="reflect")[0] if shift else image
    cuts = [padded[:, y : y + height, x : x + width] for y in range(2 * shift + 1) for x in range(2 * shift + 1)]
    return cuts + [cut.flip(2) for cut in cuts] if flip else cuts


@pytest.mark.parametrize(("flip", "shift"), [(True, 2), (False, 2), (True, 0), (False, 0), (True, 3)])
def test_every_picture_is_a_cut_of_its_mirrored_border_and_all_cuts_occur(
    images: Tensor, flip: bool, shift: int
) -> None:
    pictures, draw = Pictures(images, LABELS, images, CPU), torch.Generator().manual_seed(0)
    picked = torch.tensor([2, 0]).repeat(600)
    batch, labels = pictures.augmented(picked, draw, flip=flip, shift=shift)
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert (labels == LABELS[picked]).all()
    for which in (0, 2):
        expected = torch.stack(candidates(normalised(images)[which], shift, flip)).flatten(1)
        distance = torch.cdist(
            batch[picked == which].double().flatten(1), expected, compute_mode="donot_use_mm_for_euclid_dist"
        )
        assert distance.min(1).values.max() < 1e-4, "a picture that is no cut"
        assert len(distance.argmin(1).unique()) == len(expected), "a cut that never occurs"


def test_the_same_generator_draws_the_same_pictures(images: Tensor) -> None:
    pictures = Pictures(images, LABELS, images, CPU)
    one, other = (
        pictures.augmented(torch.arange(5), torch.Generator().manual_seed(3), flip=True, shift=2)[0] for _ in range(2)
    )
    assert torch.equal(one, other)


def test_a_shift_larger_than_the_picture_stays_inside_it(images: Tensor) -> None:
    pictures = Pictures(images, LABELS, images, CPU)
    batch, _ = pictures.augmented(torch.arange(5), torch.Generator().manual_seed(0), flip=False, shift=40)
    assert batch.shape == (5, 3, 6, 9)
