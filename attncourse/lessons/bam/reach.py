"""bam-reach: which places of the spatial branch one value can move (a prediction before it is measured)."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "bam-reach",
    answer="moved_places",
    title="Predict: how far does a value reach?",
    points=1,
    task=(
        "BAM's spatial branch with dilation 4: 1x1, 3x3, 3x3, 1x1, each padded so that the map keeps its size. The map "
        "is 12 high and 15 wide. One value changes, at row 1, column 7 (counted from 0). At how many of the 180 places "
        "can the spatial branch's output change? Set `moved_places` to a whole number."
    ),
    hints=[
        "A dilated 3x3 window has nine places, with d - 1 places left out between neighbours. Draw one.",
        "One such convolution carries a change by -4, 0 or +4 rows, and as many columns. Two of them: by how much?",
        "By -8, -4, 0, +4 or +8. Which rows of 0 to 11 are that, from row 1? Which columns of 0 to 14, from column 7?",
        "Rows 1, 5, 9; columns 3, 7, 11.",
        "In full: `moved_places = 9`.",
    ],
)


@exercise.reference
def three_rows_and_three_columns() -> int:
    return 9


@exercise.misconception
def forgets_the_border() -> int:
    """You counted the 5x5 grid of places, without looking where it lies.

    From row 1 two of its five rows lie above the map, and from column 7 two of its columns beside it.

    Write down the rows and the columns, and strike out those that the map does not have.
    """
    return 25


@exercise.misconception
def fills_the_holes() -> int:
    """You counted every place of the 17x17 square that lies in the map.

    A dilated window leaves places out, and two of the same dilation leave out the same ones: what comes through is a
    grid with three empty places between neighbours.

    Which steps can a change take in one convolution?
    """
    return 150


@exercise.misconception
def counts_one_convolution() -> int:
    """You counted one 3x3 convolution.

    The branch has two, one upon the other: the second carries on what the first moved.

    Take a second step of -4, 0 or +4 from each place.
    """
    return 6


@exercise.misconception
def forgets_the_dilation() -> int:
    """You counted with ordinary 3x3 windows.

    With dilation 4 the places of a window lie 4 apart.

    Replace steps of 1 by steps of 4.
    """
    return 20


@exercise.misconception
def seventeen_by_seventeen() -> int:
    """You gave the size of the receptive field, 17x17.

    That is how wide it is, holes and all, and the map is smaller than that. Asked is which places can really move.

    Draw the grid on a map of 12x15.
    """
    return 289
