"""Is "the channel answers, so it is a cat" true? A count of both kinds of mistake.

At one threshold: the share of cats at which the channel stays silent (misses), and the share of all others at which it
fires (false alarms). A gallery of the strongest images shows neither.

Without a threshold: the area under the ROC curve, the chance that a cat drives the channel more than another image
does, ties counted half. 0.5 is what a channel gets that knows nothing of cats, 1 what a cat detector gets.

    Hanley, McNeil: "The meaning and use of the area under a receiver operating characteristic (ROC) curve",
        Radiology 1982.
    DeLong, DeLong, Clarke-Pearson: "Comparing the areas under two or more correlated receiver operating
        characteristic curves", Biometrics 1988: the intervals, for one area and for the difference of two that were
        measured on the same images.

Deviation: DeLong's intervals are cut at 0 and 1, and where a channel parts all images without a mistake there is none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from scipy import stats
from torch import Tensor

from attncourse.explain.activations import require_finite
from attncourse.explain.errors import ExplainError
from attncourse.explain.wilson import LEVEL, wilson

Interval = tuple[float, float]


@dataclass(frozen=True)
class Mistakes:
    """Attributes:
    threshold: the channel fires where its answer is above it.
    missed, positives: in so many of so many images of the class it does not fire.
    fired, others: in so many of so many other images it does.
    """

    threshold: float
    missed: int
    positives: int
    fired: int
    others: int

    @property
    def misses(self) -> float:
        """The share of the class that it misses."""
        return self.missed / self.positives

    @property
    def false_alarms(self) -> float:
        """The share of the others at which it fires."""
        return self.fired / self.others

    @property
    def misses_interval(self) -> Interval:
        """Wilson's 95% interval."""
        return wilson(self.missed, self.positives)

    @property
    def false_alarms_interval(self) -> Interval:
        """Wilson's 95% interval."""
        return wilson(self.fired, self.others)

    def __str__(self) -> str:
        return (
            f"above {self.threshold:.3g}: misses {self.misses:.0%} of {self.positives}{_words(self.misses_interval)}, "
            f"fires at {self.false_alarms:.0%} of the {self.others} others{_words(self.false_alarms_interval)}"
        )


@dataclass(frozen=True)
class Ranking:
    """Attributes:
    area: under the ROC curve.
    interval: DeLong's 95% interval; None where there is no spread, or but one image of a kind.
    positives, others: the numbers of images.
    """

    area: float
    interval: Interval | None
    positives: int
    others: int

    def __str__(self) -> str:
        return (
            f"area under the ROC curve {self.area:.3f}{_words(self.interval, '.3f')}, "
            f"{self.positives} against {self.others}; chance 0.5"
        )


def mistakes(answers: Tensor, positive: Tensor, threshold: float) -> Mistakes:
    """Both kinds, at one threshold.

    Args:
        answers: ``(B,)``, of one channel.
        positive: bool ``(B,)``, True where the image shows the class.
        threshold: chosen on other images; chosen on these, it flatters the channel.

    Raises:
        ExplainError: shapes or types that do not fit; no image of one kind; answers that are not finite.
    """
    values, positive = _checked(answers, positive)
    fires = values > threshold
    missed, fired = int((positive & ~fires).sum()), int((~positive & fires).sum())
    return Mistakes(float(threshold), missed, int(positive.sum()), fired, int((~positive).sum()))


def equal_mistakes(answers: Tensor, positive: Tensor) -> float:
    """The threshold at which both shares lie nearest to each other: ``(B,)``, bool ``(B,)`` -> a number.

    Raises ExplainError, as ``mistakes``.
    """
    values, positive = _checked(answers, positive)
    candidates = values.unique()
    inside, outside = values[positive].sort().values, values[~positive].sort().values
    misses = torch.searchsorted(inside, candidates, right=True) / len(inside)
    false_alarms = 1 - torch.searchsorted(outside, candidates, right=True) / len(outside)
    return float(candidates[(misses - false_alarms).abs().argmin()])


def ranking(answers: Tensor, positive: Tensor) -> Ranking:
    """The area under the ROC curve: ``(B,)``, bool ``(B,)``. Raises ExplainError, as ``mistakes``."""
    values, positive = _checked(answers, positive)
    of_positives, of_others = _placements(values, positive)
    area = float(of_positives.mean())
    return Ranking(area, _cut(_delong(area, of_positives, of_others), 0), len(of_positives), len(of_others))


def area_difference(before: Tensor, after: Tensor, positive: Tensor) -> tuple[float, Interval | None]:
    """The area of ``after`` less that of ``before``, both ``(B,)`` and of the same images, and its 95% interval.

    None stands for the interval where there is no spread. Raises ExplainError, as ``mistakes``.
    """
    first, second = (_placements(*_checked(values, positive)) for values in (before, after))
    of_positives, of_others = (theirs - ours for ours, theirs in zip(first, second, strict=True))
    change = float(of_positives.mean())
    return change, _cut(_delong(change, of_positives, of_others), -1)


def _placements(values: Tensor, positive: Tensor) -> tuple[Tensor, Tensor]:
    """Of each positive the share of the others below it, and of each other the share of positives above it."""
    every = torch.as_tensor(stats.rankdata(values.numpy()))
    count, others = int(positive.sum()), int((~positive).sum())
    inside = torch.as_tensor(stats.rankdata(values[positive].numpy()))
    outside = torch.as_tensor(stats.rankdata(values[~positive].numpy()))
    return (every[positive] - inside) / others, 1 - (every[~positive] - outside) / count


def _delong(value: float, of_positives: Tensor, of_others: Tensor) -> Interval | None:
    if len(of_positives) < 2 or len(of_others) < 2:
        return None
    variance = float(of_positives.var() / len(of_positives) + of_others.var() / len(of_others))
    if not variance > 0:
        return None
    reach = float(stats.norm.ppf((1 + LEVEL) / 2)) * math.sqrt(variance)
    return value - reach, value + reach


def _cut(interval: Interval | None, lowest: float) -> Interval | None:
    return interval and (max(lowest, interval[0]), min(1.0, interval[1]))


def _words(interval: Interval | None, form: str = ".0%") -> str:
    return f" (95% interval {interval[0]:{form}} to {interval[1]:{form}})" if interval else ""


def _checked(answers: Tensor, positive: Tensor) -> tuple[Tensor, Tensor]:
    if answers.ndim != 1 or positive.shape != answers.shape or positive.dtype != torch.bool:
        raise ExplainError(
            "expected answers (B,) of one channel and a bool (B,), got "
            f"{tuple(answers.shape)} and {positive.dtype} {tuple(positive.shape)}; such as answers[:, 5], labels == 3"
        )
    values, positive = answers.detach().cpu().double(), positive.cpu()
    if not bool(positive.any()) or bool(positive.all()):
        raise ExplainError(
            f"{int(positive.sum())} of {len(positive)} images are positive; both kinds of mistake need both kinds"
        )
    return require_finite(values), positive
