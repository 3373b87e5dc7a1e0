"""Weights of other people's implementations, loaded into ours by documented key maps.

    from attncourse.attention import CBAM
    from attncourse.attention.interchange import load

    module = load(CBAM(256), checkpoint, "cbam/official", prefix="layer1.0.cbam.")

A layout says under which names the same layers stand elsewhere. Beyond the names:
- a fully connected weight ``(out, in)`` becomes a 1x1 convolution's ``(out, in, 1, 1)`` where ours has one, and the
  other way round;
- where the other implementation has no bias and ours has one, ours is 0, which computes the same;
- the authors' CBAM stacks (max, mean) before the spatial convolution, ours (mean, max): its weight's two input
  channels are swapped;
- the authors' BAM has its batch norms after the hidden layers: build ours with ``batch_norm="hidden"``, and with
  ``combine="product"`` to compute what their code computes;
- the authors' MobileNetV2 with coordinate attention (mbv2_ca.py, to which their released weights belong) has other
  names for two layers than their coordatt.py: hence two layouts;
- timm's hidden widths are rounded: build ours with the reduction that gives the same width;
- a bias of theirs that a softmax cancels is left out: ours has none;
- timm's ``GlobalContext`` normalises with eps 1e-6: set ``module.normalise.eps`` to compute what it computes. Its
  default is ``fusion="multiply"`` (layout ``global_context/timm_scale``);
- timm's ``NonLocalAttn`` divides the logits by ``sqrt(C)`` unless built with ``use_scale=False``: divide
  ``module.key.weight`` by that to compute the same.

Sources: Jongchan/attention-module (CBAM, BAM), houqb/CoordAttention, moskomule/senet.pytorch, and timm 1.0
(``SEModule``, ``CbamModule``, ``CoordAttn``, ``EcaModule``, ``GatherExcite``, ``GlobalContext``, ``NonLocalAttn``).
torchvision's ``SqueezeExcitation`` names its layers as timm does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from attncourse.attention.bam import BAM
from attncourse.attention.cbam import CBAM
from attncourse.attention.cbam_channel import ChannelAttention
from attncourse.attention.cbam_spatial import SpatialAttention
from attncourse.attention.checks import require_choice
from attncourse.attention.coordinate import CoordinateAttention
from attncourse.attention.electives.efficient_channel import EfficientChannelAttention
from attncourse.attention.electives.gather_excite import GatherExcite
from attncourse.attention.electives.global_context import GlobalContext
from attncourse.attention.electives.non_local import NonLocal
from attncourse.attention.squeeze_excitation import SqueezeExcitation

Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True)
class Layout:
    """Where another implementation keeps the layers of one of our modules.

    Attributes:
        module: our class.
        layers: our layers' names and theirs.
        swapped: our convolutions whose two input channels stand in the other order there.
        cancelled: their keys that change no output, and that ours leaves out.
    """

    module: type[nn.Module]
    layers: Mapping[str, str]
    swapped: frozenset[str] = frozenset()
    cancelled: frozenset[str] = frozenset()


_OFFICIAL_CHANNEL = {"reduce": "mlp.1", "expand": "mlp.3"}
_OFFICIAL_SPATIAL = {"convolution": "spatial.conv", "normalise": "spatial.bn"}
_TIMM_CHANNEL = {"reduce": "fc1", "expand": "fc2"}
_TIMM_SPATIAL = {"convolution": "conv.conv", "normalise": "conv.bn"}
_COORDINATE = {"reduce": "conv1", "normalise": "bn1", "expand_rows": "conv_h", "expand_columns": "conv_w"}


def _below(ours: str, theirs: str, layers: Mapping[str, str]) -> dict[str, str]:
    """The layers of a part, named from the whole."""
    return {f"{ours}.{one}": f"{theirs}.{other}" for one, other in layers.items()}


def _timm_gather() -> dict[str, str]:
    """Ours counts convolution, batch norm and ReLU in one sequence; timm numbers each kind from 1, up to extent 8."""
    layers = {f"convolutions.{3 * step}": f"gather.conv{step + 1}" for step in range(3)}
    return layers | {f"convolutions.{3 * step + 1}": f"gather.norm{step + 1}" for step in range(3)}


def _timm_context(branch: str) -> Layout:
    mlp = {"reduce": f"{branch}.fc1", "normalise": f"{branch}.norm", "expand": f"{branch}.fc2"}
    return Layout(GlobalContext, {"key": "conv_attn"} | mlp, cancelled=frozenset({"conv_attn.bias"}))


LAYOUTS: dict[str, Layout] = {
    "se/senet_pytorch": Layout(SqueezeExcitation, {"reduce": "fc.0", "expand": "fc.2"}),
    "se/timm": Layout(SqueezeExcitation, {"reduce": "fc1", "expand": "fc2"}),
    "cbam_channel/official": Layout(ChannelAttention, _OFFICIAL_CHANNEL),
    "cbam_channel/timm": Layout(ChannelAttention, _TIMM_CHANNEL),
    "cbam_spatial/official": Layout(SpatialAttention, _OFFICIAL_SPATIAL, frozenset({"convolution"})),
    "cbam_spatial/timm": Layout(SpatialAttention, _TIMM_SPATIAL),
    "cbam/official": Layout(
        CBAM,
        _below("channel", "ChannelGate", _OFFICIAL_CHANNEL) | _below("spatial", "SpatialGate", _OFFICIAL_SPATIAL),
        frozenset({"spatial.convolution"}),
    ),
    "cbam/timm": Layout(
        CBAM, _below("channel", "channel", _TIMM_CHANNEL) | _below("spatial", "spatial", _TIMM_SPATIAL)
    ),
    "bam/official": Layout(
        BAM,
        {
            "channel.convolution0": "channel_att.gate_c.gate_c_fc_0",
            "channel.normalise0": "channel_att.gate_c.gate_c_bn_1",
            "channel.last": "channel_att.gate_c.gate_c_fc_final",
            "spatial.convolution0": "spatial_att.gate_s.gate_s_conv_reduce0",
            "spatial.normalise0": "spatial_att.gate_s.gate_s_bn_reduce0",
            "spatial.convolution1": "spatial_att.gate_s.gate_s_conv_di_0",
            "spatial.normalise1": "spatial_att.gate_s.gate_s_bn_di_0",
            "spatial.convolution2": "spatial_att.gate_s.gate_s_conv_di_1",
            "spatial.normalise2": "spatial_att.gate_s.gate_s_bn_di_1",
            "spatial.last": "spatial_att.gate_s.gate_s_conv_final",
        },
    ),
    "coordinate/official": Layout(CoordinateAttention, _COORDINATE),
    "coordinate/official_mobilenet_v2": Layout(
        CoordinateAttention, _COORDINATE | {"expand_rows": "conv2", "expand_columns": "conv3"}
    ),
    "coordinate/timm": Layout(CoordinateAttention, _COORDINATE),
    "efficient_channel/timm": Layout(EfficientChannelAttention, {"convolution": "conv"}),
    "gather_excite/timm": Layout(GatherExcite, _timm_gather() | {"reduce": "mlp.fc1", "expand": "mlp.fc2"}),
    "global_context/timm_add": _timm_context("mlp_add"),
    "global_context/timm_scale": _timm_context("mlp_scale"),
    "non_local/timm": Layout(
        NonLocal,
        {"query": "t", "key": "p", "value": "g", "expand": "z", "normalise": "norm"},
        cancelled=frozenset({"p.bias"}),
    ),
}


def translate(module: nn.Module, state: Mapping[str, Tensor], layout: str, prefix: str = "") -> dict[str, Tensor]:
    """The state dict that ``module`` loads, from the other implementation's.

    Args:
        module: one of our modules, built with the sizes of the other.
        state: the other's state dict, or a whole network's.
        layout: a name of ``LAYOUTS``, ``"ours/theirs"``.
        prefix: what every key of this module begins with in ``state``; keys that do not are left alone.

    Raises:
        ValueError: the layout is unknown or belongs to another class; ``state`` is no state dict; a key is missing, or
            left over; a shape differs.
    """
    require_choice("layout", layout, tuple(LAYOUTS))
    chosen = LAYOUTS[layout]
    if not isinstance(module, chosen.module):
        raise ValueError(
            f"layout {layout!r} loads into {chosen.module.__name__}, got {type(module).__name__}; choose another layout"
        )
    theirs = _named_tensors(state, prefix)
    result: dict[str, Tensor] = {}
    used = set()
    for key, own in module.state_dict().items():
        layer, _, leaf = key.rpartition(".")
        if layer not in chosen.layers:
            raise ValueError(
                f"layout {layout!r} has no {layer!r}; build {type(module).__name__} with the other's options"
            )
        other = f"{chosen.layers[layer]}.{leaf}"
        result[key] = _tensor(own, theirs, other, layer in chosen.swapped)
        used.add(other)
    if left := sorted(set(theirs) - used - chosen.cancelled):
        raise ValueError(
            f"layout {layout!r} leaves {', '.join(left)} unused; give the prefix of this module's keys, "
            f"and build {type(module).__name__} with the other's options"
        )
    return result


def _named_tensors(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors below the prefix, without it in their names."""
    if not isinstance(state, Mapping):
        raise ValueError(f"expected a state dict, got {type(state).__name__}; give what its state_dict() returns")
    below = {str(key).removeprefix(prefix): value for key, value in state.items() if str(key).startswith(prefix)}
    if others := [key for key, value in below.items() if not isinstance(value, Tensor)]:
        raise ValueError(
            f"expected tensors alone, got {', '.join(sorted(others))}; give the entry of the checkpoint that is the "
            "state dict, and the prefix of this module's keys"
        )
    return below


