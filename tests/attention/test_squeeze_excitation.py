"""The reference against a naive loop, its edges, and the parameter counts that CBAM's table 4 prints."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from attncourse.attention import ATTENTION, SqueezeExcitation


def with_weights(channels: int, reduction: int = 16) -> SqueezeExcitation:
    """A float64 module whose weights are simple fractions of their place."""
    module = SqueezeExcitation(channels, reduction).double()
    with torch.no_grad():
        for number, parameter in enumerate(module.parameters()):
            places = torch.arange(parameter.numel(), dtype=torch.float64)
            parameter.copy_(torch.sin(3 * places + number).reshape(parameter.shape))
    return module


def features(*shape: int) -> Tensor:
    return torch.cos(torch.arange(math.prod(shape), dtype=torch.float64) * 0.7).reshape(shape) * 3


def naive(module: SqueezeExcitation, x: Tensor) -> Tensor:
    """Equations 2 to 4 in plain Python."""
    w1, b1, w2, b2 = (
        parameter.flatten(1).tolist() if parameter.ndim > 1 else parameter.tolist() for parameter in module.parameters()
    )
    out = torch.zeros_like(x)
    for b in range(x.shape[0]):
        means = [sum(sum(row) for row in channel) / (x.shape[2] * x.shape[3]) for channel in x[b].tolist()]
        hidden = [
            max(0.0, sum(w * z for w, z in zip(row, means, strict=True)) + c) for row, c in zip(w1, b1, strict=True)
        ]
        for c in range(x.shape[1]):
            logit = sum(w * h for w, h in zip(w2[c], hidden, strict=True)) + b2[c]
            out[b, c] = x[b, c] / (1 + math.exp(-logit))
    return out


@pytest.mark.parametrize(
    ("channels", "reduction", "shape"),
    [
        (4, 2, (1, 4, 2, 3)),
        (12, 3, (3, 12, 5, 9)),
        (12, 3, (2, 12, 9, 5)),
        (23, 4, (2, 23, 3, 1)),
        (6, 16, (2, 6, 1, 7)),
        (5, 5, (1, 5, 1, 1)),
    ],
)
def test_it_computes_the_paper_s_equations(channels: int, reduction: int, shape: tuple[int, ...]) -> None:
    module, x = with_weights(channels, reduction), features(*shape)
    torch.testing.assert_close(module(x), naive(module, x))


def test_the_gate_is_one_number_for_each_sample_and_channel() -> None:
    module, x = with_weights(12, 3), features(3, 12, 5, 9)
    gate = module.gate(x)
    assert gate.shape == (3, 12, 1, 1)
    assert 0 < gate.min() < gate.max() < 1
    torch.testing.assert_close(module(x), x * gate)


def test_samples_are_gated_apart_and_alike_in_training() -> None:
    module, x = with_weights(12, 3), features(3, 12, 5, 2)
    together = module.train()(x)
    torch.testing.assert_close(together, torch.cat([module.eval()(sample[None]) for sample in x]))


def test_gradients_agree_with_finite_differences() -> None:
    module = with_weights(4, 2)
    x = features(2, 4, 3, 2).requires_grad_()
    names = [name for name, _ in module.named_parameters()]
    values = [parameter.detach().clone().requires_grad_() for parameter in module.parameters()]

    def run(x: Tensor, *parameters: Tensor) -> Tensor:
        return torch.func.functional_call(module, dict(zip(names, parameters, strict=True)), (x,))

    assert torch.autograd.gradcheck(run, (x, *values))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_dtype_is_kept(dtype: torch.dtype) -> None:
    module, x = with_weights(12, 3), features(2, 12, 5, 3)
    expected = module(x)
    got = module.to(dtype)(x.to(dtype))
    assert got.dtype == dtype
    torch.testing.assert_close(got.double(), expected, rtol=0.03, atol=0.03)


def test_the_input_is_left_as_it_was() -> None:
    module, x = with_weights(4, 2), features(1, 4, 2, 3)
    module(x)
    assert torch.equal(x, features(1, 4, 2, 3))


@pytest.mark.parametrize(
    ("channels", "reduction", "hidden"), [(64, 16, 4), (23, 4, 5), (6, 16, 1), (1, 1, 1), (240, 16, 15)]
)
def test_the_parameters_are_those_of_two_layers(channels: int, reduction: int, hidden: int) -> None:
    count = sum(parameter.numel() for parameter in SqueezeExcitation(channels, reduction).parameters())
    assert count == 2 * channels * hidden + hidden + channels


def test_resnet50_gains_what_the_cbam_paper_prints() -> None:
    """Table 4 of Woo et al.: ResNet-50 has 25.56 M parameters, with SE 28.09 M; counted, 25,557,032 and 28,088,024."""
    blocks = [256] * 3 + [512] * 4 + [1024] * 6 + [2048] * 3
    gained = sum(p.numel() for width in blocks for p in SqueezeExcitation(width).parameters())
    assert 25_557_032 + gained == 28_088_024


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0,), "channels must be .* at least 1, got 0"),
        ((8, 0), "reduction must be .* at least 1, got 0"),
        ((-3, 2), "got -3"),
    ],
)
def test_impossible_arguments_are_refused(arguments: tuple[int, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SqueezeExcitation(*arguments)


@pytest.mark.parametrize("shape", [(2, 5, 3, 3), (4, 3, 3), (2, 4)])
def test_another_input_is_refused_with_the_shape_that_came(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError, match=r"expected an input \(B, 4, H, W\), got shape \(" + ", ".join(map(str, shape))
    ):
        SqueezeExcitation(4, 2)(torch.zeros(shape))


def test_it_is_chosen_by_name() -> None:
    assert ATTENTION["se"] is SqueezeExcitation
