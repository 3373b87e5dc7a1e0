"""The probe: five modules, five signatures, exactly; and the statements of which they are made."""

from __future__ import annotations

from dataclasses import asdict

import pytest
import torch
from torch import Tensor, nn

from attncourse import hosts
from attncourse.attention import CoordinateAttention
from attncourse.lab.tasks import TASKS
from attncourse.lab.tasks.arrangement import BANDS, arrangement

SIGNATURES = {"none": ".....", "se": "x....", "cbam": "xx...", "bam": "xxx..", "coordinate": "...xx"}


def filled(attention: hosts.Attention, seed: int) -> nn.Module:
    """The host with weights of the test's own: larger than usual, batch norms that shift and scale."""
    model = hosts.build("bag", attention)
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if not tensor.is_floating_point():
                continue
            values = torch.randn(tensor.shape, generator=draw) * (0.3 if tensor.ndim > 1 else 0.1)
            tensor.copy_(values.abs() + 0.5 if "running_var" in name else values + ("normalise.weight" in name))
    return model


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", SIGNATURES)
def test_each_module_has_its_signature(name: str, seed: int, task: str) -> None:
    found = arrangement(filled(None if name == "none" else name, seed), TASKS[task])
    assert found.signature() == SIGNATURES[name]
    assert all(value < 1e-13 or value > 1e-7 for value in asdict(found).values())


@pytest.mark.parametrize(("directions", "signature"), [("x", "...x."), ("y", "....x")])
def test_one_direction_alone(directions: str, signature: str) -> None:
    def one(channels: int) -> nn.Module:
        return CoordinateAttention(channels, directions=directions)

    assert arrangement(filled(one, 0), TASKS["row"]).signature() == signature


def test_a_module_that_sees_all_of_it() -> None:
    """The probe is blind to nothing that it has a number for."""

    class Everything(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            places = torch.arange(x.shape[2] * x.shape[3], dtype=x.dtype).reshape(1, 1, *x.shape[2:]).sin()
            return x * (x * places).sum((1, 2, 3), keepdim=True).tanh()

    assert arrangement(filled(lambda channels: Everything(), 0), TASKS["near"]).signature() == "xxxxx"


def test_four_pictures_differ_in_the_arrangement_alone() -> None:
    for name, fours in BANDS.items():
        for (one, other), (one_, other_far), (one_far, other_), (last, last_other) in fours():
            if name == "together":
                assert (one_, other_far, one_far, other_, last, last_other) == (one, None, None, other, None, None)
            else:
                assert one == one_ and other == other_ and one_far == last and other_far == last_other
                assert one != last and other != last_other


def test_the_network_is_left_as_it_was() -> None:
    model = hosts.build("bag", "bam").train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    arrangement(model, TASKS["xor"])
    assert model.training and next(model.parameters()).dtype == torch.float32
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_a_normalisation_of_ones_own() -> None:
    model = filled("se", 0)
    usual = arrangement(model, TASKS["row"])
    assert arrangement(model, TASKS["row"], lambda pictures: pictures / 64) == usual
    assert arrangement(model, TASKS["row"], lambda pictures: pictures * 0).signature() == "....."
