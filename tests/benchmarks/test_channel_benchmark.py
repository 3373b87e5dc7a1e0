"""The benchmark of channels runs on a few drawn pictures, counts right, and says what its numbers say."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from attncourse import hosts, trained
from attncourse.explain import Recorded, answers, switched_off
from attncourse.lab.data.dataset import Dataset, dataset
from benchmarks import channel, channel_gates, channel_readings, channel_record, channel_sentences

CLASSES = ("cat", "dog", "frog")
PLAN = channel.Plan(choose_on=12, strongest=5, rank_on=2, size=(16, 24), stride=8, batch=10)


def drawn() -> Dataset:
    draw = torch.Generator().manual_seed(0)

    def split(count: int) -> tuple[Tensor, Tensor]:
        pixels = torch.randint(0, 256, (count, 3, 16, 20), generator=draw, dtype=torch.uint8)
        return pixels, torch.arange(count) % len(CLASSES)

    return dataset("drawn", "drawn pictures", CLASSES, split(15), split(24), mirrored=False)


def network(attention: str | None) -> trained.Trained:
    torch.manual_seed(0)
    record = {"mean": [0.5, 0.4, 0.3], "deviation": [0.2, 0.2, 0.3], "classes": list(CLASSES)}
    return trained.Trained(f"resnet20-{attention}", hosts.build("resnet20", attention, classes=3).eval(), record)


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    one = network("se")
    found = {"resnet20-se": channel.measure(one, drawn(), PLAN) | {"ears_elsewhere": channel.elsewhere(one)}}
    found["resnet20-none"] = copy.deepcopy(found["resnet20-se"]) | {"gates": []}
    found["untrained"] = found["resnet20-none"]
    return channel_record.record(found, drawn(), PLAN, "2025-01-31")


def test_the_counts_are_those_of_a_loop(measured: dict[str, Any]) -> None:
    data, one = drawn(), network("se")
    images = one.images(data.test_images.float() / 255)
    row = next(row for row in measured["values"]["networks"]["resnet20-se"]["channels"] if row["rule"] == "cats")
    values = answers(one.model, row["layer"], images)[:, row["channel"]].tolist()
    names = [CLASSES[int(label)] for label in data.test_labels]
    best = sorted(range(24), key=lambda number: -values[number])[:5]
    assert row["strongest"]["count"] == 5
    for name in CLASSES:
        fires = [value > row["threshold"] for value, of in zip(values, names, strict=True) if of == name]
        assert row["strongest"]["classes"].get(name, 0) == sum(names[number] == name for number in best)
        assert row["fires"][name] == pytest.approx(sum(fires) / 8, abs=1e-5)
    assert row["misses"]["share"] == pytest.approx(1 - row["fires"]["cat"], abs=1e-5) and row["misses"]["n"] == 8
    assert row["false_alarms"]["share"] == pytest.approx((row["fires"]["dog"] + row["fires"]["frog"]) / 2, abs=1e-5)


@pytest.mark.parametrize(("layer", "number"), [("stages.1", 31), ("stages.2", 7)])
def test_without_a_channel_is_switched_off(layer: str, number: int) -> None:
    one = network(None)
    images = one.images(drawn().test_images[:3].float() / 255)
    found = channel_readings.read(one.model, images, batch=2)
    torch.testing.assert_close(found.answers(layer), answers(one.model, layer, images), rtol=1e-4, atol=1e-4)
    with torch.no_grad(), switched_off(one.model, layer, number):
        expected = one.model(images)
    made = channel_readings.without(one.model, layer, number, found.maps[layer])
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(made, found.logits)


def test_the_channel_at_the_ears_is_found() -> None:
    """A channel that is brighter within the mask than anywhere else, among flat and opposite ones."""
    mask = torch.zeros(1, 8, 12, dtype=torch.bool)
    mask[0, :3, 8:] = True
    pixels = torch.stack([torch.ones(8, 12), -mask[0].float(), mask[0].float()])[None]
    found = channel.contrast(torch.nn.Sequential(torch.nn.Identity()), "0", pixels, mask)
    assert found[0] == 0 and found[1] < 0 < found[2]


def test_the_block_is_the_whole_of_the_last_attention() -> None:
    images = network(None).images(drawn().test_images[:2].float() / 255)
    for attention, layer, block in (
        ("cbam", "stages.2", "stages.2.2.attention"),
        ("bam", "stages.1", "stages.1.3"),
        ("bam", "stages.2", None),
        (None, "stages.1", None),
    ):
        model = network(attention).model
        with channel_gates.watching(model, layer) as watched:
            model(images)
        found = watched()
        assert (found and found.block) == block
    one = network("se").model
    with channel_gates.watching(one, "stages.1") as watched:
        channel_readings.read(one, images, batch=1)
    found = watched()
    assert found is not None
    torch.testing.assert_close(found.after, answers(one, "stages.1.2.attention", images))
    torch.testing.assert_close(found.before * found.gates, found.after)  # one gate for all places of a channel


def test_a_gate_that_rises_for_cats_is_seen() -> None:
    draw = torch.Generator().manual_seed(0)
    cats = torch.arange(60) < 20
    before = torch.rand(60, 3, generator=draw)
    gates = 0.5 + 0.01 * torch.rand(60, 3, generator=draw) + 0.2 * cats[:, None] * torch.tensor([1.0, 0.0, -1.0])
    found = [
        channel_gates.turned_up(channel_gates.Gate("block", before, before * gates, gates), one, cats)
        for one in range(3)
    ]
    assert [round(one["gate_difference"]["value"], 1) for one in found] == [0.2, 0.0, -0.2]
    assert found[0]["gate_area"]["value"] == 1 and found[2]["gate_area"]["value"] == 0
    assert found[0]["difference"]["value"] > 0.05 and found[2]["difference"]["value"] < -0.05


def test_the_record_reads_and_holds_numbers_alone(measured: dict[str, Any], tmp_path: Path) -> None:
    channel_record.write(measured, tmp_path)
    text = (tmp_path / "channel.json").read_text(encoding="utf-8")
    record = Recorded.read("channel", json.loads(text))
    assert len(text) < 60_000 and record.select(measure="area", variant="se", rule="cats", layer="stages.2")
    mean = record.select(measure="area", variant="trained networks", rule="ears", layer="stages.1")[0]
    assert mean.n == 2 and mean.deviation == 0 and mean.low is None  # two equal networks tell nothing of a third

    def longest(value: Any) -> int:
        parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
        return max([len(parts), *map(longest, parts)])

    assert longest(record.values["networks"]) < 20  # no pictures
    page = (tmp_path / "cpu-channel.md").read_text(encoding="utf-8")
    assert page.count("| resnet20-se | stages.1 | ears |") == 1 and "## What may not be said" in page


def test_a_sentence_goes_to_the_side_of_its_numbers(measured: dict[str, Any]) -> None:
    found = copy.deepcopy({name: measured["values"]["networks"][name] for name in ("resnet20-se", "untrained")})
    found["resnet20-se"]["gates"] = copy.deepcopy(measured["values"]["gates"])
    one = next(row for row in found["resnet20-se"]["channels"] if (row["rule"], row["layer"]) == ("cats", "stages.2"))
    gate = next(row for row in found["resnet20-se"]["gates"] if (row["rule"], row["layer"]) == ("cats", "stages.2"))

    def sides(word: str) -> list[str]:
        made = channel_sentences.sentences(found, "untrained")
        return [side for side, given in made.items() for said in given if word in said and "of stages.1" not in said]

    for share, side in ((0.04, "allowed"), (0.06, "refused")):
        one["misses"]["share"], one["false_alarms"]["share"] = share, 0.01
        assert sides("is a detector of cats") == [side]
    for low, side in ((0.001, "allowed"), (-0.001, "refused")):
        gate["gate_difference"]["interval"], gate["difference"]["interval"] = [low, 0.1], [low, 0.1]
        found["resnet20-se"]["gates"] = [gate]
        assert sides("the gate turns it up") == [side] and sides("tells cats better") == [side]
    for change, side in ((-0.75, "allowed"), (-0.1, "refused")):
        found["resnet20-se"]["cat_accuracy"], one["switched_off"]["cat"]["change"] = 0.8, change
        assert sides("cannot recognise cats") == [side]
    chosen = found["resnet20-se"]["ears_elsewhere"]
    for channels, side in (([3, 3], "allowed"), ([3, 8], "refused")):
        chosen["stages.1"] = dict(zip(("32x48", "32x48 mirrored"), channels, strict=True))
        made = channel_sentences.sentences(found, "untrained")
        assert [where for where, given in made.items() if any("answers at ears" in said for said in given)] == [side]
    assert sides("one seed each") == ["refused"]
