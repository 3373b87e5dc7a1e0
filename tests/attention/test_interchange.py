"""Weights in the layouts of others compute in ours what they compute there.

Each layout is written down here once more: its state dict's keys and shapes, and what its implementation computes with
them, as plain functional calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attncourse.attention import BAM, CBAM, ChannelAttention, CoordinateAttention, SpatialAttention, SqueezeExcitation
from attncourse.attention.interchange import LAYOUTS, load, translate
from tests.attention.loops import values

State = dict[str, Tensor]
C, HIDDEN = 12, 3


def tensors(shapes: dict[str, tuple[int, ...]]) -> State:
    generator = torch.Generator().manual_seed(5)
    state = {}
    for key, shape in shapes.items():
        one = torch.randn(shape, generator=generator, dtype=torch.float64)
        state[key] = one.abs() + 0.5 if key.endswith("running_var") else one
    return state


def norm_shapes(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.{leaf}": (channels,) for leaf in ("weight", "bias", "running_mean", "running_var")}


def layer_shapes(name: str, *weight: int, bias: bool = True) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": weight} | ({f"{name}.bias": (weight[0],)} if bias else {})


def norm(state: State, name: str, x: Tensor) -> Tensor:
    mean, variance, weight, bias = (
        state[f"{name}.{leaf}"] for leaf in ("running_mean", "running_var", "weight", "bias")
    )
    return F.batch_norm(x, mean, variance, weight, bias)


def linear(state: State, name: str, x: Tensor) -> Tensor:
    return F.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])


def conv(state: State, name: str, x: Tensor, **options: Any) -> Tensor:
    return F.conv2d(x, state[f"{name}.weight"], state.get(f"{name}.bias"), **options)


def senet_pytorch(state: State, x: Tensor) -> Tensor:
    pooled = F.adaptive_avg_pool2d(x, 1).flatten(1)
    hidden = F.relu(F.linear(pooled, state["fc.0.weight"]))
    return x * F.linear(hidden, state["fc.2.weight"]).sigmoid()[:, :, None, None]


def timm_se(state: State, x: Tensor) -> Tensor:
    pooled = F.adaptive_avg_pool2d(x, 1)
    return x * conv(state, "fc2", F.relu(conv(state, "fc1", pooled))).sigmoid()


def official_channel(state: State, x: Tensor, at: str = "") -> Tensor:
    def mlp(pooled: Tensor) -> Tensor:
        return linear(state, f"{at}mlp.3", F.relu(linear(state, f"{at}mlp.1", pooled.flatten(1))))

    total = mlp(F.adaptive_avg_pool2d(x, 1)) + mlp(F.adaptive_max_pool2d(x, 1))
    return x * total.sigmoid()[:, :, None, None]


def official_spatial(state: State, x: Tensor, at: str = "") -> Tensor:
    stack = torch.stack([x.max(dim=1).values, x.mean(dim=1)], dim=1)
    return x * norm(state, f"{at}spatial.bn", conv(state, f"{at}spatial.conv", stack, padding=3)).sigmoid()


def official_cbam(state: State, x: Tensor) -> Tensor:
    return official_spatial(state, official_channel(state, x, "ChannelGate."), "SpatialGate.")


def timm_channel(state: State, x: Tensor, at: str = "") -> Tensor:
    def mlp(pooled: Tensor) -> Tensor:
        return conv(state, f"{at}fc2", F.relu(conv(state, f"{at}fc1", pooled)))

    return x * (mlp(F.adaptive_avg_pool2d(x, 1)) + mlp(F.adaptive_max_pool2d(x, 1))).sigmoid()


def timm_spatial(state: State, x: Tensor, at: str = "") -> Tensor:
    stack = torch.stack([x.mean(dim=1), x.max(dim=1).values], dim=1)
    return x * norm(state, f"{at}conv.bn", conv(state, f"{at}conv.conv", stack, padding=3)).sigmoid()


def timm_cbam(state: State, x: Tensor) -> Tensor:
    return timm_spatial(state, timm_channel(state, x, "channel."), "spatial.")


def official_bam(state: State, x: Tensor) -> Tensor:
    at = "channel_att.gate_c.gate_c_"
    hidden = linear(state, f"{at}fc_0", F.adaptive_avg_pool2d(x, 1).flatten(1))
    channel = linear(state, f"{at}fc_final", F.relu(norm(state, f"{at}bn_1", hidden)))[:, :, None, None]
    at = "spatial_att.gate_s.gate_s_"
    spatial = F.relu(norm(state, f"{at}bn_reduce0", conv(state, f"{at}conv_reduce0", x)))
    for i in (0, 1):
        spatial = conv(state, f"{at}conv_di_{i}", spatial, padding=4, dilation=4)
        spatial = F.relu(norm(state, f"{at}bn_di_{i}", spatial))
    spatial = conv(state, f"{at}conv_final", spatial)
    return (1 + (channel.expand_as(x) * spatial.expand_as(x)).sigmoid()) * x


def coord_att(state: State, x: Tensor) -> Tensor:
    height, width = x.shape[2:]
    strips = [F.adaptive_avg_pool2d(x, (height, 1)), F.adaptive_avg_pool2d(x, (1, width)).permute(0, 1, 3, 2)]
    y = norm(state, "bn1", conv(state, "conv1", torch.cat(strips, dim=2)))
    y = y * F.relu6(y + 3) / 6
    rows, columns = y[:, :, :height], y[:, :, height:].permute(0, 1, 3, 2)
    return x * conv(state, "conv_w", columns).sigmoid() * conv(state, "conv_h", rows).sigmoid()


def mlp_shapes(first: str, second: str, *ones: int, bias: bool = True) -> dict[str, tuple[int, ...]]:
    return layer_shapes(first, HIDDEN, C, *ones, bias=bias) | layer_shapes(second, C, HIDDEN, *ones, bias=bias)


def spatial_shapes(name: str) -> dict[str, tuple[int, ...]]:
    return layer_shapes(f"{name}.conv", 1, 2, 7, 7, bias=False) | norm_shapes(f"{name}.bn", 1)


def bam_shapes() -> dict[str, tuple[int, ...]]:
    channel, spatial = "channel_att.gate_c.gate_c_", "spatial_att.gate_s.gate_s_"
    return (
        mlp_shapes(f"{channel}fc_0", f"{channel}fc_final")
        | norm_shapes(f"{channel}bn_1", HIDDEN)
        | layer_shapes(f"{spatial}conv_reduce0", HIDDEN, C, 1, 1)
        | norm_shapes(f"{spatial}bn_reduce0", HIDDEN)
        | layer_shapes(f"{spatial}conv_di_0", HIDDEN, HIDDEN, 3, 3)
        | norm_shapes(f"{spatial}bn_di_0", HIDDEN)
        | layer_shapes(f"{spatial}conv_di_1", HIDDEN, HIDDEN, 3, 3)
        | norm_shapes(f"{spatial}bn_di_1", HIDDEN)
        | layer_shapes(f"{spatial}conv_final", 1, HIDDEN, 1, 1)
    )


def coordinate_shapes(bias: bool) -> dict[str, tuple[int, ...]]:
    return (
        layer_shapes("conv1", 8, C, 1, 1, bias=bias)
        | norm_shapes("bn1", 8)
        | layer_shapes("conv_h", C, 8, 1, 1, bias=bias)
        | layer_shapes("conv_w", C, 8, 1, 1, bias=bias)
    )


Case = tuple[Callable[[], nn.Module], dict[str, tuple[int, ...]], Callable[[State, Tensor], Tensor]]
CASES: dict[str, Case] = {
    "se/senet_pytorch": (lambda: SqueezeExcitation(C, 4), mlp_shapes("fc.0", "fc.2", bias=False), senet_pytorch),
    "se/timm": (lambda: SqueezeExcitation(C, 4), mlp_shapes("fc1", "fc2", 1, 1), timm_se),
    "cbam_channel/official": (lambda: ChannelAttention(C, 4), mlp_shapes("mlp.1", "mlp.3"), official_channel),
    "cbam_channel/timm": (lambda: ChannelAttention(C, 4), mlp_shapes("fc1", "fc2", 1, 1, bias=False), timm_channel),
    "cbam_spatial/official": (SpatialAttention, spatial_shapes("spatial"), official_spatial),
    "cbam_spatial/timm": (SpatialAttention, spatial_shapes("conv"), timm_spatial),
    "cbam/official": (
        lambda: CBAM(C, 4),
        mlp_shapes("ChannelGate.mlp.1", "ChannelGate.mlp.3") | spatial_shapes("SpatialGate.spatial"),
        official_cbam,
    ),
    "cbam/timm": (
        lambda: CBAM(C, 4),
        mlp_shapes("channel.fc1", "channel.fc2", 1, 1, bias=False) | spatial_shapes("spatial.conv"),
        timm_cbam,
    ),
    "bam/official": (lambda: BAM(C, 4, combine="product", batch_norm="hidden"), bam_shapes(), official_bam),
    "coordinate/official": (lambda: CoordinateAttention(C), coordinate_shapes(bias=True), coord_att),
    "coordinate/timm": (lambda: CoordinateAttention(C), coordinate_shapes(bias=False), coord_att),
}


def test_every_layout_is_tested() -> None:
    assert set(CASES) == set(LAYOUTS)


@pytest.mark.parametrize("layout", CASES)
def test_the_same_weights_compute_the_same(layout: str) -> None:
    make, shapes, theirs = CASES[layout]
    state, x = tensors(shapes), values(2, C, 9, 7)
    ours = load(make().double(), state, layout).eval()
    torch.testing.assert_close(ours(x), theirs(state, x))


@pytest.mark.parametrize("layout", CASES)
def test_a_module_is_taken_out_of_a_networks_weights(layout: str) -> None:
    make, shapes, _ = CASES[layout]
    state = tensors(shapes)
    network = {f"layer1.0.gate.{key}": value for key, value in state.items()} | {"fc.weight": torch.zeros(1)}
    alone, taken = load(make().double(), state, layout), load(make().double(), network, layout, "layer1.0.gate.")
    for key, value in alone.state_dict().items():
        torch.testing.assert_close(taken.state_dict()[key], value)


def test_what_does_not_fit_is_refused() -> None:
    state = tensors(CASES["cbam/official"][1])
    with pytest.raises(ValueError, match="layout must be one of"):
        translate(CBAM(C, 4), state, "cbam/keras")
    with pytest.raises(ValueError, match="loads into CBAM, got BAM"):
        translate(BAM(C), state, "cbam/official")
    with pytest.raises(ValueError, match="reduction that gives the same hidden width"):
        translate(CBAM(C, 2), state, "cbam/official")
    with pytest.raises(ValueError, match="build CBAM|leaves SpatialGate"):
        translate(CBAM(C, 4, batch_norm=False), state, "cbam/official")
    with pytest.raises(ValueError, match="check the prefix"):
        translate(CBAM(C, 4), state, "cbam/official", prefix="layer1.")
    with pytest.raises(ValueError, match="leaves extra.weight unused"):
        translate(CBAM(C, 4), state | {"extra.weight": torch.zeros(1)}, "cbam/official")
    with pytest.raises(ValueError, match="has no 'channel.normalise'"):
        translate(BAM(C, 4), tensors(bam_shapes()), "bam/official")


def test_a_batch_norm_without_its_bias_is_incomplete() -> None:
    state = tensors(spatial_shapes("conv"))
    del state["conv.bn.bias"]
    with pytest.raises(ValueError, match="conv.bn.bias"):
        translate(SpatialAttention(), state, "cbam_spatial/timm")
