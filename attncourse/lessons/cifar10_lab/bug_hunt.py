"""lab-bug-hunt: five reports of comparisons, each with one fault of protocol."""

from __future__ import annotations

from attncourse.checking import ValueExercise

BEST, SEED, CONTROL, MANY, SIDE = "best of the test", "one seed", "no control", "many tries", "tuned one side"

exercise = ValueExercise(
    "lab-bug-hunt",
    answer="faults",
    title="Fault hunt: five reports",
    points=2,
    task=(
        "Each of the reports A to E makes one fault, and no other. Set `faults` to a tuple of five names, in "
        "the order A, "
        'B, C, D, E. The names, each used once: "best of the test", "one seed", "no control", "many tries", '
        '"tuned one side".'
    ),
    hints=[
        "Ask of each report: what else could have made the difference that it claims?",
        "Who compared a number that was picked after looking? Who compared one number with one number?",
        "Two reports give one variant more than the other: parameters in one, work on the learning rate in the other.",
        "D tells of twelve comparisons; one in twenty is below 0.05 by chance.",
        'In full: `faults = ("one seed", "tuned one side", "best of the test", "many tries", "no control")`.',
    ],
)


@exercise.reference
def named() -> tuple[str, ...]:
    return (SEED, SIDE, BEST, MANY, CONTROL)


@exercise.misconception
def takes_the_control_for_tuning() -> tuple[str, ...]:
    """You swapped B and E.

    In B both have the same network, and one of them got more work on its learning rate. In E both were trained alike,
    and
    one network is a third larger.

    What would a fair opponent of B ask for? And one of E?
    """
    return (SEED, CONTROL, BEST, MANY, SIDE)


@exercise.misconception
def takes_the_best_epoch_for_one_seed() -> tuple[str, ...]:
    """You swapped A and C.

    A has one run of each. C has five, and takes the best epoch of each by its test accuracy: a choice made after
    looking.

    Count the runs.
    """
    return (BEST, SIDE, SEED, MANY, CONTROL)


@exercise.misconception
def takes_many_tries_for_the_best_epoch() -> tuple[str, ...]:
    """You swapped C and D.

    D asks twelve questions and reports the one that was answered. C asks one question, and picks the epoch at which the
    test set likes the answer.

    Which report chose among epochs, which among comparisons?
    """
    return (SEED, SIDE, MANY, BEST, CONTROL)


@exercise.misconception
def takes_many_tries_for_one_seed() -> tuple[str, ...]:
    """You swapped A and D.

    D has ten seeds of each of twelve variants. A has one of each of two.

    Count the seeds, then the comparisons.
    """
    return (MANY, SIDE, BEST, SEED, CONTROL)


@exercise.misconception
def takes_tuning_for_the_best_epoch() -> tuple[str, ...]:
    """You swapped B and C.

    In B one side alone was tuned. In C both were treated alike, and both by looking at the test set.

    Which fault favours one side, and which flatters both?
    """
    return (SEED, BEST, SIDE, MANY, CONTROL)
