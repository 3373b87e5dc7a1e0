"""What the seeds allow to say: means, paired differences, and what could have been found at all.

The same seed gives two variants the same data order, so accuracies are compared seed by seed: the mean of the paired
differences, its t interval and the paired t test (scipy). What is drawn is the seed: an interval speaks of other seeds
on the same data, not of other data.

Several differences are tested at once. Holm's procedure holds the chance of even one false "better" or "worse" among
them at ``LEVEL``: the smallest p is multiplied by the number of differences m, the next by m - 1, and so on, and none
may fall below the one before (Holm, "A simple sequentially rejective multiple test procedure", 1979). Each difference
has two intervals: its own, and a wider one that holds for all m together (Bonferroni), from which equivalence is read.

No Wilcoxon test beside it: with 5 pairs its smallest p is 0.06, so that it could never speak where seeds are few.

All accuracies and differences are fractions: 0.01 is one percentage point.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

LEVEL = 0.05
POWER = 0.8
# Below this the t test has one degree of freedom or none: two seeds agree or not by chance.
FEWEST_PAIRS = 3
MOST_SEEDS = 10_000
# Accuracies are counts over at most a million pictures; less than this between two is rounding.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Interval:
    """A confidence interval."""

    low: float
    high: float

    @property
    def reach(self) -> float:
        """The largest difference, in either direction, that the interval still holds."""
        return max(abs(self.low), abs(self.high))


@dataclass(frozen=True)
class Summary:
    """The runs of one variant.

    Attributes:
        n: the number of runs that count.
        mean: of their accuracies; NaN without runs.
        deviation: the sample's standard deviation (n - 1 below the line); None for fewer than two.
        interval: of the mean, by Student's t, cut at 0 and 1; None for fewer than two, and where all are the same.
    """

    n: int
    mean: float
    deviation: float | None
    interval: Interval | None


@dataclass(frozen=True)
class PairedDifference:
    """A variant less another, over the seeds that both have.

    Attributes:
        n: the number of pairs.
        mean: of the differences; NaN without pairs.
        deviation: the standard deviation of the differences; None for fewer than two.
        interval: of the mean, this difference alone; None where there is no spread to build it on.
        simultaneous: the wider one, which holds for all differences of the family together.
        p: of the paired t test, two-sided; None below ``FEWEST_PAIRS`` pairs and without spread.
        p_holm: the same, corrected for the family.
        family: how many differences are looked at together.
        detectable: the smallest true difference that this many seeds with this spread find with ``POWER``, at Holm's
            strictest step, ``LEVEL / family``.
        seeds_needed: how many seeds would find a difference of ``worth``, on the same terms; None where the spread is
            not known, or where it would take more than ``MOST_SEEDS``.
        worth: the difference that is worth finding.
    """

    n: int
    mean: float
    deviation: float | None
    interval: Interval | None
    simultaneous: Interval | None
    p: float | None
    p_holm: float | None
    family: int
    detectable: float | None
    seeds_needed: int | None
    worth: float


def summary(accuracies: Sequence[float], level: float = LEVEL) -> Summary:
    """Mean, spread and t interval of runs."""
    values = np.asarray(accuracies, dtype=float)
    if len(values) < 2:
        return Summary(len(values), float(values.mean()) if len(values) else math.nan, None, None)
    interval = _interval(values, level)
    if interval:
        interval = Interval(max(0.0, interval.low), min(1.0, interval.high))
    return Summary(len(values), float(values.mean()), float(values.std(ddof=1)), interval)


def paired_differences(
    family: Mapping[str, Sequence[float]], *, worth: float, level: float = LEVEL
) -> dict[str, PairedDifference]:
    """Every difference of a family: by name, its values, one a seed. Those that cannot be tested count in the family.

    Raises ValueError where ``worth`` or ``level`` is out of its range.
    """
    if not worth > 0:
        raise ValueError(f"the difference worth finding is above 0, got {worth}")
    if not 0 < level < 1:
        raise ValueError(f"level lies between 0 and 1, got {level}")
    strictest = level / max(1, len(family))
    values = {name: np.asarray(differences, dtype=float) for name, differences in family.items()}
    raw = {name: _p(differences) for name, differences in values.items()}
    corrected = dict(zip(raw, holm([1.0 if p is None else p for p in raw.values()]), strict=True))
    found = {}
    for name, differences in values.items():
        n = len(differences)
        deviation = float(differences.std(ddof=1)) if n > 1 else None
        spread = deviation is not None and deviation > ROUNDING
        found[name] = PairedDifference(
            n=n,
            mean=float(differences.mean()) if n else math.nan,
            deviation=deviation,
            interval=_interval(differences, level),
            simultaneous=_interval(differences, strictest),
            p=raw[name],
            p_holm=None if raw[name] is None else float(corrected[name]),
            family=len(family),
            detectable=detectable(deviation, n, strictest) if spread and deviation else None,
            seeds_needed=seeds_needed(deviation, worth, strictest) if spread and deviation else None,
            worth=worth,
        )
    return found


def holm(ps: Sequence[float] | np.ndarray) -> np.ndarray:
    """Holm's corrected p values, ``(..., m) -> (..., m)``, in the order given, over the last axis."""
    values = np.asarray(ps, dtype=float)
    count = values.shape[-1]
    order = np.argsort(values, axis=-1)
    stepped = np.take_along_axis(values, order, axis=-1) * np.arange(count, 0, -1)
    stepped = np.minimum(np.maximum.accumulate(stepped, axis=-1), 1)
    corrected = np.empty_like(values)
    np.put_along_axis(corrected, order, stepped, axis=-1)
    return corrected


