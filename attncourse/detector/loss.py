"""What the detector is trained for. The cell in which the centre of an object lies answers for it, and no other does.

    confidence   binary cross-entropy over all cells; the target is 1 in the cells that answer, 0 elsewhere
    class        cross-entropy, in the cells that answer
    box          |sigmoid(x) - where in its cell the centre lies|, the same for y;
                 |width - log(its width / PRIOR)|, the same for height; in the cells that answer

Each is summed and divided by the number of objects in the batch, so that the many empty cells of one object weigh what
they weigh in any batch. After Redmon, Farhadi: "YOLOv3: An Incremental Improvement", 2018.

Deviations: a cross-entropy in place of one sigmoid a class, for a thing here is of one class; absolute in place of
squared differences; no cells are left out for boxes that overlap well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from attncourse.detector.errors import DetectorError
from attncourse.detector.network import BOX, CONFIDENCE, STRIDE
from attncourse.detector.scenes import CLASSES, require_objects

PRIOR = 14.0  # pixels; a width or height of 0 stands for it


@dataclass(frozen=True)
class Losses:
    """The three parts, each a scalar tensor."""

    confidence: Tensor
    classes: Tensor
    box: Tensor

    @property
    def total(self) -> Tensor:
        """What is minimised: their sum."""
        return self.confidence + self.classes + self.box


@dataclass(frozen=True)
class Answering:
    """The cells of a batch that answer for an object, M of them, and what each should say.

    Attributes:
        image, row, column: int64 ``(M,)``.
        box: ``(M, 4)``: x and y of the centre within the cell, in [0, 1]; the logarithms of width and height / PRIOR.
        classes: int64 ``(M,)``.
    """

    image: Tensor
    row: Tensor
    column: Tensor
    box: Tensor
    classes: Tensor

    def of(self, outputs: Tensor) -> Tensor:
        """What the network says there: ``(B, 5 + classes, h, w) -> (M, 5 + classes)``."""
        return outputs[self.image, :, self.row, self.column]


def answering(boxes: Sequence[Tensor], classes: Sequence[Tensor], size: tuple[int, int]) -> Answering:
    """The cells that answer on a grid of ``size`` (h, w), for the boxes ``(n, 4)`` and classes ``(n,)`` of B images.

    Raises DetectorError for boxes or classes of another form, a centre outside the image, or two in one cell.
    """
    if len(boxes) != len(classes):
        raise DetectorError(f"expected boxes and classes of the same images, got {len(boxes)} and {len(classes)}")
    for number, (some, theirs) in enumerate(zip(boxes, classes, strict=True)):
        require_objects(some, theirs, f"image {number}")
    every = torch.cat([torch.zeros(0, 4), *boxes])
    image = torch.repeat_interleave(torch.arange(len(boxes)), torch.tensor([len(some) for some in boxes]).long())
    centre = (every[:, :2] + every[:, 2:]) / 2 / STRIDE
    cell = centre.floor().long()
    height, width = size
    if bool(((cell < 0) | (cell >= torch.tensor([width, height]))).any()):
        raise DetectorError(
            f"the centre of a box lies outside the image of {STRIDE * height} by {STRIDE * width} pixels; boxes are "
            "left, top, right, bottom in pixels of this image"
        )
    numbers = (image * height + cell[:, 1]) * width + cell[:, 0]
    if len(numbers.unique()) < len(numbers):
        raise DetectorError(
            f"two centres lie in one cell of {STRIDE} pixels, which can answer for one object alone; leave one out"
        )
    sizes = ((every[:, 2:] - every[:, :2]) / PRIOR).log()
    every_class = torch.cat([torch.zeros(0).long(), *classes])
    return Answering(image, cell[:, 1], cell[:, 0], torch.cat([centre - cell, sizes], 1), every_class)


def losses(outputs: Tensor, boxes: Sequence[Tensor], classes: Sequence[Tensor]) -> Losses:
    """The loss of a batch: outputs ``(B, 5 + classes, h, w)``, and of each image boxes ``(n, 4)``, classes ``(n,)``.

    Images without any object count with their confidence alone. Raises DetectorError, as ``answering``, and for outputs
    of another shape.
    """
    require_outputs(outputs)
    if len(outputs) != len(boxes):
        raise DetectorError(f"expected the boxes of each of {len(outputs)} images, got those of {len(boxes)}")
    theirs = answering(boxes, classes, (outputs.shape[2], outputs.shape[3]))
    wanted = torch.zeros_like(outputs[:, CONFIDENCE])
    wanted[theirs.image, theirs.row, theirs.column] = 1
    said, count = theirs.of(outputs), max(1, len(theirs.image))
    confidence = functional.binary_cross_entropy_with_logits(outputs[:, CONFIDENCE], wanted, reduction="sum")
    return Losses(
        confidence / count,
        functional.cross_entropy(said[:, BOX:], theirs.classes, reduction="sum") / count,
        functional.l1_loss(torch.cat([said[:, :2].sigmoid(), said[:, 2:4]], 1), theirs.box, reduction="sum") / count,
    )


def require_outputs(outputs: Tensor) -> None:
    """Raises DetectorError unless these are ``(B, 5 + classes, h, w)``, all finite."""
    channels = BOX + len(CLASSES)
    if not isinstance(outputs, Tensor) or outputs.ndim != 4 or outputs.shape[1] != channels:
        got = tuple(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
        raise DetectorError(f"expected the detector's outputs (B, {channels}, h, w), got {got}")
    if not bool(outputs.isfinite().all()):
        raise DetectorError("the outputs are no finite numbers; look for NaN in the images, or lower the learning rate")
