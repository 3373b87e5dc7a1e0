"""The network: its shapes, how far a box's gradient reaches, and its slot for attention."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from attncourse import detector
from attncourse.attention import CBAM
from attncourse.explain import CAM
from attncourse.explain.detection import box, boxes

HEIGHT, WIDTH = 32, 44  # 8 by 11 cells


@pytest.fixture(scope="module")
def model() -> detector.Detector:
    torch.manual_seed(0)
    return detector.Detector().eval()


def test_one_box_a_cell_in_the_order_in_which_they_are_numbered(model: detector.Detector) -> None:
    outputs = model(torch.rand(1, 3, HEIGHT, WIDTH))
    assert outputs.shape == (1, 5 + len(detector.CLASSES), 8, 11)
    assert torch.equal(boxes(outputs, anchors=1)[0, 3 * 11 + 7], outputs[0, :, 3, 7])


@pytest.mark.parametrize("layer, reach", [("backbone", 2), ("neck.0", 1), ("neck", 0)])
def test_the_gradient_of_a_box_reaches_as_far_as_is_said(model: detector.Detector, layer: str, reach: int) -> None:
    row, column = 3, 7
    with CAM(model, layer, "layer_cam") as cam:
        cam(torch.rand(1, 3, HEIGHT, WIDTH), box(row * 11 + column, anchors=1))
    places = cam.gradients[0].abs().sum((0, 1)).nonzero()
    assert places.amin(0).tolist() == [row - reach, column - reach]
    assert places.amax(0).tolist() == [row + reach, column + reach]


def test_untrained_it_believes_in_hardly_any_box(model: detector.Detector) -> None:
    confidence = model(torch.rand(2, 3, HEIGHT, WIDTH))[:, 4].detach().sigmoid()
    assert 0 < float(confidence.max()) < 0.1


class Doubled(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        return 2 * x


@pytest.mark.parametrize("attention, kind", [("cbam", CBAM), (CBAM, CBAM), (Doubled, Doubled)])
def test_attention_stands_at_the_end_of_both_stages(attention: str | type[nn.Module], kind: type[nn.Module]) -> None:
    found = detector.Detector(attention)
    assert [isinstance(part, kind) for part in found.backbone] == [False, False, True, False, False, True]
    assert found(torch.rand(2, 3, HEIGHT, WIDTH)).shape == (2, 8, 8, 11)


def test_another_attention_is_refused() -> None:
    with pytest.raises(ValueError, match="attention must be one of"):
        detector.Detector("sea")
    with pytest.raises(TypeError, match="already built"):
        detector.Detector(Doubled(4))


@pytest.mark.parametrize("shape", [(3, 32, 44), (1, 1, 32, 44), (1, 3, 32, 42), (1, 3, 30, 44)])
def test_other_images_are_refused(model: detector.Detector, shape: tuple[int, ...]) -> None:
    with pytest.raises(detector.DetectorError, match="multiples of 4; got torch.float32"):
        model(torch.rand(shape))


def test_images_of_another_type_than_the_weights_are_refused(model: detector.Detector) -> None:
    with pytest.raises(detector.DetectorError, match="weights are torch.float32, the images torch.float64"):
        model(torch.zeros(1, 3, 32, 44).double())


def test_bytes_are_refused(model: detector.Detector) -> None:
    with pytest.raises(detector.DetectorError, match=r"in \[0, 1\].*got torch.uint8"):
        model(torch.zeros(1, 3, 32, 44, dtype=torch.uint8))
