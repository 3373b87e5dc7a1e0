"""Verdicts: each where it is due, and none where the data cannot say."""

from __future__ import annotations

import numpy as np
import pytest

from attncourse.lab.statistics import paired_differences
from attncourse.lab.verdict import BETTER, EQUIVALENT, INCONCLUSIVE, NO_VERDICT, WORSE, Verdict, verdict

WORTH = 0.005
UP = [0.021, 0.018, 0.024, 0.020, 0.022]
CASES: dict[str, tuple[list[float], str]] = {
    "far above": (UP, BETTER),
    "far below": ([-one for one in UP], WORSE),
    "narrow around nothing": ([0.001, -0.001, 0.0005, -0.0008, 0.0004], EQUIVALENT),
    "wide around nothing": ([0.02, -0.03, 0.01, -0.01, 0.02], INCONCLUSIVE),
    "wide and leaning": ([0.03, 0.02, -0.01, 0.02], INCONCLUSIVE),
    "one seed": ([0.3], NO_VERDICT),
    "two seeds": ([0.3, 0.31], NO_VERDICT),
    "no seed": ([], NO_VERDICT),
    "the same in every seed": ([0.0] * 8, NO_VERDICT),
    "shifted without spread": ([0.01] * 8, NO_VERDICT),
}


def of(differences: list[float], *others: list[float]) -> Verdict:
    family = {"one": differences, **{f"other {number}": other for number, other in enumerate(others)}}
    return verdict(paired_differences(family, worth=WORTH)["one"])


@pytest.mark.parametrize("name", CASES)
def test_each_state(name: str) -> None:
    differences, state = CASES[name]
    found = of(differences)
    assert found.state == state
    assert found.why.startswith(found.state if state != EQUIVALENT else "no difference larger than 0.")


def test_a_verdict_says_by_how_much_and_with_what_p() -> None:
    assert of(UP).why == "better by 2.10 points (+1.82 to +2.38 points, p < 0.001)."
    assert "by Holm for 3 differences" in of(UP, UP, UP).why


def test_what_holds_alone_may_not_hold_among_many() -> None:
    leaning = [0.012, 0.004, 0.015, 0.009, 0.001]
    assert of(leaning).state == BETTER
    assert of(leaning, *[[0.01, -0.01, 0.02]] * 4).state == INCONCLUSIVE


def test_inconclusive_says_what_it_would_take() -> None:
    why = of(CASES["wide around nothing"][0]).why
    assert "5 seeds with this spread find 3.65 points with 80% power" in why
    assert "0.50 points would take about 150 seeds" in why
    why = of([0.5, -0.5, 0.4, -0.4]).why
    assert "find no difference at all with 80% power; 0.50 points would take more than 10000 seeds" in why


def test_a_difference_may_be_sure_and_small() -> None:
    found = of([0.0020, 0.0021, 0.0019, 0.0020, 0.0022])
    assert found.state == BETTER
    assert found.words == "better, yet by less than 0.50 points"


def test_equivalence_is_judged_by_the_wider_interval_of_the_family() -> None:
    close = [0.004, -0.003, 0.003, -0.0035, 0.0042, -0.003]
    assert of(close).state == EQUIVALENT
    assert of(close, *[[0.3, -0.2, 0.1]] * 9).state == INCONCLUSIVE


def test_no_verdict_says_why() -> None:
    assert "1 seed in common cannot tell" in of([0.3]).why
    assert "2 seeds in common cannot tell" in of([0.3, 0.1]).why
    assert "the same in every seed" in of([0.0] * 3).why
    assert "+1.00 points in every one of 8 seeds" in of([0.01] * 8).why


def test_no_difference_is_called_inconclusive_about_95_times_in_100() -> None:
    """Where the spread is as wide as it is on CIFAR-10 and nothing differs; the rest are false claims."""
    draw = np.random.default_rng(1)
    states = [of(list(draw.normal(0, 0.02, 5))).state for _ in range(300)]
    assert set(states) <= {INCONCLUSIVE, BETTER, WORSE}
    assert 0.92 < states.count(INCONCLUSIVE) / 300 < 0.98


def test_a_difference_at_the_margin_is_seldom_called_none() -> None:
    draw = np.random.default_rng(2)
    states = [of(list(draw.normal(WORTH, 0.004, 8))).state for _ in range(200)]
    assert states.count(EQUIVALENT) / 200 < 0.05
