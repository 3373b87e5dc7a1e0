"""The conclusion that the data allow, in words: better, worse, no difference larger than X, or inconclusive."""

from __future__ import annotations

from dataclasses import dataclass

from attncourse.lab.statistics import FEWEST_PAIRS, LEVEL, MOST_SEEDS, POWER, Interval, PairedDifference

BETTER = "better"
WORSE = "worse"
EQUIVALENT = "no larger difference"
INCONCLUSIVE = "inconclusive"
NO_VERDICT = "no verdict"
STATES = (BETTER, WORSE, EQUIVALENT, INCONCLUSIVE, NO_VERDICT)


@dataclass(frozen=True)
class Verdict:
    """What may be said of a difference.

    Attributes:
        state: one of ``STATES``.
        words: a few words for a table: "better", "no difference larger than 0.4 points".
        why: the sentence behind it, with the numbers, and what would be needed to know more.
    """

    state: str
    words: str
    why: str


def verdict(difference: PairedDifference, level: float = LEVEL) -> Verdict:
    """Decide.

    - Fewer than three pairs, or no spread at all: no verdict, for nothing tells what chance does.
    - Holm's p below ``level``: better or worse.
    - The interval that holds for all differences together lies within ``worth`` on both sides: no difference larger
      than the interval's reach. (Stricter than two one-sided tests at ``level``, which need 1 - 2 level only.)
    - Otherwise inconclusive: the data fit no difference as well as one worth having. That is a result, and says what
      it would take to know.
    """
    if difference.n < FEWEST_PAIRS:
        return Verdict(NO_VERDICT, NO_VERDICT, _too_few(difference.n))
    if difference.p_holm is None or difference.interval is None or difference.simultaneous is None:
        return Verdict(NO_VERDICT, NO_VERDICT, _no_spread(difference))
    among = f" by Holm for {difference.family} differences" if difference.family > 1 else ""
    bounds = f"{span(difference.interval)}, p {p_value(difference.p_holm)}{among}"
    small = difference.simultaneous.reach <= difference.worth
    if difference.p_holm < level:
        state = BETTER if difference.mean > 0 else WORSE
        limit = f", yet by less than {points(difference.worth)}" if small else ""
        return Verdict(state, state + limit, f"{state} by {points(abs(difference.mean))} ({bounds}){limit}.")
    if small:
        words = f"no difference larger than {points(difference.simultaneous.reach)}"
        return Verdict(EQUIVALENT, words, f"{words}, with {1 - level:.0%} confidence ({bounds}).")
    return Verdict(INCONCLUSIVE, INCONCLUSIVE, f"inconclusive ({bounds}). {_what_it_takes(difference)}")


def points(fraction: float) -> str:
    """``0.0123`` -> ``1.23 points``: percentage points."""
    return f"{100 * fraction:.2f} points"


def span(interval: Interval) -> str:
    """``+0.12 to +1.30 points``."""
    return f"{100 * interval.low:+.2f} to {100 * interval.high:+.2f} points"


def p_value(p: float) -> str:
    """Three digits after the point, and no false zero: ``= 0.034``, ``< 0.001``."""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def _too_few(n: int) -> str:
    seeds = "1 seed" if n == 1 else f"{n} seeds"
    return (
        f"no verdict: {seeds} in common cannot tell a difference from chance; "
        f"{FEWEST_PAIRS} are the least that is tested, and most differences need more."
    )


def _no_spread(difference: PairedDifference) -> str:
    if abs(difference.mean) < 1e-9:
        return (
            "no verdict: the accuracies are the same in every seed, so there is no spread to judge by. "
            "Do both compute the same, or are both at the top or at chance?"
        )
    return (
        f"no verdict: the difference is {100 * difference.mean:+.2f} points in every one of {difference.n} seeds, "
        "without any spread to judge by."
    )


def _what_it_takes(difference: PairedDifference) -> str:
    assert difference.detectable is not None
    finds = points(difference.detectable) if difference.detectable < 1 else "no difference at all"
    needed = f"more than {MOST_SEEDS}" if difference.seeds_needed is None else f"about {difference.seeds_needed}"
    return (
        f"{difference.n} seeds with this spread find {finds} with {POWER:.0%} power; "
        f"{points(difference.worth)} would take {needed} seeds."
    )
