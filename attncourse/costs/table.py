"""A paper's table as data: what it prints, how each row is built here, and why a figure cannot be had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal

import torch
from torch import nn

from attncourse.costs.count import Costs, of

SECOND_HAND = "second-hand: remembered and passed on, not read in the paper here"


@dataclass(frozen=True)
class Column:
    """A figure that a table prints of every network.

    Attributes:
        title: as it is shown, with its unit; a row's ``differs`` names it.
        value: the exact count.
        unit: how many of the count make 1 of what is printed.
        step: what the paper rounds to, in printed units; None: to the digits that it prints.
    """

    title: str
    value: Callable[[Costs], int]
    unit: int
    step: str | None = None

    def round(self, costs: Costs, printed: str) -> str:
        """Our count with the digits of ``printed``."""
        step = Decimal(self.step) if self.step else Decimal(1).scaleb(Decimal(printed).as_tuple().exponent)  # type: ignore[arg-type]
        steps = (Decimal(self.value(costs)) / self.unit / step).quantize(Decimal(1), ROUND_HALF_EVEN)
        return str(steps * step)


PARAMETERS = Column("parameters (M)", lambda costs: costs.parameters, 10**6)
MULTIPLY_ADDS = Column("multiply-adds (G)", lambda costs: costs.multiply_adds, 10**9)


@dataclass(frozen=True)
class Row:
    """One network of a table.

    Attributes:
        label: the network, in the paper's words.
        build: the same network here; None where it is not built, and ``reason`` says why.
        printed: a figure for each of the table's columns, as printed; None where none is known.
        errors: the errors or accuracies that the paper prints, to be read beside; they need training.
        differs: for each column whose figure cannot be had, by its title, the reason.
        reason: why there is nothing to compare.
        provenance: where the figures come from, if not where the table's come from.
    """

    label: str
    build: Callable[[], nn.Module] | None
    printed: tuple[str | None, ...]
    errors: str = ""
    differs: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    provenance: str = ""


@dataclass(frozen=True)
class Table:
    """A table of a paper.

    Attributes:
        title: the paper and what the table compares.
        provenance: where the printed figures come from.
        errors: what the last column holds.
        columns: what is compared.
        rows: the networks.
        input_shape: one input, ``(B, C, H, W)``.
        note: what a reader must know to count the same.
    """

    title: str
    provenance: str
    errors: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    input_shape: tuple[int, ...] = (1, 3, 224, 224)
    note: str = ""


@dataclass(frozen=True)
class Cell:
    """A printed figure beside ours; ``reason`` says why they differ, and is empty where they agree."""

    column: str
    printed: str
    ours: str
    exact: int
    reason: str

    @property
    def agrees(self) -> bool:
        return Decimal(self.printed) == Decimal(self.ours)


def compare(table: Table, row: Row) -> list[Cell]:
    """Build the row's network without data, count it, and round to the digits that are printed."""
    if row.build is None:
        return []
    with torch.device("meta"):
        model = row.build()
    costs = of(model, table.input_shape)
    return [
        Cell(
            column.title, printed, column.round(costs, printed), column.value(costs), row.differs.get(column.title, "")
        )
        for column, printed in zip(table.columns, row.printed, strict=True)
        if printed is not None
    ]
