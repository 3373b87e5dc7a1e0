"""detect-decode: mend a published function that reads boxes from a detector's outputs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy
import torch
from torch import Tensor

from attncourse.checking import Case, Draw, FunctionExercise
from attncourse.lessons.detection_cam._decode_mistakes import DRESSES, MISTAKES
from attncourse.lessons.detection_cam._parts import around, centres, sizes

exercise = FunctionExercise(
    "detect-decode",
    answer="decoded",
    title="Repair: boxes from outputs",
    points=3,
    task=(
        "`published` above has three bugs. Write `decoded(outputs, stride, prior)`: outputs `(B, 5 + classes, h, w)`; "
        "all boxes `(B, h * w, 4)`, row by row: left, top, right, bottom in pixels. Centre: (cell + sigmoid(x or y)) * "
        "stride, where a box's cell is its column for x and its row for y. Size: prior * exp(width or height)."
    ),
    gradients=False,
    equivalents={
        "x = (column + outputs[:, 0].sigmoid().detach()) * stride": "boxes are read here, not learnt",
        "y = (row + outputs[:, 1].sigmoid().detach()) * stride": "boxes are read here, not learnt",
    },
    hints=[
        "Look at the picture: which boxes lie at the wrong place, and how? Mirrored, moved, or both?",
        "x counts columns, y counts rows. x and y are the middle of a box: how far is it from there to its left edge?",
        "The sigmoid is a share of a cell, and a cell is `stride` pixels wide: multiply after the sum.",
        "left = x - w / 2, right = x + w / 2; the same for y and h. Flatten (h, w) row by row: `.flatten(1, 2)`.",
        "In full: `row, column = torch.arange(outputs.shape[2])[:, None], torch.arange(outputs.shape[3])`; "
        "`x, y = (column + outputs[:, 0].sigmoid()) * stride, (row + outputs[:, 1].sigmoid()) * stride`; "
        "`w, h = prior * outputs[:, 2].exp(), prior * outputs[:, 3].exp()`; "
        "`return torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], dim=3).flatten(1, 2)`.",
    ],
)


@exercise.reference
def decoded(outputs: Tensor, stride: float, prior: float) -> Tensor:
    """``(B, 5 + classes, h, w)``, pixels, pixels ``-> (B, h * w, 4)``."""
    return around(*centres(outputs, stride), *sizes(outputs, prior))


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    # Zeros everywhere: the centre of each box is the centre of its cell, its sides are the prior.
    yield Case("one image of 2x3 zeros", (torch.zeros(1, 7, 2, 3), 4, 14.0))
    for shape, stride, prior in (((1, 7, 2, 3), 4, 14.0), ((2, 8, 3, 2), 8, 10.0), ((3, 6, 4, 5), 2, 3.0)):
        outputs = draw.normal(*shape)
        words = f"{shape[0]} images of {shape[2]}x{shape[3]} cells of {stride} pixels"
        yield Case(words, (outputs, stride, prior))


@exercise.accepts
def corner_and_opposite_corner(outputs, stride, prior):
    height, width = outputs.shape[-2:]
    cell = torch.stack([torch.arange(width).expand(height, width), torch.arange(height)[:, None].expand(height, width)])
    centre = (cell + torch.sigmoid(outputs[:, :2])) * stride
    half = prior / 2 * torch.exp(outputs[:, 2:4])
    return torch.cat([centre - half, centre + half], dim=1).flatten(2).transpose(1, 2)


@exercise.accepts
def box_by_box(outputs, stride, prior):
    found = []
    for image in outputs:
        for row in range(image.shape[1]):
            for column in range(image.shape[2]):
                x, y, w, h = image[:4, row, column]
                x, y = (column + x.sigmoid()) * stride, (row + y.sigmoid()) * stride
                w, h = prior * w.exp(), prior * h.exp()
                found.append(torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2]))
    return torch.stack(found).view(len(outputs), -1, 4)


@exercise.accepts
def places_last(outputs, stride, prior):
    boxes = outputs.permute(0, 2, 3, 1).reshape(len(outputs), -1, outputs.shape[1])
    number = torch.arange(boxes.shape[1])
    x = (number % outputs.shape[3] + boxes[..., 0].sigmoid()) * stride
    y = (number // outputs.shape[3] + boxes[..., 1].sigmoid()) * stride
    w, h = (boxes[..., 2:4].exp() * prior).unbind(-1)
    left, top = x - w / 2, y - h / 2
    return torch.stack([left, top, left + w, top + h], -1)


@exercise.accepts
def in_numpy(outputs, stride, prior):
    o = outputs.numpy()
    y, x = numpy.mgrid[: o.shape[2], : o.shape[3]]
    x, y = (x + 1 / (1 + numpy.exp(-o[:, 0]))) * stride, (y + 1 / (1 + numpy.exp(-o[:, 1]))) * stride
    w, h = prior * numpy.exp(o[:, 2]) / 2, prior * numpy.exp(o[:, 3]) / 2
    return numpy.stack([x - w, y - h, x + w, y + h], -1).reshape(len(o), -1, 4)


@exercise.accepts
def by_cumulative_ones(outputs, stride, prior):
    ones = torch.ones_like(outputs[:, 0])
    x = (ones.cumsum(2) - 1 + outputs[:, 0].sigmoid()) * stride
    y = (ones.cumsum(1) - 1 + outputs[:, 1].sigmoid()) * stride
    w, h = (outputs[:, 2:4].exp() * prior).unbind(1)
    return torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], 1).flatten(2).mT


for mistake in MISTAKES:
    exercise.misconception(mistake, dresses=DRESSES.get(mistake, ()))
