"""The drawn scenes: what is said of each image is what is in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from attncourse import detector
from attncourse.detector.scenes import GAP, LARGEST, SMALLEST, box_of

MANY = detector.scenes(200, seed=3)


def test_the_same_seed_draws_the_same_and_leaves_torchs_own_generator_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    ours, again, other = (detector.scenes(4, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(ours.images, again.images)
    assert not torch.equal(ours.images, other.images)
    assert torch.equal(detector.scenes(6, seed=1).images[:4], ours.images)


@pytest.mark.parametrize("size", [(48, 64), (64, 44), (36, 37)])
def test_boxes_are_those_of_the_masks_and_lie_apart(size: tuple[int, int]) -> None:
    found = detector.scenes(30, size=size, seed=5)
    assert found.images.shape == (30, 3, *size) and found.images.dtype == torch.float32
    assert float(found.images.min()) >= 0 and float(found.images.max()) <= 1
    for boxes, classes, masks in zip(found.boxes, found.classes, found.masks, strict=True):
        assert 2 <= len(boxes) <= 4 and len(classes) == len(masks) == len(boxes)
        wide = torch.zeros(size, dtype=torch.int)
        for (left, top, right, bottom), mask in zip(boxes.int().tolist(), masks, strict=True):
            inner = mask[top:bottom, left:right]
            assert int(inner.sum()) == int(mask.sum())  # nothing outside
            assert all(bool(edge.any()) for edge in (inner[0], inner[-1], inner[:, 0], inner[:, -1]))
            assert min(right - left, bottom - top) >= SMALLEST - 2 and max(right - left, bottom - top) <= LARGEST
            wide[top : bottom + GAP, left : right + GAP] += 1
        assert int(wide.max()) == 1


def test_a_class_is_the_shape_it_is_named_after() -> None:
    covered: dict[str, list[float]] = {name: [] for name in detector.CLASSES}
    for boxes, classes, masks in zip(MANY.boxes, MANY.classes, MANY.masks, strict=True):
        sizes = boxes[:, 2:] - boxes[:, :2]
        for number, share in zip(classes.tolist(), masks.flatten(1).sum(1) / sizes.prod(1), strict=True):
            covered[detector.CLASSES[number]].append(float(share))
    means = {name: sum(shares) / len(shares) for name, shares in covered.items()}
    assert means["square"] == 1
    assert means["circle"] == pytest.approx(3.1416 / 4, abs=0.05)
    assert means["triangle"] == pytest.approx(1 / 2, abs=0.06)


def test_colour_does_not_tell_the_class_but_tells_the_object_from_its_surroundings() -> None:
    colours: list[list[torch.Tensor]] = [[], [], []]
    for image, classes, masks in zip(MANY.images, MANY.classes, MANY.masks, strict=True):
        for number, mask in zip(classes.tolist(), masks, strict=True):
            colours[number].append(image[:, mask].mean(1))
    means = torch.stack([torch.stack(some).mean(0) for some in colours])
    error = max(float(torch.stack(some).std(0).max()) / len(some) ** 0.5 for some in colours)
    assert float((means - means.mean(0)).abs().max()) < 4 * error
    one = MANY.images[0][:, MANY.masks[0][0]]
    assert float(one.std(1).max()) < 0.06  # of one colour, but for the noise


def test_twins_are_two_of_one_class_and_half_of_the_others_hold_such_two() -> None:
    for classes in detector.scenes(30, seed=2, twins=True).classes:
        assert len(classes) == 2 and int(classes[0]) == int(classes[1])
    repeated = [len(classes.unique()) < len(classes) for classes in MANY.classes]
    assert sum(repeated) > 100
    assert len({int(number) for classes in MANY.classes for number in classes}) == 3


@pytest.mark.parametrize("which", [slice(1, 3), [1, 2], torch.tensor([1, 2])])
def test_some_of_the_scenes_are_scenes(which: Any) -> None:
    some = MANY[which]
    assert len(some) == 2 and torch.equal(some.images, MANY.images[1:3])
    assert torch.equal(some.boxes[1], MANY.boxes[2]) and torch.equal(some.masks[0], MANY.masks[1])
    assert len(MANY[-1]) == 1 and torch.equal(MANY[-1].images[0], MANY.images[-1])


def test_a_scene_may_be_empty() -> None:
    empty = detector.Scenes(
        torch.rand(1, 3, 8, 12), (torch.zeros(0, 4),), (torch.zeros(0).long(),), (torch.zeros(0, 8, 12).bool(),)
    )
    assert len(empty) == 1


@pytest.mark.parametrize("count, size", [(0, (48, 64)), (2, (48, 20)), (2, (20, 48))])
def test_what_cannot_be_drawn_is_refused(count: int, size: tuple[int, int]) -> None:
    with pytest.raises(detector.DetectorError, match="at least"):
        detector.scenes(count, size=size)


@pytest.mark.parametrize(
    "change, said",
    [
        ({"images": torch.zeros(1, 1, 48, 64)}, r"images \(N, 3, H, W\)"),
        ({"images": torch.zeros(1, 3, 48, 64, dtype=torch.uint8)}, "uint8"),
        ({"boxes": ()}, "got 0, 1 and 1"),
        ({"boxes": (torch.zeros(2, 5),)}, r"scene 0: expected boxes \(n, 4\)"),
        ({"boxes": (torch.tensor([[0, 0, 4, 4], [9, 2, 5, 4.0]]),)}, r"box 1 is \[9.0, 2.0, 5.0, 4.0\]"),
        ({"boxes": (torch.full((2, 4), torch.nan),)}, "finite"),
        ({"classes": (torch.tensor([0, 3]),)}, "0 to 2"),
        ({"classes": (torch.tensor([0.0, 1.0]),)}, "int64"),
        ({"masks": (torch.zeros(2, 48, 64),)}, "bool masks"),
        ({"masks": (torch.zeros(2, 64, 48, dtype=torch.bool),)}, r"\(2, 48, 64\)"),
    ],
)
def test_scenes_that_do_not_fit_together_are_refused(change: dict[str, Any], said: str) -> None:
    good = detector.scenes(1, seed=1, twins=True)
    with pytest.raises(detector.DetectorError, match=said):
        replace(good, **change)


def test_the_box_of_a_mask() -> None:
    mask = torch.zeros(6, 9, dtype=torch.bool)
    mask[2, 3] = mask[4, 7] = True
    assert box_of(mask).tolist() == [3, 2, 8, 5]
