"""cbam-channel-bug-hunt: name the bug in each of six published kinds of channel attention."""

from __future__ import annotations

from attncourse.checking import ValueExercise

TWO = "two MLPs"
FRESH = "fresh layers"
RATIO = "ratio unused"
EACH = "sigmoid in each branch"
AGAIN = "sigmoid in each branch and again"
NO_MAXIMUM = "no maximum"

exercise = ValueExercise(
    "cbam-channel-bug-hunt",
    answer="bugs",
    title="Bug hunt: six snippets",
    points=2,
    task=(
        "Each of the snippets A to F has one bug. Set `bugs` to a tuple of six names, in the order A, B, C, D, E, F. "
        'The names, each used once: "two MLPs", "fresh layers", "ratio unused", "sigmoid in each branch", '
        '"sigmoid in each branch and again", "no maximum".'
    ),
    hints=[
        "Begin with the columns of parameters. Which two rows have as many at r = 4 as at r = 8? Which has too many?",
        "Of those two, one has none at all and never gives the same twice. The other always has those of r = 16.",
        "With zero parameters a right one gives 0.5. Two sigmoids of 0 add up to 1; what is the sigmoid of 1?",
        "The last column: one snippet's gates do not move when a maximum does.",
        'In full: ("sigmoid in each branch", "two MLPs", "no maximum", "ratio unused", '
        '"sigmoid in each branch and again", "fresh layers").',
    ],
)


@exercise.reference
def named() -> tuple[str, ...]:
    return (EACH, TWO, NO_MAXIMUM, RATIO, AGAIN, FRESH)


@exercise.misconception
def exchanges_the_sigmoids() -> tuple[str, ...]:
    """You swapped A and E: both have a sigmoid in each branch.

    Only E has another one behind the sum, so that its gates end below 0.88. A's gates reach 2.

    Look at the ranges under large parameters.
    """
    return (AGAIN, TWO, NO_MAXIMUM, RATIO, EACH, FRESH)


@exercise.misconception
def takes_fresh_layers_for_an_unused_ratio() -> tuple[str, ...]:
    """You swapped D and F: both have as many parameters at r = 4 as at r = 8.

    But F has none at all, and answers the same input differently each time: its layers are drawn anew in forward. D
    has parameters, always those of reduction 16.

    Look at the column of two calls.
    """
    return (EACH, TWO, NO_MAXIMUM, FRESH, AGAIN, RATIO)


@exercise.misconception
def takes_an_unused_ratio_for_two_mlps() -> tuple[str, ...]:
    """You swapped B and D: both have another number of parameters than the right one.

    B has twice as many, at either reduction. D has the same at both.

    Compare each with the last row, at r = 4 and at r = 8.
    """
    return (EACH, RATIO, NO_MAXIMUM, TWO, AGAIN, FRESH)


@exercise.misconception
def takes_the_lonely_mean_for_two_mlps() -> tuple[str, ...]:
    """You swapped B and C.

    C has a single MLP and the right number of parameters; what it lacks is a descriptor. B has four layers.

    Look at the last column: whose gates do not move when a maximum does?
    """
    return (EACH, NO_MAXIMUM, TWO, RATIO, AGAIN, FRESH)


@exercise.misconception
def takes_fresh_layers_for_two_mlps() -> tuple[str, ...]:
    """You swapped B and F.

    F calls one function twice, but that function makes new layers each time: no parameters, and no two calls agree. B
    keeps two MLPs as its own.

    Look at the columns of parameters and of two calls.
    """
    return (EACH, FRESH, NO_MAXIMUM, RATIO, AGAIN, TWO)


@exercise.misconception
def goes_by_the_letter_order() -> tuple[str, ...]:
    """You gave the names in the order in which the task lists them.

    Each snippet has one of the bugs, in another order.

    Go through the table row by row.
    """
    return (TWO, FRESH, RATIO, EACH, AGAIN, NO_MAXIMUM)
