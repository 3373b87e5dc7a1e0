"""maps-channel-claim: what a strong answer of one channel allows one to say."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "maps-channel-claim",
    answer="conclusion",
    title="Judge: the cat-ear channel",
    points=1,
    task=(
        "In a trained network, channel 42 answers most strongly at the ears in ten photographs of cats. Which sentence "
        "does that alone support? Set `conclusion` to its letter."
    ),
    choices={
        "A": "Channel 42 is the network's cat-ear detector.",
        "B": "Something at those places drives channel 42; what else does has to be measured.",
        "C": "Without channel 42 the network could no longer recognise cats.",
        "D": "Channel 42 finds cat ears in other networks of this architecture as well.",
        "E": "Nothing: what a channel computes cannot be known.",
    },
    hints=[
        "Your edge channel answered strongly at the collar. Would ten photographs of collars have made it a collar "
        "detector?",
        "All ten pictures show cats. Which pictures would you need, to find out that the channel answers to something "
        "else too?",
        "Three things are told apart: what drives a channel, what the network does with it, what its number means. "
        "The ten pictures say something about one of them only.",
        'The only sentence that claims no more than was seen is B: `conclusion = "B"`.',
    ],
)


@exercise.reference
def measure_it() -> str:
    return "B"


@exercise.misconception
def a_name_from_ten_pictures() -> str:
    """You gave the channel the name of the thing in the pictures.

    Pictures without cats were never shown: pointed leaves, roofs or plain corners may drive it as well, as collar,
    sleeve and flagpole all drove one edge filter. Where channels are measured, many turn out to answer to several
    unlike things.

    Choose the sentence that stays true if the channel also answers to roofs.
    """
    return "A"


@exercise.misconception
def needed_because_active() -> str:
    """You took an active channel for a necessary one.

    That is another question, and another experiment: switch the channel off and measure the accuracy. Networks spread
    what they know over many channels, so often little is lost.

    Choose the sentence that speaks of the answers that were seen.
    """
    return "C"


@exercise.misconception
def the_number_means_something() -> str:
    """You expected channel 42 to mean the same in another network.

    Channels have no natural order. Shuffle the filters of a layer, and the inputs of the next one with them, and you
    have the same network with other numbers. Each training begins from other random weights.

    Choose a sentence about this one network.
    """
    return "D"


@exercise.misconception
def nothing_can_be_known() -> str:
    """You went from "claimed too much" to "nothing can be known".

    What a channel computes is a formula: you wrote it. And what drives it can be measured, on many pictures, with
    and without ears. Later in the course you will.

    Choose the sentence that leaves room for that measurement.
    """
    return "E"
