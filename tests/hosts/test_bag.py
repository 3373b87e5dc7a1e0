"""The bag of local features: blind to what the slot does not see, and fair to a learner's own module."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn

from attncourse import hosts
from attncourse.attention import BAM, CBAM, CoordinateAttention, SqueezeExcitation


class OwnAttention(nn.Module):
    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.hidden = max(1, channels // reduction)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


@pytest.mark.parametrize(
    ("attention", "hidden"),
    [
        ("se", 4),
        (SqueezeExcitation, 4),
        (partial(SqueezeExcitation, reduction=2), 8),
        (lambda channels: SqueezeExcitation(channels), 1),
    ],
)
def test_the_reduction_is_4_unless_another_is_given(attention: hosts.Attention, hidden: int) -> None:
    found = [part for part in hosts.build("bag", attention).modules() if isinstance(part, SqueezeExcitation)]
    assert [part.reduce.out_features for part in found] == [hidden]


def test_ones_own_class_gets_the_same_reduction() -> None:
    found = [part for part in hosts.build("bag", OwnAttention).modules() if isinstance(part, OwnAttention)]
    assert [part.hidden for part in found] == [4]


@pytest.mark.parametrize("attention", ["se", "cbam", "bam", "coordinate", "cbam_spatial", "simam"])
def test_every_module_stands_in_the_one_place(attention: str) -> None:
    model = hosts.build("bag", attention)
    kinds = (SqueezeExcitation, CBAM, BAM, CoordinateAttention)
    assert len(model.stages) == 1
    inner = model.stages[0][0]  # type: ignore[index]
    assert not isinstance(inner, nn.Identity)
    assert attention not in ("se", "cbam", "bam", "coordinate") or isinstance(inner, kinds)


def test_a_plain_picture_is_nothing_whatever_its_colour_and_edge() -> None:
    model = hosts.build("bag", classes=3).eval()
    plain = torch.tensor([0.0, 5.0, -2.0])[:, None, None, None].expand(3, 3, 9, 14)
    assert model.stem(plain).abs().max() == 0
    assert torch.equal(model(plain), model.head[-1].bias.expand(3, 3))  # type: ignore[index]


def test_without_attention_evidence_adds_up() -> None:
    """A logit of two figures is that of either, less that of none, wherever they are."""
    torch.manual_seed(0)
    model = hosts.build("bag").double().eval()
    one, other = torch.zeros(1, 3, 12, 17).double(), torch.zeros(1, 3, 12, 17).double()
    one[..., 2:5, 3:6] = torch.randn(3, 3, 3)
    other[..., 6:9, 10:14] = torch.randn(3, 3, 4)
    none = model(torch.zeros_like(one))
    assert torch.allclose(model(one + other), model(one) + model(other) - none, atol=1e-12)
    assert not torch.allclose(model(one), none, atol=1e-3)
