"""From the outputs to boxes: read each cell, keep the confident ones, and of those that mean one thing the best.

    centre  = (cell + sigmoid(x, y)) * STRIDE          width = PRIOR * exp(width), height the same

Several cells near an object may all have found it. Non-maximum suppression takes the most confident box, drops every
box of its class that overlaps it by more than a bound, and goes on with the most confident one that is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from attncourse.detector.errors import DetectorError
from attncourse.detector.loss import PRIOR, require_outputs
from attncourse.detector.network import BOX, CONFIDENCE, STRIDE

LONGEST = 4.0  # log of a width over PRIOR: 760 pixels; what is above is cut off, for exp would overflow


@dataclass(frozen=True)
class Detections:
    """The boxes found in one image, n of them, the most confident first.

    Attributes:
        boxes: ``(n, 4)``: left, top, right, bottom in pixels.
        confidence: ``(n,)``, in [0, 1].
        classes: int64 ``(n,)``, the class with the highest score.
        index: int64 ``(n,)``: the number of each among all boxes of the outputs, row * w + column; what
            ``attncourse.explain.detection.box(index, anchors=1)`` takes.
    """

    boxes: Tensor
    confidence: Tensor
    classes: Tensor
    index: Tensor

    def __len__(self) -> int:
        return len(self.index)


def decode(outputs: Tensor, threshold: float = 0.5, overlap: float = 0.5) -> list[Detections]:
    """``(B, 5 + classes, h, w)`` -> the detections of each image.

    Args:
        outputs: of ``Detector``.
        threshold: the least confidence of a box that is kept.
        overlap: two boxes of one class that overlap by more mean the same thing (intersection over union).

    Raises DetectorError for outputs of another shape, or a number outside [0, 1].
    """
    require_outputs(outputs)
    _require_share("threshold", threshold)
    _require_share("overlap", overlap)
    outputs = outputs.detach()
    height, width = outputs.shape[2:]
    row, column = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    cell = torch.stack([column, row]).to(outputs)
    centre = (cell + outputs[:, :2].sigmoid()) * STRIDE
    half = PRIOR * outputs[:, 2:4].clamp(max=LONGEST).exp() / 2
    boxes = torch.cat([centre - half, centre + half], 1).flatten(2).transpose(1, 2)
    confidence = outputs[:, CONFIDENCE].sigmoid().flatten(1)
    classes = outputs[:, BOX:].argmax(1).flatten(1)
    return [_kept(*one, threshold, overlap) for one in zip(boxes, confidence, classes, strict=True)]


def _kept(boxes: Tensor, confidence: Tensor, classes: Tensor, threshold: float, overlap: float) -> Detections:
    """Non-maximum suppression among all boxes of one image."""
    order = confidence.argsort(descending=True, stable=True)
    left = order[confidence[order] >= threshold]
    chosen = []
    while len(left):
        best, left = left[0], left[1:]
        chosen.append(best)
        same = intersection_over_union(boxes[best][None], boxes[left])[0] > overlap
        left = left[~(same & (classes[left] == classes[best]))]
    index = torch.stack(chosen) if chosen else order[:0]
    return Detections(boxes[index], confidence[index], classes[index], index)


def intersection_over_union(boxes: Tensor, others: Tensor) -> Tensor:
    """How far boxes overlap, 0 to 1: ``(n, 4), (m, 4) -> (n, m)``; 0 for two boxes without any area."""
    corner = torch.maximum(boxes[:, None, :2], others[:, :2])
    opposite = torch.minimum(boxes[:, None, 2:], others[:, 2:])
    shared = (opposite - corner).clamp(min=0).prod(2)
    together = _area(boxes)[:, None] + _area(others) - shared
    return torch.where(together > 0, shared / together, 0)


def _area(boxes: Tensor) -> Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1)


def detect(model: nn.Module, images: Tensor, threshold: float = 0.5, overlap: float = 0.5) -> list[Detections]:
    """Run a detector on images ``(N, 3, H, W)`` and decode, in eval mode and without gradients; modes are as before.

    Raises DetectorError, as ``decode`` and ``Detector``.
    """
    modes = {part: part.training for part in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            outputs = torch.cat([model(some) for some in images.split(128)])
    finally:
        for part, mode in modes.items():
            part.training = mode
    return decode(outputs, threshold, overlap)


def _require_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise DetectorError(f"{name} must lie between 0 and 1, got {value!r}")
