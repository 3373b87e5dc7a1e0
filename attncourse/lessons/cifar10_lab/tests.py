"""lab-tests: the learner writes the test that tells right intervals from wrong ones."""

from __future__ import annotations

import math

import torch

from attncourse.checking import TestsExercise
from attncourse.lessons.cifar10_lab.interval import CRITICAL
from attncourse.lessons.cifar10_lab.interval import exercise as interval

exercise = TestsExercise(
    "lab-tests",
    answer="accepts",
    title="Write the test yourself",
    points=3,
    task=(
        "Write `accepts(implementation)`: True for a right `implementation(ours, theirs, critical)` of "
        "lab-interval, False "
        "for a wrong one. It is tried on right ones in six styles and on nine wrong ones."
    ),
    subject=interval,
    hints=[
        "Choose accuracies whose interval you can work out with pen and paper, and compare.",
        "Which accuracies make the paired spread differ from the unpaired one? Ours and theirs must not be "
        "independent.",
        "ours = 71, 74, 73 and theirs = 70, 71, 71: the differences are 1, 3, 2; mean 2, standard deviation 1.",
        "With critical = 3 the half width is 3 / sqrt(3). A critical value of 1.96 or of 1 would hide a bug.",
        "In full: `low, high = implementation(torch.tensor([71.0, 74, 73]), torch.tensor([70.0, 71, 71]), 3.0)`; "
        "`return abs(low - (2 - 3**0.5)) < 1e-3 and abs(high - (2 + 3**0.5)) < 1e-3`.",
    ],
)

OURS, THEIRS = torch.tensor([71.0, 74, 73]), torch.tensor([70.0, 71, 71])


def _right(ours, theirs, critical):
    difference = ours - theirs
    half = critical * difference.std() / math.sqrt(len(difference))
    return float(difference.mean() - half), float(difference.mean() + half)


def _compare(implementation, ours, theirs, critical) -> bool:
    low, high = _right(ours, theirs, critical)
    got = implementation(ours, theirs, critical)
    return abs(float(got[0]) - low) < 1e-3 and abs(float(got[1]) - high) < 1e-3


@exercise.reference
def accepts(implementation) -> bool:
    """Three seeds by hand."""
    return _compare(implementation, OURS, THEIRS, CRITICAL[3])


@exercise.accepts
def asserts_on_many_draws(implementation):
    generator = torch.Generator().manual_seed(1)
    for count in (2, 3, 8, 16):
        theirs = 70 + 3 * torch.randn(count, generator=generator)
        ours = theirs + 0.5 + torch.randn(count, generator=generator)
        assert _compare(implementation, ours, theirs, CRITICAL[count])


@exercise.accepts
def by_pen_and_paper(implementation):
    low, high = implementation(OURS, THEIRS, 3.0)
    return math.isclose(low, 2 - 3**0.5, abs_tol=1e-3) and math.isclose(high, 2 + 3**0.5, abs_tol=1e-3)


@exercise.misconception
def checks_that_low_is_below_high(implementation):
    """Your test only asks whether the ends are in order, or whether there are two.

    All wrong widths pass it.

    Work out one interval by hand and compare both ends.
    """
    low, high = implementation(OURS, THEIRS, CRITICAL[3])
    return float(low) < float(high)


@exercise.misconception
def checks_the_middle_only(implementation):
    """Your test only compares the middle of the interval.

    Most of these bugs are in its width.

    Compare both ends.
    """
    low, high = implementation(OURS, THEIRS, CRITICAL[3])
    return abs((float(low) + float(high)) / 2 - 2) < 1e-3


@exercise.misconception
def checks_the_width_only(implementation):
    """Your test only compares the width.

    An interval of the right width in the wrong place passes.

    Compare both ends.
    """
    low, high = implementation(OURS, THEIRS, CRITICAL[3])
    right = _right(OURS, THEIRS, CRITICAL[3])
    return abs(abs(float(high) - float(low)) - (right[1] - right[0])) < 1e-3


@exercise.misconception
def tests_with_the_normal_value_only(implementation):
    """Your test only uses the critical value 1.96.

    Then whoever has put 1.96 in its place looks right.

    Use another one, such as 4.3.
    """
    return _compare(implementation, OURS, THEIRS, 1.96)


@exercise.misconception
def tests_with_a_critical_value_of_one(implementation):
    """Your test uses 1 as the critical value.

    Then whoever forgets it looks right.

    Use another one, such as 4.3.
    """
    return _compare(implementation, OURS, THEIRS, 1.0)


@exercise.misconception
def tests_against_zero_only(implementation):
    """Your test compares with accuracies that are all the same.

    Then the differences spread as ours do, and nobody can tell whether the pairs were used.

    Let both vary, and together.
    """
    return _compare(implementation, OURS, torch.zeros(3), CRITICAL[3])


@exercise.misconception
def tests_many_seeds_only(implementation):
    """Your test only uses very many seeds, with a loose tolerance.

    There n and n - 1 are all the same.

    Use three seeds.
    """
    generator = torch.Generator().manual_seed(1)
    theirs = 70 + 3 * torch.randn(400, generator=generator)
    ours = theirs + 0.5 + torch.randn(400, generator=generator)
    return _compare(implementation, ours, theirs, 1.0)
