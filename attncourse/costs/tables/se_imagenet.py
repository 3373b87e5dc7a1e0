"""Squeeze-and-excitation's ImageNet table, where pooling counts."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import Tensor, nn

from attncourse import hosts
from attncourse.attention import SqueezeExcitation
from attncourse.costs import measure
from attncourse.costs.count import Costs
from attncourse.costs.table import SECOND_HAND, Column, Row, Table


def with_pooling(costs: Costs) -> int:
    """Multiply-adds, and one for each value that a global mean adds up: of each SE module and of the classifier."""
    added: list[int] = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Any) -> None:
        added.append(inputs[0].numel())

    pools = [
        module
        for module in costs.model.modules()
        if isinstance(module, SqueezeExcitation)
        or (isinstance(module, nn.AdaptiveAvgPool2d) and module.output_size == 1)
    ]
    handles = [module.register_forward_hook(note) for module in pools]
    try:
        with measure.evaluating(costs.model):
            costs.model(measure.example(costs.model, costs.input_shape))
    finally:
        for handle in handles:
            handle.remove()
    return costs.multiply_adds + sum(added)


POOLED = Column("multiply-adds with pooling (G)", with_pooling, 10**9)

ADDITIONS = "7.579 G with the additions of the shortcuts, which this table seems to count in this network"
SCALING = "7.602 G with the shortcuts' additions and the scaling by the gates; ResNet-50 + SE would then print 3.88"
SCALED = "2.036 G with the scaling by the gates, which VGG-16 + SE cannot have: it would print 15.50"
NOT_BUILT = "not built: counted elsewhere, it fits no convention that fits ResNet-50"

TABLE = Table(
    title="Squeeze-and-excitation (TPAMI 2019): ImageNet classification",
    provenance=SECOND_HAND,
    errors="top-1 / top-5 error (%)",
    columns=(POOLED,),
    rows=(
        Row("ResNet-50", partial(hosts.build, "resnet50"), ("3.86",), "24.80 / 7.48"),
        Row("ResNet-50 + SE", partial(hosts.build, "resnet50", "se"), ("3.87",), "23.29 / 6.62"),
        Row(
            "ResNet-101",
            partial(hosts.build, "resnet101"),
            ("7.58",),
            "23.17 / 6.52",
            {POOLED.title: ADDITIONS},
        ),
        Row(
            "ResNet-101 + SE",
            partial(hosts.build, "resnet101", "se"),
            ("7.60",),
            "22.38 / 6.07",
            {POOLED.title: SCALING},
        ),
        Row("ResNet-152", None, ("11.30",), "22.42 / 6.34", reason=NOT_BUILT),
        Row("ResNet-152 + SE", None, ("11.32",), "21.57 / 5.73", reason=NOT_BUILT),
        Row("VGG-16", partial(hosts.build, "vgg16"), ("15.47",), "27.02 / 8.81"),
        Row("VGG-16 + SE", partial(hosts.build, "vgg16", "se"), ("15.48",), "25.22 / 7.70"),
        Row("BN-Inception", partial(hosts.build, "se_inception"), ("2.03",), "25.38 / 7.89"),
        Row(
            "BN-Inception + SE",
            partial(hosts.build, "se_inception", "se"),
            ("2.04",),
            "24.23 / 7.14",
            {POOLED.title: SCALED},
        ),
    ),
    note="Here every value that a global mean adds up counts one, unlike in the other tables.",
)
