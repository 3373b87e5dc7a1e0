"""detect-conclusion: which sentence do the measured shares allow?"""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "detect-conclusion",
    answer="conclusion",
    title="Write the conclusion",
    points=2,
    task="Which sentence may stand under the shares that you measured, control included? Set `conclusion` to a letter.",
    choices={
        "A": "LayerCAM shows why the detector found each object, for most of its map lies in the box.",
        "B": "Grad-CAM's maps say that the detector looks at both objects before it draws a box.",
        "C": "At `backbone` LayerCAM's map keeps to the asked box and Grad-CAM's does not; most of that place comes "
        "from the gradient's reach, for noise gets it too, and a part from what was learnt.",
        "D": "`neck` is the best layer to explain: there LayerCAM's share is the highest.",
        "E": "The share says nothing about the network, for noise weights get more than a map without contrast.",
        "F": "With more training Grad-CAM would keep to the box as well.",
    },
    hints=[
        "Take each sentence and ask: which bar would have to be otherwise if it were false?",
        "Which bars did not change when all weights became noise? They can't tell what was learnt.",
        "Which of them did change, and is its interval clear of the trained one?",
        "A and B go beyond where the map lies; D chooses by a number that can't be otherwise; E drops a difference "
        "that was measured; F was not tried, and at `neck` it is provably false.",
        'In full: `conclusion = "C"`.',
    ],
)


@exercise.reference
def place_and_a_part_that_was_learnt() -> str:
    return "C"


@exercise.misconception
def from_where_to_why() -> str:
    """You concluded from where the map lies to why the box was found.

    With noise weights, which find nothing, most of it lies there too. A map in the right place is the least that an
    explanation needs, and not one yet.

    Look at the bars of the noise weights.
    """
    return "A"


@exercise.misconception
def takes_the_method_for_the_network() -> str:
    """You took a property of the method for one of the network.

    At `neck` Grad-CAM lights up both objects wherever they lie, because it has averaged the place away. The box's score
    itself depends on 35x35 pixels around its cell: an object beyond them cannot change it, and lights up all the same.

    Ask which pixels can move the score at all.
    """
    return "B"


@exercise.misconception
def chooses_the_number_that_cannot_fail() -> str:
    """You chose the layer with the highest share.

    At `neck` the gradient is one cell, the box's own: the share is 1 for any weights, noise included. A number that
    can't be otherwise says nothing.

    Compare trained and noise at `neck`.
    """
    return "D"


@exercise.misconception
def throws_the_number_away() -> str:
    """You threw the share away because noise gets a part of it.

    At `backbone` the trained detector gets more than noise, and the interval of the difference lies above 0. That
    difference is what can be said of the network.

    Measure against the control, not against nothing.
    """
    return "E"


@exercise.misconception
def saved_by_what_was_not_tried() -> str:
    """You explained the result with something that was not tried.

    At `neck` Grad-CAM's maps of two boxes are one map, whatever the weights: no training changes that.

    Think of the gradient behind which only a 1x1 convolution stands.
    """
    return "F"
