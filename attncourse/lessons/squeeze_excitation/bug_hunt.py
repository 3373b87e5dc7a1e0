"""se-bug-hunt: name the bug in each of six snippets of published kinds, from what they do."""

from __future__ import annotations

from attncourse.checking import ValueExercise

RATIO = "ratio unused"
FRESH = "fresh layers"
UNBOUNDED = "unbounded gate"
GATE_ALONE = "returns the gate"
RESIDUAL = "extra residual"
SHARES = "shares of one"

exercise = ValueExercise(
    "se-bug-hunt",
    answer="bugs",
    title="Bug hunt: six snippets",
    points=2,
    task=(
        "Each of the snippets A to F has one bug. Set `bugs` to a tuple of six names, in the order A, B, C, D, E, F. "
        'The names, each used once: "ratio unused", "fresh layers", "unbounded gate", "returns the gate", '
        '"extra residual", "shares of one".'
    ),
    hints=[
        "Begin with the table. Which row has no parameters at all? Which has as many at reduction 4 as at 8?",
        'No parameters, and two answers for one input: the layers are made anew in forward, "fresh layers".',
        "With zero parameters a right one gives y / x = 0.5. What gives 0, what 1/64 of 64 channels, what 1.5?",
        "C's gate is 0 at logit 0 and leaves (0, 1); D never multiplies x; E's y / x is 1.5 there.",
        'In full: ("ratio unused", "fresh layers", "unbounded gate", "returns the gate", "extra residual", '
        '"shares of one").',
    ],
)


@exercise.reference
def named() -> tuple[str, ...]:
    return (RATIO, FRESH, UNBOUNDED, GATE_ALONE, RESIDUAL, SHARES)


@exercise.misconception
def takes_fresh_layers_for_an_unused_ratio() -> tuple[str, ...]:
    """You swapped A and B: both have as many parameters at reduction 4 as at 8.

    But B has none at all, and answers the same input differently each time: its layers are drawn anew in forward. A
    has parameters, always those of reduction 16.

    Look at the column of parameters again, and find the argument that A never reads.
    """
    return (FRESH, RATIO, UNBOUNDED, GATE_ALONE, RESIDUAL, SHARES)


@exercise.misconception
def takes_the_residual_for_an_unbounded_gate() -> tuple[str, ...]:
    """You swapped C and E: in both, y / x goes above 1.

    E never leaves the range from 1 to 2: that is 1 + a good gate. C grows with the logit and goes below 0.

    Compare both at zero weights: 1.5 against 0.
    """
    return (RATIO, FRESH, RESIDUAL, GATE_ALONE, UNBOUNDED, SHARES)


@exercise.misconception
def takes_shares_for_an_unbounded_gate() -> tuple[str, ...]:
    """You swapped C and F.

    F stays between 0 and 1, so it is bounded; but its gates add up to 1, which sigmoids do not. C leaves (0, 1).

    Look at the column of sums, and at the smallest and largest gate.
    """
    return (RATIO, FRESH, SHARES, GATE_ALONE, RESIDUAL, UNBOUNDED)


@exercise.misconception
def takes_the_gate_for_a_residual() -> tuple[str, ...]:
    """You swapped D and E.

    E adds x to the gated x. D does not use x at all in its last line: it returns the gate, spread out to x's shape, so
    that every place of a channel holds the same number.

    Read the two return lines.
    """
    return (RATIO, FRESH, UNBOUNDED, RESIDUAL, GATE_ALONE, SHARES)


@exercise.misconception
def takes_the_gate_for_shares() -> tuple[str, ...]:
    """You swapped D and F.

    F does multiply x by its gates, which are a softmax's. D's gates are good sigmoids, but it returns them instead of
    the features.

    Ask of each: is x in its last line?
    """
    return (RATIO, FRESH, UNBOUNDED, SHARES, RESIDUAL, GATE_ALONE)
