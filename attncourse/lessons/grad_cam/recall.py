"""cam-recall: back to lesson 00, the mean over all places, and what it does to a score."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "cam-recall",
    answer="growth",
    title="Recall lesson 00: one place in a mean",
    points=1,
    task=(
        "A network ends so: the mean of each channel over all places, then a weight for each channel, then the sum. "
        "For the class cat, channel k has the weight 12. The map has 4 rows and 6 columns. One value of channel k, at "
        "one place, grows by 1. By how much does the score of cat grow? Set `growth` to the number."
    ),
    hints=[
        "Follow the one value: what does it change first, and by how much?",
        "How many values does the mean of channel k take in?",
        "The mean of 24 values grows by 1/24 when one of them grows by 1.",
        "In full: 12 / 24, so `growth = 0.5`.",
    ],
)


@exercise.reference
def weight_over_places() -> float:
    return 0.5


@exercise.misconception
def forgets_the_mean() -> float:
    """You gave the weight itself.

    The weight is multiplied by the channel's mean, and one value is only a small part of a mean.

    How many values are averaged?
    """
    return 12.0


@exercise.misconception
def divides_by_the_columns() -> float:
    """You divided by the 6 columns.

    The mean is taken over all places, the rows as well.

    How many places has a map of 4 rows and 6 columns?
    """
    return 2.0


@exercise.misconception
def divides_by_the_rows() -> float:
    """You divided by the 4 rows.

    The mean is taken over all places, the columns as well.

    How many places has a map of 4 rows and 6 columns?
    """
    return 3.0


@exercise.misconception
def sums_over_the_places() -> float:
    """You multiplied by the number of places, as if all of them had grown, and had been added.

    One value grows, and a mean divides by how many there are.

    What does the mean of 24 values do when one of them grows by 1?
    """
    return 288.0


@exercise.misconception
def forgets_the_weight() -> float:
    """You gave the growth of the mean.

    Behind the mean comes the weight of the channel for the class.

    Multiply by 12.
    """
    return 1 / 24
