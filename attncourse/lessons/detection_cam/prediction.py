"""detect-prediction: two circles, the box of the left one: where does Grad-CAM light up? (before it is run)"""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "detect-prediction",
    answer="lights_up",
    title="Predict: two circles, one box",
    points=1,
    task=(
        "A scene with two circles, far apart. Grad-CAM with the confidence of the left circle's box as its target: "
        "where does the map light up? Set `lights_up` to a letter."
    ),
    choices={
        "A": "At the left circle alone: its box was asked for.",
        "B": "At both circles.",
        "C": "At the right circle alone.",
        "D": "Everywhere alike, the background included.",
        "E": "Nowhere: the gradients of the two cancel.",
    },
    hints=[
        "Think of your answer to the recall: what tells Grad-CAM where?",
        "The gradients are those of one box. What is left of their places after the mean?",
        "The channels that are active in the left circle: where else are they active?",
        'Two circles excite the same channels, and a channel has one weight: `lights_up = "B"`.',
    ],
)


@exercise.reference
def both() -> str:
    return "B"


@exercise.misconception
def the_target_says_where() -> str:
    """You thought that the target's place decides where the map lights up.

    It decides which gradients there are, and where they are large. Then Grad-CAM takes their mean over all places.

    Which factor of the sum says where, once the weights have no place?
    """
    return "A"


@exercise.misconception
def the_other_one() -> str:
    """You gave the other circle.

    A weight stands before the whole of a channel: what is active at the left circle gets it too.

    Which places have the same activations?
    """
    return "C"


@exercise.misconception
def no_place_at_all() -> str:
    """You thought that without places in the weights there are none in the map.

    The activations have places: a channel that circles excite is high at circles and low elsewhere.

    Multiply such a channel by one number: where is it high?
    """
    return "D"


@exercise.misconception
def the_gradients_cancel() -> str:
    """You thought that the two circles' gradients cancel.

    Only one box was asked for: gradients come from its score alone.

    Take those, average them, and multiply by the activations.
    """
    return "E"
