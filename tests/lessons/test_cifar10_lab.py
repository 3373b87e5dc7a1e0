"""Lesson 08: answers that its author did not list, right ones and wrong ones."""

from __future__ import annotations

import importlib
import math

import numpy
import pytest
import torch
from scipy import stats

from attncourse import lab
from attncourse.checking import Exercise, Judge, Report, Workbench
from attncourse.lab.verdict import INCONCLUSIVE

THIRD = ("inconclusive", "no difference that matters")


def judged(name: str, answer: object) -> Report:
    exercise: Exercise = importlib.import_module(f"attncourse.lessons.cifar10_lab.{name}").exercise
    return Judge(exercise, seed=3).verdict(Workbench(answer))


def interval_by_scipy(ours, theirs, critical):
    n = len(ours)
    mean, error = (ours - theirs).mean().item(), stats.sem((ours - theirs).numpy())
    return numpy.array([mean - critical * error, mean + critical * error]).tolist() if n > 1 else None


def interval_from_squares(ours, theirs, critical):
    n = ours.numel()
    first, second = (ours - theirs).double().sum() / n, ((ours - theirs).double() ** 2).sum() / n
    half = critical * ((second - first**2) / (n - 1)) ** 0.5
    return float(first - half), float(first + half)


def holm_by_hand(p):
    out = torch.ones(len(p))
    highest = 0.0
    for k, i in enumerate(p.argsort().tolist()):
        highest = max(highest, (len(p) - k) * p[i].item())
        out[i] = min(highest, 1)
    return out


def holm_with_numpy(p):
    values = p.numpy()
    order = numpy.argsort(values)
    stepped = numpy.maximum.accumulate(values[order] * numpy.arange(len(values), 0, -1))
    return torch.from_numpy(numpy.minimum(stepped, 1)[numpy.argsort(order)])


def interval_as_numpy(ours, theirs, critical):
    d = (ours - theirs).numpy()
    return d.mean() + numpy.array([-1, 1]) * critical * d.std(ddof=1) / len(d) ** 0.5


def holm_as_numpy(p):
    return holm_with_numpy(p).numpy()


def seeds_as_float(spread, difference):
    return float(max(3, math.ceil((2.8 * spread / difference) ** 2)))


def verdict_nested(low, high, matters):
    if low <= 0 and high >= 0:
        if low > -matters and matters > high:
            return "No difference that matters."
        return "inconclusive"
    return "better" if high > 0 else "worse"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("interval", interval_by_scipy),
        ("interval", interval_from_squares),
        ("interval", interval_as_numpy),
        ("family", holm_by_hand),
        ("family", holm_as_numpy),
        ("family", holm_with_numpy),
        ("seeds", seeds_as_float),
        ("verdict", verdict_nested),
        ("recall", [3, 8]),
        ("recall", torch.tensor([3, 8])),
        ("prediction", ["BAM", "Coordinate"]),
    ],
)
def test_right_answers_of_other_styles_pass(name: str, answer: object) -> None:
    report = judged(name, answer)
    assert report.passed, (report.subgoal, report.why)


def interval_of_medians(ours, theirs, critical):
    d = ours - theirs
    return d.median() - critical * d.std() / len(d) ** 0.5, d.median() + critical * d.std() / len(d) ** 0.5


def interval_sorted_first(ours, theirs, critical):
    d = ours.sort().values - theirs.sort().values
    return d.mean() - critical * d.std() / len(d) ** 0.5, d.mean() + critical * d.std() / len(d) ** 0.5


def interval_at_least_three(ours, theirs, critical):
    d = ours - theirs
    half = critical * d.std() / max(3, len(d)) ** 0.5
    return d.mean() - half, d.mean() + half


def interval_by_scipy_alone(ours, theirs, critical):
    d = (ours - theirs).numpy()
    low, high = stats.t.interval(0.95, len(d) - 1, d.mean(), stats.sem(d))
    return float(low), float(high)


def hochberg_instead_of_holm(p):
    s, order = p.sort()
    a = (s * torch.arange(len(p), 0, -1)).flip(0).cummin(0).values.flip(0).clamp(max=1)
    return torch.empty_like(a).scatter(0, order, a)


def sidak(p):
    return 1 - (1 - p) ** len(p)


def seeds_for_ninety_percent(spread, difference):
    return max(3, math.ceil(((1.96 + 1.28) * spread / difference) ** 2))


def verdict_with_closed_margin_turned(low, high, matters):
    if low > 0:
        return "better"
    if high < 0:
        return "worse"
    return "no difference that matters" if high - low < 2 * matters else "inconclusive"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("interval", interval_of_medians),
        ("interval", interval_sorted_first),
        ("interval", interval_at_least_three),
        ("interval", interval_by_scipy_alone),
        ("family", hochberg_instead_of_holm),
        ("family", sidak),
        ("seeds", seeds_for_ninety_percent),
        ("seeds", lambda spread, difference: 8),
        ("verdict", verdict_with_closed_margin_turned),
        ("verdict", lambda low, high, m: "better" if low > 0 else "worse" if high < 0 else THIRD[high - low < m]),
        ("verdict", lambda low, high, matters: "inconclusive"),
        ("recall", (3, 8, 8)),
        ("recall", 8),
        ("prediction", "bam and coordinate"),
        ("tests", lambda implementation: True),
        ("tests", lambda implementation: False),
        ("tests", lambda implementation: implementation.__name__ == "interval"),
    ],
)
def test_wrong_answers_are_refused(name: str, answer: object) -> None:
    report = judged(name, answer)
    assert not report.passed and report.score < report.max_score


def test_the_conclusion_that_passes_is_the_one_that_the_recorded_runs_allow() -> None:
    comparison = lab.recorded("cifar10_jpeg")
    assert {contrast.verdict.state for contrast in comparison.contrasts} == {INCONCLUSIVE}
    for contrast in comparison.contrasts:
        assert contrast.statistics.simultaneous.reach > 0.01
    cbam = comparison.contrast("cbam").statistics
    assert cbam.interval.high < 0 and f"{cbam.p_holm:.3f}" == "0.107"
    means = {one.attention: one.summary.mean for one in comparison.variants}
    assert max(means, key=means.__getitem__) == "bam"
    assert comparison.about["recipe"]["epochs"] == 4
