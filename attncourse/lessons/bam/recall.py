"""bam-recall: back to lesson 03, and to what CBAM's spatial gate cannot know."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "bam-recall",
    answer="after_swapping",
    title="Recall lesson 03: two channels are swapped",
    points=1,
    task=(
        "CBAM's spatial attention sees a picture, and then the same picture with two of its channels swapped. What "
        "happens to its gate map? Set `after_swapping` to a letter."
    ),
    choices={
        "A": "It changes: the convolution has a weight for each channel.",
        "B": "It changes, but only where the two channels differ.",
        "C": "It stays: mean and maximum over the channels do not know which channel is which.",
        "D": "It stays, because the sigmoid follows the convolution.",
        "E": "The mean's part stays, the maximum's part changes.",
    },
    hints=[
        "Which two maps does the convolution get, and along which axis were they pooled?",
        "One place, four channels: (3, 0, 5, 1). Swap two of them. What are the mean and the maximum now?",
        "The convolution never sees a channel of x. It sees two maps.",
        'Neither map moves, so no gate does: `after_swapping = "C"`.',
    ],
)


@exercise.reference
def channels_have_no_names() -> str:
    return "C"


@exercise.misconception
def a_weight_for_each_channel() -> str:
    """You thought that the convolution sees the channels.

    It sees two maps, whatever C is: the mean over the channels and their maximum. BAM's spatial branch is the one that
    begins with a weight for each channel.

    Write down the shape of what CBAM's convolution gets.
    """
    return "A"


@exercise.misconception
def only_where_they_differ() -> str:
    """You thought that a swap shows where the two channels differ.

    At each place the same numbers are there in another order. Their mean and their maximum are what they were.

    Swap two numbers of (3, 0, 5, 1), and take both.
    """
    return "B"


@exercise.misconception
def because_of_the_sigmoid() -> str:
    """Right answer, wrong reason: you named the sigmoid.

    A sigmoid passes every change on. What loses the channels' names is the pooling, before the convolution.

    Choose the sentence about the pooling.
    """
    return "D"


@exercise.misconception
def the_maximum_knows_its_channel() -> str:
    """You thought that the maximum keeps which channel it came from.

    It is a value, not an index: the maximum of (3, 5) is 5, and so is that of (5, 3).

    Swap two numbers of (3, 0, 5, 1), and take the maximum.
    """
    return "E"
