"""lab-conclusion: which sentence do the recorded runs allow?"""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "lab-conclusion",
    answer="conclusion",
    title="Write the conclusion",
    points=2,
    task=(
        "Which sentence may stand under the recorded comparison, table and intervals before you? Set `conclusion` to a "
        "letter."
    ),
    choices={
        "A": "Attention does not help on CIFAR-10.",
        "B": "BAM helps: its mean is the highest of the five.",
        "C": "The five are equally good, for no corrected p-value is below 0.05.",
        "D": "With this network, these four epochs and these seeds none is shown to be better or worse than no "
        "attention; differences of a point are still possible.",
        "E": "Attention would help, but four epochs were too few.",
        "F": "CBAM is worse than none: its interval lies below 0.",
    },
    hints=[
        "Take each sentence and ask: which number in the table would have to be otherwise if it were false?",
        "What do the intervals hold besides 0? Do they end within half a point?",
        "A conclusion reaches no farther than what was varied: one network, one recipe, one data set.",
        "A says more than was measured, B looks at means alone, C takes not knowing for knowing, E was not tried, and "
        "F forgets how many questions were asked.",
        'In full: `conclusion = "D"`.',
    ],
)


@exercise.reference
def no_farther_than_the_data() -> str:
    return "D"


@exercise.misconception
def from_not_shown_to_not_there() -> str:
    """You concluded that there is nothing, because nothing was shown, and for all of CIFAR-10.

    The intervals hold differences that would matter, in both directions. And one small network with one short recipe
    was tried.

    Choose the sentence that says what was tried, and what remains possible.
    """
    return "A"


@exercise.misconception
def highest_mean_wins() -> str:
    """You looked at the means.

    One of five is always the highest, also where all five are the same. The interval of its difference holds 0.

    Ask the interval.
    """
    return "B"


@exercise.misconception
def not_significant_means_equal() -> str:
    """You took "not significant" for "equal".

    Equal within half a point would need intervals that end within half a point. These are longer: nobody knows yet.

    Look at the verdicts: inconclusive is not "no difference that matters".
    """
    return "C"


@exercise.misconception
def saved_by_what_was_not_tried() -> str:
    """You explained the result with something that was not tried.

    More epochs may help attention, or help the empty slot more. These records know nothing of it.

    It is a good next comparison, and no conclusion of this one.
    """
    return "E"


@exercise.misconception
def forgets_the_family() -> str:
    """You took CBAM's own interval, as if its question had been the only one.

    Four were asked. That one of four intervals lies beside 0 happens in about one of six such tables, also where
    nothing differs; Holm's p-value counts that in, and is above 0.05.

    Look at the corrected p-values.
    """
    return "F"
