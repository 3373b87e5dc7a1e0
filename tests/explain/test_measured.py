"""The records that come with the course: what they say follows from what they hold, and they show themselves."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from scipy import stats

from attncourse.explain import ExplainError, Recorded, measured, recorded

NAMES = sorted(path.stem for path in measured.FOLDER.glob("*.json"))


def made_up() -> Recorded:
    rows: list[dict[str, Any]] = [
        {"measure": "share", "variant": "none", "layer": "a", "n": 4, "unit": "seeds", "mean": 0.5, "deviation": 0.1,
         "low": 0.34, "high": 0.66, "level": 0.25},
        {"measure": "share", "variant": "se", "layer": "a", "n": 4, "unit": "seeds", "mean": 0.625, "deviation": 0.0,
         "low": None, "high": None, "level": 0.25},
        {"measure": "gain", "variant": "se", "layer": "b", "n": 1, "unit": "seeds", "mean": 0.125, "deviation": None,
         "low": None, "high": None, "verdict": "<no verdict>"},
    ]  # fmt: skip
    return Recorded.read(
        "made_up",
        {
            "title": "Made up", "date": "2025-01-31", "command": "none", "hardware": {"processor": "some"},
            "versions": {"torch": "2", "cuda": None}, "notes": ["Nothing follows."], "facets": ["variant", "layer"],
            "rows": rows,
        },
    )  # fmt: skip


def test_a_record_shows_where_it_comes_from_and_what_follows() -> None:
    assert repr(made_up()) == "Made up\n2025-01-31; some; torch 2\n- Nothing follows."


def test_a_table_names_once_what_its_lines_share() -> None:
    table = made_up().table(measure="share")
    assert repr(table).splitlines() == [
        "share, layer a; a map that knows nothing gets 0.25",
        "variant  mean   95 % interval   deviation  n",
        "none     0.500  0.340 to 0.660  0.100      4 seeds",
        "se       0.625  -               0.000      4 seeds",
    ]
    assert "<td>0.340 to 0.660</td>" in table._repr_html_()
    assert "&lt;no verdict&gt;" in made_up().table(variant="se")._repr_html_()
    assert repr(made_up().table(variant="se")).splitlines()[0] == "variant se"


def test_select_finds_rows_or_says_what_there_is() -> None:
    record = made_up()
    assert [row["variant"] for row in record.select(measure="share", variant=("se", "none"))] == ["none", "se"]
    assert record.select(layer="b")[0].mean == 0.125 and record.select(layer="b")[0]["measure"] == "gain"
    with pytest.raises(ExplainError, match="no variant 'bam'; it has: 'none', 'se'"):
        record.select(variant="bam")
    with pytest.raises(ExplainError, match="no facet 'seed'; it has: measure, variant, layer"):
        record.select(seed="0")
    with pytest.raises(ExplainError, match="no row with all of"):
        record.select(measure="gain", variant="none")
    with pytest.raises(KeyError, match="no facet 'seed'"):
        record.rows[0]["seed"]


def test_an_unknown_record_is_told_which_there_are() -> None:
    with pytest.raises(ExplainError, match="there is no record 'locality'; there are: "):
        recorded("locality")


@pytest.mark.parametrize("name", NAMES)
def test_intervals_follow_from_what_is_recorded(name: str) -> None:
    record = recorded(name)
    assert record.rows and record.notes and record.date and record.command and record.versions["torch"]
    assert record.hardware.get("processor") or record.hardware.get("gpu")
    keys = [(row.measure, *row.facets.values()) for row in record.rows]
    assert len(set(keys)) == len(keys), "each row has facets of its own"
    for row in record.rows:
        assert math.isfinite(row.mean), row
        if row.interval_by != "t":
            assert row.low is not None and row.high is not None and row.low <= row.mean <= row.high, row
        elif row.deviation is None or row.n < 2:
            assert row.low is None and row.high is None, row
        elif row.low is not None and row.high is not None:
            reach = stats.t.ppf(0.975, row.n - 1) * row.deviation / math.sqrt(row.n)
            assert (row.low, row.high) == pytest.approx((row.mean - reach, row.mean + reach), abs=2e-4), row
        else:
            assert row.deviation == 0, row


@pytest.mark.parametrize("name", NAMES)
def test_a_record_is_small_and_no_number_in_it_is_lost(name: str) -> None:
    text = (measured.FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert len(text) < 100_000
    assert json.loads(text, parse_constant=lambda wrong: pytest.fail(f"{wrong} is no JSON")) is not None
