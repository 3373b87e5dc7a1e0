"""The parameter-matched control: as many parameters in the same places, and nothing of attention."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from attncourse import hosts
from attncourse.attention import BAM, SqueezeExcitation
from attncourse.lab import variant
from attncourse.lab.control import TOLERANCE, Control, PlainLayers, nearest, parameters, require_match
from attncourse.lab.errors import LabError


def added(text: str, host: str = "small") -> int:
    """The parameters that an attention adds to a host."""
    with torch.device("meta"):
        models = hosts.build(host, variant.build(text)), hosts.build(host, None)
    full, bare = (sum(parameter.numel() for parameter in model.parameters()) for model in models)
    return full - bare


@pytest.mark.parametrize("text", ["se", "cbam", "bam", "coordinate", "cbam_channel(reduction=4)", "triplet"])
@pytest.mark.parametrize("host", ["small", "resnet20"])
def test_a_control_has_as_many_parameters(text: str, host: str) -> None:
    require_match(text, added(text, host), added(f"control({text})", host))
    assert abs(added(f"control({text})", host) - added(text, host)) <= TOLERANCE * added(text, host)


def test_squeeze_and_excitation_is_matched_exactly() -> None:
    # In each block 2 C C / 16 + C / 16 + C, in ResNet-50 3, 4, 6 and 3 blocks.
    by_hand = sum(blocks * (c * c // 8 + c // 16 + c) for blocks, c in ((3, 256), (4, 512), (6, 1024), (3, 2048)))
    assert added("control(se)", "resnet50") == added("se", "resnet50") == by_hand


@pytest.mark.parametrize("target", range(1, 400, 7))
def test_the_nearest_is_the_nearest(target: int) -> None:
    offers = [(hidden, bias) for hidden in range(1, 40) for bias in (False, True)]
    best = min(abs(parameters(9, *offer) - target) for offer in offers)
    assert abs(parameters(9, *nearest(9, target)) - target) == best
    layers = PlainLayers(9, *nearest(9, target))
    assert sum(parameter.numel() for parameter in layers.parameters()) == parameters(9, *nearest(9, target))


def places(attention: hosts.Attention, kind: type[nn.Module]) -> list[str]:
    return [name for name, module in hosts.build("small", attention).named_modules() if isinstance(module, kind)]


def test_a_control_stands_where_its_attention_stands() -> None:
    assert places(Control("bam"), PlainLayers) == places("bam", BAM) != []
    assert places(variant.build("control(se(reduction=8))"), PlainLayers) == places("se", SqueezeExcitation) != []


def test_a_control_looks_at_no_other_place_and_gates_nothing() -> None:
    torch.manual_seed(0)
    layers = PlainLayers(5, 3, True)
    x = torch.randn(1, 5, 3, 4)
    moved = x.clone()
    moved[..., 1, 2] += 1
    changed = (layers(moved) - layers(x)).abs().sum(1)[0] > 1e-6
    assert changed.nonzero().tolist() == [[1, 2]]
    first, first_bias, second, second_bias = layers.parameters()
    hidden = torch.relu(first[:, :, 0, 0] @ x[0, :, 2, 3] + first_bias)
    torch.testing.assert_close(layers(x)[0, :, 2, 3], x[0, :, 2, 3] + second[:, :, 0, 0] @ hidden + second_bias)


def test_what_adds_too_little_has_no_control() -> None:
    with pytest.raises(LabError, match=r"simam adds 0 parameters, and the nearest control 227: no match within 10%"):
        require_match("simam", added("simam"), added("control(simam)"))


class Mine(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(self.layer(x))


def test_a_class_of_ones_own_has_a_control_too() -> None:
    control = variant.build("control(own:Mine)", Mine)
    assert isinstance(control, Control)
    assert control.stands_for is Mine
    assert variant.controlled_by("control(own:Mine)") == "own:Mine"
    assert variant.controlled_by("se") is None
    changed = type("Mine", (Mine,), {"forward": lambda self, x: x})
    fingerprints = {variant.fingerprint("control(own:Mine)", own) for own in (Mine, changed)}
    assert len(fingerprints) == 2, "the key of a run must change with the code that it counts"


def test_the_control_of_what_does_not_exist() -> None:
    with pytest.raises(LabError, match="no attention 'sx'"):
        variant.build("control(sx)")
