"""Squeeze-and-excitation's table of mobile networks."""

from __future__ import annotations

from functools import partial

from attncourse import hosts
from attncourse.costs.table import PARAMETERS, SECOND_HAND, Column, Row, Table
from attncourse.costs.tables.se_imagenet import with_pooling

POOLED = Column("multiply-adds with pooling (M)", with_pooling, 10**6)

TABLE = Table(
    title="Squeeze-and-excitation (TPAMI 2019): mobile networks on ImageNet",
    provenance=SECOND_HAND,
    errors="top-1 / top-5 error (%)",
    columns=(PARAMETERS, POOLED),
    rows=(
        Row("MobileNet", partial(hosts.build, "mobilenet_v1"), ("4.2", "569"), "28.4 / 9.4"),
        Row(
            "MobileNet + SE",
            partial(hosts.build, "mobilenet_v1", "se", place="pointwise"),
            ("4.7", "572"),
            "25.3 / 7.7",
        ),
        Row("ShuffleNet", None, ("1.8", "140"), "32.6 / 12.5", reason="not built: no host of the course"),
        Row("ShuffleNet + SE", None, ("2.4", "142"), "31.0 / 11.1", reason="not built: no host of the course"),
    ),
    note="SE after each pointwise convolution. Every value that a global mean adds up counts one.",
)
