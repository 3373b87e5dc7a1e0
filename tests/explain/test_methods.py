"""The four methods against loops over channels and places, written from the papers' equations alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from attncourse.explain import METHODS, ExplainError, grad_cam_plus_plus

BATCH, CHANNELS, HEIGHT, WIDTH = 2, 4, 3, 5
PLACES = [(row, column) for row in range(HEIGHT) for column in range(WIDTH)]


def drawn(seed: int = 0) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    activations = torch.randn(BATCH, CHANNELS, HEIGHT, WIDTH, generator=draw, dtype=torch.float64).relu()
    activations[0, 1] = 0  # a channel that is silent
    gradients = torch.randn(BATCH, CHANNELS, HEIGHT, WIDTH, generator=draw, dtype=torch.float64)
    gradients[1, 2, 0] = 0
    return activations, gradients


def channel_weight(name: str, a: Tensor, g: Tensor) -> float:
    """The weight of one channel from its activations and gradients ``(h, w)``."""
    total = sum(float(a[place]) for place in PLACES)
    if name == "grad_cam":
        return sum(float(g[place]) for place in PLACES) / len(PLACES)
    if name == "x_grad_cam":
        return sum(float(a[place]) / (total + 1e-7) * float(g[place]) for place in PLACES)
    weight = 0.0
    for place in PLACES:
        slope = float(g[place])
        alpha = slope**2 / (2 * slope**2 + total * slope**3 + 1e-6)
        weight += alpha * max(slope, 0.0)
    return weight


def by_loops(name: str, activations: Tensor, gradients: Tensor) -> Tensor:
    maps = torch.zeros(BATCH, HEIGHT, WIDTH, dtype=torch.float64)
    for image in range(BATCH):
        for row, column in PLACES:
            value = 0.0
            for channel in range(CHANNELS):
                a, g = activations[image, channel], gradients[image, channel]
                own = max(float(g[row, column]), 0.0)
                weight = own if name == "layer_cam" else channel_weight(name, a, g)
                value += weight * float(a[row, column])
            maps[image, row, column] = max(value, 0.0)
    return maps


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_its_equation(name: str) -> None:
    activations, gradients = drawn()
    expected = by_loops(name, activations, gradients)
    assert (expected > 0).any(), "the case shows nothing"
    torch.testing.assert_close(METHODS[name](activations, gradients), expected)


def test_the_four_methods_are_four() -> None:
    activations, gradients = drawn()
    maps = [method(activations, gradients) for method in METHODS.values()]
    for number, one in enumerate(maps):
        assert all(not torch.allclose(one, other) for other in maps[number + 1 :])


def test_without_epsilon_grad_cam_plus_plus_is_the_papers_at_any_scale() -> None:
    activations, gradients = drawn()
    total = activations.sum((2, 3), keepdim=True)
    weights = torch.where(gradients > 0, gradients / (2 + gradients * total), 0).sum((2, 3))
    expected = (weights[:, :, None, None] * activations).sum(1).relu()
    torch.testing.assert_close(grad_cam_plus_plus(activations, gradients, epsilon=0), expected)
    # With gradients as small as a mean over many places makes them, epsilon changes the map, and the paper's stays.
    small, usual = gradients * 1e-5, activations * 1e-3
    exact = grad_cam_plus_plus(usual, small, epsilon=0)
    biased = grad_cam_plus_plus(usual, small)
    assert exact.isfinite().all() and not torch.allclose(exact / exact.max(), biased / biased.max(), atol=0.05)


@pytest.mark.parametrize("name", METHODS)
def test_half_precision_does_not_lose_small_gradients(name: str) -> None:
    activations, gradients = (value.float() for value in drawn())
    half = METHODS[name](activations.bfloat16(), gradients.bfloat16())
    assert half.dtype == torch.float32
    exact = METHODS[name](activations.bfloat16().float(), gradients.bfloat16().float())
    torch.testing.assert_close(half, exact)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("shapes", [((2, 3, 4), (2, 3, 4)), ((1, 2, 3, 4), (1, 2, 4, 3))])
def test_shapes_that_do_not_fit_are_named(name: str, shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    with pytest.raises(ExplainError, match=r"\(B, C, h, w\), got .*4"):
        METHODS[name](torch.ones(shapes[0]), torch.ones(shapes[1]))
