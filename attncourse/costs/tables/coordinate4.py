"""Coordinate attention in MobileNeXt."""

from __future__ import annotations

from functools import partial

from attncourse import hosts
from attncourse.costs.table import PARAMETERS, Row, Table
from attncourse.costs.tables.coordinate1 import MILLION_MULTIPLY_ADDS

CODE = "the authors' code has 311 M; the widths 1.4 and 0.75 of MobileNeXt's own table (590 M, 210 M) agree with it"
REDUCTION = "the reduction is not published; 24 is that of the authors' MobileNetV2"
PLACES = (
    "the places and the reduction are not published; after each first depthwise convolution no reduction gives 4.09: "
    "4.11 at 24, 4.08 at 25, 3.97 at the usual 32. After each last one it is 4.09 at 32, against the text"
)
SMALL = "the modules' convolutions add 5 M to the plain network, and 7 M with a reduction of 24; 330 needs 14 at least"

TABLE = Table(
    title="Coordinate attention (CVPR 2021): MobileNeXt on ImageNet",
    provenance="seen in the README of houqb/CoordAttention",
    errors="top-1 accuracy (%)",
    columns=(PARAMETERS, MILLION_MULTIPLY_ADDS),
    rows=(
        Row(
            "MobileNeXt",
            partial(hosts.build, "mobilenext"),
            ("3.5", "300"),
            "74.0",
            {MILLION_MULTIPLY_ADDS.title: CODE},
        ),
        Row(
            "MobileNeXt + SE",
            partial(hosts.build, "mobilenext", "se"),
            ("3.89", "300"),
            "74.7",
            {PARAMETERS.title: REDUCTION, MILLION_MULTIPLY_ADDS.title: CODE},
        ),
        Row(
            "MobileNeXt + coordinate attention",
            partial(hosts.build, "mobilenext", "coordinate"),
            ("4.09", "330"),
            "75.2",
            {PARAMETERS.title: PLACES, MILLION_MULTIPLY_ADDS.title: SMALL},
        ),
    ),
    note="The network is that of the authors' code, yitu-opensource/MobileNeXt.",
)
