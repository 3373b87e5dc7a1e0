"""cam-breakages: four wrong maps of one image; which fault made which, from what was measured of each."""

from __future__ import annotations

from attncourse.checking import ValueExercise

LAYER, RELU, CLASS, MODE = "wrong layer", "no ReLU", "wrong class", "train mode"

exercise = ValueExercise(
    "cam-breakages",
    answer="faults",
    title="Break it: which fault made which map?",
    points=2,
    task=(
        "Each of the four maps A to D has one fault, and no other. Set `faults` to a tuple of four names, in the order "
        'A, B, C, D. The names, each used once: "wrong layer", "no ReLU", "wrong class", "train mode".'
    ),
    hints=[
        "Do not trust the pictures. Which column of the table can one fault alone move?",
        "What is a ReLU's lowest output? How many places has the last stage's map, and how many has an early one's?",
        "In train mode a batch norm takes mean and spread from the batch before it: the neighbours move your map. In "
        "eval mode they can't.",
        "A map that agrees with the right map of another class to the last place was made with that class's gradient.",
        'In full: `faults = ("train mode", "wrong class", "wrong layer", "no ReLU")`.',
    ],
)


@exercise.reference
def named() -> tuple[str, ...]:
    return (MODE, CLASS, LAYER, RELU)


@exercise.misconception
def takes_the_class_for_the_mode() -> tuple[str, ...]:
    """You swapped A and B.

    Company moves A alone: its batch norms look at the batch. B stays as it is, and agrees with the right map of the dog
    place by place.

    Look at the columns "company" and "like dog".
    """
    return (CLASS, MODE, LAYER, RELU)


@exercise.misconception
def takes_the_layer_for_the_mode() -> tuple[str, ...]:
    """You swapped A and C.

    C is like neither of the right maps because it is made of other things: look at how many places it has. A has as
    many as the right one, and moves when the image has company.

    Count the places.
    """
    return (LAYER, CLASS, MODE, RELU)


@exercise.misconception
def takes_the_layer_for_the_class() -> tuple[str, ...]:
    """You swapped B and C.

    B has as many places as the last stage, and is the right map of another class. C has 16 times as many places.

    Look at the columns "places" and "like dog".
    """
    return (MODE, LAYER, CLASS, RELU)


@exercise.misconception
def takes_the_missing_relu_for_the_class() -> tuple[str, ...]:
    """You swapped B and D.

    A gradient of another class makes another map, and still none below 0. Only a map without its ReLU goes below.

    Look at the column "lowest".
    """
    return (MODE, RELU, LAYER, CLASS)


@exercise.misconception
def takes_the_missing_relu_for_the_mode() -> tuple[str, ...]:
    """You swapped A and D.

    Train mode changes the activations, and a ReLU behind them still leaves nothing below 0. D goes below, and company
    leaves it alone.

    Look at the columns "lowest" and "company".
    """
    return (RELU, CLASS, LAYER, MODE)


@exercise.misconception
def takes_the_missing_relu_for_the_layer() -> tuple[str, ...]:
    """You swapped C and D.

    C has the places of an early layer. D has those of the last stage, and values below 0.

    Look at the columns "places" and "lowest".
    """
    return (MODE, CLASS, RELU, LAYER)
