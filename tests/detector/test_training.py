"""Training: it learns, the same seed learns the same, and a box's maps are what lesson 09 says of them."""

from __future__ import annotations

import pytest
import torch

from attncourse import detector
from attncourse.attention import SqueezeExcitation
from attncourse.detector.scenes import box_of
from attncourse.detector.training import mirror
from attncourse.explain import CAM, share_inside
from attncourse.explain.detection import box

SEEN = detector.scenes(8, seed=1, twins=True)


@pytest.fixture(scope="module")
def learnt() -> detector.Detector:
    """What has learnt a few scenes by heart."""
    return detector.train(SEEN, epochs=40)


def test_it_learns_its_scenes_by_heart(learnt: detector.Detector) -> None:
    found = detector.detect(learnt, SEEN.images, threshold=0.01)
    assert detector.average_precision(found, SEEN) > 0.95


@pytest.mark.parametrize("number", [None, 0], ids=["confidence", "class"])
def test_grad_cam_lights_both_of_a_kind_and_layer_cam_the_boxs_own(
    learnt: detector.Detector, number: int | None
) -> None:
    own: dict[str, list[float]] = {"grad_cam": [], "layer_cam": []}
    other: dict[str, list[float]] = {"grad_cam": [], "layer_cam": []}
    for scene in range(len(SEEN)):
        found = detector.detect(learnt, SEEN[scene].images)[0]
        which = detector.matches(found, SEEN.boxes[scene], SEEN.classes[scene])
        for index, thing in zip(found.index[which >= 0].tolist(), which[which >= 0].tolist(), strict=True):
            target = box(index, None if number is None else int(SEEN.classes[scene][0]), anchors=1)
            for method in own:
                with CAM(learnt, "neck", method) as cam:
                    maps = cam(SEEN[scene].images, target)
                shares = share_inside(maps.expand(2, -1, -1), SEEN.masks[scene])
                own[method].append(float(shares[thing]))
                other[method].append(float(shares[1 - thing]))
    assert len(own["grad_cam"]) > 12
    means = {method: (torch.tensor(own[method]).mean(), torch.tensor(other[method]).mean()) for method in own}
    assert means["layer_cam"][0] > 0.8 and means["layer_cam"][1] < 0.02
    assert abs(means["grad_cam"][0] - means["grad_cam"][1]) < 0.05 and means["grad_cam"][1] > 0.1


def test_the_same_seed_gives_the_same_weights_and_torchs_own_generator_is_as_before() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = detector.train(SEEN, epochs=2, seed=1).state_dict()
    assert torch.equal(torch.rand(3), expected)
    again, other = (detector.train(SEEN, epochs=2, seed=seed).state_dict() for seed in (1, 2))
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert not torch.equal(first["head.weight"], other["head.weight"])


def test_training_leaves_the_scenes_alone_and_reports_each_epoch() -> None:
    before, epochs, losses = SEEN.images.clone(), [], []

    def progress(epoch: int, loss: float) -> None:
        epochs.append(epoch)
        losses.append(loss)

    model = detector.train(SEEN, "se", epochs=6, progress=progress)
    assert torch.equal(SEEN.images, before)
    assert epochs == [1, 2, 3, 4, 5, 6] and losses[-1] < losses[0]
    assert not model.training and isinstance(model.backbone[2], SqueezeExcitation)


def test_boxes_are_mirrored_as_their_pixels_are() -> None:
    masks = torch.cat(SEEN.masks)
    mirrored = torch.stack([box_of(mask) for mask in masks.flip(2)])
    assert torch.equal(mirror(torch.cat(SEEN.boxes), 64), mirrored)


def test_empty_scenes_are_learnt_from_as_well() -> None:
    none = (torch.zeros(0, 4),) * 2, (torch.zeros(0).long(),) * 2, (torch.zeros(0, 32, 44).bool(),) * 2
    empty = detector.Scenes(torch.rand(2, 3, 32, 44), *none)
    model = detector.train(empty, epochs=3)
    assert [len(found) for found in detector.detect(model, empty.images)] == [0, 0]


def test_what_cannot_be_trained_is_refused() -> None:
    with pytest.raises(detector.DetectorError, match="at least one epoch, got 8 scenes and epochs=0"):
        detector.train(SEEN, epochs=0)
    with pytest.raises(detector.DetectorError, match="got 0 scenes"):
        detector.train(SEEN[0:0], epochs=1)
    spoilt = SEEN[0:4]
    spoilt.images[0, 0, 0, 0] = torch.nan
    with pytest.raises(detector.DetectorError, match="finite"):
        detector.train(spoilt, epochs=1)
    with pytest.raises(ValueError, match="attention must be one of"):
        detector.train(SEEN, "sea", epochs=1)
