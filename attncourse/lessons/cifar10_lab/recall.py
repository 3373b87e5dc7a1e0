"""lab-recall: back to lessons 03 and 05, how far a gate looks."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "lab-recall",
    answer="reach",
    title="Recall lessons 03 and 05: how far does a gate look?",
    points=1,
    task=(
        "The gate at one place depends on its surroundings. How many places away, in one direction, is the "
        "farthest one "
        "that can move it: in CBAM's spatial gate with its 7x7 kernel, and in BAM's spatial branch with its two 3x3 "
        "convolutions of dilation 4? Set `reach` to the two numbers, CBAM's first."
    ),
    hints=[
        "Draw the window with the place in its middle. How many places are there to the right of the middle?",
        "A 7x7 window has three places on either side. A 3x3 window of dilation 4 skips: where are its outer places?",
        "One dilated window reaches 4 places. The second one looks at outputs of the first: its reach is added.",
        "In full: `reach = (3, 8)`.",
    ],
)


@exercise.reference
def three_and_eight() -> tuple[int, int]:
    return (3, 8)


@exercise.misconception
def gives_the_widths() -> tuple[int, int]:
    """You gave how wide the receptive fields are, 7 and 17 places.

    The place itself stands in the middle: half of the rest lies on either side.

    Take one off, and halve.
    """
    return (7, 17)


@exercise.misconception
def one_dilated_convolution() -> tuple[int, int]:
    """You counted one dilated convolution.

    BAM has two, and the second looks at what the first has gathered.

    Add the reach of both.
    """
    return (3, 4)


@exercise.misconception
def forgets_the_dilation() -> tuple[int, int]:
    """You counted BAM's convolutions as ordinary ones.

    With dilation 4 the outer places of a 3x3 window lie 4 places from the middle, not 1.

    Multiply by the dilation.
    """
    return (3, 2)


@exercise.misconception
def takes_the_first_width() -> tuple[int, int]:
    """BAM's number is right. For CBAM you gave the width of the kernel.

    A window of 7 has its middle in the fourth place: three remain on either side.

    Take one off, and halve.
    """
    return (7, 8)
