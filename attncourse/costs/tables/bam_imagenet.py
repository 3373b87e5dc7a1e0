"""BAM's ImageNet table."""

from __future__ import annotations

from functools import partial

from attncourse import hosts
from attncourse.costs.table import MULTIPLY_ADDS, PARAMETERS, SECOND_HAND, Row, Table

TABLE = Table(
    title="BAM (BMVC 2018): ImageNet classification",
    provenance=SECOND_HAND,
    errors="top-1 error (%)",
    columns=(PARAMETERS, MULTIPLY_ADDS),
    rows=(
        Row("ResNet-18 + BAM", partial(hosts.build, "resnet18", "bam"), ("11.71", "1.82"), "28.88"),
        Row("ResNet-50 + BAM", partial(hosts.build, "resnet50", "bam"), ("25.92", "3.94"), "24.02"),
        Row("ResNet-101 + BAM", partial(hosts.build, "resnet101", "bam"), ("44.91", "7.65"), "22.44"),
        Row("WRN-18 (width 1.5) + BAM", partial(hosts.build, "wrn18", "bam", width=1.5), ("25.93", "3.88")),
        Row("WRN-18 (width 2.0) + BAM", partial(hosts.build, "wrn18", "bam", width=2.0), ("45.71", "6.72")),
        Row("ResNeXt-50 32x4d + BAM", partial(hosts.build, "resnext50", "bam"), ("25.39", "3.85"), "22.56"),
        Row("MobileNet + BAM", partial(hosts.build, "mobilenet_v1", "bam"), ("4.32", "0.589")),
        Row("MobileNet 0.7 + BAM", partial(hosts.build, "mobilenet_v1", "bam", width=0.7), ("2.34", "0.292")),
    ),
    note="BAM stands between the stages, three times; in MobileNet before the second to fourth stride of 2.",
)
