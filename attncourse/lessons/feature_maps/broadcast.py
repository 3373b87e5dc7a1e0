"""maps-broadcast: predict what a gate does that was not reshaped."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "maps-broadcast",
    answer="what_happens",
    title="Predict: a gate without its two axes",
    points=1,
    task=(
        "`x` has the shape (2, 3, 2, 3): 2 pictures, 3 channels, 2 rows, 3 columns. `gate` has the shape (2, 3), one "
        "number for each channel of each picture. What does `x * gate` do? Set `what_happens` to a letter."
    ),
    choices={
        "A": "It raises an error: 4 axes and 2 axes do not fit.",
        "B": "It weighs each channel of each picture by its own gate.",
        "C": "It weighs each place, in the same way in every channel and every picture.",
        "D": "It weighs each column, in the same way in every row.",
        "E": "It returns a tensor of another shape.",
    },
    hints=[
        "Write the two shapes one above the other, with their right ends aligned.",
        "Below (2, 3, 2, 3) stands (_, _, 2, 3). Which axes of x does the gate meet?",
        "H and W. The missing axes B and C are filled up by repetition: every picture, every channel.",
        'A number for each row and column is a number for each place: `what_happens = "C"`.',
    ],
)


@exercise.reference
def places_are_weighed() -> str:
    return "C"


@exercise.misconception
def an_error_is_expected() -> str:
    """You expected PyTorch to refuse.

    It refuses only where sizes differ and neither is 1. Here 3 meets 3 and 2 meets 2, by chance, so it runs and says
    nothing. With other sizes it would indeed raise.

    Align the shapes at the right, and see what meets what.
    """
    return "A"


@exercise.misconception
def axes_find_each_other() -> str:
    """You trusted broadcasting to find B and C.

    Axes have no names. They are matched by position, and from the right end: the gate's two axes meet H and W.

    Align the shapes at the right end, not the left.
    """
    return "B"


@exercise.misconception
def only_the_last_axis_meets() -> str:
    """You aligned the last axis only.

    A gate of shape (3,) would do that. This one has two axes, and its first, of length 2, meets the rows.

    Look at what stands below H.
    """
    return "D"


@exercise.misconception
def the_shape_changes() -> str:
    """You expected another shape.

    Where shapes fit, each axis of the result has the larger of the two sizes. Nothing in the gate is larger than in x:
    the result has the shape of x, and no test of shapes will notice the mistake.

    Fill the gate's shape up with ones on the left, and compare axis by axis.
    """
    return "E"
