"""What a set of records says together, and how it is shown and kept."""

from __future__ import annotations

import csv
import json
import statistics
import xml.etree.ElementTree
from pathlib import Path
from typing import Any

import pytest

from attncourse import lab
from attncourse.figures import Picture
from attncourse.lab import comparison_files, comparison_text
from attncourse.lab.comparison import analyse
from attncourse.lab.errors import LabError
from attncourse.lab.verdict import BETTER, INCONCLUSIVE, NO_VERDICT

NONE = {0: 0.700, 1: 0.712, 2: 0.690, 3: 0.705}
SE = {0: 0.722, 1: 0.731, 2: 0.713, 3: 0.727}
CONTROL = {0: 0.701, 1: 0.709, 2: 0.694, 3: 0.701}


def record(attention: str, seed: int, accuracy: float | None, **changes: Any) -> dict[str, Any]:
    return {
        "attention": attention,
        "seed": seed,
        "test_accuracy": accuracy,
        "data": "cifar10",
        "data_title": "CIFAR-10",
        "data_fingerprint": "0123456789abcdef",
        "host": "small",
        "recipe": {"epochs": 3, "learning_rate": 0.2},
        "cpu_seconds_budget": None,
        "device": "cpu",
        "hardware": {"processor": "a processor"},
        "versions": {"torch": "2.13"},
        "parameters": 1000 + 100 * len(attention),
        "multiply_adds": 10_000 * len(attention),
        "seconds": 2.0 + seed,
        "cpu_seconds": 4.0 + seed,
        "images_per_second": 500.0,
        "finished": True,
    } | changes


def records(**variants: dict[int, float]) -> list[dict[str, Any]]:
    names = {"none": "none", "se": "se", "control": "control(se)", "cbam": "cbam"}
    return [record(names[name], seed, value) for name, seeds in variants.items() for seed, value in seeds.items()]


def test_means_and_paired_differences_are_those_of_the_records() -> None:
    found = analyse(records(none=NONE, se=SE))
    assert found.baseline == "none"
    assert found["se"].summary.mean == pytest.approx(statistics.mean(SE.values()))
    assert found["none"].summary.deviation == pytest.approx(statistics.stdev(NONE.values()))
    contrast = found.contrast("se")
    assert contrast.differences == pytest.approx({0: 0.022, 1: 0.019, 2: 0.023, 3: 0.022})
    assert contrast.statistics.mean == pytest.approx(0.0215)
    assert contrast.verdict.state == BETTER
    assert (found["se"].parameters, found["se"].multiply_adds, found["se"].seconds) == (1200, 20_000, 3.5)
    assert lab.analyse is analyse


def test_pairing_finds_what_the_seeds_hide() -> None:
    """The variants overlap; each seed says the same."""
    shifted = {seed: accuracy + 0.004 + 0.0005 * (seed % 2) for seed, accuracy in NONE.items()}
    assert analyse(records(none=NONE, se=shifted)).contrast("se").verdict.state == BETTER


def test_seeds_are_paired_by_their_number_and_not_by_their_place() -> None:
    turned = dict(reversed(SE.items()))
    found = analyse(records(none=NONE, se=turned)).contrast("se")
    assert found.differences == analyse(records(none=NONE, se=SE)).contrast("se").differences


def test_the_first_variant_is_the_baseline_and_all_others_are_one_family() -> None:
    found = analyse(records(none=NONE, se=SE, cbam=CONTROL), attention=["se", "none", "cbam"])
    assert [one.name for one in found.contrasts] == ["none - se", "cbam - se"]
    assert {one.statistics.family for one in found.contrasts} == {2}
    assert found.contrast("none").statistics.mean == pytest.approx(-0.0215)


def test_a_variant_is_compared_with_its_control_too() -> None:
    found = analyse(records(none=NONE, se=SE, control=CONTROL))
    assert [one.name for one in found.contrasts] == ["se - none", "se - control(se)"]
    assert found.contrast("se", "control(se)").verdict.state == BETTER
    assert {one.statistics.family for one in found.contrasts} == {2}


def test_a_control_alone_with_its_variant_is_compared_once() -> None:
    assert [one.name for one in analyse(records(control=CONTROL, se=SE)).contrasts] == ["se - control(se)"]


