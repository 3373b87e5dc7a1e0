"""coordinate-tests: the learner writes the test that tells right coordinate attentions from wrong ones."""

from __future__ import annotations

import torch
from torch.nn import functional

from attncourse.checking import TestsExercise
from attncourse.lessons.coordinate_attention.repair import exercise as repair

exercise = TestsExercise(
    "coordinate-tests",
    answer="accepts",
    title="Write the test yourself",
    points=3,
    task=(
        "Write `accepts(implementation)`: True for a right `implementation(x, shared, rows, columns)` of coordinate "
        "attention, False for a wrong one. It is tried on right ones in seven styles and on eleven wrong ones."
    ),
    uses=("coordinate-descriptors",),
    subject=repair,
    hints=[
        "Make x and the three weights yourself, call the implementation, compare with what you know to be right.",
        "When does each bug show? Think of the shape of the map, of two pictures, of `rows` and `columns` that differ.",
        "Square maps hide wrong axes; zero weights hide nearly everything; one picture hides what mixes the batch.",
        "Right ones may round differently: torch.allclose with a small atol.",
        "In full, after `torch.manual_seed(0)`: `x, shared = torch.randn(2, 4, 5, 7), torch.randn(6, 4, 1, 1)`; "
        "`rows, columns = torch.randn(2, 4, 6, 1, 1)`; `f = functional.hardswish(functional.conv2d(descriptors(x), "
        "shared))`; `row = functional.conv2d(f[:, :, :5], rows).sigmoid()`; "
        "`column = functional.conv2d(f[:, :, 5:].transpose(2, 3), columns).sigmoid()`; "
        "`return torch.allclose(implementation(x, shared, rows, columns), x * row * column, atol=1e-5)`.",
    ],
)


def _case(batch: int = 2, height: int = 5, width: int = 6) -> tuple[torch.Tensor, ...]:
    """Inputs under which every bug shows, as far as the sizes allow."""
    generator = torch.Generator().manual_seed(6)
    sizes = ((batch, 4, height, width), (6, 4, 1, 1), (4, 6, 1, 1), (4, 6, 1, 1))
    x, *weights = (torch.randn(size, generator=generator) for size in sizes)
    return 3 * x, *weights


def _right(x, shared, rows, columns):
    row, column = (functional.hardswish(functional.conv2d(x.mean(axis, keepdim=True), shared)) for axis in (3, 2))
    return x * functional.conv2d(row, rows).sigmoid() * functional.conv2d(column, columns).sigmoid()


def _compare(implementation, given) -> bool:
    return torch.allclose(implementation(*given), _right(*given), atol=1e-5)


@exercise.reference
def accepts(implementation) -> bool:
    """One input under which every bug shows."""
    return _compare(implementation, _case())


@exercise.accepts
def asserts_instead_of_returning(implementation):
    for height, width in ((2, 3), (7, 4)):
        given = _case(3, height, width)
        torch.testing.assert_close(implementation(*given), _right(*given), atol=1e-4, rtol=1e-4)


@exercise.accepts
def place_by_place(implementation):
    """One place at a time, by plain sums."""
    x, shared, rows, columns = _case()
    y = implementation(x, shared, rows, columns)
    if y.shape != x.shape:
        return False
    for i, j in ((0, 0), (2, 5), (4, 3)):
        row = rows[:, :, 0, 0] @ functional.hardswish(shared[:, :, 0, 0] @ x[1, :, i].mean(dim=1))
        column = columns[:, :, 0, 0] @ functional.hardswish(shared[:, :, 0, 0] @ x[1, :, :, j].mean(dim=1))
        if not torch.allclose(y[1, :, i, j], x[1, :, i, j] * row.sigmoid() * column.sigmoid(), atol=1e-4):
            return False
    return True


@exercise.misconception
def checks_the_shape_only(implementation):
    """Your test only asks whether the call runs, or gives the right shape.

    Most of these bugs keep the shape: that is why such code is published.

    Compare the values with ones that you know to be right.
    """
    given = _case()
    return implementation(*given).shape == given[0].shape


@exercise.misconception
def checks_the_shape_on_a_square_map(implementation):
    """Your test only asks for the shape, and on a square map.

    There even rows and columns that are exchanged fit.

    Take H and W that differ, and compare values.
    """
    given = _case(height=6)
    return implementation(*given).shape == given[0].shape


@exercise.misconception
def tests_square_maps_only(implementation):
    """Your test only uses square maps.

    There a descriptor that is turned the wrong way still fits.

    Take H and W that differ.
    """
    return _compare(implementation, _case(height=6))


@exercise.misconception
def tests_a_batch_of_one_only(implementation):
    """Your test only uses a batch of one picture.

    With one picture, an answer that mixes the pictures of a batch looks right.

    Use two or more pictures, and let them differ.
    """
    return _compare(implementation, _case(batch=1))


@exercise.misconception
def gives_both_gates_the_same_weights(implementation):
    """Your test gives `rows` and `columns` the same weights.

    Then nobody can tell which of them was used for what.

    Let them differ.
    """
    x, shared, rows, _ = _case()
    return _compare(implementation, (x, shared, rows, rows))


@exercise.misconception
def tests_with_zero_weights_only(implementation):
    """Your test only uses weights that are zero, or nearly so.

    Then every gate is one half, whatever was pooled. The small weights of a fresh network hide bugs in the same way.

    Choose weights so large that the gates lie far apart.
    """
    x, *weights = _case()
    return _compare(implementation, (x, *(0 * weight for weight in weights)))


@exercise.misconception
def tests_a_constant_picture_only(implementation):
    """Your test only uses pictures that are the same everywhere.

    Then a row's mean and the mean of the whole map are one number.

    Draw x with torch.randn.
    """
    x, *weights = _case()
    return _compare(implementation, (x[:, :, :1, :1].expand_as(x).contiguous(), *weights))


@exercise.misconception
def demands_the_same_rounding(implementation):
    """Your test demands equality to the last bit.

    Right answers may add in another order and round differently; yours are refused for it.

    Compare with torch.allclose and a small tolerance, atol=1e-5.
    """
    given = _case(3, 5, 7)
    return torch.equal(implementation(*given), _right(*given))
