"""coordinate-bug-hunt: name the bug in each of five snippets of published kinds, from what they do."""

from __future__ import annotations

from attncourse.checking import ValueExercise

SPLIT = "wrong split"
SIGMOID = "no sigmoid"
SUM = "sum of gates"
LAYERS = "two first layers"
PLACES = "mixed places"

exercise = ValueExercise(
    "coordinate-bug-hunt",
    answer="bugs",
    title="Bug hunt: five snippets",
    points=2,
    task=(
        "Each of the snippets A to E has one bug. Set `bugs` to a tuple of five names, in the order A, B, C, D, E. The "
        'names, each used once: "wrong split", "no sigmoid", "sum of gates", "two first layers", "mixed places".'
    ),
    hints=[
        "Which snippet fails as soon as H and W differ? Which two have more parameters than the right one?",
        "With zero parameters both gates are one half. Whose y / x is 1, whose is 0?",
        "Of the two with more parameters, one moves the gates of rows that nobody touched.",
        "A adds its gates; B has kernels three places long; C splits the wrong way round.",
        'In full: ("sum of gates", "mixed places", "wrong split", "two first layers", "no sigmoid").',
    ],
)


@exercise.reference
def named() -> tuple[str, ...]:
    return (SUM, PLACES, SPLIT, LAYERS, SIGMOID)


@exercise.misconception
def takes_the_sum_for_the_missing_sigmoid() -> tuple[str, ...]:
    """You swapped A and E.

    With zero parameters a gate behind a sigmoid is one half: two of them add up to 1. Without a sigmoid it is 0, and so
    is y / x.

    Look at the column y / x.
    """
    return (SIGMOID, PLACES, SPLIT, LAYERS, SUM)


@exercise.misconception
def takes_mixed_places_for_two_layers() -> tuple[str, ...]:
    """You swapped B and D.

    Both have more parameters than they should. B's gates move in rows that nobody touched: its layer looks at
    neighbours. D's do not.

    Look at the last column.
    """
    return (SUM, LAYERS, SPLIT, PLACES, SIGMOID)


@exercise.misconception
def takes_the_split_for_mixed_places() -> tuple[str, ...]:
    """You swapped B and C.

    C fails where H and W differ, because its parts have the wrong lengths. B runs anywhere, and its layer looks at
    neighbours.

    Look at the column of the map 5 x 8.
    """
    return (SUM, SPLIT, PLACES, LAYERS, SIGMOID)


@exercise.misconception
def takes_the_sum_for_the_split() -> tuple[str, ...]:
    """You swapped A and C.

    C fails where H and W differ; A does not. A's last line adds what should be multiplied.

    Look at the column of the map 5 x 8, then at y / x.
    """
    return (SPLIT, PLACES, SUM, LAYERS, SIGMOID)


@exercise.misconception
def takes_two_layers_for_the_missing_sigmoid() -> tuple[str, ...]:
    """You swapped D and E.

    D has more parameters than the right one, E has as many. E's y / x is 0 with zero parameters, as no gate behind a
    sigmoid can be.

    Look at the parameters, then at y / x.
    """
    return (SUM, PLACES, SPLIT, SIGMOID, LAYERS)
