"""The loss beside a loop over objects and cells that follows its header word by word."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from attncourse.detector import DetectorError, losses
from tests.detector.drawn import BOXES, CLASSES, GRID, perfect_outputs, random_outputs


def naive(outputs: Tensor, boxes: Sequence[Tensor], classes: Sequence[Tensor]) -> tuple[float, float, float]:
    confidence = class_loss = box_loss = 0.0
    objects = 0
    for image in range(len(outputs)):
        wanted = {}
        for (left, top, right, bottom), number in zip(boxes[image].tolist(), classes[image].tolist(), strict=True):
            objects += 1
            x, y = (left + right) / 2 / 4, (top + bottom) / 2 / 4
            wanted[math.floor(y), math.floor(x)] = (x % 1, y % 1, right - left, bottom - top, number)
        for row in range(outputs.shape[2]):
            for column in range(outputs.shape[3]):
                said = outputs[image, :, row, column].tolist()
                chance = 1 / (1 + math.exp(-said[4]))
                if (row, column) not in wanted:
                    confidence -= math.log(1 - chance)
                    continue
                x, y, width, height, number = wanted[row, column]
                confidence -= math.log(chance)
                class_loss -= said[5 + number] - math.log(sum(math.exp(score) for score in said[5:]))
                box_loss += abs(1 / (1 + math.exp(-said[0])) - x) + abs(1 / (1 + math.exp(-said[1])) - y)
                box_loss += abs(said[2] - math.log(width / 14)) + abs(said[3] - math.log(height / 14))
    return confidence / max(1, objects), class_loss / max(1, objects), box_loss / max(1, objects)


@pytest.mark.parametrize("images", [slice(0, 3), slice(0, 1)], ids=["as many objects as images", "two in one image"])
def test_it_is_what_the_loop_gives(images: slice) -> None:
    outputs, boxes, classes = random_outputs(1)[images], list(BOXES)[images], list(CLASSES)[images]
    found = losses(outputs, boxes, classes)
    expected = naive(outputs, boxes, classes)
    assert [float(part) for part in (found.confidence, found.classes, found.box)] == pytest.approx(expected, rel=1e-5)
    assert float(found.total) == pytest.approx(sum(expected), rel=1e-5)


def test_images_without_objects_count_with_their_confidence() -> None:
    outputs = random_outputs(2, batch=1)
    found = losses(outputs, BOXES[1:2], CLASSES[1:2])
    assert float(found.confidence) == pytest.approx(naive(outputs, BOXES[1:2], CLASSES[1:2])[0], rel=1e-5)
    assert float(found.classes) == float(found.box) == 0


def test_perfect_outputs_cost_nothing() -> None:
    assert float(losses(perfect_outputs(), BOXES, CLASSES).total) < 0.01


def test_only_the_cells_that_answer_learn_boxes_and_classes() -> None:
    outputs = random_outputs(3).requires_grad_()
    found = losses(outputs, BOXES, CLASSES)
    (found.box + found.classes).backward()
    assert outputs.grad is not None
    places = outputs.grad.abs().sum(1).nonzero().tolist()
    assert places == [[0, 2, 2], [0, 3, 7], [2, 5, 9]]  # image, row, column of the three centres
    assert not bool(outputs.grad[:, 4].any())


@pytest.mark.parametrize(
    "boxes, classes, said",
    [
        ([[0, 0, 8, 8], [1, 1, 9, 9]], [0, 1], "two centres lie in one cell"),
        ([[40, 0, 52, 8]], [0], "outside the image of 32 by 44"),
        ([[-10, 0, 2, 8]], [0], "outside the image of 32 by 44"),
        ([[8, 0, 2, 8]], [0], "left < right"),
        ([[0, 0, 8, 8]], [3], "0 to 2"),
        ([[0, 0, 8, 8]], [0, 1], "each of 1 boxes"),
    ],
)
def test_objects_that_no_cell_can_answer_for_are_named(boxes: list, classes: list, said: str) -> None:
    with pytest.raises(DetectorError, match=said):
        losses(random_outputs(0, batch=1), [torch.tensor(boxes).float()], [torch.tensor(classes)])


def test_other_outputs_are_refused() -> None:
    with pytest.raises(DetectorError, match=r"\(B, 8, h, w\), got \(1, 7, 8, 11\)"):
        losses(torch.zeros(1, 7, *GRID), BOXES[:1], CLASSES[:1])
    with pytest.raises(DetectorError, match="no finite numbers"):
        losses(torch.full((1, 8, *GRID), torch.nan), BOXES[:1], CLASSES[:1])
    with pytest.raises(DetectorError, match="each of 2 images, got those of 1"):
        losses(random_outputs(0, batch=2), BOXES[:1], CLASSES[:1])
    with pytest.raises(DetectorError, match="got 1 and 2"):
        losses(random_outputs(0, batch=1), BOXES[:1], CLASSES[:2])
