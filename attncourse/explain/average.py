"""A mean of independent values, and how far it can be trusted: Student's t interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from scipy import stats
from torch import Tensor

LEVEL = 0.95


@dataclass(frozen=True)
class Average:
    """Attributes:
    n: how many values.
    mean: of them; NaN without any.
    deviation: the sample's standard deviation (n - 1 below the line); None for fewer than two.
    low, high: the 95% interval of the mean; None where there is no spread to build it on.
    """

    n: int
    mean: float
    deviation: float | None
    low: float | None
    high: float | None

    def __format__(self, form: str) -> str:
        """``format(average, ".1%")``: ``61.2% (95% interval 59.0% to 63.4%)``."""
        if self.low is None or self.high is None:
            return f"{self.mean:{form}} (no interval)"
        return f"{self.mean:{form}} ({LEVEL:.0%} interval {self.low:{form}} to {self.high:{form}})"


def average(values: Tensor) -> Average:
    """Of ``(n,)`` values, each drawn independently of the others. What is NaN was not defined, and is left out."""
    known = values[~values.isnan()].double()
    n = len(known)
    mean = float(known.mean()) if n else math.nan
    if n < 2:
        return Average(n, mean, None, None, None)
    deviation = float(known.std())
    if not deviation:
        return Average(n, mean, deviation, None, None)
    reach = float(stats.t.isf((1 - LEVEL) / 2, n - 1)) * deviation / math.sqrt(n)
    return Average(n, mean, deviation, mean - reach, mean + reach)


def averages_of(groups: Tensor) -> Tensor:
    """``(n, m) -> (n,)``: the mean within each group of values that hang together, without what is NaN."""
    return torch.nanmean(groups.double(), 1)
