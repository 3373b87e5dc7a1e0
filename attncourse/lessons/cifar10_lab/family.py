"""lab-family: p-values of several comparisons, corrected after Holm."""

from __future__ import annotations

from collections.abc import Iterator

import numpy
import torch
from torch import Tensor

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "lab-family",
    answer="corrected",
    title="Many comparisons",
    points=3,
    task=(
        "Write `corrected(p)`: the p-values of m comparisons, `(m,)`, corrected after Holm (1979), in the order "
        "in which "
        "they came. The smallest is multiplied by m, the next one by m - 1, ..., the largest by 1. None may be smaller "
        "than one before it in the order of size, and none above 1."
    ),
    gradients=False,
    equivalents={
        "return torch.empty_like(stepped).scatter(-1, order, stepped)": "p has one axis",
        "stepped = (ascending * torch.arange(len(p), 0, -1)).cummax(dim=-1).values.clamp(max=1)": "p has one axis",
    },
    hints=[
        "Sort the p-values, and remember where each came from. torch.sort gives both.",
        "The factors are m, m - 1, ..., 1: `torch.arange(m, 0, -1)`.",
        "No smaller than the one before: a running maximum, `torch.cummax(...).values`. Then clamp at 1.",
        "Back to the old order: make an empty tensor `out`, and set `out[order] = what you have`.",
        "In full: `s, order = p.sort()`; `a = (s * torch.arange(len(p), 0, -1)).cummax(0).values.clamp(max=1)`; "
        "`out = torch.empty_like(a)`; `out[order] = a`; `return out`.",
    ],
)


def _factors(p: Tensor) -> Tensor:
    return torch.arange(len(p), 0, -1, dtype=p.dtype)


def _back(values: Tensor, order: Tensor) -> Tensor:
    out = torch.empty_like(values)
    out[order] = values
    return out


@exercise.reference
def corrected(p: Tensor) -> Tensor:
    """``(m,) -> (m,)``."""
    ascending, order = p.sort()
    return _back((ascending * _factors(p)).cummax(dim=0).values.clamp(max=1), order)


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    yield Case("two comparisons", (torch.tensor([0.5, 0.01]),))
    yield Case("three comparisons", (torch.tensor([0.03, 0.01, 0.02]),))
    yield Case("three weak ones", (torch.tensor([0.7, 0.5, 0.9]),))
    yield Case("one comparison", (torch.tensor([0.04]),))
    yield Case("five comparisons", (torch.tensor([0.9, 0.004, 0.02, 0.024, 0.3]),))
    yield Case("five close ones", (torch.tensor([0.04, 0.011, 0.012, 0.05, 0.0101]),))
    for count in (4, 7):
        p = draw.normal(count).abs() / 20 + 0.001
        yield Case(f"{count} comparisons", (p,))


@exercise.accepts
def with_a_loop(p):
    out, before = [0.0] * len(p), 0.0
    for rank, place in enumerate(sorted(range(len(p)), key=lambda one: float(p[one]))):
        before = max(before, float(p[place]) * (len(p) - rank))
        out[place] = min(1.0, before)
    return torch.tensor(out)


@exercise.accepts
def each_from_all_below(p):
    m = len(p)
    rank = (p[None] < p[:, None]).sum(dim=1)
    scaled = p * (m - rank)
    return torch.stack([scaled[p <= one].max() for one in p]).clamp(max=1)


@exercise.accepts
def by_argsort_twice(p):
    order = p.argsort()
    a = torch.cummax(p[order] * torch.arange(len(p), 0, -1), dim=0)[0]
    return torch.minimum(a[order.argsort()], torch.ones(()))


@exercise.accepts
def in_numpy(p):
    values = p.numpy()
    order = numpy.argsort(values)
    stepped = numpy.maximum.accumulate(values[order] * numpy.arange(len(values), 0, -1))
    return numpy.minimum(stepped, 1)[numpy.argsort(order)]


@exercise.accepts
def one_after_the_other(p):
    left, out, before = list(range(len(p))), torch.ones(len(p)), torch.zeros(())
    while left:
        smallest = min(left, key=lambda one: p[one].item())
        before = torch.maximum(before, p[smallest] * len(left))
        out[smallest] = before.clamp(max=1)
        left.remove(smallest)
    return out


@exercise.misconception
def multiplies_all_by_m(p):
    """You multiplied each p-value by m, after Bonferroni.

    That is safe, and needlessly strict: once the smallest has passed, only m - 1 hypotheses remain that could be true.

    Sort, and let the factor fall by one at each step.
    """
    return (p * len(p)).clamp(max=1)


@exercise.misconception
def leaves_them_in_order_of_size(p):
    """Your values are right, in the order of their size.

    Whoever asks for the third comparison's p-value gets another one's.

    Put each back where it came from: `out[order] = ...`.
    """
    ascending, _ = p.sort()
    return (ascending * _factors(p)).cummax(dim=0).values.clamp(max=1)


@exercise.misconception
def lets_a_larger_one_pass_before_a_smaller(p):
    """You left out the running maximum.

    Then 0.02 and 0.024 times their factors can change places: the weaker evidence gets the smaller p-value.

    Take the maximum with all before it, in the order of size.
    """
    ascending, order = p.sort()
    return _back((ascending * _factors(p)).clamp(max=1), order)


@exercise.misconception
def above_one(p):
    """You let p-values grow beyond 1.

    A probability ends at 1.

    Clamp at 1.
    """
    ascending, order = p.sort()
    return _back((ascending * _factors(p)).cummax(dim=0).values, order)


@exercise.misconception
def largest_first(p):
    """You gave the largest p-value the factor m.

    The strongest evidence is asked first and must bear the whole family.

    Sort upwards: the smallest is multiplied by m.
    """
    descending, order = p.sort(descending=True)
    return _back((descending * _factors(p)).cummax(dim=0).values.clamp(max=1), order)


@exercise.misconception
def controls_false_discoveries(p):
    """You computed the correction of Benjamini and Hochberg: m / rank, with a running minimum from above.

    It bounds the share of false ones among what you call significant. That is another promise than "no false one at all
    in 95 of 100 families".

    The factors of Holm are m, m - 1, ..., 1.
    """
    ascending, order = p.sort()
    scaled = ascending * len(p) / torch.arange(1, len(p) + 1)
    return _back(scaled.flip(0).cummin(dim=0).values.flip(0).clamp(max=1), order)


@exercise.misconception
def does_not_correct(p):
    """You gave the p-values back as they came.

    With five comparisons of things that do not differ, one of them falls below 0.05 in about every fifth family.

    Multiply the smallest by m, the next by m - 1, and so on.
    """
    return p.clone()


@exercise.misconception
def factors_begin_below_m(p):
    """Your factors begin at m - 1.

    While the smallest is asked, all m could be true.

    m, m - 1, ..., 1.
    """
    ascending, order = p.sort()
    factors = (_factors(p) - 1).clamp(min=1)
    return _back((ascending * factors).cummax(dim=0).values.clamp(max=1), order)
