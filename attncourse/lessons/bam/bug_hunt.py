"""bam-bug-hunt: name the bug in each of five snippets of published kinds, from what they do."""

from __future__ import annotations

from attncourse.checking import ValueExercise

PRODUCT = "product"
IDENTITY = "no identity"
RELU = "ReLU at the end"
DILATION = "no dilation"
SQUARE = "square pooling"

exercise = ValueExercise(
    "bam-bug-hunt",
    answer="bugs",
    title="Bug hunt: five snippets",
    points=2,
    task=(
        "Each of the snippets A to E has one bug. Set `bugs` to a tuple of five names, in the order A, B, C, D, E. The "
        'names, each used once: "product", "no identity", "ReLU at the end", "no dilation", "square pooling".'
    ),
    hints=[
        "With all parameters 0, y / x is 1.5 for a right one. Which gives 0.5?",
        "One fails where a map is higher than wide. Which line looks at the height alone?",
        "One moves 5x5 neighbours, not a wide grid. In one the factor never falls below 1.5.",
        "The one that is left does not notice its channel branch where the spatial one is silent.",
        'In full: ("ReLU at the end", "square pooling", "product", "no identity", "no dilation").',
    ],
)


@exercise.reference
def named() -> tuple[str, ...]:
    return (RELU, SQUARE, PRODUCT, IDENTITY, DILATION)


@exercise.misconception
def takes_the_relu_for_the_product() -> tuple[str, ...]:
    """You swapped A and C.

    In A no factor falls below 1.5, whatever the weights: a negative number never reaches the sigmoid. In C it does,
    and there a silent spatial branch silences the other as well.

    Compare the second and the last column.
    """
    return (PRODUCT, SQUARE, RELU, IDENTITY, DILATION)


@exercise.misconception
def takes_the_relu_for_the_identity() -> tuple[str, ...]:
    """You swapped A and D.

    D gives 0.5 where every parameter is 0: x itself is missing beside x * gate. A gives 1.5 there, as it should.

    Look at the first column.
    """
    return (IDENTITY, SQUARE, PRODUCT, RELU, DILATION)


@exercise.misconception
def takes_the_product_for_the_identity() -> tuple[str, ...]:
    """You swapped C and D.

    C has its 1 +, and gives 1.5 where every parameter is 0. D gives 0.5.

    Look at the first column.
    """
    return (RELU, SQUARE, IDENTITY, PRODUCT, DILATION)


@exercise.misconception
def takes_the_window_for_the_dilation() -> tuple[str, ...]:
    """You swapped B and E.

    B fails on high maps: its pooling window is as wide as the map is high. E runs everywhere, and its places move
    their near neighbours only.

    Look at the third and the fourth column.
    """
    return (RELU, DILATION, PRODUCT, IDENTITY, SQUARE)


@exercise.misconception
def takes_the_product_for_the_relu_and_on() -> tuple[str, ...]:
    """You gave A, C and D each other's names in a ring.

    A is bounded from below by 1.5, C is a product, D lacks the input.

    Take the columns of the table one by one: first 0.5, then 1.5, then the last.
    """
    return (PRODUCT, SQUARE, IDENTITY, RELU, DILATION)
