"""cbam-recall: back to lesson 03, and to what a place's gate can know of the channels."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "cbam-recall",
    answer="after_swapping",
    title="Recall lesson 03: the channels change places",
    points=1,
    task=(
        "CBAM's spatial attention sees a picture's features, and then the same features with their channels in another "
        "order. What happens to the gates? Set `after_swapping` to a letter."
    ),
    choices={
        "A": "They change: each channel has a kernel of its own.",
        "B": "They change places in the same way as the channels.",
        "C": "Only where another channel is now the first.",
        "D": "They stay, because the gate of each place looks at a window.",
        "E": "They stay: at each place, mean and maximum do not know which channel is which.",
    },
    hints=[
        "Which two numbers does the module take at each place, before anything else?",
        "Take the channels (3, 9, 6) at one place, then (6, 3, 9). Mean? Maximum?",
        "Behind the pooling the tensor is (B, 2, H, W). Is a channel left in it?",
        'Neither map moves, so no gate does: `after_swapping = "E"`.',
    ],
)


@exercise.reference
def no_channel_is_left() -> str:
    return "E"


@exercise.misconception
def a_kernel_for_each_channel() -> str:
    """You gave each channel a kernel of its own.

    There are two kernels, whatever C is: one for the map of means, one for the map of maxima.

    Write down the shape of the convolution's weight.
    """
    return "A"


@exercise.misconception
def the_gates_follow() -> str:
    """You thought of the channel half, whose gates do follow the channels' order.

    The spatial gate is one map, `(B, 1, H, W)`: it has no channels that could change places.

    Write down the shape of the gate.
    """
    return "B"


@exercise.misconception
def because_of_the_window() -> str:
    """Right answer, wrong reason: you named the window.

    A 1x1 window would not see the channels' order either. What loses it is the pooling over channels, before any
    window.

    Choose the sentence about the pooling.
    """
    return "D"


@exercise.misconception
def where_the_first_changed() -> str:
    """You gave the first channel a part of its own.

    Mean and maximum treat all channels alike; none is the first.

    Work out both for (3, 9, 6) and for (6, 3, 9).
    """
    return "C"
