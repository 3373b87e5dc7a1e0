"""The statistics of a comparison, against textbook numbers, naive computations and simulated truth."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from scipy import stats

from attncourse.lab.statistics import (
    POWER,
    detectable,
    holm,
    paired_differences,
    power,
    seeds_needed,
    summary,
)

# Student's sleep data (1908): hours gained by ten patients with either drug. R prints t = -4.0621, p = 0.002833, and
# the interval -2.4598858 to -0.7001142.
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
SLEEP = [one - other for one, other in zip(FIRST, SECOND, strict=True)]


def test_a_summary_is_that_of_the_textbook() -> None:
    accuracies = [0.5 + one / 10 for one in FIRST]
    found = summary(accuracies)
    assert (found.n, found.mean) == (10, pytest.approx(0.575))
    assert found.deviation == pytest.approx(statistics.stdev(FIRST) / 10)
    assert found.interval is not None
    reach = 2.262157 * statistics.stdev(FIRST) / 10 / math.sqrt(10)  # t of 9 degrees of freedom, from a printed table
    assert found.interval.low == pytest.approx(0.575 - reach, abs=1e-6)
    assert found.interval.high == pytest.approx(0.575 + reach, abs=1e-6)


def test_no_interval_holds_an_accuracy_that_there_cannot_be() -> None:
    high, low = summary([0.99, 1.0, 0.95]).interval, summary([0.01, 0.0, 0.05]).interval
    assert high is not None and low is not None
    assert (high.high, low.low) == (1.0, 0.0)
    assert high.low < 0.98 < high.high


def test_one_run_has_a_mean_and_nothing_else_and_none_has_no_mean() -> None:
    assert summary([0.5]) == summary([0.5]).__class__(1, 0.5, None, None)
    assert math.isnan(summary([]).mean)


def test_runs_that_agree_give_no_interval() -> None:
    """Three runs of 100 % do not make the next one sure."""
    found = summary([1.0, 1.0, 1.0])
    assert (found.deviation, found.interval) == (0.0, None)


def test_students_sleep_data() -> None:
    found = paired_differences({"sleep": SLEEP}, worth=0.5)["sleep"]
    assert (found.n, found.mean) == (10, pytest.approx(-1.58))
    assert found.p == pytest.approx(0.002833, abs=5e-7)
    assert found.p_holm == found.p
    assert found.interval is not None and found.simultaneous is not None
    assert (found.interval.low, found.interval.high) == (pytest.approx(-2.4598858), pytest.approx(-0.7001142))
    assert found.simultaneous == found.interval
    assert found.interval.reach == pytest.approx(2.4598858)


def test_holm_by_hand() -> None:
    # 0.005 * 4, 0.01 * 3, 0.03 * 2, and 0.04 * 1 = 0.04 may not fall below 0.06.
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.5]).tolist() == [1.0, 1.0]
    assert holm([0.02]).tolist() == [0.02]
    assert holm([]).tolist() == []
    assert holm(np.array([[0.01, 0.04], [0.04, 0.01]])).tolist() == [[0.02, 0.04], [0.04, 0.02]]


def test_a_family_is_corrected_together_and_has_wider_intervals() -> None:
    found = paired_differences({"sleep": SLEEP, "half": [one / 2 + 0.5 for one in SLEEP], "few": [0.1]}, worth=0.5)
    assert found["sleep"].p_holm == pytest.approx(3 * 0.002833, abs=2e-6), "what cannot be tested counts as well"
    assert found["sleep"].family == 3
    narrow, wide = found["sleep"].interval, found["sleep"].simultaneous
    assert narrow is not None and wide is not None
    assert wide.low < narrow.low < narrow.high < wide.high
    t = stats.t.ppf(1 - 0.05 / 3 / 2, 9)
    assert wide.high == pytest.approx(-1.58 + t * statistics.stdev(SLEEP) / math.sqrt(10))
    assert (found["few"].p, found["few"].p_holm, found["few"].interval, found["few"].detectable) == (None,) * 4


@pytest.mark.parametrize("same", [[0.0] * 5, [0.1 + 0.2 - 0.3, 0.0, 0.0], [0.71 - 0.70, 0.51 - 0.50, 0.01]])
def test_differences_without_spread_are_not_tested(same: list[float]) -> None:
    """The last two differ by rounding alone, which would make a t test more certain than anything."""
    found = paired_differences({"same": same}, worth=0.5)["same"]
    assert (found.p, found.interval, found.detectable, found.seeds_needed) == (None,) * 4


def test_two_seeds_have_an_interval_and_no_test() -> None:
    found = paired_differences({"two": [0.01, 0.03]}, worth=0.005)["two"]
    assert found.p is None and found.p_holm is None
    assert found.interval is not None
    assert found.interval.high == pytest.approx(0.02 + 12.7062 * 0.01, abs=1e-5)


def test_no_seeds_in_common() -> None:
    found = paired_differences({"none": []}, worth=0.005)["none"]
    assert (found.n, found.deviation, found.interval) == (0, None, None)
    assert paired_differences({}, worth=0.005) == {}


def by_integration(difference: float, n: int, level: float) -> float:
    """The power of the t test without the noncentral t: normal means over chi-distributed deviations."""
    freedom = n - 1
    bound = stats.t.isf(level / 2, freedom)
    shift = difference * math.sqrt(n)
    spread = np.linspace(1e-9, 12 * math.sqrt(freedom), 200_001)
    beyond = stats.norm.sf(bound * spread / math.sqrt(freedom) - shift)
    below = stats.norm.cdf(-bound * spread / math.sqrt(freedom) - shift)
    return float(np.trapezoid(stats.chi.pdf(spread, freedom) * (beyond + below), spread))


@pytest.mark.parametrize("n", [2, 3, 8, 40])
@pytest.mark.parametrize("difference", [0.0, 0.3, 1.0, 8.0])
@pytest.mark.parametrize("level", [0.05, 0.0125])
def test_power_is_that_of_an_integral(n: int, difference: float, level: float) -> None:
    assert power(difference, 1.0, n, level) == pytest.approx(by_integration(difference, n, level), abs=2e-6)


def test_power_without_a_difference_is_the_level() -> None:
    assert power(0.0, 1.0, 7) == pytest.approx(0.05)


def test_the_textbook_number_of_pairs() -> None:
    """Half a deviation with 80 % power takes 34 pairs: R's power.t.test says n = 33.37."""
    assert seeds_needed(1.0, 0.5) == 34
    assert seeds_needed(0.02, 0.01) == 34
    assert power(0.5, 1.0, 33) < POWER < power(0.5, 1.0, 34)


