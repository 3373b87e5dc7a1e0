"""The networks that come trained: whole, with their records, and what they said when they were shipped."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from attncourse import costs, hosts, trained
from attncourse.figures import photograph
from attncourse.lab.data.classes import CIFAR10

# What each says of the cat of 32x32 pixels: the logits of cat and dog, as measured when it was shipped.
CAT, DOG = 3, 5
SAID = {
    "resnet20-none": (3.2179, 2.0084),
    "resnet20-se": (2.1466, 2.0887),
    "resnet20-cbam": (2.6356, 0.8570),
    "resnet20-bam": (3.1866, 2.5375),
    "resnet20-coordinate": (2.6976, 1.4942),
}


def test_what_is_named_is_there_and_nothing_else() -> None:
    files = {path.name for path in trained.FOLDER.iterdir() if path.suffix in (".json", ".safetensors")}
    assert files == {f"{name}{ending}" for name in trained.TRAINED for ending in (".json", ".safetensors")}
    assert set(SAID) == set(trained.TRAINED)


@pytest.mark.parametrize("name", trained.TRAINED)
def test_record_and_weights_belong_together(name: str) -> None:
    found = trained.load(name)
    record = found.record
    assert hashlib.sha256(trained.file(name).read_bytes()).hexdigest() == record["weights_sha256"]
    assert f"{record['host']}-{record['attention']}" == name == found.name
    assert tuple(record["classes"]) == CIFAR10 and record["image_size"] == [32, 32]
    assert record["seed"] == 0 and record["epochs"] == 8 and record["finished"]
    assert f"--attention {record['attention']} --seed 0 --epochs 8 --threads 1" in record["command"]
    assert 0.7 < record["test_accuracy"] < 0.95
    assert costs.of(found.model, (1, 3, 32, 32)).parameters == record["parameters"]
    assert not found.model.training
    assert {value.dtype for value in found.model.parameters()} == {torch.float32}


@pytest.mark.parametrize("name", trained.TRAINED)
def test_a_record_names_no_machine(name: str) -> None:
    record = json.loads((trained.FOLDER / f"{name}.json").read_text())
    words = [value for value in record.values() if isinstance(value, str)]
    assert record["data"] == "cifar10-jpeg"
    assert not any(sign in word for word in words for sign in ("/", "\\", "~"))


@pytest.mark.parametrize("name", trained.TRAINED)
def test_it_says_what_it_said(name: str) -> None:
    """Would not hold if a host, or an attention, computed anything else than when it was trained."""
    found = trained.load(name)
    with torch.no_grad():
        logits = found.model(found.images(photograph((32, 32), of="cat")))
    assert logits.shape == (1, 10)
    assert (float(logits[0, CAT]), float(logits[0, DOG])) == pytest.approx(SAID[name], abs=0.02)


def test_pixels_are_taken_by_the_records_scale() -> None:
    found = trained.load("resnet20-none")
    pixels = torch.tensor(found.record["mean"]).view(1, 3, 1, 1).expand(2, 3, 4, 6).clone()
    assert found.images(pixels).abs().max() < 1e-6
    pixels[:, 1] += found.record["deviation"][1]
    shifted = found.images(pixels)
    torch.testing.assert_close(shifted[:, 1], torch.ones(2, 4, 6))
    assert shifted[:, [0, 2]].abs().max() < 1e-6
    for wrong in (pixels[0], pixels[:, :1], (pixels * 255).byte()):
        with pytest.raises(ValueError, match=r"expected pixels \(B, 3, H, W\) of a float type in \[0, 1\], got"):
            found.images(wrong)


def test_each_call_gives_a_network_of_its_own_and_draws_nothing() -> None:
    torch.manual_seed(5)
    first = trained.load("resnet20-none")
    drawn = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(3)), "the caller's random state is as it was"
    with torch.no_grad():
        for value in first.model.parameters():
            value.zero_()
    again = trained.load("resnet20-none").model
    assert all(value.abs().sum() > 0 for value in again.parameters())


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(ValueError, match="no trained network 'resnet20'; there are: resnet20-none, resnet20-se, "):
        trained.load("resnet20")


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of one network, in a folder where they may be spoilt."""
    for ending in (".json", ".safetensors"):
        shutil.copy(trained.FOLDER / f"resnet20-none{ending}", tmp_path)
    monkeypatch.setattr(trained, "FOLDER", tmp_path)
    return tmp_path


def test_one_changed_byte_is_noticed(copied: Path) -> None:
    assert trained.load("resnet20-none").name == "resnet20-none"
    path = copied / "resnet20-none.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="resnet20-none.safetensors is not the file that was trained.*install"):
        trained.load("resnet20-none")


def test_weights_of_another_training_are_noticed(copied: Path) -> None:
    save_file(hosts.build("resnet20").state_dict(), copied / "resnet20-none.safetensors")
    with pytest.raises(ValueError, match="resnet20-none.safetensors is not the file that was trained"):
        trained.load("resnet20-none")


@pytest.mark.parametrize("ending", [".json", ".safetensors"])
@pytest.mark.parametrize("content", [None, "", "[]", "{}"])
def test_a_missing_or_damaged_file_says_what_to_do(ending: str, content: str | None, copied: Path) -> None:
    path = copied / f"resnet20-none{ending}"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(ValueError, match="resnet20-none.* install attncourse anew"):
        trained.load("resnet20-none")
