"""The papers' tables: each figure agrees in every printed digit, or the table says why not."""

from __future__ import annotations

from functools import cache

import pytest

from attncourse import cli
from attncourse.costs.command import main, render
from attncourse.costs.table import MULTIPLY_ADDS, PARAMETERS, Cell, Column, Costs, Row, Table, compare
from attncourse.costs.tables import TABLES


@cache
def compared(name: str) -> list[tuple[Row, list[Cell]]]:
    return [(row, compare(TABLES[name], row)) for row in TABLES[name].rows]


# What is asked for: so many figures agree. A table that loses a row, or bends one, fails here.
AGREEING = {
    "se_imagenet": 5,
    "se_mobile": 4,
    "se_reduction": 5,
    "se_stages": 6,
    "se_sizes": 4,
    "cbam1": 2,
    "cbam2": 10,
    "cbam3": 0,
    "cbam4": 48,
    "cbam5": 11,
    "bam_imagenet": 16,
    "bam_cifar": 15,
    "coordinate1": 10,
    "coordinate2": 22,
    "coordinate3": 4,
    "coordinate4": 1,
}


@pytest.mark.parametrize("name", TABLES)
def test_figures_agree_or_have_their_reason(name: str) -> None:
    for row, cells in compared(name):
        for cell in cells:
            assert cell.agrees or cell.reason, f"{row.label}, {cell.column}: {cell.printed} printed, {cell.exact} here"
            assert not (cell.agrees and cell.reason), f"{row.label}, {cell.column} agrees: its reason is out of date"
        assert cells or row.reason, f"{row.label} is not compared, and nothing says why"
        assert set(row.differs) <= {column.title for column in TABLES[name].columns}
    assert sum(cell.agrees for _, cells in compared(name) for cell in cells) == AGREEING[name]


def test_cbam4_is_whole() -> None:
    assert len(compared("cbam4")) == 24
    assert all(len(cells) == 2 and all(cell.agrees for cell in cells) for _, cells in compared("cbam4"))


def test_cbam5_but_for_the_known_row() -> None:
    differing = [(row.label, cell.column) for row, cells in compared("cbam5") for cell in cells if not cell.agrees]
    assert differing == [("MobileNet 0.7 + SE", "parameters (M)")]


def test_bam_imagenet_is_whole() -> None:
    assert len(compared("bam_imagenet")) == 8
    assert all(len(cells) == 2 and all(cell.agrees for cell in cells) for _, cells in compared("bam_imagenet"))


def test_bam_cifar_parameters_but_for_bam_c() -> None:
    differing = [row.label for row, cells in compared("bam_cifar") if not cells[0].agrees]
    assert differing == ["ResNet-50 + BAM in every block (BAM-C)"]


def test_coordinate_width_1() -> None:
    rows = [cells for row, cells in compared("coordinate2") if "-1.0" in row.label]
    assert len(rows) == 4 and all(len(cells) == 2 and all(cell.agrees for cell in cells) for cells in rows)


def test_rounding_is_to_the_printed_digits() -> None:
    costs = Costs(28_088_024, 3_860_488_192, None, ())  # type: ignore[arg-type]
    assert PARAMETERS.round(costs, "28.09") == "28.09"
    assert PARAMETERS.round(costs, "28.1") == "28.1"
    assert MULTIPLY_ADDS.round(costs, "3.860") == "3.860"
    assert MULTIPLY_ADDS.round(costs, "4") == "4"
    tens = Column("", lambda costs: 306_666_368, 10**6, step="10")
    assert tens.round(costs, "310") == "310"
    assert tens.round(costs, "300") == "310"  # what is printed never draws our figure to itself


def test_a_difference_without_reason_is_shouted() -> None:
    row = TABLES["bam_cifar"].rows[0]
    bent = Row(row.label, row.build, ("23.72", "1.22"))
    table = TABLES["bam_cifar"]
    lines, unexplained = render("bent", Table("Bent", "ours", "", table.columns, (bent,), table.input_shape))
    assert unexplained == 1
    assert any("23.71 ≠" in line for line in lines) and any("UNEXPLAINED" in line for line in lines)


def test_the_command_prints_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--table", "cbam5"]) == 0
    said = capsys.readouterr().out
    assert "2.70 ≠" in said and "2,704,661" in said and "11 of 12" in said and "second-hand" in said


def test_the_command_lists_and_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["costs"]) == 0
    assert "coordinate2" in capsys.readouterr().out
    assert cli.main(["costs", "--table", "cbam6"]) == 2
    assert "no table 'cbam6'; there are: se_imagenet" in capsys.readouterr().err
