"""``attncourse explain``: a picture with numbers, and one line with the next step for whatever is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from attncourse import cli, hosts
from attncourse.explain import CAM, ExplainError, Randomisation, command, pictures, rank_correlation, weights

DETECTORS = f"{Path(__file__).parent / 'detectors.py'}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: an image, half a one, a text, and checkpoints of a small host with SE and 3 classes."""
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).save("photo.png")
    Path("half.png").write_bytes(Path("photo.png").read_bytes()[:400])
    Path("text.jpg").write_text("no image")
    torch.manual_seed(0)
    model = hosts.build("small", "se", classes=3)
    state = model.state_dict()
    save_file(state, "weights.safetensors")
    torch.save({"epoch": 3, "state_dict": {f"module.{name}": value for name, value in state.items()}}, "parallel.pth")
    torch.save(model, "whole.pt")
    torch.save({"epoch": 3}, "empty.pt")
    Path("broken.safetensors").write_bytes(b"12345678 no tensors")
    Path("broken.pt").write_bytes(b"nothing")
    return tmp_path


def explain(*arguments: str) -> int:
    return cli.main(["explain", "photo.png", *arguments])


def watched(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command gives to the figure, filled in when it is drawn."""
    drawn: dict[str, Any] = {}
    real = command.heatmaps

    def keep(pixels: Tensor, maps: list[Tensor], numbers: list[str], **words: Any) -> Any:
        drawn.update(maps=maps, numbers=numbers, **words)
        return real(pixels, maps, numbers, **words)

    monkeypatch.setattr(command, "heatmaps", keep)
    return drawn


def test_a_checkpoint_with_its_record_needs_no_more_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = {
        "host": "small", "attention": "se", "classes": ["cat", "dog", "owl"], "image_size": [32, 48],
        "mean": [0.5, 0.5, 0.5], "deviation": [0.25, 0.25, 0.25],
    }  # fmt: skip
    Path("record.json").write_text(json.dumps(record))
    assert explain("--weights", "weights.safetensors", "--out", "deep/map.png") == 0
    said = capsys.readouterr().out
    torch.manual_seed(0)
    model = hosts.build("small", "se", classes=3).eval()
    x = pictures.normalised(pictures.read(Path("photo.png"), (32, 48)), [0.5] * 3, [0.25] * 3)
    predicted = int(model(x).argmax())
    assert f"small with se, weights.safetensors; grad_cam of stages.2 for the predicted class {predicted} " in said
    assert f"({record['classes'][predicted]}), probability " in said and "image 32x48, map (4, 6)" in said
    assert "Deletion area" in said and "in 9 random orders" in said and "rank correlation" in said
    assert "untrained" not in said
    area = said[said.index("Deletion area ") :].split()[2]
    with Image.open("deep/map.png") as picture:
        assert picture.format == "PNG" and picture.width > 500
        assert f"deletion area {area}, in 9 random orders" in picture.info["Description"]
        assert "rank correlation" in picture.info["Description"]


def test_the_command_draws_what_cam_gives(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = watched(monkeypatch)
    arguments = "--host small --attention se --weights parallel.pth --method layer_cam --layer stages.1 --target 2"
    assert explain(*arguments.split(), "--size", "48", "--mean", "0,0,0", "--deviation", "1,1,1") == 0
    torch.manual_seed(0)
    model = hosts.build("small", "se", classes=3)
    with CAM(model, "stages.1", "layer_cam") as cam:
        maps = cam(pictures.read(Path("photo.png"), (48, 48)), 2)
    torch.testing.assert_close(drawn["maps"][0], maps / maps.max())
    assert drawn["maps"][1].shape == maps.shape and drawn["statement"] == ""
    assert "deletion area" in drawn["numbers"][0] and "rank correlation" in drawn["numbers"][1]


def test_the_words_claim_no_more_than_the_numbers() -> None:
    assert "in 4 random orders 0.3 to 0.5: below all of them, as a map without meaning is once in 5." in (
        command._about_area(0.29, [0.5, 0.3, 0.4, 0.3])
    )
    assert "0.3 to 0.5: no better than chance." in command._about_area(0.3, [0.5, 0.3])
    maps = torch.rand(2, 1, 3, 3)
    noise = Randomisation(("",), maps, torch.tensor([[-0.3]]))
    assert "is -0.30 (" in command._about_noise(noise) and "on 9 places chance alone reaches 0.69" in (
        command._about_noise(noise)
    )
    draw = torch.Generator().manual_seed(0)
    drawn = rank_correlation(torch.rand(400, 3, 3, generator=draw), torch.rand(400, 3, 3, generator=draw)).abs()
    assert 0.9 < float((drawn < command._by_chance(noise)).float().mean()) < 0.99
    assert command._by_chance(Randomisation(("",), maps[..., :1, :2], torch.zeros(1, 1))) == 1
    assert "undefined" in command._short_noise(Randomisation(("",), maps, torch.full((1, 1), float("nan"))))


@pytest.mark.parametrize("host", ["small", f"{DETECTORS}:small_trained"])
def test_without_weights_picture_and_terminal_say_so(
    host: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = watched(monkeypatch)
    assert explain("--host", host, "--size", "32x40") == 0
    said = capsys.readouterr().out
    assert drawn["statement"] in said and "this map says nothing about what" in drawn["statement"]
    assert ("is untrained" in said) == (host == "small")
    assert Path("explain.png").stat().st_size > 1000


@pytest.mark.parametrize("form", ["raw", "boxes"])
@pytest.mark.parametrize("target", ["attncourse.explain.detection:confidence", f"{DETECTORS}:fifth_box"])
def test_a_detector_of_ones_own_with_a_target_function(
    form: str, target: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--host", f"{DETECTORS}:{form}", "--target", target, "--size", "18x28", "--layer", "backbone")
    assert explain(*arguments, "--method", "layer_cam") == 0
    said = capsys.readouterr().out
    assert f"layer_cam of backbone for {target} = " in said and "map (9, 14)" in said


def test_a_module_in_the_current_folder_is_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("my_own_networks.py").write_text(Path(DETECTORS).read_text())
    assert explain("--host", "my_own_networks:small_trained", "--size", "20") == 0
    assert "grad_cam of 1 for" in capsys.readouterr().out, "the last layer with height and width is its ReLU"


SMALL = "--host small --size 32"
CHECKPOINT = "--host small --attention se --weights"
WRONG: dict[str, tuple[str, str]] = {
    "no host": ("", "which network? Give --host, one of resnet18, "),
    "host": ("--host resnet19", "there is no host 'resnet19'; there are: resnet18, "),
    "attention": ("--host small --attention sse", "There is no attention 'sse'"),
    "attention in another's": (f"--host {DETECTORS}:raw --attention se", "--attention goes into a host of ours"),
    "layer": (f"{SMALL} --layer stage.2", "no layer 'stage.2'; near it: stages.2"),
    "flat layer": (f"{SMALL} --layer head", "'head' gives float32 (1, 10), which has no spatial extent"),
    "1x1 layer": ("--host small --size 8", "'stages.2' gives float32 (1, 64, 1, 1), which has no spatial extent"),
    "method": (f"{SMALL} --method gradcam", "no method 'gradcam'; there are: grad_cam, "),
    "class": (f"{SMALL} --target 10", "10 classes, 0 to 9; the target is 10"),
    "word": (f"{SMALL} --target cat", "--target is a class (3), or module:function or FILE.py:function; got 'cat'"),
    "target's module": (f"{SMALL} --target nothing.here:f", "nothing.here could not be imported (ModuleNotFoundError"),
    "target's file": (f"{SMALL} --target nothing.py:f", "there is no file nothing.py"),
    "target's name": (f"{SMALL} --target {DETECTORS}:sixth", "has no 'sixth'"),
    "target's kind": (f"{SMALL} --target {DETECTORS}:CLASSES", "is a int; expected a function"),
    "target's mistake": (f"{SMALL} --target {DETECTORS}:fails", "failed (ValueError: the target's own mistake)"),
    "target needed": (f"--host {DETECTORS}:raw --layer backbone", "gives a list, not class scores"),
    "no network": (f"--host {DETECTORS}:no_network", "gives a str; expected a function that gives an nn.Module"),
    "size": (f"{SMALL}x", "--size is HxW in pixels"),
    "mean": (f"{SMALL} --mean 1,2", "--mean is three numbers"),
    "deviation": (f"{SMALL} --deviation 1,0,1", "--deviation is three numbers, as 0.5,0.5,0.5 (a deviation above 0)"),
    "out": (f"{SMALL} --out map.jpg", "the picture is a PNG; got --out map.jpg"),
    "place of out": (f"{SMALL} --out photo.png/map.png", "photo.png/map.png could not be written"),
    "network": (f"--host {DETECTORS}:small_trained --size 2", "on an image (1, 3, 2, 2) failed (RuntimeError"),
    "no checkpoint": (f"{CHECKPOINT} nothing.pt", "there is no checkpoint nothing.pt"),
    "broken": (f"{CHECKPOINT} broken.safetensors", "broken.safetensors could not be read (SafetensorError"),
    "broken too": (f"{CHECKPOINT} broken.pt", "broken.pt is damaged, or holds code"),
    "code": (f"{CHECKPOINT} whole.pt", "whole.pt is damaged, or holds code beside tensors, which is not run"),
    "no tensors": (f"{CHECKPOINT} empty.pt", "empty.pt holds no state dict"),
    "an image": (f"{CHECKPOINT} photo.png", "photo.png is damaged, or holds code"),
    "missing": ("--host small --attention cbam --weights weights.safetensors", "does not fit this network; missing: "),
    "unexpected": ("--host small --weights weights.safetensors", "unexpected: stages.0.0.attention.expand.bias, "),
    "shapes": ("--host small --attention se(reduction=4) --weights weights.safetensors", "(16, 1) instead of (16, 4)"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_in_one_line(case: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, said = WRONG[case]
    assert explain(*arguments.split()) == 2
    error = capsys.readouterr().err
    assert error.startswith("attncourse: ") and said in error and error.count("\n") == 1
    assert not Path("explain.png").exists()


@pytest.mark.parametrize(
    ("image", "said"),
    [("none.png", "there is no image none.png"), ("half.png", "half.png could not"), ("text.jpg", "as an image (Unid")],
)
def test_an_unreadable_image_is_named(image: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", image, "--host", "small"]) == 2
    assert said in capsys.readouterr().err


def test_an_image_keeps_its_proportions_and_is_turned_as_the_camera_was_held(folder: Path) -> None:
    assert pictures.read(Path("photo.png")).shape == (1, 3, 224, 336)
    assert pictures.read(Path("photo.png"), (10, 20)).shape == (1, 3, 10, 20)
    with Image.open("photo.png") as photo:
        turned = Image.Exif()
        turned[0x0112] = 6  # a quarter turn
        photo.save("turned.png", exif=turned)
        photo.convert("L").save("grey.png")
    assert pictures.read(Path("turned.png")).shape == (1, 3, 336, 224)
    grey = pictures.read(Path("grey.png"), (40, 60))
    assert torch.equal(grey[:, 0], grey[:, 2]) and grey.min() >= 0 and grey.max() <= 1
    shifted = pictures.normalised(grey, [0.1, 0.2, 0.3], [1, 2, 4])
    torch.testing.assert_close(shifted[:, 2], (grey[:, 2] - 0.3) / 4)


@pytest.mark.parametrize("name", ["wide.png", "wide.tif"])
def test_grey_with_16_bits_is_scaled_and_not_cut_off(name: str, folder: Path) -> None:
    ramp = np.tile(np.linspace(0, 1, 60), (40, 1))
    Image.fromarray((ramp * 65535).astype(np.uint16)).save(name)
    found = pictures.read(Path(name), (40, 60))
    assert found.shape == (1, 3, 40, 60)
    torch.testing.assert_close(found[0, 1, 7].double(), torch.from_numpy(ramp[7]), atol=1 / 255, rtol=0)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK"])
def test_images_of_every_other_kind_are_read(mode: str, folder: Path) -> None:
    name = Path(f"kind.{'tif' if mode == 'CMYK' else 'png'}")
    with Image.open("photo.png") as photo:
        photo.convert(mode).save(name)
        expected = torch.from_numpy(np.array(photo.convert(mode).convert("RGB"))).permute(2, 0, 1)[None] / 255
    torch.testing.assert_close(pictures.read(name, (40, 60)), expected)


def test_what_cannot_be_shown_as_it_is_is_named(folder: Path) -> None:
    Image.fromarray(np.linspace(0, 1e-3, 2400, dtype=np.float32).reshape(40, 60)).save("float.tif")
    with pytest.raises(ExplainError, match="float.tif is grey with 32 bits.*8 or 16"):
        pictures.read(Path("float.tif"))
    Image.fromarray(np.zeros((1, 300, 3), np.uint8)).save("strip.png")
    with pytest.raises(ExplainError, match="strip.png would be 224 x 67200 pixels; give a --size"):
        pictures.read(Path("strip.png"))
    with pytest.raises(ExplainError, match="photo.png would be 9000 x 9000 pixels"):
        pictures.read(Path("photo.png"), (9000, 9000))


def test_older_batch_norms_without_counters_are_taken(folder: Path) -> None:
    model = hosts.build("small", "se", classes=3)
    state = {name: value for name, value in model.state_dict().items() if "num_batches" not in name}
    save_file(state, "older.safetensors")
    assert explain("--host", "small", "--attention", "se", "--weights", "older.safetensors", "--size", "32") == 0


def test_a_checkpoint_that_does_not_fit_leaves_the_network_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(ExplainError, match="missing: 1.weight, 1.bias"):
        weights.fill(model, nn.Sequential(nn.Linear(2, 3)).state_dict(), Path("one.pt"))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_usual_layer_is_shaped_like_the_image() -> None:
    class Heads(nn.Module):
        """Tokens as a transformer has them: their four axes are heads and features, not places."""

        def __init__(self) -> None:
            super().__init__()
            self.patches, self.keys, self.classes = nn.Conv2d(3, 8, 8, 8), nn.LayerNorm(4), nn.Linear(8, 2)

        def forward(self, images: Tensor) -> Tensor:
            tokens = self.patches(images).flatten(2).mT
            keys = self.keys(tokens.unflatten(2, (2, 4)).transpose(1, 2))
            return self.classes(keys.transpose(1, 2).flatten(2).mean(1))

    images = torch.zeros(1, 3, 40, 24)
    assert command._usual_layer(Heads(), images) == "patches"
    only_tokens = Heads()
    only_tokens.patches = nn.Sequential()  # type: ignore[assignment]
    only_tokens.forward = lambda x: only_tokens.keys(x.mean(1).flatten(1).unflatten(1, (1, 240, 4)))  # type: ignore
    with pytest.raises(ExplainError, match="proportions.*keys; give --layer"):
        command._usual_layer(only_tokens, images)
