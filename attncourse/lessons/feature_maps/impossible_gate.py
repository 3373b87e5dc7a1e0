"""maps-impossible-gate: a published gate of 1.8."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "maps-impossible-gate",
    answer="gate_of_1_8",
    title="Judge: a gate of 1.8",
    points=1,
    task=(
        "A text on CBAM says that channel 42 gets the weight 1.8. CBAM adds two logits, one from the map's mean and "
        "one from its maximum, and takes the sigmoid of the sum. Can the weight be 1.8? Set `gate_of_1_8` to a letter."
    ),
    choices={
        "A": "Yes: the logit only has to be large enough.",
        "B": "Yes: two descriptors contribute up to 1 each, so the weight goes up to 2.",
        "C": "Yes: 1.8 means 1.8 times the average channel; some channels get less in exchange.",
        "D": "No: whatever the logits are, the weight lies between 0 and 1.",
        "E": "No: the gates of a layer add up to 1, so none of them can exceed 1.",
    },
    hints=[
        "Look at the curve: how high does it get at the right edge? And if you went ten times further?",
        "Which comes last in CBAM's channel gate: the sum, or the sigmoid? What comes last decides the range.",
        "sigmoid(u) = 1 / (1 + exp(-u)). exp(-u) is positive, so the denominator is more than 1.",
        'No logit can reach it, and not because of the other gates: `gate_of_1_8 = "D"`.',
    ],
)


@exercise.reference
def bounded_by_the_sigmoid() -> str:
    return "D"


@exercise.misconception
def a_large_enough_logit() -> str:
    """You thought that the gate follows its logit without bound.

    The logit may be as large as it likes: 1 / (1 + exp(-u)) has a denominator above 1. Past u = 6 or so the gate
    hardly moves.

    Compute torch.sigmoid(torch.tensor(1000.0)), then choose again.
    """
    return "A"


@exercise.misconception
def two_gates_added() -> str:
    """You added two gates.

    That would run to 2, and some published code does just that, by mistake. CBAM adds the two logits and takes one
    sigmoid of the sum: one gate, below 1.

    Follow the order in the task: what is done last?
    """
    return "B"


@exercise.misconception
def relative_to_the_average() -> str:
    """You read the weight as a share relative to the other channels.

    A sigmoid sees one logit and knows nothing of other channels: nothing is taken from one and given to another. All
    gates may be 0.9, or all 0.1.

    What is the largest value of a sigmoid?
    """
    return "C"


@exercise.misconception
def gates_add_up_to_one() -> str:
    """Right answer, wrong reason: you took the gates for shares of 1.

    That is a softmax. Separate sigmoids add up to nothing in particular: 64 of them at 0.5 make 32. Yet each by itself
    stays below 1.

    Choose the sentence that speaks of one gate alone.
    """
    return "E"
