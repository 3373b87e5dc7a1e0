"""Bad arguments and inputs: what came, and what to do."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from attncourse.attention import (
    ATTENTION,
    BAM,
    CBAM,
    CHANNEL_FREE,
    ChannelAttention,
    ConvolvedSpatialAttention,
    CoordinateAttention,
    GatherExcite,
    SimAM,
    SpatialAttention,
    SqueezeExcitation,
    build,
)


@pytest.mark.parametrize("name", sorted(set(ATTENTION) - CHANNEL_FREE))
@pytest.mark.parametrize("channels", [0, -4, 2.0, None, True])
def test_channels_must_be_positive_integers(name: str, channels: Any) -> None:
    with pytest.raises(ValueError, match=f"channels must be an integer of at least 1, got {channels}; give the C"):
        ATTENTION[name](channels)


@pytest.mark.parametrize("name", sorted(CHANNEL_FREE))
def test_build_checks_the_channels_of_modules_that_ignore_them(name: str) -> None:
    with pytest.raises(ValueError, match="channels must be an integer of at least 1, got 0"):
        build(name, 0)


@pytest.mark.parametrize("module", [SqueezeExcitation, ChannelAttention, CBAM, BAM, CoordinateAttention])
@pytest.mark.parametrize("reduction", [0, -1, 0.5, True])
def test_the_reduction_must_be_a_positive_integer(module: Any, reduction: Any) -> None:
    with pytest.raises(
        ValueError, match=f"reduction must be an integer of at least 1, got {reduction}; the paper uses"
    ):
        module(16, reduction=reduction)


@pytest.mark.parametrize("kernel_size", [0, 2, 6, -3, 3.0, True])
def test_the_kernel_must_be_odd(kernel_size: Any) -> None:
    with pytest.raises(ValueError, match=f"kernel_size must be odd .* got {kernel_size}; the paper uses 7"):
        SpatialAttention(kernel_size)
    with pytest.raises(ValueError, match="kernel_size must be odd"):
        CBAM(4, kernel_size=kernel_size)


@pytest.mark.parametrize(
    ("module", "options", "message"),
    [
        (
            CBAM,
            {"order": "spatial"},
            "order must be one of 'channel-spatial', 'spatial-channel', 'parallel', got 'spatial'",
        ),
        (BAM, {"combine": "max"}, "combine must be one of 'sum', 'product', got 'max'"),
        (BAM, {"batch_norm": "none"}, "batch_norm must be one of 'last', 'hidden', got 'none'"),
        (BAM, {"dilation": 0}, "dilation must be an integer of at least 1, got 0; the paper uses 4"),
        (CoordinateAttention, {"directions": "h"}, "directions must be one of 'both', 'x', 'y', got 'h'"),
        (ChannelAttention, {"pools": ()}, "pools must be a tuple of one or more of 'mean', 'max', each once"),
        (ChannelAttention, {"pools": "max"}, "pools must be a tuple .* got 'max'"),
        (CBAM, {"channel_pools": ("mean", "median")}, "pools must be a tuple .* got .*median"),
        (CBAM, {"spatial_pools": ("max", "max")}, "pools must be a tuple .* each once"),
        (CBAM, {"spatial_pools": {"mean", "max"}}, "pools must be a tuple .* got {"),
        (CBAM, {"channel_pools": None}, "pools must be a tuple .* got None"),
        (CBAM, {"batch_norm": "hidden"}, "batch_norm must be True or False, got 'hidden'"),
        (ConvolvedSpatialAttention, {"batch_norm": 1}, "batch_norm must be True or False, got 1"),
        (GatherExcite, {"bottleneck": None}, "bottleneck must be True or False, got None"),
        (GatherExcite, {"learned": 4}, "learned must be True or False, got 4"),
    ],
)
def test_unknown_choices_are_named(module: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        module(16, **options)


@pytest.mark.parametrize("name", sorted(ATTENTION))
@pytest.mark.parametrize("shape", [(8, 5, 7), (2, 8), (2, 8, 3, 4, 5)])
def test_inputs_must_have_four_axes(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected an input .*got shape .*unsqueeze") as caught:
        build(name, 8).eval()(torch.zeros(shape))
    assert str(shape) in str(caught.value)


@pytest.mark.parametrize("name", sorted(set(ATTENTION) - CHANNEL_FREE))
def test_inputs_must_have_the_channels(name: str) -> None:
    with pytest.raises(ValueError, match=r"expected an input \(B, 8, H, W\), got shape \(2, 6, 5, 7\)"):
        build(name, 8).eval()(torch.zeros(2, 6, 5, 7))


def test_descriptors_in_the_place_of_the_batch_norm_are_not_swallowed() -> None:
    with pytest.raises(ValueError, match=r"batch_norm must be True or False, got \('mean',\); give .* by name"):
        SpatialAttention(7, ("mean",))  # type: ignore[arg-type]


@pytest.mark.parametrize("regularisation", [0, -1.0, float("nan"), float("inf"), "much", None, True])
def test_simams_regularisation_must_be_a_positive_number(regularisation: Any) -> None:
    with pytest.raises(ValueError, match="regularisation must be a number above 0, got .*; the paper uses 1e-4"):
        SimAM(regularisation)


@pytest.mark.parametrize("name", sorted(ATTENTION))
def test_inputs_must_be_floating_point_tensors_with_places(name: str) -> None:
    module = build(name, 8).eval()
    for dtype in (torch.int64, torch.uint8, torch.bool, torch.complex64):
        with pytest.raises(ValueError, match=rf"floating-point numbers, got {dtype}; convert the input with x.float"):
            module(torch.ones(2, 8, 5, 7, dtype=dtype))
    for shape in ((2, 8, 0, 7), (2, 8, 5, 0)):
        with pytest.raises(ValueError, match="at least one channel, row and column, got shape .* give larger maps"):
            module(torch.zeros(shape))
    with pytest.raises(ValueError, match=r"expected a tensor \(B, C, H, W\), got list; convert it"):
        module([[1.0, 2.0]])


@pytest.mark.parametrize("name", sorted(ATTENTION))
def test_a_batch_of_no_images_passes_as_through_torchs_layers(name: str) -> None:
    assert build(name, 8).eval()(torch.zeros(0, 8, 5, 7)).shape == (0, 8, 5, 7)


def test_build_knows_its_names_and_swallows_nothing() -> None:
    with pytest.raises(ValueError, match="name must be one of 'se', .* got 'cbm'"):
        build("cbm", 8)
    with pytest.raises(TypeError, match="dilation"):
        build("se", 8, dilation=4)
    with pytest.raises(TypeError, match="reduction"):
        build("cbam_spatial", 8, reduction=4)
    module = build("cbam", 32, reduction=4, order="parallel")
    assert isinstance(module, CBAM)
    assert (module.channel.reduce.out_features, module.order) == (8, "parallel")
