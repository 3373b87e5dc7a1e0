"""Targets for detectors: every form of the outputs means the same boxes, and a box's map stays with its box."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from attncourse.explain import CAM, ExplainError
from attncourse.explain.detection import best_class, box, boxes, confidence, most_confident
from tests.explain.detectors import ANCHORS, CLASSES, Detector
from tests.explain.networks import images

FORMS = ("raw", "folded", "boxes", "boxes and more")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_means_the_same_boxes(form: str) -> None:
    x = images(2)
    raw = Detector("raw")(x)
    found = boxes(Detector(form)(x))
    assert found.shape == (2, ANCHORS * (5 * 7 + 3 * 4), 5 + CLASSES)
    number = 0
    for scale in raw:  # scale after scale, anchor after anchor, row by row
        for anchor in range(ANCHORS):
            for row in range(scale.shape[2]):
                for column in range(scale.shape[3]):
                    channels = slice(anchor * (5 + CLASSES), (anchor + 1) * (5 + CLASSES))
                    assert torch.equal(found[:, number], scale[:, channels, row, column])
                    number += 1
    assert torch.equal(confidence(Detector(form)(x)), found[:, :, 4].amax(1))
    best = most_confident(Detector(form)(x))
    assert torch.equal(best_class(Detector(form)(x)), found[torch.arange(2), best, 5:].amax(1))
    assert torch.equal(box(best, number=1)(Detector(form)(x)), found[torch.arange(2), best, 6])


@pytest.mark.parametrize("form", FORMS)
def test_a_boxs_map_is_nowhere_but_at_its_box_where_the_head_sees_one_place(form: str) -> None:
    model, x = Detector(form), images(2)
    row, column = 3, 5
    with CAM(model, "backbone", "layer_cam") as cam:
        maps = cam(x, box(1 * 5 * 7 + row * 7 + column, number=0))  # second anchor of the first scale
    assert set(map(tuple, maps.nonzero()[:, 1:].tolist())) == {(row, column)}
    with CAM(model, "backbone", "layer_cam") as cam:
        assert cam(x, confidence).shape == (2, 5, 7) and torch.equal(cam.scores, confidence(cam.outputs))


def test_grad_cam_averages_the_boxs_place_away_and_layer_cam_keeps_it() -> None:
    model, x = Detector("raw"), images(1)
    with CAM(model, "backbone", "layer_cam") as kept, CAM(model, "backbone", "grad_cam") as averaged:
        target = box(3 * 7 + 5, number=1)
        assert int((kept(x, target) > 0).sum()) == 1
        assert int((averaged(x, target) > 0).sum()) > 5


@pytest.mark.parametrize(
    ("outputs", "target", "said"),
    [
        (torch.zeros(1, 21, 2, 2), box(None, anchors=4), "not 4 anchors"),
        (torch.zeros(1, 12, 2, 2), confidence, "not 3 anchors of 5"),
        (torch.zeros(1, 3), confidence, r"got \(1, 3\)"),
        (torch.zeros(1, 9, 4), confidence, r"got \(1, 9, 4\)"),
        ({"boxes": 1}, confidence, "got dict"),
        ([], confidence, "got list"),
        ([torch.zeros(1, 21, 2, 2), "rest"], confidence, "got str among them"),
        (torch.zeros(1, 9, 7), box(9), "9 boxes, from 0 on; there is no box 9"),
        (torch.zeros(1, 9, 7), box(0, number=2), "2 classes, from 0 on; there is no class 2"),
    ],
)
def test_outputs_of_another_form_are_named(outputs: Any, target: Any, said: str) -> None:
    with pytest.raises(ExplainError, match=said):
        target(outputs)