def test_a_control_without_its_variant_is_a_variant_like_others() -> None:
    found = analyse(records(none=NONE, control=CONTROL))
    assert [(one.name, one.verdict.state) for one in found.contrasts] == [("control(se) - none", INCONCLUSIVE)]


@pytest.mark.parametrize("accuracy", [None, float("nan")])
def test_failed_runs_are_left_out_and_named(accuracy: float | None) -> None:
    broken = record("se", 4, accuracy, problem="The loss became nan in epoch 2")
    found = analyse([*records(none={**NONE, 4: 0.71}, se=SE), broken])
    assert found.failed == ["se, seed 4, is excluded: The loss became nan in epoch 2"]
    assert found["se"].summary.n == 4
    assert found.contrast("se").statistics.n == 4
    assert "se lacks seed 4: its differences are over the seeds in common" in found.notes
    assert "The loss became nan" in str(found)


def test_a_variant_all_of_whose_runs_failed_is_shown_without_numbers() -> None:
    found = analyse([*records(none=NONE), record("se", 0, None)])
    assert found.contrast("se").verdict.state == NO_VERDICT
    assert "nan" not in str(found).lower()
    assert found.accuracy_and_cost().axes


DIFFERENT: dict[str, tuple[dict[str, Any], str]] = {
    "pixels": ({"data_fingerprint": "fedcba9876543210"}, "CIFAR-10 0123456789abcdef and CIFAR-10 fedcba98"),
    "data": ({"data_title": "same row"}, "data differs"),
    "recipe": ({"recipe": {"epochs": 4, "learning_rate": 0.2}}, "recipe differs: epochs 3 and 4 "),
    "host": ({"host": "resnet20"}, "host differs: small and resnet20"),
    "device": ({"device": "cuda:1"}, "kind of device differs: cpu and cuda"),
    "budget": ({"cpu_seconds_budget": 60.0}, "budget of CPU-seconds differs: None and 60.0"),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_runs_that_differ_otherwise_are_refused_with_the_reason(name: str) -> None:
    changes, reason = DIFFERENT[name]
    with pytest.raises(LabError, match=reason) as caught:
        analyse([*records(none=NONE), record("se", 0, 0.7, **changes)])
    assert "(none, seed 0; se, seed 0)" in str(caught.value)


def test_the_same_pictures_may_lie_at_another_place() -> None:
    moved = [record("se", seed, value, data="copies/cifar-10-python.tar.gz") for seed, value in SE.items()]
    assert analyse([*records(none=NONE), *moved]).contrast("se").statistics.n == 4


def test_with_a_budget_of_time_the_processor_must_be_the_same() -> None:
    budget = {"cpu_seconds_budget": 60.0}
    one, other = record("none", 0, 0.7, **budget), record("se", 0, 0.7, **budget, hardware={"processor": "another"})
    with pytest.raises(LabError, match="processor.*a processor and another"):
        analyse([one, other])
    assert analyse([record("none", 0, 0.7), record("se", 0, 0.7, hardware={"processor": "another"})]).notes == [
        "The runs come from 2 kinds of hardware: times are not comparable, and accuracies may differ a little"
    ]


def test_two_gpus_are_one_kind_of_device() -> None:
    assert analyse([record("none", 0, 0.7, device="cuda"), record("se", 0, 0.7, device="cuda:1")]).contrasts


def test_what_makes_no_comparison() -> None:
    with pytest.raises(LabError, match="no record"):
        analyse([])
    with pytest.raises(LabError, match="se, seed 0, comes twice"):
        analyse([*records(none=NONE, se=SE), record("se", 0, 0.9)])
    with pytest.raises(LabError, match="between 0 and 1; got 0"):
        analyse(records(none=NONE, se=SE), worth=0)
    with pytest.raises(KeyError, match="'bam'.*none, se"):
        analyse(records(none=NONE, se=SE))["bam"]
    with pytest.raises(KeyError, match="there are: se - none"):
        analyse(records(none=NONE, se=SE)).contrast("none")


def test_the_tables_say_all_of_it() -> None:
    shown = str(analyse(records(none=NONE, se=SE, control=CONTROL)))
    lines = shown.splitlines()
    assert lines[0] == "CIFAR-10, host small, 3 epochs, cpu; baseline: none"
    assert lines[3].split() == ["none", "4", "70.17", "0.93", "68.70", "to", "71.65", "1", "400", "40k", "5.5"]
    row = next(line for line in lines if line.startswith("se - none  "))
    assert row.split() == ["se", "-", "none", "4", "+2.15", "+1.87", "to", "+2.43", "<", "0.001", *row.split()[10:13]]
    assert row.endswith("better")
    assert "se - control(se): better by 2.20 points" in shown
    assert "Holm's correction for 2" in shown
    assert max(len(line) for line in lines if "  " in line) < 110


def test_one_seed_is_shown_without_methods_that_were_not_used() -> None:
    shown = str(analyse([record("none", 0, 0.7), record("se", 0, 0.72)]))
    assert "no verdict" in shown and "Holm's correction" not in shown


def test_a_notebook_shows_tables_and_nothing_that_a_name_could_break() -> None:
    shown = analyse([record("none", 0, 0.7), record("<b>.py:Mine", 0, 0.72)])._repr_html_()
    assert shown.count("<table>") == 2
    assert "&lt;b&gt;.py:Mine" in shown and "<b>.py" not in shown


def test_the_figures_show_each_variant() -> None:
    found = analyse(records(none=NONE, se=SE, control=CONTROL), curves={"se": [[0.1, 0.5, 0.7], [0.2, 0.4, 0.71]]})
    pictures = [found.accuracy_and_cost(), found.accuracy_and_cost("parameters"), found.learning_curves()]
    for picture in [*pictures, found.paired_differences()]:
        assert isinstance(picture, Picture)
        assert len(picture.axes) == 1
    named = [picture.axes[0].get_legend_handles_labels()[1] for picture in pictures]
    assert named == [["none", "se", "control(se)"]] * 2 + [["se (2 seeds)"]]
    rows = [label.get_text() for label in found.paired_differences().axes[0].get_yticklabels()]
    assert rows == ["se - none", "se - control(se)"]


def test_a_picture_says_how_many_seeds_stand_behind_it() -> None:
    found = analyse(records(none=NONE, se={seed: SE[seed] for seed in (0, 1, 2)}))
    assert found.accuracy_and_cost().title.endswith("95% interval; 3 to 4 seeds each")
    assert found.paired_differences().title.endswith("95% intervals; 3 seeds each")
    said = [comparison_text.seeds(counts) for counts in ((), [1], [3, 2, 5])]
    assert said == ["0 seeds each", "1 seed each", "2 to 5 seeds each"]


def test_all_of_it_is_written_and_is_json_without_nan(tmp_path: Path) -> None:
    found = analyse([*records(none=NONE, se=SE), record("cbam", 0, None)])
    comparison_files.write(found, tmp_path, looks=[4])
    kept = json.loads((tmp_path / "comparison.json").read_text(), parse_constant=pytest.fail)
    assert kept["data_title"] == "CIFAR-10" and kept["versions"] == [{"torch": "2.13"}] and kept["date"]
    assert kept["contrasts"][0]["statistics"]["mean"] == pytest.approx(0.0215)
    assert kept["variants"][2]["summary"]["mean"] is None
    assert kept["variants"][1]["accuracies"] == {str(seed): accuracy for seed, accuracy in SE.items()}
    with open(tmp_path / "comparison.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["attention"] for row in rows] == ["none", "se", "cbam"]
    assert float(rows[1]["p"]) == found.contrast("se").statistics.p
    assert rows[1]["verdict"] == "better" and rows[0]["verdict"] == ""
    with open(tmp_path / "runs.csv", newline="") as file:
        assert [row["test_accuracy"] for row in csv.DictReader(file)] == [
            str(a) for a in (*NONE.values(), *SE.values())
        ]
    for name in comparison_files.PICTURES:
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert xml.etree.ElementTree.parse(tmp_path / f"{name}.svg").getroot().tag.endswith("svg")
    assert comparison_files.looks(tmp_path) == [4]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"looks": 3}', '{"looks": ["a"]}'])
def test_a_comparison_that_cannot_be_read_counts_as_no_look(tmp_path: Path, text: str) -> None:
    (tmp_path / "comparison.json").write_text(text)
    assert comparison_files.looks(tmp_path) == []
