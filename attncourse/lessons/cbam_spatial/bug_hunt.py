"""cbam-spatial-bug-hunt: name the bug in each of five snippets of published kinds, from what they do."""

from __future__ import annotations

from attncourse.checking import ValueExercise

PADDING = "fixed padding"
UNREFINED = "un-refined input"
RESIDUAL = "extra residual"
AXIS = "wrong axis"
ONE_MAP = "one map"

exercise = ValueExercise(
    "cbam-spatial-bug-hunt",
    answer="bugs",
    title="Bug hunt: five snippets",
    points=2,
    task=(
        "Each of the snippets A to E has one bug. Set `bugs` to a tuple of five names, in the order A, B, C, D, E. The "
        'names, each used once: "extra residual", "one map", "wrong axis", "fixed padding", "un-refined input".'
    ),
    hints=[
        "Which snippet fails with a 3x3 kernel? Which has half the parameters?",
        "With zero parameters, open channel gates and nothing else, y / x is 0.5. Which one gives 1.5?",
        "Two are left. One gives every row of a picture the same gates: what did it pool away? The other does not "
        "notice when the channel gate shuts the loudest channel.",
        "A fails for other kernels than 7x7, C adds its input, E sees the mean alone.",
        'In full: ("fixed padding", "un-refined input", "extra residual", "wrong axis", "one map").',
    ],
)


@exercise.reference
def named() -> tuple[str, ...]:
    return (PADDING, UNREFINED, RESIDUAL, AXIS, ONE_MAP)


@exercise.misconception
def takes_the_wrong_axis_for_the_unrefined_input() -> tuple[str, ...]:
    """You swapped B and D.

    D pools axes 1 and 2, and so all rows get the same gates; but what it pools is the refined input. B pools the right
    axis of the wrong tensor: its gates do not notice that a channel was shut.

    Compare the last two columns of the table for B and D.
    """
    return (PADDING, AXIS, RESIDUAL, UNREFINED, ONE_MAP)


@exercise.misconception
def takes_the_residual_for_the_unrefined_input() -> tuple[str, ...]:
    """You swapped B and C.

    B multiplies the refined features, and only its gates come from x. C adds something in its last line: with zero
    parameters its y / x is 1.5.

    Read the two last lines.
    """
    return (PADDING, RESIDUAL, UNREFINED, AXIS, ONE_MAP)


@exercise.misconception
def takes_one_map_for_the_wrong_axis() -> tuple[str, ...]:
    """You swapped D and E.

    E pools along the channels, as it should, but takes the mean alone: half as many parameters. D has both maps, of
    columns.

    Look at the parameters.
    """
    return (PADDING, UNREFINED, RESIDUAL, ONE_MAP, AXIS)


@exercise.misconception
def takes_the_padding_for_the_wrong_axis() -> tuple[str, ...]:
    """You swapped A and D.

    A is right for 7x7 and fails for 3x3: its padding does not follow its kernel. D runs for both, and gives all rows
    the same gates.

    Look at the second column of the table.
    """
    return (AXIS, UNREFINED, RESIDUAL, PADDING, ONE_MAP)


@exercise.misconception
def takes_one_map_for_the_unrefined_input() -> tuple[str, ...]:
    """You swapped B and E.

    E pools the refined features; its gates do notice a shut channel. What it lacks is a second map. B has both.

    Look at the parameters, then at the last column.
    """
    return (PADDING, ONE_MAP, RESIDUAL, AXIS, UNREFINED)
