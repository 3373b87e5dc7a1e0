"""Coordinate attention in MobileNeXt."""

from __future__ import annotations

from functools import partial

from attncourse import hosts
from attncourse.costs.table import PARAMETERS, Row, Table
from attncourse.costs.tables.coordinate1 import MILLION_MULTIPLY_ADDS

UNSAID = "the blocks and the reduction are not stated; ours is after each first depthwise convolution, r = {}"

TABLE = Table(
    title="Coordinate attention (CVPR 2021): MobileNeXt on ImageNet",
    provenance="seen in the README of houqb/CoordAttention",
    errors="top-1 accuracy (%)",
    columns=(PARAMETERS, MILLION_MULTIPLY_ADDS),
    rows=(
        Row("MobileNeXt", partial(hosts.build, "mobilenext"), ("3.5", "300"), "74.0"),
        Row(
            "MobileNeXt + SE",
            partial(hosts.build, "mobilenext", "se"),
            ("3.89", "300"),
            "74.7",
            {PARAMETERS.title: UNSAID.format(16)},
        ),
        Row(
            "MobileNeXt + coordinate attention",
            partial(hosts.build, "mobilenext", "coordinate"),
            ("4.09", "330"),
            "75.2",
            {PARAMETERS.title: UNSAID.format(32), MILLION_MULTIPLY_ADDS.title: UNSAID.format(32)},
        ),
    ),
)
