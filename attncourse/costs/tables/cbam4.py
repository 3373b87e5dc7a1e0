"""CBAM, table 4: the ImageNet networks without attention, with SE and with CBAM."""

from __future__ import annotations

from functools import partial
from typing import Any

from attncourse import hosts
from attncourse.costs.table import MULTIPLY_ADDS, PARAMETERS, SECOND_HAND, Row, Table

# label, host, options; then for nothing, SE and CBAM each: parameters, multiply-adds, errors.
NETWORKS: tuple[tuple[str, str, dict[str, Any], tuple[tuple[str, str, str], ...]], ...] = (
    (
        "ResNet-18",
        "resnet18",
        {},
        (
            ("11.69", "1.814", "29.60 / 10.55"),
            ("11.78", "1.814", "29.41 / 10.22"),
            ("11.78", "1.815", "29.27 / 10.09"),
        ),
    ),
    (
        "ResNet-34",
        "resnet34",
        {},
        (("21.80", "3.664", "26.69 / 8.60"), ("21.96", "3.664", "26.13 / 8.35"), ("21.96", "3.665", "25.99 / 8.24")),
    ),
    (
        "ResNet-50",
        "resnet50",
        {},
        (("25.56", "3.858", "24.56 / 7.50"), ("28.09", "3.860", "23.14 / 6.70"), ("28.09", "3.864", "22.66 / 6.31")),
    ),
    (
        "ResNet-101",
        "resnet101",
        {},
        (("44.55", "7.570", "23.38 / 6.88"), ("49.33", "7.575", "22.35 / 6.19"), ("49.33", "7.581", "21.51 / 5.69")),
    ),
    (
        "WRN-18 (width 1.5)",
        "wrn18",
        {"width": 1.5},
        (("25.88", "3.866", "26.85 / 8.88"), ("26.07", "3.867", "26.21 / 8.47"), ("26.08", "3.868", "26.10 / 8.43")),
    ),
    (
        "WRN-18 (width 2.0)",
        "wrn18",
        {"width": 2.0},
        (("45.62", "6.696", "25.63"), ("45.97", "6.696", "24.93"), ("45.97", "6.697", "24.84")),
    ),
    (
        "ResNeXt-50 32x4d",
        "resnext50",
        {},
        (("25.03", "3.768", "22.85"), ("27.56", "3.771", "21.91"), ("27.56", "3.774", "21.92")),
    ),
    (
        "ResNeXt-101 32x4d",
        "resnext101",
        {},
        (("44.18", "7.508", "21.54"), ("48.96", "7.512", "21.17"), ("48.96", "7.519", "21.07")),
    ),
)

TABLE = Table(
    title="CBAM (ECCV 2018), table 4: ImageNet classification",
    provenance=SECOND_HAND + "; the parameters of ResNet-50 and -101 are in implus/PytorchInsight's README too",
    errors="top-1 / top-5 error (%)",
    columns=(PARAMETERS, MULTIPLY_ADDS),
    rows=tuple(
        Row(label + suffix, partial(hosts.build, host, attention, **options), (parameters, multiply_adds), errors)
        for label, host, options, figures in NETWORKS
        for (suffix, attention), (parameters, multiply_adds, errors) in zip(
            (("", None), (" + SE", "se"), (" + CBAM", "cbam")), figures, strict=True
        )
    ),
    note="Bottlenecks have their stride on the first 1x1 convolution; biases in the gates' layers count.",
)
