"""CBAM, table 2: how spatial attention squeezes, after channel attention."""

from __future__ import annotations

from functools import partial

from torch import nn

from attncourse import hosts
from attncourse.attention import CBAM, ChannelAttention, ConvolvedSpatialAttention
from attncourse.costs.table import MULTIPLY_ADDS, PARAMETERS, SECOND_HAND, Row, Table


def _convolved(channels: int, kernel_size: int) -> nn.Module:
    """Channel attention, then a gate over places whose one map is a 1x1 convolution of the channels."""
    return nn.Sequential(ChannelAttention(channels), ConvolvedSpatialAttention(channels, kernel_size))


def _build(attention: hosts.Attention) -> partial[hosts.Host]:
    return partial(hosts.build, "resnet50", attention)


TABLE = Table(
    title="CBAM (ECCV 2018), table 2: the squeeze of spatial attention, ResNet-50",
    provenance=SECOND_HAND,
    errors="top-1 / top-5 error (%)",
    columns=(PARAMETERS, MULTIPLY_ADDS),
    rows=(
        Row("channel (SE)", _build("se"), ("28.09", "3.860"), "23.14 / 6.70"),
        Row(
            "channel (mean, maximum)",
            _build("cbam_channel"),
            ("28.09", "3.860"),
            differs={"multiply-adds (G)": "the paper's figure is SE's; the MLP runs twice here, for mean and maximum"},
        ),
        Row(
            "+ spatial (1x1 convolution, k = 3)",
            _build(partial(_convolved, kernel_size=3)),
            ("28.10", "3.862"),
            differs={
                "multiply-adds (G)": "the 1x1 convolutions alone cost 0.0055 G, as the row with k = 7 confirms; "
                "this figure is too small for them"
            },
        ),
        Row("+ spatial (1x1 convolution, k = 7)", _build(partial(_convolved, kernel_size=7)), ("28.10", "3.869")),
        Row("+ spatial (mean, maximum, k = 3)", _build(partial(CBAM, kernel_size=3)), ("28.09", "3.863"), "22.68"),
        Row("+ spatial (mean, maximum, k = 7)", _build("cbam"), ("28.09", "3.864"), "22.66"),
    ),
)
