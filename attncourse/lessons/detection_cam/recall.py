"""detect-recall: back to lesson 07, where a place enters Grad-CAM's formula."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "detect-recall",
    answer="where_the_place_is",
    title="Recall lesson 07: where is the place?",
    points=1,
    task=(
        "Grad-CAM's map at the place (i, j) is ReLU(sum over k of w_k * A_k(i, j)). Through what does the place come "
        "in? Set `where_the_place_is` to a letter."
    ),
    choices={
        "A": "Through the activations and the weights: each place is weighed by its own gradient.",
        "B": "Through the activations alone: a channel has one weight for all places.",
        "C": "Through the weights alone: the gradient tells where.",
        "D": "Through the ReLU: it drops the places whose gradient is negative.",
        "E": "Through the enlarging to the image's size alone.",
    },
    hints=[
        "Write the formula of the weights down. Which letters are left after the mean?",
        "Activations are (B, K, h, w), gradients too. What shape do your weights of lesson 07 have?",
        "w_k has no i and no j: the mean over all places has taken them away.",
        'In full: `where_the_place_is = "B"`.',
    ],
)


@exercise.reference
def activations_alone() -> str:
    return "B"


@exercise.misconception
def each_place_has_its_weight() -> str:
    """You thought that Grad-CAM weighs each place by its own gradient.

    It takes the mean of the gradients over all places first: (B, K, h, w) becomes (B, K). A method that keeps them
    apart is another one, and you build it below.

    Look at the weights' shape in your lesson 07.
    """
    return "A"


@exercise.misconception
def the_gradient_tells_where() -> str:
    """You thought that the gradient tells where.

    It could, but its mean over all places can't: one number for each channel.

    What in the formula still carries (i, j)?
    """
    return "C"


@exercise.misconception
def the_relu_looks_at_gradients() -> str:
    """You thought that the ReLU looks at gradients.

    It stands around the weighted sum, and drops places where that sum is negative. What differs from place to place
    within the sum?

    Read the formula from the inside to the outside.
    """
    return "D"


@exercise.misconception
def enlarging_makes_the_places() -> str:
    """You thought of the last step only.

    Enlarging needs a map with places: it comes in with (h, w) of the layer.

    Which factor in the sum has (i, j)?
    """
    return "E"
