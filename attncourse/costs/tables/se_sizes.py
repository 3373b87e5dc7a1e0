"""The sizes of the models that squeeze-and-excitation's authors released."""

from __future__ import annotations

from functools import partial

from attncourse import hosts
from attncourse.costs.count import Costs
from attncourse.costs.table import Column, Row, Table
from attncourse.costs.tables.se_reduction import with_statistics


def stored_bytes(costs: Costs) -> int:
    """Four for each number that is stored."""
    return 4 * with_statistics(costs)


SIZE = Column("size (MiB)", stored_bytes, 2**20)

TABLE = Table(
    title="Squeeze-and-excitation, the authors' README: sizes of the released models",
    provenance="seen in the README of hujie-frank/SENet",
    errors="top-1 / top-5 error (%)",
    columns=(SIZE,),
    rows=(
        Row("SE-ResNet-50", partial(hosts.build, "resnet50", "se"), ("107",), "22.37 / 6.36"),
        Row("SE-ResNet-101", partial(hosts.build, "resnet101", "se"), ("189",), "21.75 / 5.72"),
        Row("SE-ResNet-152", None, ("256",), "21.34 / 5.54", reason="not built; counted elsewhere it is 255.5"),
        Row("SE-ResNeXt-50 32x4d", partial(hosts.build, "resnext50", "se"), ("105",), "20.97 / 5.54"),
        Row("SE-ResNeXt-101 32x4d", partial(hosts.build, "resnext101", "se"), ("187",), "19.81 / 4.96"),
    ),
    note="All numbers that a model stores, with the batch norms' running statistics, four bytes each.",
)
