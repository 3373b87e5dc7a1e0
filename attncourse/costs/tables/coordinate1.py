"""Coordinate attention, table 1: rows and columns, alone and together."""

from __future__ import annotations

from functools import partial

from attncourse import hosts
from attncourse.attention import CoordinateAttention
from attncourse.costs.table import PARAMETERS, SECOND_HAND, Column, Row, Table

MILLION_MULTIPLY_ADDS = Column("multiply-adds (M)", lambda costs: costs.multiply_adds, 10**6, step="10")


def _one_direction(direction: str) -> partial[CoordinateAttention]:
    return partial(CoordinateAttention, reduction=24, directions=direction)


TABLE = Table(
    title="Coordinate attention (CVPR 2021), table 1: one direction and both, MobileNetV2",
    provenance=SECOND_HAND,
    errors="top-1 accuracy (%)",
    columns=(PARAMETERS, MILLION_MULTIPLY_ADDS),
    rows=(
        Row("MobileNetV2", partial(hosts.build, "mobilenet_v2"), ("3.5", "300"), "72.3"),
        Row("+ SE", partial(hosts.build, "mobilenet_v2", "se"), ("3.89", "300"), "73.5"),
        Row("+ X attention", partial(hosts.build, "mobilenet_v2", _one_direction("x")), ("3.89", "300"), "73.5"),
        Row("+ Y attention", partial(hosts.build, "mobilenet_v2", _one_direction("y")), ("3.89", "300")),
        Row("+ coordinate attention", partial(hosts.build, "mobilenet_v2", "coordinate"), ("3.95", "310"), "74.3"),
    ),
    note="One direction alone with a reduction of 24; multiply-adds are printed in tens of millions.",
)
