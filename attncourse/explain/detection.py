"""Targets for YOLO-style detectors: the score of a box, read from outputs of that form.

A box is 5 + classes numbers: x, y, width, height, confidence, then a score for each class. They come

    (B, N, 5 + classes)                     all boxes, as the detector gives them in eval mode
    (B, anchors * (5 + classes), h, w)      the boxes of one scale, as its last convolution gives them
    (B, anchors, h, w, 5 + classes)         the same, folded
    a list or tuple of these                several scales
    (the first of these, anything)          all boxes, and what training needs beside them

On the command line: ``--target attncourse.explain.detection:confidence``; of your own, in a file ``mine.py``, as
``--target mine.py:third_box``:

    from attncourse.explain.detection import box
    third_box = box(2, number=7)            # the score of class 7 in the third box

Scores before the sigmoid explain better: a confident sigmoid has almost no gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from attncourse.explain.errors import ExplainError

BOX = 5
CONFIDENCE = 4
FORMS = "(B, N, 5 + classes), (B, anchors * (5 + classes), h, w), (B, anchors, h, w, 5 + classes) or a list of these"


def boxes(outputs: Any, anchors: int = 3) -> Tensor:
    """Outputs of any of the forms above -> ``(B, N, 5 + classes)``, scale after scale, anchor after anchor, row by row.

    Raises ExplainError for outputs of another form, or with channels that ``anchors`` does not divide.
    """
    if isinstance(outputs, Tensor):
        return _flat(outputs, anchors)
    if not isinstance(outputs, list | tuple) or not outputs or not isinstance(outputs[0], Tensor):
        raise ExplainError(f"expected a detector's outputs, {FORMS}; got {type(outputs).__name__}")
    if outputs[0].ndim == 3:
        return _flat(outputs[0], anchors)
    return torch.cat([_flat(scale, anchors) for scale in outputs], 1)


def _flat(scale: Any, anchors: int) -> Tensor:
    shape = tuple(scale.shape) if isinstance(scale, Tensor) else type(scale).__name__
    if isinstance(scale, Tensor) and scale.ndim == 3 and scale.shape[2] >= BOX:
        return scale
    if isinstance(scale, Tensor) and scale.ndim == 5 and scale.shape[4] >= BOX:
        return scale.flatten(1, 3)
    if isinstance(scale, Tensor) and scale.ndim == 4:
        batch, channels, height, width = scale.shape
        if channels % anchors == 0 and channels // anchors >= BOX:
            folded = scale.view(batch, anchors, channels // anchors, height, width)
            return folded.permute(0, 1, 3, 4, 2).flatten(1, 3)
        raise ExplainError(f"{shape} are not {anchors} anchors of 5 + classes channels each; give another anchors=")
    raise ExplainError(f"expected a detector's outputs, {FORMS}; got {shape} among them")


def most_confident(outputs: Any, anchors: int = 3) -> Tensor:
    """The number of the most confident box in each image, ``(B,)``. Raises ExplainError, as ``boxes``."""
    return boxes(outputs, anchors)[:, :, CONFIDENCE].argmax(1)


def confidence(outputs: Any) -> Tensor:
    """The confidence of the most confident box in each image, ``(B,)``. Raises ExplainError, as ``boxes``."""
    return box(None)(outputs)


def best_class(outputs: Any) -> Tensor:
    """The highest class score in the most confident box of each image, ``(B,)``. Raises ExplainError, as ``boxes``."""
    return _chosen(boxes(outputs), None)[:, BOX:].amax(1)


def box(index: int | Tensor | None, number: int | None = None, anchors: int = 3) -> Callable[[Any], Tensor]:
    """The target "this box": its confidence, or its score for class ``number``.

    Args:
        index: which box of ``boxes(outputs)``: one number, one for each image, or None for the most confident one.
        number: a class, or None for the confidence.
        anchors: of each place, where the outputs are those of a convolution.

    Raises, when it is called:
        ExplainError: as ``boxes``; no such box or class.
    """

    def score(outputs: Any) -> Tensor:
        chosen = _chosen(boxes(outputs, anchors), index)
        if number is None:
            return chosen[:, CONFIDENCE]
        if not 0 <= number < chosen.shape[1] - BOX:
            raise ExplainError(f"the boxes have {chosen.shape[1] - BOX} classes, from 0 on; there is no class {number}")
        return chosen[:, BOX + number]

    return score


def _chosen(all_boxes: Tensor, index: int | Tensor | None) -> Tensor:
    """One box for each image, ``(B, 5 + classes)``."""
    if index is None:
        index = all_boxes[:, :, CONFIDENCE].argmax(1)
    which = torch.as_tensor(index, device=all_boxes.device).expand(len(all_boxes))
    if int(which.min()) < 0 or int(which.max()) >= all_boxes.shape[1]:
        raise ExplainError(f"there are {all_boxes.shape[1]} boxes, from 0 on; there is no box {index}")
    return all_boxes[torch.arange(len(all_boxes), device=all_boxes.device), which]
