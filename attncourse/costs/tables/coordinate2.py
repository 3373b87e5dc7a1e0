"""Coordinate attention, table 2: MobileNetV2 at three widths."""

from __future__ import annotations

from functools import partial

from attncourse import hosts
from attncourse.costs.table import PARAMETERS, SECOND_HAND, Row, Table
from attncourse.costs.tables.coordinate1 import MILLION_MULTIPLY_ADDS

SEEN = "seen in the README of houqb/CoordAttention"
NARROW = "MobileNetV2's authors print 209 M and 2.61 M for this network (tensorflow/models, research/slim), near ours"


def _row(
    width: float,
    label: str,
    attention: str | None,
    printed: tuple[str, str],
    accuracy: str,
    differs: dict[str, str] | None = None,
) -> Row:
    build = partial(hosts.build, "mobilenet_v2", attention, width=width)
    provenance = SEEN if width == 1.0 else ""
    return Row(f"MobileNetV2-{width}{label}", build, printed, accuracy, differs or {}, provenance=provenance)


TABLE = Table(
    title="Coordinate attention (CVPR 2021), table 2: MobileNetV2 on ImageNet",
    provenance=SECOND_HAND,
    errors="top-1 accuracy (%)",
    columns=(PARAMETERS, MILLION_MULTIPLY_ADDS),
    rows=(
        _row(1.0, "", None, ("3.5", "300"), "72.3"),
        _row(1.0, " + SE", "se", ("3.89", "300"), "73.5"),
        _row(1.0, " + CBAM", "cbam", ("3.89", "300"), "73.6"),
        _row(1.0, " + coordinate attention", "coordinate", ("3.95", "310"), "74.3"),
        _row(
            0.75,
            "",
            None,
            ("2.5", "200"),
            "69.9",
            {PARAMETERS.title: NARROW, MILLION_MULTIPLY_ADDS.title: NARROW},
        ),
        _row(0.75, " + SE", "se", ("2.86", "210"), "71.5"),
        _row(0.75, " + CBAM", "cbam", ("2.86", "210"), "71.5"),
        _row(0.75, " + coordinate attention", "coordinate", ("2.89", "210"), "72.1"),
        _row(0.5, "", None, ("2.0", "100"), "65.4"),
        _row(0.5, " + SE", "se", ("2.1", "100"), "66.4"),
        _row(0.5, " + CBAM", "cbam", ("2.1", "100"), "66.4"),
        _row(0.5, " + coordinate attention", "coordinate", ("2.1", "100"), "67.0"),
    ),
    note="Reductions: 24 for SE and 32 for coordinate attention, as in the authors' code (se_mbv2.py of "
    "houqb/ssdlite-pytorch-mobilenext, mbv2_ca.py); CBAM's, 24, is second-hand. Multiply-adds in tens of millions.",
)
