"""cam-ear: what may be said of the cat-ear channel of lesson 00, now that two candidates were measured."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "cam-ear",
    answer="ear_conclusion",
    title="Judge: the cat-ear channel, measured",
    points=2,
    task=(
        "Two channels of the network without attention were measured: `at_ears`, the one that stands out most at "
        "Chelsea's ears, and `for_cats`, the one that orders training pictures best by cat and not cat. Which sentence "
        "do the numbers allow? Set `ear_conclusion` to a letter."
    ),
    choices={
        "A": "`at_ears` is the cat-ear detector: no other channel stands out more at this cat's ears.",
        "B": "`for_cats` is a cat detector: most of the pictures at which it answers most show cats.",
        "C": "`for_cats` answers to cats more than chance, with many mistakes of both kinds; that either of the two "
        "stands for cat ears is not supported.",
        "D": "Without `for_cats` the network can no longer recognise cats.",
        "E": "No channel has to do with cats: what a channel answers to is chance.",
    },
    hints=[
        "Take each sentence and ask: which number above would have to be otherwise if it were false?",
        "Which pictures drive `at_ears` most? At how many dogs does `for_cats` fire?",
        "The 100 strongest pictures show one kind of mistake at best, and among the strongest alone. A detector must "
        "also find the other cats, and keep silent at what is no cat.",
        "Three questions again: what drives a channel, what the network does without it, what its number means.",
        'In full: `ear_conclusion = "C"`.',
    ],
)


@exercise.reference
def no_more_than_was_counted() -> str:
    return "C"


@exercise.misconception
def a_name_from_one_picture() -> str:
    """You named a channel after one photograph, at whose ears it stands out.

    Among 32 channels one always stands out most. Of the test pictures that drive this one most, hardly any shows a cat.

    Look at the pictures at which it answers most.
    """
    return "A"


@exercise.misconception
def a_name_from_the_strongest() -> str:
    """You named a channel after the pictures that drive it most.

    Beyond those it misses every fifth cat, and fires at more than half of the dogs. A gallery shows neither.

    Count both kinds of mistake.
    """
    return "B"


@exercise.misconception
def needed_because_it_answers() -> str:
    """You took a channel that answers to cats for one that the network cannot do without.

    Switched off, it costs some cats, and most are recognised as before: others carry the same knowledge.

    Look at the accuracies with and without it.
    """
    return "D"


@exercise.misconception
def nothing_can_be_known() -> str:
    """You went from "no detector" to "nothing to do with cats".

    In most pairs of a cat and another picture the cat drives `for_cats` more, far above chance, on pictures that chose
    neither the channel nor the threshold.

    Look at the area under the ROC curve and its interval.
    """
    return "E"
