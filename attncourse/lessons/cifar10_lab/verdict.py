"""lab-verdict: what an interval allows one to say."""

from __future__ import annotations

from collections.abc import Iterator

from attncourse.checking import Case, Draw, FunctionExercise

BETTER, WORSE, SAME, OPEN = "better", "worse", "no difference that matters", "inconclusive"

exercise = FunctionExercise(
    "lab-verdict",
    answer="verdict",
    title="The verdict",
    points=2,
    task=(
        "Write `verdict(low, high, matters)`: the interval of the mean difference ours - theirs, in points, and the "
        'smallest difference that would matter. Give "better" if the whole interval lies above 0, "worse" if it lies '
        'below 0, else "no difference that matters" if it lies between -matters and matters, else "inconclusive".'
    ),
    gradients=False,
    hints=[
        "Draw the number line with -matters, 0 and matters. Where can an interval lie?",
        "It lies above 0 when its lower end does.",
        "An interval that holds 0 can be short or long. Short: we know that there is next to nothing. Long: we "
        "know little.",
        '`if low > 0: return "better"`, `if high < 0: return "worse"`, then compare both ends with matters.',
        'The last two: `if -matters < low and high < matters: return "no difference that matters"`; '
        '`return "inconclusive"`.',
    ],
)


@exercise.reference
def verdict(low: float, high: float, matters: float) -> str:
    """Points, points, points -> one of four sentences."""
    if low > 0:
        return BETTER
    if high < 0:
        return WORSE
    return SAME if -matters < low and high < matters else OPEN


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    settings = [(0.2, 1.4, 0.5), (-1.4, -0.2, 0.5), (-0.1, 0.3, 0.5), (-0.8, 1.9, 0.5), (-0.2, 0.9, 0.5)]
    settings += [
        (-0.9, 0.2, 0.5),
        (0.1, 0.3, 0.5),
        (-0.3, -0.1, 0.5),
        (-1.9, 0.8, 1.0),
        (-0.45, 0.3, 0.4),
        (-0.4, 0.4, 0.5),
    ]
    for _ in range(4):
        low = draw.integer(-30, 20) / 10 + 0.03
        settings.append((low, low + draw.integer(2, 30) / 10, draw.integer(2, 12) / 10))
    for low, high, matters in settings:
        yield Case(f"from {low:g} to {high:g}; {matters:g} matters", (low, high, matters))


@exercise.accepts
def by_what_it_excludes(low, high, matters):
    holds_zero = low <= 0 <= high
    if not holds_zero:
        return ("worse", "better")[low > 0]
    return "no difference that matters" if max(-low, high) < matters else "inconclusive"


@exercise.accepts
def by_a_list_of_rules(low, high, matters):
    rules = [
        ("better", min(low, high) > 0),
        ("worse", max(low, high) < 0),
        ("no difference that matters", abs(low) < matters and abs(high) < matters),
        ("inconclusive", True),
    ]
    return next(words for words, holds in rules if holds)


@exercise.accepts
def nested(low, high, matters):
    if low <= 0 and high >= 0:
        if low > -matters and matters > high:
            return "no difference that matters"
        return "inconclusive"
    return "better" if high > 0 else "worse"


@exercise.accepts
def by_signs(low, high, matters):
    side = (low > 0) - (high < 0)
    if side:
        return {1: "better", -1: "worse"}[side]
    return ("inconclusive", "no difference that matters")[max(abs(low), abs(high)) < matters]


@exercise.accepts
def by_matching(low, high, matters):
    match (low > 0, high < 0, -matters < low and high < matters):
        case (True, _, _):
            return "better"
        case (_, True, _):
            return "worse"
        case (_, _, True):
            return "no difference that matters"
    return "inconclusive"


@exercise.misconception
def looks_at_the_middle(low, high, matters):
    """You looked at the middle of the interval, the mean.

    A mean above 0 says little as long as the interval reaches below 0: the next seeds may turn it round.

    Ask where the ends lie.
    """
    middle = (low + high) / 2
    return BETTER if middle > 0 else WORSE


@exercise.misconception
def not_significant_means_equal(low, high, matters):
    """You called every interval that holds 0 "no difference that matters".

    A long one holds 0 and large differences too: nobody knows yet. Absence of evidence is no evidence of absence.

    Say "no difference that matters" only where both ends lie within `matters`.
    """
    if low > 0:
        return BETTER
    return WORSE if high < 0 else SAME


@exercise.misconception
def never_equal(low, high, matters):
    """You never said "no difference that matters".

    A short interval round 0 is a result: whatever there is, it is smaller than what matters.

    Compare both ends with `matters`.
    """
    if low > 0:
        return BETTER
    return WORSE if high < 0 else OPEN


@exercise.misconception
def demands_that_it_matters(low, high, matters):
    """You said "better" only where the whole interval lies above `matters`.

    That is a fair question, and another one. Asked is whether ours is better at all.

    Compare the lower end with 0.
    """
    if low > matters:
        return BETTER
    if high < -matters:
        return WORSE
    return SAME if -matters < low and high < matters else OPEN


@exercise.misconception
def one_end_is_enough(low, high, matters):
    """You asked one end only, or that either end lies within `matters`.

    From -0.2 to 0.9 holds 0.9, which would matter.

    Both ends must lie within.
    """
    if low > 0:
        return BETTER
    if high < 0:
        return WORSE
    return SAME if -matters < low or high < matters else OPEN


@exercise.misconception
def exchanged(low, high, matters):
    """You exchanged better and worse.

    The difference is ours - theirs: above 0, ours is better.

    Swap the two words.
    """
    found = verdict(low, high, matters)
    return {BETTER: WORSE, WORSE: BETTER}.get(found, found)


@exercise.misconception
def equal_before_better(low, high, matters):
    """You asked for "no difference that matters" first.

    From 0.1 to 0.3 is small, and better all the same: the task asks for "better" first.

    Put the questions in the order of the task.
    """
    if -matters < low and high < matters:
        return SAME
    return verdict(low, high, matters)


@exercise.misconception
def any_part_above_zero(low, high, matters):
    """You said "better" as soon as a part of the interval lies above 0.

    Then nearly every comparison is won.

    The whole interval must lie above 0: its lower end.
    """
    return BETTER if high > 0 else WORSE


@exercise.misconception
def compares_the_width(low, high, matters):
    """You compared the width of the interval with `matters`.

    From -0.4 to 0.4 is 0.8 wide, and holds nothing as large as 0.5.

    Compare each end: -matters < low and high < matters.
    """
    if low > 0:
        return BETTER
    if high < 0:
        return WORSE
    return SAME if high - low < matters else OPEN
