"""coordinate-mixing: predict whether the shared 1x1 layer mixes rows with columns."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "coordinate-mixing",
    answer="moved",
    title="Predict: one value changes",
    points=1,
    task=(
        "A map of 5 rows and 7 columns, in evaluation mode. One value changes, in one channel, at row 1, column 4. "
        "Set `moved` to a pair: how many of the 12 places behind the shared layer can change, and at how many of the "
        "35 places of the map can the product of the two gates change?"
    ),
    hints=[
        "In which row mean is the value, and in which column mean? All other means stay as they were.",
        "A 1x1 layer computes each of the 12 places from the channels of that place alone.",
        "If the gate of row 1 moves, the product moves all along this row; so with column 4.",
        "Row 1 holds 7 places, column 4 holds 5, and one of them is the same: `moved = (2, 11)`.",
    ],
)


@exercise.reference
def a_cross() -> tuple[int, int]:
    return (2, 11)


@exercise.misconception
def the_layer_mixes_everything() -> tuple[int, int]:
    """You thought that the shared layer relates rows to columns, so that everything moves.

    A widely read text says so. But the layer is 1x1: it computes a place from the channels of that place. To lie on one
    line is not to be mixed.

    Which of the 12 places does a kernel of size 1 see at once?
    """
    return (12, 35)


@exercise.misconception
def only_the_crossing() -> tuple[int, int]:
    """You let the product change only where the value changed.

    The gate of row 1 holds for the whole row: where it moves, all 7 places of the row move, and so with the column.

    Shade the places that row gate 1 is multiplied into.
    """
    return (2, 1)


@exercise.misconception
def the_crossing_twice() -> tuple[int, int]:
    """You counted the place where row and column cross twice.

    7 places in the row and 5 in the column, but row 1, column 4 is in both.

    Count the shaded places of the cross one by one.
    """
    return (2, 12)


@exercise.misconception
def rows_and_columns_mixed_then_a_cross() -> tuple[int, int]:
    """You thought that all hidden places move, and the gates of one row and one column only.

    The gates come from the hidden places: if all of these moved, all gates would.

    Which of the 12 places does a kernel of size 1 see at once?
    """
    return (12, 11)


@exercise.misconception
def every_gate() -> tuple[int, int]:
    """You got the hidden places right, and then let every place of the map change.

    Two hidden places give two gates, one of a row and one of a column. The rest of the map has other gates.

    Shade row 1 and column 4.
    """
    return (2, 35)


@exercise.misconception
def one_hidden_place() -> tuple[int, int]:
    """You let one hidden place change.

    The value is in two means: that of its row and that of its column. So two places of the line move.

    Write down both means for a small map.
    """
    return (1, 11)
