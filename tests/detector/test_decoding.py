"""Boxes read from outputs, and the suppression of those that mean the same thing, beside naive loops."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from attncourse.detector import Detector, DetectorError, decode, detect, intersection_over_union
from attncourse.explain.detection import boxes as flat
from tests.detector.drawn import BOXES, CLASSES, GRID, perfect_outputs, random_boxes, random_outputs


def test_perfect_outputs_are_read_as_the_boxes_they_were_written_for() -> None:
    outputs = perfect_outputs()
    for found, boxes, classes in zip(decode(outputs), BOXES, CLASSES, strict=True):
        order = found.boxes[:, 0].argsort()
        assert torch.allclose(found.boxes[order], boxes, atol=1e-4)
        assert torch.equal(found.classes[order], classes)
        assert bool((found.confidence > 0.99).all())
    found = decode(outputs)[0]
    assert sorted(found.index.tolist()) == [2 * GRID[1] + 2, 3 * GRID[1] + 7]
    assert torch.equal(flat(outputs, anchors=1)[0, found.index, 4].sigmoid(), found.confidence)


def covered(box: Tensor) -> set[tuple[int, int]]:
    left, top, right, bottom = box.int().tolist()
    return {(row, column) for row in range(top, bottom) for column in range(left, right)}


def test_the_overlap_is_that_of_the_pixels() -> None:
    some, others = random_boxes(25, seed=1), random_boxes(20, seed=2)
    found = intersection_over_union(some, others)
    assert found.shape == (25, 20)
    for i, one in enumerate(some):
        for j, other in enumerate(others):
            shared, together = covered(one) & covered(other), covered(one) | covered(other)
            assert float(found[i, j]) == pytest.approx(len(shared) / len(together))
    assert float(found.max()) > 0.3  # some do overlap
    assert intersection_over_union(torch.zeros(1, 4), torch.zeros(1, 4)).tolist() == [[0]]
    assert intersection_over_union(torch.zeros(0, 4), others).shape == (0, 20)


def naive(outputs: Tensor, threshold: float, overlap: float) -> list[int]:
    """One image: each box from the most confident on, unless a kept one of its class means the same."""
    everything = []
    for row in range(GRID[0]):
        for column in range(GRID[1]):
            x, y, width, height, confidence, *scores = outputs[:, row, column].tolist()
            x, y = (4 * (place + 1 / (1 + 2.718281828**-offset)) for place, offset in ((column, x), (row, y)))
            width, height = 14 * 2.718281828**width / 2, 14 * 2.718281828**height / 2
            box = torch.tensor([x - width, y - height, x + width, y + height])
            everything.append((confidence, row * GRID[1] + column, scores.index(max(scores)), box))
    kept: list[tuple[float, int, int, Tensor]] = []
    for one in sorted(everything, key=lambda one: -one[0]):
        same = [other for other in kept if other[2] == one[2]]
        clear = all(float(intersection_over_union(one[3][None], other[3][None])) <= overlap for other in same)
        if 1 / (1 + 2.718281828 ** -one[0]) >= threshold and clear:
            kept.append(one)
    return [one[1] for one in kept]


@pytest.mark.parametrize("threshold, overlap", [(0.5, 0.5), (0.3, 0.1), (0.0, 0.2)])
def test_suppression_keeps_what_the_loop_keeps(threshold: float, overlap: float) -> None:
    outputs = random_outputs(4)
    found = decode(outputs, threshold, overlap)
    for number in range(len(outputs)):
        assert found[number].index.tolist() == naive(outputs[number], threshold, overlap)
        assert 0 < len(found[number]) < GRID[0] * GRID[1]
    assert bool((found[0].confidence[1:] <= found[0].confidence[:-1]).all())


def test_boxes_of_two_classes_at_one_place_are_both_kept() -> None:
    outputs = perfect_outputs()[:1]
    outputs[0, :, 2, 3] = outputs[0, :, 2, 2]
    outputs[0, 0, 2, 3] = -9  # the left edge of the next cell: nearly the same box
    assert len(decode(outputs)[0]) == 2
    outputs[0, 5:, 2, 3] = torch.tensor([12.0, 0, 0])
    assert len(decode(outputs)[0]) == 3


def test_huge_numbers_give_finite_boxes() -> None:
    found = decode(torch.full((1, 8, *GRID), 1e4))[0]
    assert len(found) == 1 and bool(found.boxes.isfinite().all())


def test_detecting_leaves_the_network_as_it_was_even_after_an_error() -> None:
    torch.manual_seed(0)
    model, images = Detector().train(), torch.rand(5, 3, 32, 44)
    model.neck.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = detect(model, images, threshold=0)
    with pytest.raises(DetectorError, match="multiples of 4"):
        detect(model, images[:, :, :30])
    assert model.training and model.backbone.training and not model.neck.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    with torch.no_grad():
        expected = decode(model.eval()(images), threshold=0)
    assert [one.index.tolist() for one in found] == [one.index.tolist() for one in expected]


@pytest.mark.parametrize("numbers", [{"threshold": 1.5}, {"threshold": -0.1}, {"overlap": 50}])
def test_shares_lie_between_0_and_1(numbers: dict[str, Any]) -> None:
    with pytest.raises(DetectorError, match="must lie between 0 and 1"):
        decode(random_outputs(0), **numbers)


def test_no_images_hold_no_detections() -> None:
    assert detect(Detector(), torch.zeros(0, 3, 32, 44)) == []