def power(difference: float, deviation: float, n: int, level: float = LEVEL) -> float:
    """The chance that the two-sided paired t test of ``n`` pairs finds a true ``difference``: the noncentral t."""
    shift = abs(difference) / deviation * math.sqrt(n)
    bound = stats.t.isf(level / 2, n - 1)
    # Beyond 5 the tail on the wrong side is below a millionth, and scipy may give NaN for it.
    wrong_side = stats.nct.cdf(-bound, n - 1, shift) if shift < 5 else 0.0
    return float(stats.nct.sf(bound, n - 1, shift) + wrong_side)


def detectable(deviation: float, n: int, level: float = LEVEL) -> float | None:
    """The smallest true difference that ``n`` pairs find with ``POWER``; None for fewer than two pairs."""
    if n < 2:
        return None
    # In units of the deviation: with two pairs at a strict level it may be hundreds.
    high = 1.0
    while power(high, 1.0, n, level) < POWER:
        high *= 2
    return deviation * float(optimize.brentq(lambda units: power(units, 1.0, n, level) - POWER, 0.0, high))


def seeds_needed(deviation: float, difference: float, level: float = LEVEL) -> int | None:
    """The smallest number of pairs that finds ``difference`` with ``POWER``; None above ``MOST_SEEDS``."""
    # Were the spread known, the normal distribution would give it; from there it is a few steps.
    units = (stats.norm.isf(level / 2) + stats.norm.ppf(POWER)) * deviation / difference
    if units**2 > MOST_SEEDS:
        return None
    n = max(FEWEST_PAIRS, math.ceil(units**2))
    while power(difference, deviation, n, level) < POWER:
        n += 1
    while n > FEWEST_PAIRS and power(difference, deviation, n - 1, level) >= POWER:
        n -= 1
    return n if n <= MOST_SEEDS else None


def _p(differences: np.ndarray) -> float | None:
    if len(differences) < FEWEST_PAIRS or differences.std(ddof=1) <= ROUNDING:
        return None
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def _interval(values: np.ndarray, level: float) -> Interval | None:
    """By Student's t. Without spread there is none: that n seeds agree does not make the next one sure."""
    if len(values) < 2 or values.std(ddof=1) <= ROUNDING:
        return None
    low, high = stats.ttest_1samp(values, 0.0).confidence_interval(1 - level)
    return Interval(float(low), float(high))
