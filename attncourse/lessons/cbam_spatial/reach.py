"""cbam-spatial-reach: predict how many gates one disturbed place can move."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "cbam-spatial-reach",
    answer="moved_gates",
    title="Predict: one place is disturbed",
    points=1,
    task=(
        "The map is 9 high and 12 wide, the kernel 5x5, padded so that the gate has the same size. One value changes, "
        "in one channel, at row 1, column 4 (counted from 0). How many of the 108 gates can change? Set `moved_gates`."
    ),
    hints=[
        "Turn it round: which gates have the disturbed place in their window?",
        "A window reaches 5 // 2 = 2 places beyond its middle. So a gate up to 2 rows and 2 columns away sees it.",
        "Columns 2 to 6 are five. Rows would be -1 to 3: one of them does not exist.",
        "Four rows times five columns: `moved_gates = 20`.",
    ],
)


@exercise.reference
def four_rows_of_five() -> int:
    return 20


@exercise.misconception
def forgets_the_border() -> int:
    """You counted a whole window of 5 x 5.

    Row 1 lies near the upper border: the window of gates around it begins at row -1, which does not exist.

    Draw the map's first five rows, and shade the gates that see the place.
    """
    return 25


@exercise.misconception
def only_the_place_itself() -> int:
    """You thought that only the gate at the disturbed place changes.

    That would be a 1x1 convolution. A 5x5 window lets each gate see its neighbours, and so each place is seen by its
    neighbours' gates.

    Count the gates whose window contains the place.
    """
    return 1


@exercise.misconception
def the_whole_map() -> int:
    """You thought that every gate changes.

    So it is with the channel gate, whose pooling takes in the whole map. Here only the channels are pooled; places meet
    in the window alone.

    Count the gates whose window contains the place.
    """
    return 108


@exercise.misconception
def once_for_each_map() -> int:
    """You counted the window once for the mean and once for the maximum.

    Both maps go into one convolution and one gate map; the same gates see both.

    Count gates, not weights.
    """
    return 40


@exercise.misconception
def one_step_each_way() -> int:
    """You let the window reach one place in each direction.

    That is a 3x3 kernel. Five wide means the middle and two on each side.

    Take 5 // 2 steps in each direction.
    """
    return 9


@exercise.misconception
def cuts_two_rows_off() -> int:
    """You took two rows off at the border.

    From row 1 the window goes up to row -1: one row is missing, for row 0 exists.

    Write down the rows that see row 1, one by one.
    """
    return 15
