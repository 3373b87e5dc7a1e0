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

from attncourse.attention import (
    BAM,
    CBAM,
    ChannelAttention,
    CoordinateAttention,
    EfficientChannelAttention,
    GatherExcite,
    GlobalContext,
    NonLocal,
    SpatialAttention,
    SqueezeExcitation,
)
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


def coord_att(state: State, x: Tensor, rows_at: str = "conv_h", columns_at: str = "conv_w") -> Tensor:
    height, width = x.shape[2:]
    strips = [F.adaptive_avg_pool2d(x, (height, 1)), F.adaptive_avg_pool2d(x, (1, width)).permute(0, 1, 3, 2)]
    y = norm(state, "bn1", conv(state, "conv1", torch.cat(strips, dim=2)))
    y = y * F.relu6(y + 3) / 6
    rows, columns = y[:, :, :height], y[:, :, height:].permute(0, 1, 3, 2)
    return x * conv(state, columns_at, columns).sigmoid() * conv(state, rows_at, rows).sigmoid()


def timm_efficient_channel(state: State, x: Tensor) -> Tensor:
    means = F.adaptive_avg_pool2d(x, 1).reshape(len(x), 1, C)
    gate = F.conv1d(means, state["conv.weight"], padding=1).sigmoid()
    return x * gate.reshape(len(x), C, 1, 1)


def timm_gather_excite(state: State, x: Tensor) -> Tensor:
    y = norm(state, "gather.norm1", conv(state, "gather.conv1", x, stride=2, padding=1, groups=C))
    y = norm(state, "gather.norm2", conv(state, "gather.conv2", F.relu(y), stride=2, padding=1, groups=C))
    y = conv(state, "mlp.fc2", F.relu(conv(state, "mlp.fc1", y)))
    return x * F.interpolate(y, size=x.shape[2:]).sigmoid()


def timm_context(state: State, x: Tensor, branch: str) -> Tensor:
    attention = conv(state, "conv_attn", x).flatten(2).softmax(dim=2)
    hidden = conv(state, f"{branch}.fc1", (x.flatten(2) @ attention.transpose(1, 2)).unsqueeze(3)).flatten(1)
    hidden = F.layer_norm(hidden, (4,), state[f"{branch}.norm.weight"], state[f"{branch}.norm.bias"], eps=1e-6)
    return conv(state, f"{branch}.fc2", F.relu(hidden)[:, :, None, None])


def timm_non_local(state: State, x: Tensor) -> Tensor:
    query, key, value = (conv(state, name, x).flatten(2) for name in "tpg")
    attention = (query.transpose(1, 2) @ key).softmax(dim=2)
    gathered = (value @ attention.transpose(1, 2)).reshape(len(x), -1, *x.shape[2:])
    return norm(state, "norm", conv(state, "z", gathered)) + x


def global_context(fusion: str) -> GlobalContext:
    module = GlobalContext(C, 4, fusion)
    module.normalise.eps = 1e-6
    return module


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


def coordinate_shapes(bias: bool, rows: str = "conv_h", columns: str = "conv_w") -> dict[str, tuple[int, ...]]:
    return (
        layer_shapes("conv1", 8, C, 1, 1, bias=bias)
        | norm_shapes("bn1", 8)
        | layer_shapes(rows, C, 8, 1, 1, bias=bias)
        | layer_shapes(columns, C, 8, 1, 1, bias=bias)
    )


def gather_shapes() -> dict[str, tuple[int, ...]]:
    return (
        layer_shapes("gather.conv1", C, 1, 3, 3, bias=False)
        | norm_shapes("gather.norm1", C)
        | layer_shapes("gather.conv2", C, 1, 3, 3, bias=False)
        | norm_shapes("gather.norm2", C)
        | mlp_shapes("mlp.fc1", "mlp.fc2", 1, 1)
    )


def context_shapes(branch: str) -> dict[str, tuple[int, ...]]:
    return (
        layer_shapes("conv_attn", 1, C, 1, 1)
        | layer_shapes(f"{branch}.fc1", 4, C, 1, 1)
        | {f"{branch}.norm.weight": (4,), f"{branch}.norm.bias": (4,)}
        | layer_shapes(f"{branch}.fc2", C, 4, 1, 1)
    )


def non_local_shapes() -> dict[str, tuple[int, ...]]:
    shapes = layer_shapes("z", C, HIDDEN, 1, 1) | norm_shapes("norm", C)
    for name in "tpg":
        shapes |= layer_shapes(name, HIDDEN, C, 1, 1)
    return shapes


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
    "coordinate/official_mobilenet_v2": (
        lambda: CoordinateAttention(C),
        coordinate_shapes(True, "conv2", "conv3"),
        lambda state, x: coord_att(state, x, "conv2", "conv3"),
    ),
    "coordinate/timm": (lambda: CoordinateAttention(C), coordinate_shapes(bias=False), coord_att),
    "efficient_channel/timm": (
        lambda: EfficientChannelAttention(C),
        layer_shapes("conv", 1, 1, 3, bias=False),
        timm_efficient_channel,
    ),
    "gather_excite/timm": (
        lambda: GatherExcite(C, 4, bottleneck=True, reduction=4),
        gather_shapes(),
        timm_gather_excite,
    ),
    "global_context/timm_add": (
        lambda: global_context("add"),
        context_shapes("mlp_add"),
        lambda state, x: x + timm_context(state, x, "mlp_add"),
    ),
    "global_context/timm_scale": (
        lambda: global_context("multiply"),
        context_shapes("mlp_scale"),
        lambda state, x: x * timm_context(state, x, "mlp_scale").sigmoid(),
    ),
    "non_local/timm": (lambda: NonLocal(C, 4), non_local_shapes(), timm_non_local),
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
    with pytest.raises(ValueError, match="leaves conv.conv.bias unused.*SpatialAttention"):
        translate(SpatialAttention(), tensors(spatial_shapes("conv") | {"conv.conv.bias": (1,)}), "cbam_spatial/timm")
    with pytest.raises(ValueError, match="leaves gather.conv2.weight"):
        translate(GatherExcite(C, 2, bottleneck=True, reduction=4), tensors(gather_shapes()), "gather_excite/timm")
    with pytest.raises(ValueError, match="has no 'channel.normalise'"):
        translate(BAM(C, 4), tensors(bam_shapes()), "bam/official")


def test_what_is_no_state_dict_is_refused() -> None:
    state = tensors(CASES["cbam/official"][1])
    with pytest.raises(ValueError, match="expected a state dict, got CBAM; give what its state_dict"):
        load(CBAM(C, 4), CBAM(C, 4), "cbam/official")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected tensors alone, got epoch, state_dict; give the entry"):
        load(CBAM(C, 4), {"state_dict": state, "epoch": 3}, "cbam/official")  # type: ignore[dict-item]


def test_the_number_of_batches_comes_along() -> None:
    state = tensors(spatial_shapes("conv")) | {"conv.bn.num_batches_tracked": torch.tensor(7)}
    assert load(SpatialAttention(), state, "cbam_spatial/timm").state_dict()["normalise.num_batches_tracked"] == 7


def test_a_batch_norm_without_its_bias_is_incomplete() -> None:
    state = tensors(spatial_shapes("conv"))
    del state["conv.bn.bias"]
    with pytest.raises(ValueError, match="conv.bn.bias"):
        translate(SpatialAttention(), state, "cbam_spatial/timm")