def _tensor(own: Tensor, theirs: Mapping[str, Tensor], key: str, swapped: bool) -> Tensor:
    """Their tensor in the shape of ours."""
    leaf = key.rpartition(".")[2]
    if key not in theirs:
        # A layer without bias adds 0. Old checkpoints do not count a batch norm's batches.
        if leaf == "bias" and f"{key.removesuffix('bias')}running_mean" not in theirs:
            return torch.zeros_like(own)
        if leaf == "num_batches_tracked":
            return own
        raise ValueError(f"expected the key {key!r}, got {', '.join(sorted(theirs)) or 'none'}; check the prefix")
    value = theirs[key]
    shared = min(value.ndim, own.ndim)
    if value.shape[shared:].numel() == own.shape[shared:].numel() == 1:
        value = value.reshape((*value.shape[:shared], *[1] * (own.ndim - shared)))
    if value.shape != own.shape:
        raise ValueError(
            f"{key} has shape {tuple(theirs[key].shape)}, ours is {tuple(own.shape)}; "
            "build ours with the other's channels and kernel size, and a reduction that gives the same hidden width"
        )
    return value.flip(1) if swapped and leaf == "weight" else value


def load(module: Module, state: Mapping[str, Tensor], layout: str, prefix: str = "") -> Module:
    """Load the other implementation's weights into ``module`` and return it; see ``translate`` for the arguments."""
    module.load_state_dict(translate(module, state, layout, prefix))
    return module
