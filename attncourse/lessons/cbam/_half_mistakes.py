"""Wrong answers to cbam-module, fourth part: the mistakes of lessons 02 and 03, inside the whole module."""

from __future__ import annotations

from attncourse.lessons.cbam._parts import of_channel_half, of_spatial_half
from attncourse.lessons.cbam_channel import _branch_mistakes as branch
from attncourse.lessons.cbam_channel import _gate_mistakes as channel_gate
from attncourse.lessons.cbam_channel import _pooling_mistakes as pooling
from attncourse.lessons.cbam_channel import _sharing_mistakes as sharing
from attncourse.lessons.cbam_channel import _width_mistakes as width
from attncourse.lessons.cbam_spatial import _gate_mistakes as spatial_gate
from attncourse.lessons.cbam_spatial import _map_mistakes as maps
from attncourse.lessons.cbam_spatial import _window_mistakes as window

# What published CBAMs really have wrong; the rest of those lessons' lists the probes find.
CHANNEL_MISTAKES = (
    sharing.TwoMlps,
    branch.SigmoidInEachBranch,
    branch.SigmoidInEachBranchAndAgain,
    branch.AddsTheDescriptorsFirst,
    sharing.ConcatenatesTheDescriptors,
    channel_gate.NoSigmoid,
    channel_gate.NoRelu,
    pooling.MeanOnly,
    pooling.MaximumOnly,
    pooling.SquareWindows,
    width.RatioMultiplies,
    width.NoFloor,
)
SPATIAL_MISTAKES = (
    spatial_gate.NoSigmoid,
    spatial_gate.ReluBeforeTheSigmoid,
    maps.MeanOnly,
    maps.MaximumOnly,
    maps.AddsTheMaps,
    maps.PoolsChannelsAndRows,
    maps.PoolsAlongTheWidth,
    window.OnlyThreeAndSeven,
    window.PaddingFixedAtThree,
    window.PaddingFixedAtOne,
    window.NoPadding,
    window.PaddingOfTheKernelSize,
)

HALF_MISTAKES = (*map(of_channel_half, CHANNEL_MISTAKES), *map(of_spatial_half, SPATIAL_MISTAKES))
