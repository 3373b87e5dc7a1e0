"""CBAM, table 5: MobileNetV1 at two widths."""

from __future__ import annotations

from functools import partial

from attncourse import hosts
from attncourse.costs.table import MULTIPLY_ADDS, PARAMETERS, SECOND_HAND, Row, Table


def _row(
    label: str, width: float, attention: str | None, printed: tuple[str, str], error: str, reason: str = ""
) -> Row:
    differs = {PARAMETERS.title: reason} if reason else {}
    return Row(label, partial(hosts.build, "mobilenet_v1", attention, width=width), printed, error, differs)


TABLE = Table(
    title="CBAM (ECCV 2018), table 5: MobileNet on ImageNet",
    provenance=SECOND_HAND,
    errors="top-1 error (%)",
    columns=(PARAMETERS, MULTIPLY_ADDS),
    rows=(
        _row("MobileNet", 1.0, None, ("4.23", "0.569"), "31.39"),
        _row("MobileNet + SE", 1.0, "se", ("5.07", "0.570"), "29.97"),
        _row("MobileNet + CBAM", 1.0, "cbam", ("5.07", "0.576"), "29.01"),
        _row("MobileNet 0.7", 0.7, None, ("2.30", "0.283"), "34.86"),
        _row(
            "MobileNet 0.7 + SE",
            0.7,
            "se",
            ("2.71", "0.283"),
            "32.50",
            "we count 2,704,661; the same table's CBAM, which has 2,700 more, prints 2.71 too and agrees",
        ),
        _row("MobileNet 0.7 + CBAM", 0.7, "cbam", ("2.71", "0.289"), "31.51"),
    ),
    note="These figures need a module after every convolution, the first one and the depthwise ones too.",
)
