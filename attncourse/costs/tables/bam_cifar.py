"""BAM's CIFAR-100 table."""

from __future__ import annotations

from functools import partial
from typing import Any

from attncourse import hosts
from attncourse.costs.table import MULTIPLY_ADDS, PARAMETERS, SECOND_HAND, Row, Table


def _row(
    label: str,
    host: str,
    attention: str | None,
    printed: tuple[str, str],
    error: str = "",
    differs: dict[str, str] | None = None,
    **options: Any,
) -> Row:
    build = partial(hosts.build, host, attention, classes=100, **options)
    return Row(label, build, printed, error, differs or {})


LAST_DIGIT = "one unit of the last digit; the convention that gives every other row gives this one"

TABLE = Table(
    title="BAM (BMVC 2018): CIFAR-100 classification",
    provenance=SECOND_HAND,
    errors="error (%)",
    columns=(PARAMETERS, MULTIPLY_ADDS),
    input_shape=(1, 3, 32, 32),
    rows=(
        _row("ResNet-50", "resnet50", None, ("23.71", "1.22"), "21.49", stem="cifar"),
        _row("ResNet-50 + BAM", "resnet50", "bam", ("24.07", "1.25"), "20.00", stem="cifar"),
        _row(
            "ResNet-50 + BAM in every block (BAM-C)",
            "resnet50",
            "bam",
            ("28.98", "1.37"),
            differs={PARAMETERS.title: "28.94 with the paper's batch norms, 28.92 with the code's; neither fits"},
            stem="cifar",
            place="block",
        ),
        _row(
            "ResNet-101", "resnet101", None, ("42.70", "2.44"), "20.00", {MULTIPLY_ADDS.title: LAST_DIGIT}, stem="cifar"
        ),
        _row("ResNet-101 + BAM", "resnet101", "bam", ("43.06", "2.46"), "19.61", stem="cifar"),
        _row("WRN-28-8", "wrn28", None, ("23.40", "3.36"), width=8),
        _row("WRN-28-8 + BAM", "wrn28", "bam", ("23.42", "3.37"), "", {MULTIPLY_ADDS.title: LAST_DIGIT}, width=8),
        _row("WRN-28-10", "wrn28", None, ("36.54", "5.24"), width=10),
        _row("WRN-28-10 + BAM", "wrn28", "bam", ("36.57", "5.25"), width=10),
    ),
    note="24.07 needs the paper's batch norms, at the end of each branch. WRN-28 has BAM in two places.",
)
