"""Squeeze-and-excitation's table of reduction ratios."""

from __future__ import annotations

from functools import partial

from torch import nn

from attncourse import hosts
from attncourse.attention import SqueezeExcitation
from attncourse.costs.count import Costs
from attncourse.costs.table import SECOND_HAND, Column, Row, Table


def with_statistics(costs: Costs) -> int:
    """Parameters, and the batch norms' running means and variances."""
    norms = [module for module in costs.model.modules() if isinstance(module, nn.BatchNorm2d)]
    return costs.parameters + sum(2 * norm.num_features for norm in norms)


STORED = Column("parameters with running statistics (M)", with_statistics, 10**6)


def _build(reduction: int) -> partial[hosts.Host]:
    return partial(hosts.build, "resnet50", partial(SqueezeExcitation, reduction=reduction))


TABLE = Table(
    title="Squeeze-and-excitation (TPAMI 2019): reduction ratios, ResNet-50",
    provenance=SECOND_HAND,
    errors="top-1 error (%)",
    columns=(STORED,),
    rows=(
        Row("no SE", partial(hosts.build, "resnet50"), ("25.6",), "23.30"),
        Row(
            "r = 2",
            _build(2),
            ("45.7",),
            "22.29",
            {STORED.title: "45.75 with the running statistics, which the rows for 4, 8 and 32 need; 45.70 without"},
        ),
        Row("r = 4", _build(4), ("35.7",), "22.25"),
        Row("r = 8", _build(8), ("30.7",), "22.26"),
        Row("r = 16", _build(16), ("28.1",), "22.28"),
        Row("r = 32", _build(32), ("26.9",), "22.72"),
    ),
    note="The running statistics of batch norms count here, unlike in the other tables.",
)
