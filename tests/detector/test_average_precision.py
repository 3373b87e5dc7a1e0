"""Average precision beside a loop over all bounds, and a case worked out by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from attncourse.detector import Detections, DetectorError, Scenes, average_precision, intersection_over_union, matches
from tests.detector.drawn import random_boxes


def detections(boxes: Tensor, confidence: Tensor, classes: Tensor) -> Detections:
    order = confidence.argsort(descending=True)
    return Detections(boxes[order], confidence[order], classes[order], order)


def scenes_of(boxes: list[Tensor], classes: list[Tensor]) -> Scenes:
    masks = tuple(torch.zeros(len(some), 32, 44, dtype=torch.bool) for some in boxes)
    return Scenes(torch.zeros(len(boxes), 3, 32, 44), tuple(boxes), tuple(classes), masks)


def test_a_case_by_hand() -> None:
    a, b, nowhere = [0.0, 0, 10, 10], [20.0, 0, 30, 10], [0.0, 20, 10, 30]
    truth = scenes_of([torch.tensor([a, b])], [torch.tensor([1, 1])])
    found = detections(
        torch.tensor([a, nowhere, a, b]), torch.tensor([0.9, 0.8, 0.7, 0.6]), torch.ones(4, dtype=torch.int64)
    )
    assert matches(found, truth.boxes[0], truth.classes[0]).tolist() == [0, -1, -1, 1]  # the second a is a duplicate
    # precision 1, 1/2, 1/3, 2/4; recall 1/2, 1/2, 1/2, 1: half at 1, half at 2/4
    assert average_precision([found], truth) == pytest.approx(0.75)


def naive(found: list[Detections], truth: Scenes, threshold: float) -> float:
    areas = []
    for number in range(3):
        objects = {
            (image, k)
            for image, classes in enumerate(truth.classes)
            for k in range(len(classes))
            if int(classes[k]) == number
        }
        if not objects:
            continue
        mine = [
            (float(one.confidence[k]), image, one.boxes[k])
            for image, one in enumerate(found)
            for k in range(len(one))
            if int(one.classes[k]) == number
        ]
        taken: set[tuple[int, int]] = set()
        points = []
        for count, (_, image, box) in enumerate(sorted(mine, key=lambda one: -one[0]), 1):
            free = [thing for thing in objects - taken if thing[0] == image]
            overlaps = {
                thing: float(intersection_over_union(box[None], truth.boxes[image][thing[1]][None])) for thing in free
            }
            best = max(overlaps, key=lambda thing: overlaps[thing], default=None)
            if best is not None and overlaps[best] >= threshold:
                taken.add(best)
            points.append((len(taken) / len(objects), len(taken) / count))
        area = before = 0.0
        for k, (recall, _) in enumerate(points):
            area += (recall - before) * max(precision for _, precision in points[k:])
            before = recall
        areas.append(area)
    return sum(areas) / len(areas)


@pytest.mark.parametrize("threshold", [0.2, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_what_the_loop_gives(seed: int, threshold: float) -> None:
    draw = torch.Generator().manual_seed(seed)
    truth = scenes_of(
        [random_boxes(count, 10 * seed + count) for count in (3, 0, 5, 6)],
        # No object of class 2: detections of it count for nothing.
        [torch.randint(0, 2, (count,), generator=draw) for count in (3, 0, 5, 6)],
    )
    found = []
    for boxes, classes in zip(truth.boxes, truth.classes, strict=True):
        moved = torch.cat([boxes + torch.randint(-2, 3, boxes.shape, generator=draw), boxes, random_boxes(4, seed)])
        theirs = torch.cat([classes, classes, torch.randint(0, 3, (4,), generator=draw)])
        keep = torch.rand(len(moved), generator=draw) < 0.7
        found.append(detections(moved[keep], torch.rand(int(keep.sum()), generator=draw), theirs[keep]))
    expected = naive(found, truth, threshold)
    assert average_precision(found, truth, threshold) == pytest.approx(expected)
    assert 0.05 < expected < 0.95


def test_all_found_is_1_and_nothing_found_or_another_class_is_0() -> None:
    boxes, classes = torch.tensor([[0.0, 0, 10, 10], [20, 0, 30, 10]]), torch.tensor([0, 2])
    truth = scenes_of([boxes, torch.zeros(0, 4)], [classes, torch.zeros(0).long()])
    nothing = detections(torch.zeros(0, 4), torch.zeros(0), torch.zeros(0).long())
    assert average_precision([detections(boxes, torch.tensor([0.3, 0.4]), classes), nothing], truth) == 1
    assert average_precision([detections(boxes, torch.tensor([0.3, 0.4]), 2 - classes), nothing], truth) == 0
    assert average_precision([nothing, nothing], truth) == 0


def test_the_more_confident_choose_first_in_whatever_order_they_come() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 9], [0, 0, 10, 10]])
    truth = scenes_of([boxes[1:]], [torch.tensor([0])])
    found = Detections(boxes, torch.tensor([0.2, 0.9]), torch.tensor([0, 0]), torch.arange(2))
    assert matches(found, truth.boxes[0], truth.classes[0]).tolist() == [-1, 0]
    assert average_precision([found], truth) == 1


@pytest.mark.parametrize("threshold", [-1, 0, 1.5, float("nan")])
def test_another_threshold_is_refused(threshold: float) -> None:
    nothing = detections(torch.zeros(0, 4), torch.zeros(0), torch.zeros(0).long())
    with pytest.raises(DetectorError, match="above 0 and be at most 1, got"):
        matches(nothing, torch.zeros(0, 4), torch.zeros(0).long(), threshold)


def test_what_cannot_be_judged_is_refused() -> None:
    nothing = detections(torch.zeros(0, 4), torch.zeros(0), torch.zeros(0).long())
    empty = scenes_of([torch.zeros(0, 4)], [torch.zeros(0).long()])
    with pytest.raises(DetectorError, match="no object in these scenes"):
        average_precision([nothing], empty)
    with pytest.raises(DetectorError, match="each of 1 scenes, got those of 2"):
        average_precision([nothing, nothing], empty)
    with pytest.raises(DetectorError, match="expected boxes"):
        matches(nothing, torch.zeros(4), torch.zeros(1).long())
