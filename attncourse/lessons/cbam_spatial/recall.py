"""cbam-spatial-recall: back to lesson 02, and to what its gates cannot know."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "cbam-spatial-recall",
    answer="after_shuffling",
    title="Recall lesson 02: the places are shuffled",
    points=1,
    task=(
        "CBAM's channel attention sees a picture, and then the same picture with all its places shuffled, in the same "
        "way in every channel. What happens to the channel gates? Set `after_shuffling` to a letter."
    ),
    choices={
        "A": "They change: the maximum of a channel now lies elsewhere.",
        "B": "They stay: neither a channel's mean nor its maximum knows where its values lie.",
        "C": "They change: the shared MLP mixes neighbouring places.",
        "D": "They stay, because the MLP is shared by both descriptors.",
        "E": "Only the mean's half stays; the maximum's half changes.",
    },
    hints=[
        "Which two numbers does the module take of each channel, before anything else?",
        "Shuffle (3, 9, 6) by hand. What are its mean and its maximum, before and after?",
        "The MLP works on C means and C maxima. Is there any place left in what it sees?",
        'Neither number moves, so no gate does: `after_shuffling = "B"`.',
    ],
)


@exercise.reference
def no_place_is_left() -> str:
    return "B"


@exercise.misconception
def the_maximum_has_moved() -> str:
    """You thought that the module sees where the maximum lies.

    It sees how large it is. The largest of (3, 9, 6) is 9, and of (9, 6, 3) as well.

    Which numbers does the MLP get?
    """
    return "A"


@exercise.misconception
def the_mlp_mixes_places() -> str:
    """You thought that the MLP looks at places.

    Before it comes the pooling over H and W: the MLP mixes channels, each described by one number.

    Write down the shape behind the pooling.
    """
    return "C"


@exercise.misconception
def because_it_is_shared() -> str:
    """Right answer, wrong reason: you named the shared MLP.

    Two separate MLPs would not see places either. What loses them is the pooling, before any MLP.

    Choose the sentence about the pooling.
    """
    return "D"


@exercise.misconception
def only_the_mean_is_blind() -> str:
    """You thought that the maximum keeps something of the place.

    A maximum over H and W is one number without coordinates, just as the mean.

    Shuffle (3, 9, 6) by hand, and look at both.
    """
    return "E"
