"""Coordinate attention against plain loops."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from attncourse.attention import CoordinateAttention
from tests.attention import loops
from tests.attention.loops import Maps, each_image, fill, values

SHAPES = [(2, 12, 3, 5), (2, 12, 5, 3), (1, 12, 4, 3), (2, 3, 2, 4), (2, 6, 1, 1)]


def gate_of(module: Any, expand: Any, strips: list[list[float]]) -> list[list[float]]:
    """``strips[c][place] -> gate[c][place]``."""
    columns = []
    for place in range(len(strips[0])):
        hidden = loops.affine(module.reduce, [strip[place] for strip in strips])
        hidden = [loops.hard_swish(loops.normalise(module.normalise, value, m)) for m, value in enumerate(hidden)]
        columns.append([loops.sigmoid(value) for value in loops.affine(expand, hidden)])
    return [list(row) for row in zip(*columns, strict=True)]


def loops_of(module: Any, maps: Maps) -> Maps:
    rows = [[loops.mean(row) for row in one] for one in maps]
    columns = [[loops.mean(column) for column in zip(*one, strict=True)] for one in maps]
    if module.directions in ("both", "x"):
        row_gate = gate_of(module, module.expand_rows, rows)
        maps = loops.transform(maps, lambda value, c, i, j: value * row_gate[c][i])
    if module.directions in ("both", "y"):
        column_gate = gate_of(module, module.expand_columns, columns)
        maps = loops.transform(maps, lambda value, c, i, j: value * column_gate[c][j])
    return maps


@pytest.mark.parametrize("directions", ["both", "x", "y"])
@pytest.mark.parametrize("shape", SHAPES)
def test_coordinate_attention_is_what_the_loops_compute(shape: tuple[int, ...], directions: str) -> None:
    module, x = fill(CoordinateAttention(shape[1], 4, directions)), values(*shape)
    torch.testing.assert_close(module(x), each_image(lambda maps: loops_of(module, maps), x))


@pytest.mark.parametrize(
    ("channels", "reduction", "hidden"), [(3, 32, 8), (256, 32, 8), (320, 32, 10), (64, 4, 16), (100, 12, 8)]
)
def test_the_hidden_width_has_a_floor_of_eight(channels: int, reduction: int, hidden: int) -> None:
    assert CoordinateAttention(channels, reduction).reduce.out_channels == hidden


def test_the_gates_have_the_shapes_of_rows_and_columns() -> None:
    module, x = fill(CoordinateAttention(12)), values(2, 12, 5, 3)
    rows, columns = module.row_gate(x), module.column_gate(x)
    assert rows.shape == (2, 12, 5, 1)
    assert columns.shape == (2, 12, 1, 3)
    torch.testing.assert_close(module.gate(x), rows * columns)
    torch.testing.assert_close(module(x), x * rows * columns)


@pytest.mark.parametrize(
    ("directions", "present", "absent"), [("x", "row_gate", "column_gate"), ("y", "column_gate", "row_gate")]
)
def test_one_direction_has_one_gate(directions: str, present: str, absent: str) -> None:
    module, x = fill(CoordinateAttention(12, directions=directions)), values(2, 12, 5, 3)
    torch.testing.assert_close(module(x), x * getattr(module, present)(x))
    torch.testing.assert_close(module(x), x * module.gate(x))
    with pytest.raises(ValueError, match=f"directions='{directions}'"):
        getattr(module, absent)(x)


def test_a_change_in_one_row_moves_that_rows_gate_alone() -> None:
    module, x = fill(CoordinateAttention(12)), values(1, 12, 5, 3)
    changed = x.clone()
    changed[:, :, 2] += 1
    moved = (module.row_gate(changed) - module.row_gate(x)).abs().amax(dim=(0, 1, 3)) > 1e-9
    assert moved.tolist() == [False, False, True, False, False]
