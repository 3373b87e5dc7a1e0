"""lab-prediction: which module alone can answer which question (before anything is trained)."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "lab-prediction",
    answer="alone",
    title="Predict: who alone can do it?",
    points=2,
    task=(
        "In a network that otherwise only adds up local evidence, one of none, se, cbam, bam, coordinate stands "
        "alone in "
        "each of two tasks: one alone can learn all of `near`, one alone can learn `row`. Set `alone` to the "
        "two names, "
        "the one for `near` first."
    ),
    hints=[
        "What does each gate depend on: the mean of the whole map, a window, a row and a column?",
        "near: the nearer square is 5 to 10 pixels from the marker, and all three stand on one line, whichever "
        "is nearer.",
        "near: two gates look at surroundings. Think of your numbers in lab-recall, and that figures are 3 "
        "pixels wide.",
        "row: the squares are 13 pixels apart or more. Which gate gathers a whole row, however long it is?",
        'In full: `alone = ("bam", "coordinate")`.',
    ],
)


@exercise.reference
def a_wide_window_and_a_row() -> tuple[str, str]:
    return ("bam", "coordinate")


@exercise.misconception
def forgets_how_short_seven_is() -> tuple[str, str]:
    """You gave near to CBAM.

    Its 7x7 window joins figures that are up to 7 pixels apart: half of the pictures. In the others the nearer square is
    8
    to 10 away.

    Compare the two reaches of lab-recall.
    """
    return ("cbam", "coordinate")


@exercise.misconception
def rows_know_distances() -> tuple[str, str]:
    """You gave near to coordinate attention as well.

    It gathers a row whole: that something is there, not how far away. All three figures share the line, and along the
    other axis each is alone in its row or column.

    Which gate depends on what is near, and not on what is far?
    """
    return ("coordinate", "coordinate")


@exercise.misconception
def a_window_sees_a_row() -> tuple[str, str]:
    """near is right. You gave row to BAM too.

    Its window ends 8 places away, and the squares are at least 13 apart.

    Which gate has no window at all?
    """
    return ("bam", "bam")


@exercise.misconception
def a_mean_sees_a_row() -> tuple[str, str]:
    """near is right. You gave row to SE.

    SE's gate is made of the means of whole maps: two squares have the same means wherever they stand.

    Which gate takes the mean of one row?
    """
    return ("bam", "se")


@exercise.misconception
def windows_and_means() -> tuple[str, str]:
    """You gave near to CBAM and row to BAM: as if reach were all.

    7x7 is too short for half of near; BAM's 17x17 is too short for row.

    Write down how far apart the figures are in each task, and who sees that far.
    """
    return ("cbam", "bam")


@exercise.misconception
def exchanged() -> tuple[str, str]:
    """You have the right two, exchanged.

    Coordinate attention sees whole rows, and no distances; BAM sees distances, and no farther than 8 places.

    Swap them.
    """
    return ("coordinate", "bam")
