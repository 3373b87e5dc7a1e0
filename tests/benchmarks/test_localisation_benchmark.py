"""Where networks look: both benchmarks end to end on made-up pictures; their words follow from their numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from attncourse import hosts, trained
from attncourse.attention import ATTENTION
from attncourse.explain import METHODS, Recorded, average, measured, mosaics, recorded
from attncourse.lab.data.dataset import Dataset, dataset
from benchmarks import localisation, localisation_record, localisation_seeds
from benchmarks.localisation import Network, Plan

SIZE = (16, 24)
PLAN = Plan(pictures=40, mosaics=3, singles=3, steps=2, draws=2, pictures_a_draw=2, batch=2)


def pictures(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Class k is bright in a band of columns of its own."""
    labels = torch.arange(count) % 5
    images = 60 * torch.rand(count, 3, *SIZE, generator=torch.Generator().manual_seed(seed))
    for number, label in enumerate(labels.tolist()):
        images[number, :, :, 4 * label : 4 * label + 6] += 150
    return images.to(torch.uint8), labels


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset("bands", "Bands", list("abcde"), pictures(60, 0), pictures(40, 1), mirrored=False)


def network(variant: str, seed: int = 0) -> Network:
    torch.manual_seed(seed)
    model = hosts.build("small", None if variant == "none" else variant, classes=5)
    return Network(variant, model, lambda pixels: (pixels - 0.4) / 0.3)


