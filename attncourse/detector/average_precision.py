"""Average precision: how good is a detector, at all bounds of its confidence at once?

Everingham, Van Gool, Williams, Winn, Zisserman: "The Pascal Visual Object Classes (VOC) Challenge", IJCV 88, 2010, in
the form of VOC 2010 and later: the area under the curve of precision over recall, precision made non-increasing.

    a detection is right   if it overlaps an object of its class by at least 0.5 and no more confident one found that
    precision, recall      of the k most confident detections of a class over all images, for k = 1, 2, ...
    AP = sum_k (recall_k - recall_(k-1)) * max_(j >= k) precision_j;    averaged over the classes that occur

Deviations: VOC lets a detection try only the object that it overlaps most; here it may take the best one that is free.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from attncourse.detector.decoding import Detections, intersection_over_union
from attncourse.detector.errors import DetectorError
from attncourse.detector.scenes import CLASSES, Scenes, require_objects


def matches(found: Detections, boxes: Tensor, classes: Tensor, threshold: float = 0.5) -> Tensor:
    """Which object each detection of one image found: int64 ``(n,)``, -1 for none.

    The more confident choose first, among the objects ``boxes (m, 4), classes (m,)`` of their class that they overlap
    by at least ``threshold``, above 0 and at most 1. Raises DetectorError for another one, and for boxes or classes of
    another form.
    """
    require_objects(boxes, classes, "matches")
    if not 0 < threshold <= 1:
        raise DetectorError(f"threshold must lie above 0 and be at most 1, got {threshold!r}")
    found_which = torch.full((len(found),), -1)
    overlaps = intersection_over_union(found.boxes, boxes)
    overlaps = overlaps.where(found.classes[:, None] == classes, -1)
    for number in found.confidence.argsort(descending=True, stable=True).tolist() if len(boxes) else []:
        best = int(overlaps[number].argmax())
        if overlaps[number, best] >= threshold:
            found_which[number] = best
            overlaps[:, best] = -1
    return found_which


def average_precision(found: Sequence[Detections], scenes: Scenes, threshold: float = 0.5) -> float:
    """The mean average precision of the detections in these scenes, 0 to 1.

    Unconfident detections belong to it: ``average_precision(detect(model, scenes.images, threshold=0.01), scenes)``.
    Raises DetectorError for detections of another number of images, and where there is no object at all.
    """
    if len(found) != len(scenes):
        raise DetectorError(f"expected the detections of each of {len(scenes)} scenes, got those of {len(found)}")
    truth = torch.cat([torch.zeros(0).long(), *scenes.classes])
    if not len(truth):
        raise DetectorError("there is no object in these scenes, so there is nothing to find; give some with objects")
    everything = zip(found, scenes.boxes, scenes.classes, strict=True)
    right = torch.cat([matches(one, boxes, theirs, threshold) >= 0 for one, boxes, theirs in everything])
    confidence = torch.cat([one.confidence for one in found])
    classes = torch.cat([one.classes for one in found])
    areas = []
    for number in range(len(CLASSES)):
        objects, mine = int((truth == number).sum()), classes == number
        if objects:
            order = confidence[mine].argsort(descending=True, stable=True)
            areas.append(_area_under(right[mine][order], objects))
    return sum(areas) / len(areas)


def _area_under(right: Tensor, objects: int) -> float:
    """Of the curve, for detections in the order of their confidence: bool ``(n,)``."""
    hits = right.double().cumsum(0)
    precision = hits / torch.arange(1, len(hits) + 1)
    highest = precision.flip(0).cummax(0).values.flip(0) if len(hits) else precision
    return float((highest * right).sum() / objects)
