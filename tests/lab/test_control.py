"""The parameter-matched control: as many parameters in the same places, and nothing of attention."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from attncourse import hosts
from attncourse.attention import BAM, SqueezeExcitation
from attncourse.lab import variant
from attncourse.lab.control import TOLERANCE, PlainLayers, nearest, parameters, put_controls, require_match
from attncourse.lab.errors import LabError
from attncourse.lab.run import Run, network


def built(text: str, host: str, own: type[nn.Module] | None = None) -> nn.Module:
    with torch.random.fork_rng([]):
        return network(Run("tasks:row", text, host=host, own=own), 10)


def added(text: str, host: str = "small") -> int:
    """The parameters that an attention adds to a host."""
    full, bare = (sum(parameter.numel() for parameter in built(one, host).parameters()) for one in (text, "none"))
    return full - bare


@pytest.mark.parametrize("text", ["se", "cbam", "bam", "coordinate", "cbam_channel(reduction=4)", "triplet"])
@pytest.mark.parametrize("host", ["small", "bag"])
def test_a_control_has_as_many_parameters(text: str, host: str) -> None:
    """Of what the host really builds: bag gives the modules a reduction of its own."""
    assert abs(added(f"control({text})", host) - added(text, host)) <= TOLERANCE * added(text, host)


def test_squeeze_and_excitation_is_matched_exactly() -> None:
    # In each block 2 C C / 16 + C / 16 + C, in ResNet-50 3, 4, 6 and 3 blocks.
    by_hand = sum(blocks * (c * c // 8 + c // 16 + c) for blocks, c in ((3, 256), (4, 512), (6, 1024), (3, 2048)))
    with torch.device("meta"):
        model, bare = hosts.build("resnet50", "se"), hosts.build("resnet50", None)
    count = sum(parameter.numel() for parameter in model.parameters())
    put_controls(model, bare)
    assert sum(parameter.numel() for parameter in model.parameters()) == count
    assert count - sum(parameter.numel() for parameter in bare.parameters()) == by_hand


@pytest.mark.parametrize("target", range(1, 400, 7))
def test_the_nearest_is_the_nearest(target: int) -> None:
    offers = [(hidden, bias) for hidden in range(1, 40) for bias in (False, True)]
    best = min(abs(parameters(9, *offer) - target) for offer in offers)
    assert abs(parameters(9, *nearest(9, target)) - target) == best
    layers = PlainLayers(9, *nearest(9, target))
    assert sum(parameter.numel() for parameter in layers.parameters()) == parameters(9, *nearest(9, target))


def places(model: nn.Module, kind: type[nn.Module]) -> list[str]:
    return [name for name, module in model.named_modules() if isinstance(module, kind)]


@pytest.mark.parametrize(("text", "kind"), [("bam", BAM), ("se(reduction=8)", SqueezeExcitation)])
def test_a_control_stands_where_its_attention_stands(text: str, kind: type[nn.Module]) -> None:
    model = built(f"control({text})", "small").eval()
    assert places(model, PlainLayers) == places(built(text, "small"), kind) != []
    assert places(model, kind) == []
    before = built("none", "small").state_dict()
    kept = model.state_dict()
    assert all(torch.equal(kept[name], value) for name, value in before.items()), "it begins as all others do"
    assert model(torch.rand(2, 3, 32, 32)).shape == (2, 10)


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
    assert places(built("control(own:Mine)", "small", Mine), PlainLayers)
    assert variant.controlled_by("control(own:Mine)") == "own:Mine"
    assert variant.controlled_by("se") is None
    changed = type("Mine", (Mine,), {"forward": lambda self, x: x})
    fingerprints = {variant.fingerprint("control(own:Mine)", own) for own in (Mine, changed)}
    assert len(fingerprints) == 2, "the key of a run must change with the code that it counts"


@pytest.mark.parametrize("text", ["control(sx)", "control(control(se))", "control()"])
def test_the_control_of_what_does_not_exist(text: str) -> None:
    with pytest.raises(LabError, match="There is no attention"):
        built(text, "small")
