"""coordinate-recall: back to lesson 03, and to what its gate cannot do."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "coordinate-recall",
    answer="what_it_can",
    title="Recall lesson 03: edge and brightness at one place",
    points=1,
    task=(
        "At one place channel 2 (edges) is to be kept and channel 0 (brightness) dropped; at another place the other "
        "way round. Which of the gates can do that alone? Set `what_it_can` to a letter."
    ),
    choices={
        "A": "SE: its gate has one number for each channel.",
        "B": "CBAM's spatial gate: it has one number for each place.",
        "C": "Both can.",
        "D": "Neither can.",
        "E": "CBAM's spatial gate, if its kernel is 1x1.",
    },
    hints=[
        "Write down the shapes of the two gates.",
        "(B, C, 1, 1) and (B, 1, H, W): along which axes does each hold the same number everywhere?",
        "What is asked for differs between channels at one place, and between places in one channel.",
        'One gate cannot tell the places apart, the other not the channels: `what_it_can = "D"`.',
    ],
)


@exercise.reference
def neither() -> str:
    return "D"


@exercise.misconception
def se_knows_places() -> str:
    """You thought that SE can treat a channel in two ways at two places.

    Its gate is (B, C, 1, 1): one number for a channel, the same at every place.

    Ask of its number for channel 2: at which place does it hold?
    """
    return "A"


@exercise.misconception
def the_spatial_gate_knows_channels() -> str:
    """You thought that a spatial gate can keep one channel and drop another at one place.

    Its gate is (B, 1, H, W): one number for a place, the same for all channels.

    Ask of its number for one place: for which channel does it hold?
    """
    return "B"


@exercise.misconception
def both_of_them() -> str:
    """You thought that each of the two can.

    Each can do half of it: SE tells channels apart, the spatial gate tells places apart. The task needs both at once.

    Write down the shapes of the two gates.
    """
    return "C"


@exercise.misconception
def a_kernel_of_one_place() -> str:
    """You thought that a smaller window would help.

    The kernel decides how far the gate looks, not for whom it holds: it is still one number for all channels of a
    place.

    Write down the shape of the gate for k = 1.
    """
    return "E"
