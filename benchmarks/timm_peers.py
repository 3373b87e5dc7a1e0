"""timm's attention layers, built to compute what ours compute: the same widths, biases and scales.

timm is optional: ``build`` gives None where it is not installed, and the record then says so.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from benchmarks import torchvision_operators


@dataclass(frozen=True)
class Peer:
    """One of timm's layers beside ours.

    Attributes:
        module: the file of ``timm.layers``.
        name: its class.
        build: timm's class and the channels -> an instance that computes what ours does.
        layout: the layout of ``attncourse.attention.interchange`` that loads its weights into ours.
    """

    module: str
    name: str
    build: Callable[[Any, int], nn.Module]
    layout: str | None


def _global_context(cls: Any, channels: int, scale: bool = False) -> nn.Module:
    module = cls(channels, fuse_add=not scale, fuse_scale=scale, rd_channels=max(4, channels // 16))
    # Ours has PyTorch's eps, as GCNet's authors have; timm's default is 1e-6.
    (module.mlp_scale if scale else module.mlp_add).norm.eps = 1e-5
    return module


PEERS: dict[str, Peer] = {
    "se": Peer("squeeze_excite", "SEModule", lambda cls, c: cls(c, rd_channels=max(1, c // 16)), "se/timm"),
    "cbam_channel": Peer(
        "cbam", "ChannelAttn", lambda cls, c: cls(c, rd_channels=max(1, c // 16), mlp_bias=True), "cbam_channel/timm"
    ),
    "cbam_spatial": Peer("cbam", "SpatialAttn", lambda cls, c: cls(), "cbam_spatial/timm"),
    "cbam": Peer("cbam", "CbamModule", lambda cls, c: cls(c, rd_channels=max(1, c // 16), mlp_bias=True), "cbam/timm"),
    "coordinate": Peer(
        "coord_attn", "CoordAttn", lambda cls, c: cls(c, rd_channels=max(8, c // 32), bias=True), "coordinate/timm"
    ),
    # The variants with parameters cannot be built in timm 1.0.31: it unpacks a dictionary as positional arguments.
    "gather_excite": Peer(
        "gather_excite", "GatherExcite", lambda cls, c: cls(c, extent=4, extra_params=False, use_mlp=False), None
    ),
    "global_context": Peer("global_context", "GlobalContext", _global_context, "global_context/timm_add"),
    "efficient_channel": Peer("eca", "EcaModule", lambda cls, c: cls(c), "efficient_channel/timm"),
    "non_local": Peer(
        "non_local_attn",
        "NonLocalAttn",
        lambda cls, c: cls(c, use_scale=False, rd_channels=max(1, c // 2)),
        "non_local/timm",
    ),
}


def version() -> str | None:
    """timm's version, or None where it is not installed."""
    try:
        return importlib.metadata.version("timm")
    except importlib.metadata.PackageNotFoundError:
        return None


def build(name: str, channels: int) -> nn.Module | None:
    """timm's layer beside ours of this name; None where timm has none or is not installed."""
    if version() is None or name not in PEERS:
        return None
    peer = PEERS[name]
    return peer.build(_class(peer), channels)


def scaling_context(channels: int) -> nn.Module:
    """timm's ``GlobalContext`` as it is by default: it scales by a gate, where that of ``PEERS`` adds."""
    return _global_context(_class(PEERS["global_context"]), channels, scale=True)


def _class(peer: Peer) -> Any:
    torchvision_operators.declare()
    return getattr(importlib.import_module(f"timm.layers.{peer.module}"), peer.name)
