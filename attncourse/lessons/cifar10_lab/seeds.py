"""lab-seeds: how many seeds a difference needs to be seen."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from attncourse.checking import Case, Draw, FunctionExercise

# 1.96 for 95 % confidence, 0.84 for 80 % power.
BOTH = 1.96 + 0.84

exercise = FunctionExercise(
    "lab-seeds",
    answer="seeds",
    title="How many seeds?",
    points=2,
    task=(
        "Write `seeds(spread, difference)`: how many seeds one needs to see a true mean difference in four of five "
        "comparisons, if the paired differences have this spread (standard deviation; same unit, accuracy points). The "
        "rule of thumb: the difference must be (1.96 + 0.84) standard errors, spread / sqrt(n). Round up; at least 3."
    ),
    gradients=False,
    hints=[
        "Write the rule down: difference = 2.8 * spread / sqrt(n). Solve it for n.",
        "sqrt(n) = 2.8 * spread / difference. Square both sides.",
        "A fraction of a seed does not exist, and one fewer is too few: math.ceil.",
        "Two seeds tell next to nothing of a spread: max(3, ...).",
        "In full: `return max(3, math.ceil((2.8 * spread / difference) ** 2))`.",
    ],
)


@exercise.reference
def seeds(spread: float, difference: float) -> int:
    """Numbers in accuracy points -> a whole number."""
    return max(3, math.ceil((BOTH * spread / difference) ** 2))


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    settings = [(1.0, 1.0), (1.0, 0.5), (0.5, 0.25), (0.3, 1.0), (2.0, 0.5), (0.1, 3.0)]
    settings += [(draw.integer(3, 30) / 10, draw.integer(2, 20) / 10 + 0.03) for _ in range(4)]
    for spread, difference in settings:
        yield Case(f"a spread of {spread} points, a difference of {difference}", (spread, difference))


@exercise.accepts
def counted_up(spread, difference):
    n = 3
    while difference < 2.8 * spread / n**0.5 - 1e-12:
        n += 1
    return n


@exercise.accepts
def rounded_up_by_floor(spread, difference):
    exact = (2.8 * spread) ** 2 / difference**2
    return max(int(-(-exact // 1)), 3)


@exercise.accepts
def from_standard_errors(spread, difference):
    errors_needed = difference / 2.8
    return max(3, math.ceil(spread**2 / errors_needed**2))


@exercise.accepts
def as_a_float(spread, difference):
    return float(math.ceil(max(3.0, (2.8 * spread / difference) ** 2)))


@exercise.accepts
def in_torch(spread, difference):
    return torch.tensor(2.8 * spread / difference, dtype=torch.float64).square().ceil().clamp(min=3).int().item()


@exercise.misconception
def forgets_the_square(spread, difference):
    """You did not square.

    The standard error falls with the square root of n: half the difference takes four times the seeds.

    Square 2.8 * spread / difference.
    """
    return max(3, math.ceil(BOTH * spread / difference))


@exercise.misconception
def forgets_the_power(spread, difference):
    """You asked for 1.96 standard errors.

    Then the difference is missed in every second comparison: the mean lies below its true value half of the time.

    Add 0.84, for four of five.
    """
    return max(3, math.ceil((1.96 * spread / difference) ** 2))


@exercise.misconception
def turns_the_ratio_round(spread, difference):
    """You divided the difference by the spread.

    A smaller difference needs more seeds, a larger spread too.

    Check with a spread of 1 and a difference of 0.5: it must be more than with a difference of 1.
    """
    return max(3, math.ceil((BOTH * difference / spread) ** 2))


@exercise.misconception
def rounds_down(spread, difference):
    """You rounded down, or to the nearest.

    One seed fewer is a seed too few.

    Round up: math.ceil.
    """
    return max(3, int((BOTH * spread / difference) ** 2))


@exercise.misconception
def allows_one_seed(spread, difference):
    """You allow one seed or two.

    One difference has no spread, and two hardly any: nobody can say how sure they are, however large.

    At least 3.
    """
    return max(1, math.ceil((BOTH * spread / difference) ** 2))


@exercise.misconception
def counts_both_groups(spread, difference):
    """You counted for two groups that are not paired, where the variances of both are added.

    Here `spread` is that of the paired differences: it holds both already.

    Leave out the factor 2.
    """
    return max(3, math.ceil(2 * (BOTH * spread / difference) ** 2))
