"""detect-bug-hunt: name the fault in each of five targets, from their lines and from what their maps show."""

from __future__ import annotations

from attncourse.checking import ValueExercise

SIGMOID, SUM, COLUMNS, WIDTH, BEST = "after the sigmoid", "all boxes", "column by column", "the width", "the best box"

exercise = ValueExercise(
    "detect-bug-hunt",
    answer="faults",
    title="Bug hunt: five targets",
    points=2,
    task=(
        "Each of the targets A to E is meant to give the confidence of one box of each image, and has one fault. Set "
        "`faults` to a tuple of five names, in the order A, B, C, D, E. The names, each used once: "
        '"after the sigmoid", "all boxes", "column by column", "the width", "the best box".'
    ),
    hints=[
        "Which target never reads `box`? There are two of them, and they do different things with all boxes.",
        "Whose map lies in the other box? Two lie in neither: which of them has a very large gradient, and why?",
        "One has the right one's shares and a very small gradient. One has shares nearly as good, of another channel.",
        "A transposes before it counts; B reads channel 2; C adds up; D takes a maximum; E ends in a sigmoid.",
        'In full: `faults = ("column by column", "the width", "all boxes", "the best box", "after the sigmoid")`.',
    ],
)


@exercise.reference
def named() -> tuple[str, ...]:
    return (COLUMNS, WIDTH, SUM, BEST, SIGMOID)


@exercise.misconception
def takes_the_sum_for_the_best() -> tuple[str, ...]:
    """You swapped C and D.

    Neither reads `box`. C adds up all confidences, those of 190 empty cells too, and its map lies in no box; D takes
    the highest, and its map lies in one: not the one that was asked for.

    Compare the bars of C and D for the other object's box.
    """
    return (COLUMNS, WIDTH, BEST, SUM, SIGMOID)


@exercise.misconception
def takes_the_width_for_the_sigmoid() -> tuple[str, ...]:
    """You swapped B and E.

    Both light up the right box. E has the right one's shares, digit by digit, for its gradients are the right ones
    times one small number. B reads another channel: its map says what would make the box wider.

    Which channel is 2?
    """
    return (COLUMNS, SIGMOID, SUM, BEST, WIDTH)


@exercise.misconception
def takes_the_wrong_count_for_the_best() -> tuple[str, ...]:
    """You swapped A and D.

    A does read `box`, and lands somewhere else: its map lies mostly in neither box. D's lies in the other object's.

    Follow box 20 through A's lines, on a map of 12 rows and 16 columns.
    """
    return (BEST, WIDTH, SUM, COLUMNS, SIGMOID)


@exercise.misconception
def takes_the_wrong_count_for_the_width() -> tuple[str, ...]:
    """You swapped A and B.

    B finds the right place, and reads the wrong channel there. A reads the right channel at the wrong place.

    Whose map lies in the box that was asked for?
    """
    return (WIDTH, COLUMNS, SUM, BEST, SIGMOID)


@exercise.misconception
def takes_the_sigmoid_for_the_sum() -> tuple[str, ...]:
    """You swapped C and E.

    E's shares are those of the right target, with a tiny gradient. C's map lies in neither box, and its gradient is the
    largest of all.

    Which line adds up?
    """
    return (COLUMNS, WIDTH, SIGMOID, BEST, SUM)
