"""The references: one paper, or one part of it, a file. ``ATTENTION`` chooses by name, ``build`` constructs."""

from __future__ import annotations

from typing import Any

from torch import nn

from attncourse.attention.bam import BAM
from attncourse.attention.cbam import CBAM
from attncourse.attention.cbam_channel import ChannelAttention
from attncourse.attention.cbam_spatial import SpatialAttention
from attncourse.attention.cbam_spatial_convolved import ConvolvedSpatialAttention
from attncourse.attention.checks import require_channels, require_choice
from attncourse.attention.coordinate import CoordinateAttention
from attncourse.attention.electives.augmented_convolution import AugmentedConvolution
from attncourse.attention.electives.criss_cross import CrissCrossAttention
from attncourse.attention.electives.double_attention import DoubleAttention
from attncourse.attention.electives.efficient_channel import EfficientChannelAttention
from attncourse.attention.electives.gala import GALA
from attncourse.attention.electives.gather_excite import GatherExcite
from attncourse.attention.electives.global_context import GlobalContext
from attncourse.attention.electives.non_local import NonLocal
from attncourse.attention.electives.scse import ScSE
from attncourse.attention.electives.second_order import SecondOrderAttention
from attncourse.attention.electives.self_calibrated import SelfCalibratedConvolution
from attncourse.attention.electives.simam import SimAM
from attncourse.attention.electives.triplet import TripletAttention
from attncourse.attention.squeeze_excitation import SqueezeExcitation

ATTENTION: dict[str, type[nn.Module]] = {
    "se": SqueezeExcitation,
    "cbam_channel": ChannelAttention,
    "cbam_spatial": SpatialAttention,
    "cbam": CBAM,
    "bam": BAM,
    "coordinate": CoordinateAttention,
    # The electives, which no lesson builds.
    "gather_excite": GatherExcite,
    "triplet": TripletAttention,
    "global_context": GlobalContext,
    "non_local": NonLocal,
    "efficient_channel": EfficientChannelAttention,
    "simam": SimAM,
    "scse": ScSE,
    "gala": GALA,
    "augmented_convolution": AugmentedConvolution,
    "double_attention": DoubleAttention,
    "self_calibrated": SelfCalibratedConvolution,
    "second_order": SecondOrderAttention,
    "criss_cross": CrissCrossAttention,
}

# Modules whose sizes do not depend on the channels, and whose constructors do not ask for them.
CHANNEL_FREE = frozenset({"cbam_spatial", "simam", "triplet"})


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
    "AugmentedConvolution",
    "BAM",
    "CBAM",
    "CHANNEL_FREE",
    "ChannelAttention",
    "ConvolvedSpatialAttention",
    "CoordinateAttention",
    "CrissCrossAttention",
    "DoubleAttention",
    "EfficientChannelAttention",
    "GALA",
    "GatherExcite",
    "GlobalContext",
    "NonLocal",
    "ScSE",
    "SecondOrderAttention",
    "SelfCalibratedConvolution",
    "SimAM",
    "SpatialAttention",
    "SqueezeExcitation",
    "TripletAttention",
    "build",
]