def test_a_whole_record(data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Untrained networks know nothing; here they are said to.
    monkeypatch.setattr(localisation, "sure", lambda model, images, labels: torch.ones(len(labels), dtype=torch.bool))
    networks = [network("none"), network("cbam")]
    before = torch.get_num_threads()
    made = localisation.make_record(networks, data, PLAN, "2025-01-31", {"none": 0.5, "cbam": 0.25})
    assert torch.get_num_threads() == before
    found = Recorded.read("localisation", made)
    for variant in ("none", "cbam"):
        for layer in localisation.LAYERS:
            for method in METHODS:
                (share,) = found.select(measure="share_inside", variant=variant, layer=layer, method=method)
                assert (share.n, share.unit, share.level) == (3, "mosaics", 0.25)
    nothing = found.select(variant="untrained")
    assert {row.measure for row in nothing} == {"share_inside", "pointing_rate", "share_less_grad_cam"}
    assert {row["variant"] for row in found.select(measure="around_change")} == {"cbam"}
    assert found.select(measure="around_change")[0]["layer"] == "stages.2.0.attention"
    assert {row.n for row in found.select(measure="deletion_gain")} == {3}
    assert {row.unit for row in found.select(measure="randomisation")} == {"draws"}
    said = localisation_record.write("localisation", made, tmp_path)
    assert Recorded.read("localisation", json.loads((tmp_path / "localisation.json").read_text())) == found
    text = (tmp_path / "cpu-localisation.md").read_text()
    assert text in said and "none 50.0%, cbam 25.0%" in text and "Not allowed" in text
    assert text.count("\n## ") == len({row.measure for row in found.rows})


def test_every_network_plays_with_pictures_that_all_of_them_know(monkeypatch: pytest.MonkeyPatch) -> None:
    knows = {"none": [True, True, False, True], "se": [True, False, True, True]}
    networks = [network(variant) for variant in knows]
    answers = {id(one.model): torch.tensor(knows[one.variant]) for one in networks}
    monkeypatch.setattr(localisation, "sure", lambda model, images, labels: answers[id(model)])
    known = localisation.known_to_all(networks, torch.rand(4, 3, *SIZE), torch.zeros(4, dtype=torch.long))
    assert known.tolist() == [True, False, False, True]


def test_maps_of_one_pass_are_those_of_one_pass_each(data: Dataset) -> None:
    """Batches, layers and methods must not get mixed up."""
    one = network("se")
    made = mosaics(data.test_images.float() / 255, data.test_labels, 3)
    together = localisation.play(one, made, localisation.LAYERS, batch=2)
    for layer, method in (("stages.1", "layer_cam"), ("stages.2", "grad_cam")):
        alone = localisation.play(one, made, [layer], batch=3, methods=[method])[layer, method]
        assert torch.allclose(together[layer, method].shares, alone.shares, atol=1e-5)
    assert not torch.allclose(
        together["stages.1", "layer_cam"].shares, together["stages.1", "grad_cam"].shares, atol=1e-3
    )


@pytest.mark.parametrize("attention", ["se", "cbam", "bam", "coordinate"])
def test_the_last_block_is_the_whole_of_it(attention: str) -> None:
    model = hosts.build("resnet20", attention)
    name = localisation.last_block(model)
    assert name is not None and type(model.get_submodule(name)) is ATTENTION[attention]
    later = [other for other, module in model.named_modules() if type(module) is ATTENTION[attention]]
    assert later[-1] == name


def test_without_attention_there_is_no_block() -> None:
    assert localisation.last_block(hosts.build("resnet20")) is None


def test_the_seeds_end_to_end(data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(localisation_seeds, "load", lambda path: data)
    monkeypatch.setattr(localisation, "sure", lambda model, images, labels: torch.ones(len(labels), dtype=torch.bool))
    monkeypatch.setattr(localisation_seeds, "VARIANTS", ("none", "se"))
    threads = torch.get_num_threads()
    try:
        localisation_seeds.main(["--date", "2025-01-31", "--data", "bands", "--seeds", "3", "--epochs", "1",
                                 "--mosaics", "4", "--runs", str(tmp_path / "r"), "--out", str(tmp_path)])  # fmt: skip
    finally:
        torch.set_num_threads(threads)
    made = json.loads((tmp_path / "localisation_seeds.json").read_text())
    found = Recorded.read("localisation_seeds", made)
    shares = made["values"]["share_inside"]
    assert [len(shares[variant]) for variant in ("none", "se")] == [3, 3]
    assert len(set(shares["none"] + shares["se"])) > 1, "every network was measured itself"
    (difference,) = found.select(measure="share_inside_difference")
    assert difference["variant"] == "se - none" and difference.n == 3
    assert difference.mean == pytest.approx(
        sum(one - other for one, other in zip(shares["se"], shares["none"], strict=True)) / 3, abs=1e-5
    )
    assert difference.verdict
    assert "6 networks" in found.notes[0] and (tmp_path / "cpu-localisation-seeds.md").is_file()


def test_the_verdicts_of_the_seeds_follow_from_every_seed() -> None:
    shares = {"none": [0.5, 0.52, 0.51, 0.5], "se": [0.6, 0.63, 0.61, 0.6], "cbam": [0.5, 0.6, 0.4, 0.55],
              "bam": [0.505, 0.524, 0.516, 0.504], "coordinate": [0.45, 0.46, 0.46, 0.44]}  # fmt: skip
    accuracies = {variant: [0.7, 0.71, 0.72, 0.7] for variant in shares}
    rows = localisation_seeds.rows_of(shares, accuracies)
    words = {row["variant"]: row["verdict"] for row in rows if row["measure"] == "share_inside_difference"}
    assert words["se - none"] == "larger" and words["coordinate - none"] == "smaller"
    assert words["cbam - none"] == "inconclusive"
    assert words["bam - none"].startswith("larger, yet by less than 2.00 points")
    data: Any = type("Data", (), {"title": "Made up"})
    said = localisation_seeds.notes(shares, accuracies, {"mosaics": 9, "known": 50, "pictures": 90}, data, epochs=2)
    assert "all 20 networks tell classes apart" in said[2] and "cbam less none: inconclusive" in " ".join(said)
    assert "16 put se, 8 put cbam, 11 put bam, 0 put coordinate above none" in " ".join(said)
    said = localisation_seeds.notes({**shares, "bam": [0.2, 0.5, 0.5, 0.5]}, accuracies, {"mosaics": 9, "known": 50,
                                    "pictures": 90}, data, epochs=2)  # fmt: skip
    assert said[2].startswith("Not all networks are above chance: 0.200")


def test_a_measure_that_is_defined_nowhere_is_no_row() -> None:
    with pytest.raises(ValueError, match="randomisation of {'variant': 'se'} is defined nowhere"):
        localisation_record.row("randomisation", {"variant": "se"}, average(torch.tensor([float("nan")])), "draws", 0.0)


def test_the_recorded_seeds_say_what_their_values_say() -> None:
    made = json.loads((measured.FOLDER / "localisation_seeds.json").read_text())
    values = made["values"]
    assert made["rows"] == localisation_seeds.rows_of(values["share_inside"], values["test_accuracy"])
    data: Any = type("Data", (), {"title": "CIFAR-10 (JPEG copy)"})
    said = localisation_seeds.notes(
        values["share_inside"], values["test_accuracy"], values, data, values["recipe"]["epochs"]
    )
    assert made["notes"] == said


def test_the_recorded_networks_are_whole() -> None:
    found = recorded("localisation")
    variants = [network.variant for network in localisation.shipped()]
    for measure in ("share_inside", "pointing_rate", "deletion_gain", "insertion_gain", "randomisation"):
        rows = found.select(measure=measure, variant=variants)
        wanted = {(one, layer, method) for one in variants for layer in localisation.LAYERS for method in METHODS}
        assert {(row["variant"], row["layer"], row["method"]) for row in rows} == wanted
    for row in found.select(measure="around_change"):
        (before,) = found.select(measure="around_before", variant=row["variant"])
        (after,) = found.select(measure="around_after", variant=row["variant"])
        assert row.mean == pytest.approx(after.mean - before.mean, abs=1e-5)
    accuracies = {one: trained.load(f"resnet20-{one}").record["test_accuracy"] for one in variants}
    assert found.values["test_accuracy"] == accuracies, "measured with the networks that are shipped"
