"""The comparisons that come with the course are whole, and are read as they were measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attncourse import lab
from attncourse.lab.measured import FOLDER

FILES = [pytest.param(path, id=path.stem) for path in sorted(FOLDER.glob("*.json"))]


def test_there_is_one() -> None:
    assert FILES


@pytest.mark.parametrize("path", FILES)
def test_every_variant_has_every_seed_and_says_where_it_was_measured(path: Path) -> None:
    found = json.loads(path.read_text(encoding="utf-8"))
    comparison = lab.recorded(path.stem)
    seeds = {tuple(one.accuracies) for one in comparison.variants}
    assert len(seeds) == 1 and sum(len(one.accuracies) for one in comparison.variants) == len(found["records"])
    assert found["command"].startswith("attncourse compare ") and found["note"]
    for record in found["records"]:
        assert record["finished"] and record["hardware"] and record["versions"]["torch"]
        assert 0 < record["test_accuracy"] < 1
    assert "/" not in comparison.about["data_title"]


def test_an_unknown_one_is_told_what_there_is() -> None:
    with pytest.raises(lab.LabError, match="There are: cifar10_jpeg"):
        lab.recorded("imagenet")
