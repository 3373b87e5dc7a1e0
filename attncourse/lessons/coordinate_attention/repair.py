"""coordinate-repair: mend a published coordinate attention with three bugs."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "coordinate-repair",
    answer="repaired",
    title="Repair: three bugs that square maps hide",
    points=2,
    task=(
        "`published` above has three bugs. Write `repaired(x, shared, rows, columns)`: x times a gate for each row and "
        "a gate for each column, from 1x1 layers with these weights: `(m, C, 1, 1)` for both, then `(C, m, 1, 1)` "
        "each. No batch norm, no bias; h-swish between the layers."
    ),
    uses=("coordinate-descriptors",),
    hints=[
        "Run it on a map of 4 x 4, then on one of 4 x 6. With all weights zero, what is y / x, and what should it be?",
        "Which of the two descriptors has to be turned? Where does its part have to be turned back?",
        "`functional.conv2d(descriptors(x), shared)` mends the first; split with [H, W] along axis 2.",
        "The columns' part is (B, m, W, 1): transpose(2, 3) makes its gate (B, C, 1, W). Then multiply the gates.",
        "In full: `f = functional.hardswish(functional.conv2d(descriptors(x), shared))`, "
        "`top, rest = f.split([x.shape[2], x.shape[3]], dim=2)`, "
        "`row_gate = functional.conv2d(top, rows).sigmoid()`, "
        "`column_gate = functional.conv2d(rest.transpose(2, 3), columns).sigmoid()`, "
        "`return x * row_gate * column_gate`.",
    ],
)


@exercise.reference
def repaired(x: Tensor, shared: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """``(B, C, H, W)``, ``(m, C, 1, 1)``, ``(C, m, 1, 1)``, ``(C, m, 1, 1)`` ``-> (B, C, H, W)``."""
    row, column = _means(x)
    row, column = _gates(row, column, shared, rows, columns)
    return x * row * column


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    yield Case("two channels of 2x3", _input(draw, (1, 2, 2, 3), 3))
    yield Case("two pictures, three channels of 4x2", _input(draw, (2, 3, 4, 2), 2))
    yield Case("two pictures, four channels of 3x3", _input(draw, (2, 4, 3, 3), 5))
    yield Case("three pictures, three channels of 5x7", _input(draw, (3, 3, 5, 7), 4))


def _input(draw: Draw, shape: tuple[int, int, int, int], hidden: int) -> tuple[Tensor, ...]:
    channels = shape[1]
    sizes = ((hidden, channels, 1, 1), (channels, hidden, 1, 1), (channels, hidden, 1, 1))
    return (draw.integers(*shape), *(draw.normal(*size) for size in sizes))


def _means(x):
    return x.mean(dim=3, keepdim=True), x.mean(dim=2, keepdim=True)


def _gates(row, column, shared, rows, columns, activation=functional.hardswish):
    row, column = (activation(functional.conv2d(one, shared)) for one in (row, column))
    return functional.conv2d(row, rows).sigmoid(), functional.conv2d(column, columns).sigmoid()


@exercise.accepts
def one_line_and_a_split(x, shared, rows, columns):
    line = torch.cat([x.mean(3), x.mean(2)], dim=2).unsqueeze(3)
    inner = functional.hardswish(functional.conv2d(line, shared))
    top, rest = inner[:, :, : x.shape[2]], inner[:, :, x.shape[2] :].transpose(2, 3)
    return x * functional.conv2d(top, rows).sigmoid() * functional.conv2d(rest, columns).sigmoid()


@exercise.accepts
def gates_multiplied_first(x, shared, rows, columns):
    row, column = _gates(*_means(x), shared, rows, columns)
    return (column * row) * x


@exercise.accepts
def einsums(x, shared, rows, columns):
    first, second, third = (weight.flatten(1) for weight in (shared, rows, columns))
    inner = [functional.hardswish(torch.einsum("mc,bcn->bmn", first, x.mean(axis))) for axis in (3, 2)]
    row = torch.einsum("cm,bmn->bcn", second, inner[0]).sigmoid()
    column = torch.einsum("cm,bmn->bcn", third, inner[1]).sigmoid()
    return torch.einsum("bchw,bch,bcw->bchw", x, row, column)


@exercise.accepts
def picture_by_picture(x, shared, rows, columns):
    return torch.cat([repaired(one[None], shared, rows, columns) for one in x])


@exercise.accepts
def matrix_products(x, shared, rows, columns):
    first, second, third = (weight[:, :, 0, 0] for weight in (shared, rows, columns))
    a, b = first @ x.mean(3), first @ x.mean(2)
    a, b = a * (a + 3).clamp(0, 6) / 6, b * (b + 3).clamp(0, 6) / 6
    return x * (second @ a).sigmoid()[..., None] * (third @ b).sigmoid()[:, :, None]


@exercise.accepts
def quotients(x, shared, rows, columns):
    row, column = (functional.hardswish(functional.conv2d(one, shared)) for one in _means(x))
    u, v = functional.conv2d(row, rows), functional.conv2d(column, columns)
    return x / ((1 + torch.exp(-u)) * (1 + torch.exp(-v)))


@exercise.misconception
def leaves_the_wrong_one_turned(x, shared, rows, columns):
    """You left the rows' descriptor turned and the columns' lying.

    `(B, C, 1, H)` and `(B, C, 1, W)` fit along axis 2 only where H = W.

    Turn the columns' descriptor.
    """
    row, column = _means(x)
    return repaired(x, shared, rows, columns) + 0 * torch.cat([row.transpose(2, 3), column], dim=2).sum()


@exercise.misconception
def leaves_the_row_gate_lying(x, shared, rows, columns):
    """You left the row gate lying along the columns, as `(B, C, 1, H)`.

    On square maps row 3's gate then weighs column 3. Elsewhere it fits nothing.

    The row gate is (B, C, H, 1), the column gate (B, C, 1, W).
    """
    row, column = _gates(*_means(x), shared, rows, columns)
    return x * row.transpose(2, 3) * column


@exercise.misconception
def leaves_the_sum(x, shared, rows, columns):
    """You left the two gates added.

    The sum runs to 2, and a place is open as soon as its row is. A product opens it only where both agree.

    Multiply.
    """
    row, column = _gates(*_means(x), shared, rows, columns)
    return x * (row + column)


@exercise.misconception
def exchanges_the_second_layers(x, shared, rows, columns):
    """You gave the rows' part to `columns` and the columns' part to `rows`.

    A module that learns its layers may call them what it likes. Here they are given.

    Exchange them.
    """
    row, column = _gates(*_means(x), shared, columns, rows)
    return x * row * column


@exercise.misconception
def uses_one_second_layer(x, shared, rows, columns):
    """You used `rows` for both gates.

    Only the first layer is shared; `columns` is never read.

    Use `columns` for the column gate.
    """
    row, column = _gates(*_means(x), shared, rows, rows)
    return x * row * column


@exercise.misconception
def drops_the_sigmoids(x, shared, rows, columns):
    """You multiplied by what the second layers give, without a sigmoid.

    Two negative weights cancel, and large ones blow features up. The sigmoids were there in the published code.

    Put them back.
    """
    row, column = (functional.hardswish(functional.conv2d(one, shared)) for one in _means(x))
    return x * functional.conv2d(row, rows) * functional.conv2d(column, columns)


@exercise.misconception
def one_sigmoid_for_both(x, shared, rows, columns):
    """You added before the sigmoid: one sigmoid of the sum.

    That is another gate: a strong row opens all its columns.

    One sigmoid each, then multiply.
    """
    row, column = (functional.hardswish(functional.conv2d(one, shared)) for one in _means(x))
    return x * (functional.conv2d(row, rows) + functional.conv2d(column, columns)).sigmoid()


@exercise.misconception
def drops_the_activation(x, shared, rows, columns):
    """You left the h-swish out.

    Two layers with nothing between them are one layer.

    Put functional.hardswish behind the shared layer.
    """
    row, column = _gates(*_means(x), shared, rows, columns, activation=torch.clone)
    return x * row * column


@exercise.misconception
def takes_relu(x, shared, rows, columns):
    """You used ReLU for h-swish.

    In a module that learns its weights it is a fair variant. Here the weights are given, and meant for h-swish.

    Use functional.hardswish.
    """
    row, column = _gates(*_means(x), shared, rows, columns, activation=torch.relu)
    return x * row * column


@exercise.misconception
def mixes_the_pictures(x, shared, rows, columns):
    """You averaged over the batch as well.

    All pictures then share their gates, and what a picture gets depends on its neighbours.

    Pool over one axis at a time: 3 for the rows, 2 for the columns.
    """
    mean = x.mean(dim=0, keepdim=True)
    row, column = _gates(*_means(mean), shared, rows, columns)
    return x * row * column


@exercise.misconception
def pools_the_whole_map(x, shared, rows, columns):
    """You pooled over the whole map.

    Then all rows get one gate and all columns one: it is SE, twice.

    Pool over one axis at a time.
    """
    mean = x.mean(dim=(2, 3), keepdim=True)
    row, column = _gates(mean, mean, shared, rows, columns)
    return x * row * column
