"""Coordinate attention's table of reduction ratios."""

from __future__ import annotations

from functools import partial

from attncourse import hosts
from attncourse.attention import CBAM, CoordinateAttention, SqueezeExcitation
from attncourse.costs.table import PARAMETERS, SECOND_HAND, Row, Table

DOUBTFUL = {PARAMETERS.title: "12 divides the channels as 24 does; the remembered figure is doubtful, not the count"}

TABLE = Table(
    title="Coordinate attention (CVPR 2021): reduction ratios, MobileNetV2",
    provenance=SECOND_HAND,
    errors="top-1 accuracy (%)",
    columns=(PARAMETERS,),
    rows=(
        Row("SE, r = 24", partial(hosts.build, "mobilenet_v2", "se"), ("3.89",), "73.5"),
        Row("CBAM, r = 24", partial(hosts.build, "mobilenet_v2", "cbam"), ("3.89",), "73.6"),
        Row("coordinate attention, r = 32", partial(hosts.build, "mobilenet_v2", "coordinate"), ("3.95",), "74.3"),
        Row(
            "SE, r = 12",
            partial(hosts.build, "mobilenet_v2", partial(SqueezeExcitation, reduction=12)),
            ("4.28",),
            "74.1",
            DOUBTFUL,
        ),
        Row(
            "CBAM, r = 12",
            partial(hosts.build, "mobilenet_v2", partial(CBAM, reduction=12)),
            ("4.28",),
            "74.1",
            DOUBTFUL,
        ),
        Row(
            "coordinate attention, r = 16",
            partial(hosts.build, "mobilenet_v2", partial(CoordinateAttention, reduction=16)),
            ("4.37",),
            "74.7",
        ),
    ),
)