def test_what_can_be_detected_is_what_has_that_power() -> None:
    for n in (2, 3, 5, 16):
        for level in (0.05, 0.005):
            smallest = detectable(0.012, n, level)
            assert smallest is not None
            assert power(smallest, 0.012, n, level) == pytest.approx(POWER)
    assert detectable(0.012, 1) is None


def test_seeds_have_a_least_and_a_most() -> None:
    assert seeds_needed(1e-6, 1.0) == 3
    assert seeds_needed(1.0, 0.001) is None


@pytest.mark.parametrize(("worth", "level"), [(0.0, 0.05), (-1.0, 0.05), (0.01, 0.0), (0.01, 1.0)])
def test_numbers_out_of_range(worth: float, level: float) -> None:
    with pytest.raises(ValueError, match="0"):
        paired_differences({"one": [0.1, 0.2, 0.3]}, worth=worth, level=level)


def simulated(variants: int, n: int, differences: np.ndarray) -> np.ndarray:
    """4000 comparisons of so many variants with one baseline, over ``n`` seeds: the raw p values."""
    draw = np.random.default_rng(0)
    seed_effect = draw.normal(0, 2, (4000, 1, n))
    accuracies = seed_effect + draw.normal(0, 1, (4000, variants, n)) + differences[:, None]
    baseline = seed_effect + draw.normal(0, 1, (4000, 1, n))
    return stats.ttest_1samp(accuracies - baseline, 0, axis=-1).pvalue


def test_holm_holds_the_error_of_the_whole_family_where_nothing_differs() -> None:
    raw = simulated(5, 6, np.zeros(5))
    assert (raw < 0.05).any(axis=1).mean() > 0.12, "uncorrected, one comparison in eight finds what is not there"
    assert 0.02 < (holm(raw) < 0.05).any(axis=1).mean() < 0.058


def test_holm_holds_it_where_some_differ() -> None:
    raw = simulated(5, 6, np.array([0, 0, 0, 6.0, 6.0]))
    found = holm(raw) < 0.05
    assert found[:, :3].any(axis=1).mean() < 0.058
    assert found[:, 3:].mean() > 0.95


def test_the_stated_power_is_reached() -> None:
    smallest = detectable(math.sqrt(2), 8)
    assert smallest is not None
    raw = simulated(1, 8, np.array([smallest]))
    assert (raw < 0.05).mean() == pytest.approx(POWER, abs=0.02)
