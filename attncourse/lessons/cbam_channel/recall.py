"""cbam-channel-recall: back to lesson 01, and to what its squeeze loses."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "cbam-channel-recall",
    answer="spot_or_grey",
    title="Recall lesson 01: a bright spot, or an even grey",
    points=1,
    task=(
        "Two pictures differ in channel 0 alone. In the first it is an even 2 at all of its 100 places; in the second "
        "99 places hold 0 and one holds 200. An SE module sees both. What becomes of its gates? Set `spot_or_grey` to "
        "a letter."
    ),
    choices={
        "A": "Only the gate of channel 0 differs: each channel has its own gate.",
        "B": "All gates may differ: the first layer mixes the channels.",
        "C": "No gate differs.",
        "D": "No gate differs at first; after training they may.",
        "E": "All gates of the second picture are larger: it holds the larger value.",
    },
    hints=[
        "Squeeze, excitation, scale. Which number does the first step take of channel 0, in each picture?",
        "The mean of 100 twos is 2. And 200 / 100?",
        "The layers see C means and nothing else. Do weights of any kind, trained or not, get two different inputs?",
        'The means agree, so everything behind them does: `spot_or_grey = "C"`.',
    ],
)


@exercise.reference
def the_means_agree() -> str:
    return "C"


@exercise.misconception
def each_gate_sees_its_own_channel() -> str:
    """You let each gate look at its own channel's places.

    A gate sees what the squeeze leaves: one mean for each channel, and of all channels, not only of its own.

    Work out the mean of channel 0 in both pictures.
    """
    return "A"


@exercise.misconception
def the_layer_mixes() -> str:
    """You went by the first layer, which does mix the channels.

    It mixes their means. If no mean has changed, there is nothing new to mix.

    Work out the mean of channel 0 in both pictures.
    """
    return "B"


@exercise.misconception
def training_will_tell_them_apart() -> str:
    """You hoped that training would teach SE the difference.

    Weights decide what is done with the means. What the squeeze has thrown away, no weight can bring back.

    Ask of each choice: would it hold for all weights?
    """
    return "D"


@exercise.misconception
def the_largest_value_counts() -> str:
    """You expected SE to see the largest value.

    Its squeeze takes the mean, where a single place of 100 counts for a hundredth. Who does see the largest value is
    the question of this lesson.

    Work out the mean of channel 0 in both pictures.
    """
    return "E"
