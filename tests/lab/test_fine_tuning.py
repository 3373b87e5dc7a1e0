"""A run that begins with the weights of an earlier one, on other pictures with other classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from attncourse import hosts
from attncourse.lab.data.dataset import Dataset
from attncourse.lab.errors import LabError
from attncourse.lab.execution import execute
from attncourse.lab.fine_tuning import begin_from
from attncourse.lab.recipe import Recipe
from attncourse.lab.run import Run, network

Tiny = Callable[..., Dataset]
FIRST = Run("tiny", "se(reduction=8)", seed=1, host="small", recipe=Recipe(epochs=1, batch_size=35))


@pytest.fixture
def weights(tiny: Tiny, tmp_path: Path) -> Path:
    execute(FIRST, tmp_path / "first", dataset=tiny())
    return tmp_path / "first" / "weights.safetensors"


def test_it_begins_with_the_earlier_weights_and_a_head_for_its_own_classes(weights: Path) -> None:
    run = replace(FIRST, seed=2, start=str(weights))
    begun, drawn, saved = network(run, 5), network(replace(run, start=""), 5), load_file(weights)
    for name, tensor in begun.state_dict().items():
        expected = drawn.state_dict()[name] if name.startswith("head.") else saved[name]
        assert torch.equal(tensor, expected), name
    same_classes = network(run, 2).state_dict()
    assert not torch.equal(same_classes["head.2.weight"], saved["head.2.weight"])


def test_an_attention_that_the_earlier_run_had_not_begins_anew(tiny: Tiny, tmp_path: Path) -> None:
    execute(replace(FIRST, attention="none"), tmp_path / "bare", dataset=tiny())
    model, bare = hosts.build("small", "cbam", classes=2), hosts.build("small", classes=2)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    anew = begin_from(model, bare, tmp_path / "bare" / "weights.safetensors")
    assert anew == [name for name in before if name not in bare.state_dict() or name.startswith("head.")]
    assert all(torch.equal(model.state_dict()[name], before[name]) for name in anew)


def test_the_record_says_with_what_it_began_and_the_key_is_another(weights: Path, tiny: Tiny, tmp_path: Path) -> None:
    run = replace(FIRST, start=str(weights))
    record = execute(run, tmp_path / "second", dataset=tiny())
    assert record["start"]["file"] == weights.name and run.key != FIRST.key
    other = load_file(weights)
    save_file({name: tensor + 1 for name, tensor in other.items()}, tmp_path / "other.safetensors")
    assert replace(FIRST, start=str(tmp_path / "other.safetensors")).key != run.key


@pytest.mark.parametrize(
    ("attention", "host", "words"),
    [("none", "small", "for which there is no place"), ("se(reduction=8)", "resnet20", "lacks stages.0.1")],
)
def test_weights_of_another_network_are_refused(weights: Path, attention: str, host: str, words: str) -> None:
    with pytest.raises(LabError, match=words):
        network(replace(FIRST, attention=attention, host=host, start=str(weights)), 2)


def test_a_file_that_is_not_there_or_damaged_is_one_line(weights: Path, tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="cannot be read"):
        execute(replace(FIRST, start=str(tmp_path / "no.safetensors")), tmp_path / "a", dataset=tiny())
    weights.write_bytes(weights.read_bytes()[:-9])
    with pytest.raises(LabError, match="damaged"):
        execute(replace(FIRST, start=str(weights)), tmp_path / "b", dataset=tiny())
