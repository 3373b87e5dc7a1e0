"""``attncourse explain IMAGE --weights NAME``: what comes with the course, by its name; a file of that name wins."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from attncourse import cli, hosts, trained
from attncourse.explain import pictures, weights
from attncourse.figures import PHOTOGRAPHS, photograph


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_shipped_network_needs_neither_host_nor_attention(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", "cat", "--weights", "resnet20-none", "--target", "cat"]) == 0
    said = capsys.readouterr().out
    found = trained.load("resnet20-none")
    with torch.no_grad():
        probability = found.model(found.images(photograph((32, 32), of="cat"))).softmax(1)[0, 3]
    assert "resnet20 with none, resnet20-none.safetensors; grad_cam of stages.2 for class 3 (cat)" in said
    assert f"probability {probability:.2f}; image 32x32, map (8, 8)" in said
    assert f"test accuracy {found.record['test_accuracy']:.1%}" in said and "untrained" not in said


def test_a_file_of_that_name_wins(capsys: pytest.CaptureFixture[str]) -> None:
    assert weights.find("resnet20-none") == trained.file("resnet20-none")
    state = hosts.build("small", None, classes=3).state_dict()
    save_file(state, "resnet20-none")  # torch's own reader will not take it: the file was tried, not ours
    assert weights.find("resnet20-none") == Path("resnet20-none")
    Image.new("RGB", (8, 6), (255, 0, 0)).save("cat.png")
    Path("cat.png").rename("cat")
    assert torch.equal(pictures.read(Path("cat"), (2, 2))[0, :, 0, 0], torch.tensor([1.0, 0.0, 0.0]))
    assert cli.main(["explain", "cat", "--host", "small", "--weights", "resnet20-none"]) == 2
    assert "resnet20-none is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_photograph_by_its_name_is_that_photograph(name: str) -> None:
    assert torch.equal(pictures.read(Path(name), (30, 25)), photograph((30, 25), of=name))
    whole = pictures.read(Path(name))
    top, left, bottom, right = PHOTOGRAPHS[name].window
    assert min(whole.shape[2:]) == 224
    assert whole.shape[2] / whole.shape[3] == pytest.approx((bottom - top) / (right - left), rel=0.01)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("cat --weights resnet20-sse", "no checkpoint resnet20-sse; give a .safetensors file, or one that torch.save"),
        ("cat --weights resnet20-sse", "with the course: resnet20-none"),
        (
            "dog --weights resnet20-none",
            "no image dog; give a file such as photo.jpg, or one of grace_hopper, cat",
        ),
        ("cat --weights resnet20-none --attention cbam", "does not fit this network; missing: "),
        ("cat --weights resnet20-none --layer stages.3", "no layer 'stages.3'"),
        ("cat --weights resnet20-none --target lion", "a class (3) or its name (airplane, automobile, bird, cat, "),
        ("cat", "or --weights with one that comes trained: resnet20-none"),
        ("cat --weights .", "there is no checkpoint .;"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(arguments: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", *arguments.split()]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_a_damaged_installation_is_said_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(trained.FOLDER / "resnet20-none.safetensors", folder)
    (folder / "resnet20-none.json").write_text(json.dumps({"weights_sha256": "0" * 64}))
    monkeypatch.setattr(trained, "FOLDER", folder)
    assert cli.main(["explain", "cat", "--weights", "resnet20-none"]) == 2
    error = capsys.readouterr().err
    assert "install attncourse anew" in error and error.count("\n") == 1


def test_help_names_what_comes_along(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["explain", "--help"])
    said = "".join(capsys.readouterr().out.split())  # help breaks its lines, within a name too
    for name in (*trained.TRAINED, *PHOTOGRAPHS):
        assert name in said
