"""CBAM, table 3: in which order the two gates act. It prints errors alone; our counts are shown for comparison."""

from __future__ import annotations

from functools import partial

from attncourse import hosts
from attncourse.attention import CBAM
from attncourse.costs.table import MULTIPLY_ADDS, PARAMETERS, SECOND_HAND, Row, Table

ERRORS_ALONE = "the table prints errors alone, which need training on ImageNet"

TABLE = Table(
    title="CBAM (ECCV 2018), table 3: the order of the gates, ResNet-50",
    provenance=SECOND_HAND,
    errors="top-1 / top-5 error (%)",
    columns=(PARAMETERS, MULTIPLY_ADDS),
    rows=(
        Row("SE", partial(hosts.build, "resnet50", "se"), (None, None), "23.14 / 6.70", reason=ERRORS_ALONE),
        *(
            Row(
                label,
                partial(hosts.build, "resnet50", partial(CBAM, order=order)),
                (None, None),
                errors,
                {},
                ERRORS_ALONE,
            )
            for label, order, errors in (
                ("channel, then spatial", "channel-spatial", "22.66 / 6.31"),
                ("spatial, then channel", "spatial-channel", "22.78 / 6.42"),
                ("both in parallel", "parallel", "22.95 / 6.59"),
            )
        ),
    ),
)
