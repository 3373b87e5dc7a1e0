"""An attention as a text: what it builds, what decides it, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from attncourse import attention as references
from attncourse import hosts
from attncourse.lab import variant
from attncourse.lab.errors import LabError

OWN = """
from __future__ import annotations

from dataclasses import dataclass

import torch

@dataclass
class Option:
    size: int = 3

class Doubling(torch.nn.Module):
    def __init__(self, channels):
        super().__init__()

    def forward(self, x):
        return 2 * x
"""


class Own(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        return x


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "answers.py"
    path.write_text(OWN)
    return path


def inside(text: str, kind: type[nn.Module]) -> list[nn.Module]:
    """The modules of this kind in the small host."""
    return [part for part in hosts.build("small", variant.build(text)).modules() if type(part) is kind]


def test_none_is_an_empty_slot_and_a_name_is_left_to_the_host() -> None:
    assert variant.build("none") is None
    assert variant.build("cbam") == "cbam"


def test_options_reach_the_constructor_as_values_of_their_kind() -> None:
    text = "cbam(order=spatial-channel, reduction=4, spatial_pools=max, channel_pools=max+mean, batch_norm=false)"
    made = inside(text, references.CBAM)[0]
    assert isinstance(made, references.CBAM)
    assert made.order == "spatial-channel"
    assert made.spatial.pools == ("max",) and made.channel.pools == ("max", "mean")
    assert isinstance(made.spatial.normalise, nn.Identity)
    assert made.channel.reduce.out_features == 16 // 4
    (simam, *_) = inside("simam(regularisation=0.5)", references.SimAM)
    assert simam.regularisation == 0.5


def test_bam_stands_between_the_stages_with_options_too() -> None:
    assert len(inside("bam(reduction=4)", references.BAM)) == len(inside("bam", references.BAM)) == 2


def test_a_class_of_a_file_a_module_or_this_process(file: Path) -> None:
    assert torch.equal(build_at(f"{file}:Doubling")(torch.ones(1, 2, 3, 3)), torch.full((1, 2, 3, 3), 2.0))
    assert isinstance(build_at("attncourse.attention:SqueezeExcitation"), references.SqueezeExcitation)
    assert variant.build("own:Own", Own) is Own


def build_at(text: str, channels: int = 16) -> nn.Module:
    built = variant.build(text)
    assert callable(built)
    return built(channels)


def test_a_changed_file_or_class_changes_the_fingerprint(file: Path) -> None:
    text = f"{file}:Doubling"
    before = variant.fingerprint(text)
    assert variant.fingerprint(text) == before
    file.write_text(OWN.replace("2 * x", "3 * x"))
    assert variant.fingerprint(text) != before

    class Other(Own):
        def forward(self, x: Tensor) -> Tensor:
            return -x

    assert variant.fingerprint("own:Own", Own) == variant.fingerprint("own:Own", Own)
    assert variant.fingerprint("own:Own", Own) != variant.fingerprint("own:Own", Other)


def test_a_class_without_a_text_is_told_apart_by_its_code() -> None:
    """As where the cell that defined it is gone."""
    made: dict[str, type[nn.Module]] = {}
    for number in (2, 3):
        space: dict[str, type[nn.Module]] = {}
        exec(OWN.replace("2 * x", f"{number} * x"), space)
        made[str(number)] = space["Doubling"]
    assert variant.fingerprint("own:Doubling", made["2"]) != variant.fingerprint("own:Doubling", made["3"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cbm", r"There is no attention 'cbm'. There are: none, se, .*cbam.* or your own as FILE.py:ClassName"),
        ("", "There is no attention ''"),
        ("cbam(", r"There is no attention 'cbam\('"),
        (
            "cbam(size=3)",
            r"cbam has no option 'size=3'. It has, .*: reduction=16, .*channel_pools=mean\+max",
        ),
        ("cbam(reduction)", "cbam has no option 'reduction'"),
        ("cbam(reduction=many)", r"cbam\(reduction\) must be int, as its usual value 16; got 'many'"),
        ("cbam(batch_norm=1)", r"cbam\(batch_norm\) must be bool"),
        (
            "nowhere.py:Own",
            r"There is no file nowhere.py. Give .* FILE.py:ClassName; it was 'nowhere.py:Own'",
        ),
        ("nowhere_at_all:Own", r"nowhere_at_all could not be imported \(ModuleNotFoundError"),
        ("math:Own", "math has no class 'Own'"),
        ("math:pi", "math has no class 'pi'"),
        ("own:Mine", "own:Mine is a class of another process. Give it as FILE.py:Mine"),
    ],
)
def test_a_text_that_says_nothing_is_explained(text: str, said: str) -> None:
    for ask in (variant.build, variant.fingerprint):
        with pytest.raises(LabError, match=said):
            ask(text)


def test_a_file_that_fails_is_named_with_its_error(file: Path) -> None:
    file.write_text("import torch\n1 / 0")
    with pytest.raises(LabError, match=r"answers.py could not be imported \(ZeroDivisionError: division by zero\)"):
        variant.build(f"{file}:Doubling")
