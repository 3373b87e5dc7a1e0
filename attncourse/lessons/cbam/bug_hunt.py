"""cbam-bug-hunt: name the bug in each of five blocks of published kinds, from what they do."""

from __future__ import annotations

from attncourse.checking import ValueExercise

RESIDUAL = "extra residual"
UNREFINED = "un-refined map"
ORDER = "wrong order"
AFTER = "after the addition"
IDLE = "never called"

exercise = ValueExercise(
    "cbam-bug-hunt",
    answer="bugs",
    title="Bug hunt: five blocks",
    points=2,
    task=(
        "Each of the blocks A to E has one bug. Set `bugs` to a tuple of five names, in the order A, B, C, D, E. The "
        'names, each used once: "extra residual", "un-refined map", "wrong order", "after the addition", '
        '"never called".'
    ),
    hints=[
        "Which block never asks its spatial gate? Which one changes x even when the branch gives zero?",
        "With gates of one half, x = 1 and a branch that gives 1, the right block gives 1.25. Which one gives over 2?",
        "Two are left, and both have gates of the right sizes. In one, the channel gate notices which places are shut; "
        "in the other, the spatial gate does not notice which channels are.",
        "A never asks for its spatial gate, B gates the sum, C adds the branch once more.",
        'In full: ("never called", "after the addition", "extra residual", "un-refined map", "wrong order").',
    ],
)


@exercise.reference
def named() -> tuple[str, ...]:
    return (IDLE, AFTER, RESIDUAL, UNREFINED, ORDER)


@exercise.misconception
def takes_the_order_for_the_unrefined_map() -> tuple[str, ...]:
    """You swapped D and E.

    In E the spatial gate comes first, and the channel gate works on what it leaves. In D each gate is computed from
    the branch's output itself, as if the other were not there.

    Which gate of which block notices the other?
    """
    return (IDLE, AFTER, RESIDUAL, ORDER, UNREFINED)


@exercise.misconception
def takes_the_residual_for_the_addition() -> tuple[str, ...]:
    """You swapped B and C.

    B gates the sum, shortcut included: with a branch of zero its output is not x. C gates the branch alone, but adds
    it once more.

    Look at the column for a branch of zero.
    """
    return (IDLE, RESIDUAL, AFTER, UNREFINED, ORDER)


@exercise.misconception
def takes_the_idle_half_for_the_residual() -> tuple[str, ...]:
    """You swapped A and C.

    A never asks for its spatial gate: one gate is left, so 1.5 comes out where two give 1.25. C calls both, and adds
    the branch again.

    Look at the column about the spatial gate.
    """
    return (RESIDUAL, AFTER, IDLE, UNREFINED, ORDER)


@exercise.misconception
def takes_the_unrefined_map_for_the_idle_half() -> tuple[str, ...]:
    """You swapped A and D.

    D uses its spatial gate, though from the wrong tensor. A does not use it at all.

    Look at the column about the spatial gate.
    """
    return (UNREFINED, AFTER, RESIDUAL, IDLE, ORDER)


@exercise.misconception
def takes_the_order_for_the_residual() -> tuple[str, ...]:
    """You swapped C and E.

    With gates of one half the order makes no difference: E gives 1.25, as the right block. C gives more.

    Look at the first column.
    """
    return (IDLE, AFTER, ORDER, UNREFINED, RESIDUAL)
