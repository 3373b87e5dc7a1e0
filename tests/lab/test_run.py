"""A run's key changes with everything that decides its result, and with nothing else."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from attncourse import hosts
from attncourse.lab.errors import LabError
from attncourse.lab.recipe import Recipe
from attncourse.lab.run import Run, network

RUN = Run("cifar10", "cbam", seed=1, host="small", recipe=Recipe(epochs=3))


@pytest.mark.parametrize(
    "change",
    [
        {"data": "tasks:row"},
        {"attention": "se"},
        {"attention": "cbam(reduction=8)"},
        {"seed": 2},
        {"host": "resnet20"},
        {"recipe": Recipe(epochs=4)},
        {"device": "cuda"},
        {"cpu_seconds": 60.0},
        {"threads": 2},
    ],
    ids=str,
)
def test_what_decides_the_result_changes_the_key(change: dict[str, Any]) -> None:
    assert dataclasses.replace(RUN, **change).key != RUN.key


def test_the_same_in_other_words_is_the_same() -> None:
    assert (
        dataclasses.replace(RUN, attention=" cbam ( reduction = 8 )").key
        == dataclasses.replace(RUN, attention="cbam(reduction=8)").key
    )
    assert dataclasses.replace(RUN, cpu_seconds=60).key == dataclasses.replace(RUN, cpu_seconds=60.0).key


def test_a_path_counts_wherever_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pictures").mkdir()
    monkeypatch.chdir(tmp_path)
    assert (
        dataclasses.replace(RUN, data="pictures").key == dataclasses.replace(RUN, data=str(tmp_path / "pictures")).key
    )


def test_the_folders_name_can_be_read_and_is_safe_in_every_file_system() -> None:
    run = dataclasses.replace(RUN, attention="cbam(order=spatial-channel, spatial_pools=mean+max)", seed=12)
    assert run.folder_name == f"cbam-order-spatial-channel-spatial_pools-mean-max-seed12-{run.key}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": -1}, "seed must be a whole number from 0 to 4294967295; got -1"),
        ({"seed": 1.5}, "got 1.5"),
        ({"cpu_seconds": 0}, "cpu_seconds must be a number above 0"),
        ({"cpu_seconds": float("inf")}, "got inf"),
        ({"threads": 0}, "threads must be a whole number of at least 1"),
        ({"host": "resnet5"}, "There is no host 'resnet5'. There are: resnet18"),
    ],
)
def test_a_number_out_of_its_range_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(LabError, match=said):
        dataclasses.replace(RUN, **change)


class Own(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weigh = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weigh(x).sigmoid()


def test_one_seed_begins_alike_outside_the_attention() -> None:
    plain = network(dataclasses.replace(RUN, attention="none"), 10).state_dict()
    for attention in ("se", "bam", "coordinate", "own:Own"):
        model = network(dataclasses.replace(RUN, attention=attention, own=Own), 10).state_dict()
        assert all(torch.equal(model[name], tensor) for name, tensor in plain.items())
        assert len(model) > len(plain)


def test_another_seed_begins_otherwise() -> None:
    one, other = (network(dataclasses.replace(RUN, seed=seed), 10).state_dict() for seed in (1, 2))
    assert not torch.equal(one["stem.0.weight"], other["stem.0.weight"])
    attention = [
        name for name in one if name not in hosts.build("small").state_dict() and name.endswith("reduce.weight")
    ]
    assert attention and not any(torch.equal(one[name], other[name]) for name in attention)
