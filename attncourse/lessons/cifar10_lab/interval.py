"""lab-interval: the confidence interval of a paired difference."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy
import torch
from torch import Tensor

from attncourse.checking import Case, Draw, FunctionExercise

# Student's t for 95 %, by the number of seeds: scipy.stats.t.ppf(0.975, n - 1).
CRITICAL = {2: 12.7062, 3: 4.3027, 4: 3.1824, 5: 2.7764, 8: 2.3646, 16: 2.1314}

exercise = FunctionExercise(
    "lab-interval",
    answer="interval",
    title="The interval of a difference",
    points=3,
    task=(
        "Write `interval(ours, theirs, critical)`: the accuracies of two variants, `(n,)` each, with the same seeds in "
        "the same order, and Student's critical value for n - 1. Give the ends of the interval of the mean paired "
        "difference ours - theirs: mean - critical * s / sqrt(n) and mean + critical * s / sqrt(n), where s is the "
        "standard deviation of the differences (with n - 1)."
    ),
    gradients=False,
    equivalents={
        "return (difference.mean().detach() - half, difference.mean() + half)": "accuracies carry no gradient",
        "return (difference.mean() - half, difference.mean().detach() + half)": "accuracies carry no gradient",
    },
    hints=[
        "The same seed gave both the same pictures in the same order. What do you get if you subtract seed by seed?",
        "Work with the n differences from here on. Their spread is what counts, not that of the accuracies.",
        "torch.std divides by n - 1 unless told otherwise. The mean of n values spreads 1 / sqrt(n) as much as one.",
        "`d = ours - theirs`; `half = critical * d.std() / len(d) ** 0.5`.",
        "`return d.mean() - half, d.mean() + half`.",
    ],
)


def _ends(difference: Tensor, half: Tensor) -> tuple[Tensor, Tensor]:
    return difference.mean() - half, difference.mean() + half


@exercise.reference
def interval(ours: Tensor, theirs: Tensor, critical: float) -> tuple[float, float]:
    """``(n,), (n,), number -> (low, high)``."""
    difference = ours - theirs
    low, high = _ends(difference, critical * difference.std() / math.sqrt(len(difference)))
    return float(low), float(high)


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    yield Case("three seeds", (torch.tensor([71.0, 74, 73]), torch.tensor([70.0, 71, 71]), CRITICAL[3]))
    yield Case("two seeds", (torch.tensor([71.0, 74]), torch.tensor([72.0, 73]), CRITICAL[2]))
    yield Case("three seeds, at another level", (torch.tensor([71.0, 74, 73]), torch.tensor([70.0, 71, 71]), 3.0))
    for count in (4, 5, 8, 16):
        seeds = 70 + 3 * draw.normal(count)
        yield Case(f"{count} seeds", (seeds + 0.4 + draw.normal(count), seeds, CRITICAL[count]))


@exercise.accepts
def by_sums(ours, theirs, critical):
    n = ours.shape[0]
    d = [float(a) - float(b) for a, b in zip(ours, theirs, strict=True)]
    mean = sum(d) / n
    s = (sum((one - mean) ** 2 for one in d) / (n - 1)) ** 0.5
    return mean - critical * s / n**0.5, mean + critical * s / n**0.5


@exercise.accepts
def by_the_variance(ours, theirs, critical):
    d = torch.sub(ours, theirs)
    half = critical * (d.var(unbiased=True) / d.numel()).sqrt()
    return [d.mean() - half, d.mean() + half]


@exercise.accepts
def by_both_spreads_and_their_covariance(ours, theirs, critical):
    n = ours.shape[0]
    both = torch.cov(torch.stack([ours, theirs]))
    half = critical * torch.sqrt((both[0, 0] + both[1, 1] - 2 * both[0, 1]).clamp(min=0) / n)
    middle = ours.mean() - theirs.mean()
    return middle - half, middle + half


@exercise.accepts
def in_numpy(ours, theirs, critical):
    d = (ours - theirs).numpy()
    return d.mean() + numpy.array([-1, 1]) * critical * d.std(ddof=1) / len(d) ** 0.5


@exercise.accepts
def from_the_mean_of_squares(ours, theirs, critical):
    d = (ours - theirs).double()
    half = critical * ((d.square().mean() - d.mean() ** 2) / (len(d) - 1)).sqrt()
    return torch.stack([d.mean() - half, d.mean() + half])


@exercise.misconception
def forgets_that_the_seeds_are_paired(ours, theirs, critical):
    """You took the spreads of the two variants and ignored which seed is which.

    The same seed draws the same weights and the same order for both, so part of the spread is common and cancels in the
    differences.

    Subtract seed by seed first, then take the spread of what remains.
    """
    half = critical * torch.sqrt((ours.var() + theirs.var()) / len(ours))
    return ours.mean() - theirs.mean() - half, ours.mean() - theirs.mean() + half


@exercise.misconception
def takes_the_spread_of_one_run(ours, theirs, critical):
    """You took the standard deviation of the differences itself, without sqrt(n).

    That says how far one seed's difference lies from the mean, not how well n of them fix the mean.

    Divide by sqrt(n).
    """
    difference = ours - theirs
    return _ends(difference, critical * difference.std())


@exercise.misconception
def divides_by_the_number_of_seeds(ours, theirs, critical):
    """You divided by n, not by its square root.

    Four times as many seeds halve the interval; they do not quarter it.

    Divide by sqrt(n).
    """
    difference = ours - theirs
    return _ends(difference, critical * difference.std() / len(difference))


@exercise.misconception
def spread_with_n(ours, theirs, critical):
    """You took the standard deviation with n.

    The mean was fitted to the same n values, which makes them look closer than they are; with few seeds that matters.
    `numpy.std` does so unless told otherwise.

    Divide the sum of squares by n - 1.
    """
    difference = ours - theirs
    return _ends(difference, critical * difference.std(unbiased=False) / math.sqrt(len(difference)))


@exercise.misconception
def uses_the_normal_distribution(ours, theirs, critical):
    """You put 1.96 in the place of the critical value.

    That is right for hundreds of seeds. With 3 the spread itself is so uncertain that Student's value is 4.30.

    Use `critical`.
    """
    difference = ours - theirs
    return _ends(difference, 1.96 * difference.std() / math.sqrt(len(difference)))


@exercise.misconception
def forgets_the_critical_value(ours, theirs, critical):
    """You gave the mean plus and minus one standard error.

    Such an interval holds the truth in about two of three cases, not in 95 of 100.

    Multiply by `critical`.
    """
    difference = ours - theirs
    return _ends(difference, difference.std() / math.sqrt(len(difference)))


@exercise.misconception
def theirs_minus_ours(ours, theirs, critical):
    """You subtracted the other way round.

    Then a better variant gets a negative interval.

    ours - theirs.
    """
    return interval(theirs, ours, critical)


@exercise.misconception
def high_before_low(ours, theirs, critical):
    """Your ends are right, in the wrong order.

    The lower end comes first.

    mean - half, then mean + half.
    """
    return tuple(reversed(interval(ours, theirs, critical)))


@exercise.misconception
def interval_of_ours_alone(ours, theirs, critical):
    """You gave the interval of our accuracy, not of the difference.

    Two intervals that overlap can still belong to a clear difference, and the question is about the difference.

    Subtract first.
    """
    return _ends(ours, critical * ours.std() / math.sqrt(len(ours)))
