"""Squeeze-and-excitation's ablations whose counts can be had: stages, and no squeeze at all."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from attncourse import hosts
from attncourse.attention import SqueezeExcitation
from attncourse.costs.table import MULTIPLY_ADDS, PARAMETERS, SECOND_HAND, Row, Table


class NoSqueeze(nn.Module):
    """The excitation at every place for itself: two 1x1 convolutions on the whole map, and no mean."""

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, channels // reduction, 1)
        self.expand = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W) -> (B, C, H, W)``."""
        return x * torch.sigmoid(self.expand(torch.relu(self.reduce(x))))


def _only(stage_channels: int) -> partial[hosts.Host]:
    """ResNet-50 with SE in the one stage whose blocks have this many channels."""

    def attention(channels: int) -> nn.Module:
        return SqueezeExcitation(channels) if channels == stage_channels else nn.Identity()

    return partial(hosts.build, "resnet50", attention)


RUNNING = "26.35 here; 26.40 if the batch norms' running statistics count as parameters"

TABLE = Table(
    title="Squeeze-and-excitation (TPAMI 2019): which stages, and without the squeeze, ResNet-50",
    provenance=SECOND_HAND,
    errors="top-1 error (%)",
    columns=(PARAMETERS, MULTIPLY_ADDS),
    rows=(
        Row("ResNet-50", partial(hosts.build, "resnet50"), ("25.6", None), "23.30"),
        Row("SE in stage 2", _only(256), ("25.6", None), "23.03"),
        Row("SE in stage 3", _only(512), ("25.7", None), "23.04"),
        Row("SE in stage 4", _only(1024), ("26.4", None), "22.68", {PARAMETERS.title: RUNNING}),
        Row("SE in all stages", partial(hosts.build, "resnet50", "se"), ("28.1", None), "22.28"),
        Row("no squeeze", partial(hosts.build, "resnet50", NoSqueeze), ("28.1", "4.27"), "22.93"),
    ),
)
