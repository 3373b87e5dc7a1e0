"""The record of detected boxes: its numbers beside ones worked out by hand, and what is in the table."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from attncourse import detector
from benchmarks import detection
from benchmarks.detection_record import summary, table


def maps(scene: list[int], own: list[float], other: list[float], **what: str) -> dict[str, Any]:
    named = {"network": "trained", "layer": "neck", "target": "class", "method": "grad_cam", **what}
    zeros = [0.0] * len(scene)
    return {
        **named,
        "scene": scene,
        "own": own,
        "other": other,
        "hits": zeros,
        "hits_other": zeros,
        "zero": [1.0] * len(scene),
    }


def run(seed: int, *found: dict[str, Any], attention: str = "none") -> dict[str, Any]:
    judged = {"cpu_seconds": 1.5 + seed, "average_precision": 0.9, "average_precision_at_0.75": 0.5 + seed / 10}
    painted = {target: {"intact": 0.9, "own": 0.1 + seed / 10, "other": 0.8} for target in detection.TARGETS}
    return {"attention": attention, "seed": seed, **judged, "painted_over": painted, "maps": found}


RUNS = [
    run(0, maps([0, 0, 2, 2, 5, 5], [0.2, 0.4, 0.1, 0.1, 0.9, 0.9], [0.2, 0.2, 0.1, 0.1, 0, 0])),
    run(1, maps([0, 0, 2, 2], [0.6, 0.8, 0.5, 0.5], [0.2, 0.2, 0.1, 0.1])),  # this seed found nothing in scene 5
]


def test_a_scene_counts_once_and_where_every_seed_found_both() -> None:
    (found,) = summary(RUNS)
    assert found["attention"] == "none" and found["method"] == "grad_cam" and found["scenes"] == 2
    # Scene 0: (0.3 + 0.7) / 2; scene 2: (0.1 + 0.5) / 2. Of two values Student's interval is mean +- 12.706 * half.
    assert found["own"]["mean"] == pytest.approx(0.4) and found["own"]["seeds"] == pytest.approx([0.2, 0.6])
    assert found["own"]["interval"] == pytest.approx([0.4 - 1.2706, 0.4 + 1.2706], abs=1e-3)
    assert found["difference"]["mean"] == pytest.approx(0.25)
    assert found["zero"] == {"mean": 1.0, "interval": None, "seeds": [1.0, 1.0]}


def test_without_a_common_scene_there_is_no_record() -> None:
    with pytest.raises(ValueError, match="se: in no scene"):
        summary([run(0, maps([1, 1], [0, 0], [0, 0]), attention="se"), run(1, attention="se")])


def test_the_table_shows_what_is_claimed() -> None:
    kept = maps([0, 0], [0.7, 0.7], [0.1, 0.1], method="layer_cam", network="untrained")
    runs = [run(seed, maps([0, 0], [0.3, 0.5], [0.4, 0.4]), kept) for seed in range(3)]
    found = {
        "date": "2025-01-31",
        "hardware": {"processor": "a processor"},
        "threads": 1,
        "versions": {"torch": "2.13.0", "timm": None},
        "training_scenes": 800,
        "epochs": 8,
        "seeds": [0, 1, 2],
        "scenes": 200,
        "mask_share": 0.05,
        "detectors": [{key: one[key] for key in one if key != "maps"} for one in runs],
        "results": summary(runs),
    }
    assert json.loads(json.dumps(found)) == found
    page = table(found)
    assert "| none | 0.900 [0.900, 0.900] | 0.600 [0.500, 0.700] | 2.5 [1.5, 3.5] |" in page
    assert "| none | class | 0.900 [0.900, 0.900] | 0.200 [0.100, 0.300] | 0.800 [0.800, 0.800] |" in page
    assert "| none | trained | neck | class | grad_cam | 1 | 0.400 | 0.400 to 0.400 | 0.400 | 0.000 |" in page
    assert "| none | untrained | neck | class | layer_cam | 1 | 0.700 |" in page
    assert "a processor" in page and "timm" not in page and "seeds 0 to 2" in page


def test_the_maps_of_boxes_are_measured_at_their_own_objects() -> None:
    twins = detector.scenes(2, seed=1, twins=True)
    torch.manual_seed(0)
    model = detector.Detector().eval()
    rows = []
    for scene in range(2):
        for thing, (left, top, right, bottom) in enumerate(twins.boxes[scene].tolist()):
            rows.append((scene, int((top + bottom) / 8) * 16 + int((left + right) / 8), thing))
    plain, other = {"attention": "none", "network": "trained"}, {"attention": "se", "network": "trained"}
    every = detection.measured(model, twins, rows, plain)
    found = {(one["layer"], one["target"], one["method"]): one for one in every}
    assert len(found) == len(every) == 2 * 2 * 5  # without attention there is no layer before it
    for target in detection.TARGETS:
        one = found["neck", target, "reach"]
        assert one["scene"] == [0, 0, 1, 1]
        # The gradient is one cell, that of the object's centre.
        assert min(one["own"]) > 0.5 and max(one["other"]) == 0 and min(one["hits"]) > 0.5
        assert found["neck", target, "layer_cam"]["own"] == pytest.approx(one["own"], abs=1e-5)
        both = found["neck", target, "grad_cam"]
        assert both["own"][0::2] == pytest.approx(both["other"][1::2], abs=1e-5)  # one map for both boxes
    assert detection.measured(model, twins, [], plain) == []
    before = detection.measured(detector.Detector("se").eval(), twins, rows, other)
    assert {one["layer"] for one in before} == {"before the last attention"} and len(before) == 2 * 3
    assert detection.measured(model, twins, rows, {**other, "network": "untrained"}) == []


def test_only_scenes_in_which_both_objects_were_found_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    twins = detector.scenes(2, seed=1, twins=True)

    def one_and_both(model: object, images: torch.Tensor) -> list[detector.Detections]:
        return [
            detector.Detections(boxes, torch.ones(len(boxes)), classes, 7 + torch.arange(len(boxes)))
            for boxes, classes in ((twins.boxes[0][:1], twins.classes[0][:1]), (twins.boxes[1], twins.classes[1]))
        ]

    monkeypatch.setattr(detector, "detect", one_and_both)
    assert detection.found_boxes(detector.Detector(), twins) == [(1, 7, 0), (1, 8, 1)]


def test_an_object_is_painted_over_with_what_lies_around_it() -> None:
    twins = detector.scenes(3, seed=1, twins=True)
    own, both = torch.stack([masks[0] for masks in twins.masks]), torch.stack([masks.any(0) for masks in twins.masks])
    other = both & ~own
    changed = detection.without(twins.images, own, both)
    for image, before, mask, kept in zip(changed, twins.images, own, other, strict=True):
        assert torch.equal(image[:, kept], before[:, kept])
        assert float(image[:, mask].std(1).max()) < 1e-6
        assert float((image - before).abs()[:, mask].mean()) > 0.2
    # Nothing changes further off than one pixel.
    assert int((changed != twins.images).any(1).sum()) < int(own.sum()) * 1.6
