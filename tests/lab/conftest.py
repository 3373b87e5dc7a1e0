"""A dataset of two classes that a small network tells apart in a second, and one thread for what is so small."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from attncourse.lab.data.dataset import Dataset, dataset


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def tiny() -> Callable[..., Dataset]:
    """``tiny(train=70, test=30, mirrored=True)``: pictures 12 x 9 of noise; those of class 1 are darker in red."""
    return make_tiny


def make_tiny(train: int = 70, test: int = 30, *, mirrored: bool = True) -> Dataset:
    draw = torch.Generator().manual_seed(0)

    def part(count: int) -> tuple[Tensor, Tensor]:
        labels = torch.arange(count) % 2
        images = torch.randint(0, 256, (count, 3, 12, 9), generator=draw, dtype=torch.uint8)
        images[labels == 1, 0] //= 2
        return images, labels

    return dataset("tiny", "tiny", ("bright", "dark"), part(train), part(test), mirrored=mirrored)
