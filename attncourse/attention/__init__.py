"""The references: one paper, or one part of it, a file. ``ATTENTION`` chooses by name, ``build`` constructs."""

from __future__ import annotations

from typing import Any

from torch import nn

from attncourse.attention.bam import BAM
from attncourse.attention.cbam import CBAM
from attncourse.attention.cbam_channel import ChannelAttention
from attncourse.attention.cbam_spatial import SpatialAttention
from attncourse.attention.checks import require_channels, require_choice
from attncourse.attention.coordinate import CoordinateAttention
from attncourse.attention.squeeze_excitation import SqueezeExcitation

ATTENTION: dict[str, type[nn.Module]] = {
    "se": SqueezeExcitation,
    "cbam_channel": ChannelAttention,
    "cbam_spatial": SpatialAttention,
    "cbam": CBAM,
    "bam": BAM,
    "coordinate": CoordinateAttention,
}

# Modules whose sizes do not depend on the channels, and whose constructors do not ask for them.
CHANNEL_FREE = frozenset({"cbam_spatial"})


def build(name: str, channels: int, **options: Any) -> nn.Module:
    """The module of this name for inputs ``(B, channels, H, W)``.

    A host that holds one slot for all modules calls this: the modules in ``CHANNEL_FREE`` fit any number of channels
    and are built without it. ``options`` reach the module's constructor as they are.

    Raises:
        ValueError: the name is not in ``ATTENTION``, ``channels`` is below 1, or an option is out of its range.
        TypeError: the module knows no such option.
    """
    require_choice("name", name, tuple(ATTENTION))
    require_channels(channels)
    if name in CHANNEL_FREE:
        return ATTENTION[name](**options)
    return ATTENTION[name](channels, **options)


__all__ = [
    "ATTENTION",
    "BAM",
    "CBAM",
    "CHANNEL_FREE",
    "ChannelAttention",
    "CoordinateAttention",
    "SpatialAttention",
    "SqueezeExcitation",
    "build",
]
