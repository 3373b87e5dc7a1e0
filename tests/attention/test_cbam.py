"""CBAM and its two parts against plain loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from attncourse.attention import CBAM, ChannelAttention, ConvolvedSpatialAttention, SpatialAttention
from tests.attention import loops
from tests.attention.loops import Maps, each_image, fill, values

# B, C, H, W: wide, high, one image, fewer channels than the reduction, one place.
SHAPES = [(2, 8, 3, 5), (2, 8, 5, 3), (1, 8, 4, 3), (2, 3, 3, 4), (2, 6, 1, 1)]
POOLS = [("mean", "max"), ("mean",), ("max",), ("max", "mean")]
POOL: dict[str, Callable[[list[float]], float]] = {"mean": loops.mean, "max": max}


def channel_gate(module: Any, maps: Maps) -> Maps:
    total = [0.0] * len(maps)
    for pool in module.pools:
        descriptor = [POOL[pool](loops.places(one)) for one in maps]
        hidden = [loops.relu(value) for value in loops.affine(module.reduce, descriptor)]
        total = [one + other for one, other in zip(total, loops.affine(module.expand, hidden), strict=True)]
    return [[[loops.sigmoid(value)]] for value in total]


def spatial_gate(module: Any, maps: Maps) -> Maps:
    _, height, width = loops.size(maps)
    stack = [
        [[POOL[pool]([one[i][j] for one in maps]) for j in range(width)] for i in range(height)]
        for pool in module.pools
    ]
    logits = loops.convolve(module.convolution, stack)
    if isinstance(module.normalise, torch.nn.BatchNorm2d):
        logits = loops.transform(logits, lambda value, c, i, j: loops.normalise(module.normalise, value, c))
    return loops.transform(logits, lambda value, c, i, j: loops.sigmoid(value))


def by_channel(maps: Maps, gate: Maps) -> Maps:
    return loops.transform(maps, lambda value, c, i, j: value * gate[c][0][0])


def by_place(maps: Maps, gate: Maps) -> Maps:
    return loops.transform(maps, lambda value, c, i, j: value * gate[0][i][j])


def test_the_numbers_of_one_pixel_by_hand() -> None:
    """Two channels, one hidden unit, values 1 and 3 in one and 0 and 0 in the other."""
    module = ChannelAttention(2, reduction=2).double()
    for tensor, numbers in zip(module.parameters(), ([1.0, 0.0], [0.0], [1.0, -1.0], [0.0, 0.5]), strict=True):
        tensor.data = torch.tensor(numbers, dtype=torch.float64).reshape(tensor.shape)
    x = torch.tensor([[[[1.0, 3.0]], [[0.0, 0.0]]]], dtype=torch.float64)
    # The mean 2 and the maximum 3 give 5; the second channel's bias counts twice.
    expected = torch.sigmoid(torch.tensor([5.0, -5 + 2 * 0.5], dtype=torch.float64))
    torch.testing.assert_close(module.gate(x).flatten(), expected)


@pytest.mark.parametrize("pools", POOLS)
@pytest.mark.parametrize("shape", SHAPES)
def test_channel_attention_is_what_the_loops_compute(shape: tuple[int, ...], pools: tuple[str, ...]) -> None:
    module, x = fill(ChannelAttention(shape[1], reduction=4, pools=pools)), values(*shape)
    torch.testing.assert_close(module.gate(x), each_image(lambda maps: channel_gate(module, maps), x))
    torch.testing.assert_close(module(x), each_image(lambda maps: by_channel(maps, channel_gate(module, maps)), x))


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("kernel_size", [1, 3, 7])
@pytest.mark.parametrize("shape", SHAPES)
def test_spatial_attention_is_what_the_loops_compute(
    shape: tuple[int, ...], kernel_size: int, batch_norm: bool
) -> None:
    module, x = fill(SpatialAttention(kernel_size, batch_norm)), values(*shape)
    torch.testing.assert_close(module.gate(x), each_image(lambda maps: spatial_gate(module, maps), x))
    torch.testing.assert_close(module(x), each_image(lambda maps: by_place(maps, spatial_gate(module, maps)), x))


@pytest.mark.parametrize("pools", POOLS)
def test_spatial_attention_with_other_descriptors(pools: tuple[str, ...]) -> None:
    module, x = fill(SpatialAttention(3, pools=pools)), values(2, 5, 3, 4)
    torch.testing.assert_close(module.gate(x), each_image(lambda maps: spatial_gate(module, maps), x))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("batch_norm", [True, False])
def test_the_learned_descriptor_is_what_the_loops_compute(shape: tuple[int, ...], batch_norm: bool) -> None:
    module, x = fill(ConvolvedSpatialAttention(shape[1], 3, batch_norm)), values(*shape)

    def gate(maps: Maps) -> Maps:
        logits = loops.convolve(module.convolution, loops.pointwise(module.describe, maps))
        if batch_norm:
            logits = loops.transform(logits, lambda value, c, i, j: loops.normalise(module.normalise, value, c))
        return loops.transform(logits, lambda value, c, i, j: loops.sigmoid(value))

    torch.testing.assert_close(module.gate(x), each_image(gate, x))
    torch.testing.assert_close(module(x), each_image(lambda maps: by_place(maps, gate(maps)), x))


def loops_of(module: Any, maps: Maps) -> Maps:
    if module.order == "parallel":
        gated = by_channel(maps, channel_gate(module.channel, maps))
        return by_place(gated, spatial_gate(module.spatial, maps))
    if module.order == "channel-spatial":
        refined = by_channel(maps, channel_gate(module.channel, maps))
        return by_place(refined, spatial_gate(module.spatial, refined))
    refined = by_place(maps, spatial_gate(module.spatial, maps))
    return by_channel(refined, channel_gate(module.channel, refined))


@pytest.mark.parametrize("order", ["channel-spatial", "spatial-channel", "parallel"])
@pytest.mark.parametrize("shape", SHAPES)
def test_cbam_is_what_the_loops_compute(shape: tuple[int, ...], order: str) -> None:
    module, x = fill(CBAM(shape[1], reduction=4, kernel_size=3, order=order)), values(*shape)
    torch.testing.assert_close(module(x), each_image(lambda maps: loops_of(module, maps), x))


@pytest.mark.parametrize("order", ["channel-spatial", "spatial-channel", "parallel"])
def test_the_gates_are_those_that_act(order: str) -> None:
    module, x = fill(CBAM(8, reduction=2, order=order)), values(2, 8, 5, 3)
    channel, spatial = module.channel_gate(x), module.spatial_gate(x)
    assert channel.shape == (2, 8, 1, 1)
    assert spatial.shape == (2, 1, 5, 3)
    assert module.gate(x).shape == x.shape
    torch.testing.assert_close(module(x), x * channel * spatial)
    torch.testing.assert_close(module(x), x * module.gate(x))


def test_the_orders_differ() -> None:
    x = values(2, 8, 5, 3)
    outputs = [
        fill(CBAM(8, reduction=2, order=order))(x) for order in ("channel-spatial", "spatial-channel", "parallel")
    ]
    assert not torch.allclose(outputs[0], outputs[1])
    assert not torch.allclose(outputs[0], outputs[2])
    assert not torch.allclose(outputs[1], outputs[2])


def test_options_reach_the_parts() -> None:
    module = CBAM(12, 3, 5, channel_pools=("max",), spatial_pools=("mean",), batch_norm=False)
    assert module.channel.reduce.out_features == 4
    assert module.channel.pools == ("max",)
    assert module.spatial.convolution.weight.shape == (1, 1, 5, 5)
    assert module.spatial.pools == ("mean",)
    assert not list(module.spatial.normalise.parameters())


@pytest.mark.parametrize("module", [ChannelAttention(4), SpatialAttention(), CBAM(4)], ids=lambda m: type(m).__name__)
def test_the_gates_of_one_image_do_not_depend_on_the_others(module: Any) -> None:
    x: Tensor = values(3, 4, 5, 6)
    fill(module)
    torch.testing.assert_close(module(x)[1:2], module(x[1:2]))
