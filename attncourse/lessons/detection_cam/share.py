"""detect-share: the number beside each picture, the share of a map that lies inside its box."""

from __future__ import annotations

from collections.abc import Iterator

import numpy
import torch
from torch import Tensor

from attncourse.checking import Case, Draw, FunctionExercise
from attncourse.lessons.detection_cam._parts import pixels_of, share_of
from attncourse.lessons.detection_cam._share_mistakes import DRESSES, MISTAKES

exercise = FunctionExercise(
    "detect-share",
    answer="share",
    title="The number: the share inside the box",
    points=3,
    task=(
        "Write `share(maps, boxes)`: of each map of `(B, H, W)`, at least 0 and as large as the image, the share that "
        "lies inside its box, `(B,)`. `boxes` is `(B, 4)`: left, top, right, bottom in pixels. A pixel belongs to the "
        "box if its centre lies inside (column + 0.5, row + 0.5). A box may reach beyond the image. A map that is 0 "
        "everywhere has no contrast: take 1 everywhere for it."
    ),
    gradients=False,
    equivalents={
        "seen = maps.amax(dim=(1, 2), keepdim=True).detach() > 0": "a share carries no gradient",
        "seen = maps.mean(dim=(1, 2), keepdim=True) > 0": "of values of at least 0 it is above 0 where the maximum is",
        "maps = torch.where(seen, maps, 2)": "a map of twos has no contrast either",
    },
    hints=[
        "A mask (B, H, W) says which pixels belong to the box. The share is the sum inside over the sum of all.",
        "The centres: `columns = torch.arange(W) + 0.5` and `rows = torch.arange(H)[:, None] + 0.5`. x is a column.",
        "Four comparisons joined with &: left <= columns, columns < right, top <= rows, rows < bottom.",
        "So that they broadcast: `left, top, right, bottom = boxes[:, :, None, None].unbind(1)`, each (B, 1, 1). "
        "Slices such as maps[:, top:bottom] go wrong where top is negative.",
        "In full, with rows and columns: `seen = maps.amax(dim=(1, 2), keepdim=True) > 0`; "
        "`maps = torch.where(seen, maps, 1)`; "
        "`inside = (left <= columns) & (columns < right) & (top <= rows) & (rows < bottom)`; "
        "`return (maps * inside).sum(dim=(1, 2)) / maps.sum(dim=(1, 2))`.",
    ],
)


@exercise.reference
def share(maps: Tensor, boxes: Tensor) -> Tensor:
    """``(B, H, W)``, ``(B, 4) -> (B,)``, in [0, 1]."""
    return share_of(maps, pixels_of(maps, boxes))


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    small = torch.tensor([[[1.0, 2, 0, 1], [0, 3, 1, 0]]]) / 4
    yield Case("one map of 2x4", (small, torch.tensor([[1.0, 0, 3, 1]])))
    yield Case("edges between pixels", (small, torch.tensor([[0.75, 0.25, 2.25, 2]])))
    yield Case("a box that reaches beyond the image", (small, torch.tensor([[-1.25, -2, 2, 1.75]])))
    yield Case("a map of zeros", (torch.zeros(1, 3, 5), torch.tensor([[1.0, 0, 4, 2]])))
    one, two = _maps(draw, 2, 6, 9), _maps(draw, 3, 7, 4)
    yield Case("two maps of 6x9", (one, torch.tensor([[1.25, 2, 5.75, 5], [4, 0.25, 8, 3.75]])))
    two[1] = 0
    boxes = torch.tensor([[-2.0, 1, 1.75, 9.25], [0, 2.25, 3, 5], [1.75, -1, 6, 3.25]])
    yield Case("three maps of 7x4, one of zeros", (two, boxes))


def _maps(draw: Draw, *shape: int) -> Tensor:
    return draw.normal(*shape).abs() / 4


@exercise.accepts
def pixel_by_pixel(maps, boxes):
    found = []
    for values, (left, top, right, bottom) in zip(maps.tolist(), boxes.tolist(), strict=True):
        flat = not any(any(line) for line in values)
        inside = total = 0.0
        for row, line in enumerate(values):
            for column, value in enumerate(line):
                value = 1.0 if flat else value
                total += value
                if left <= column + 0.5 < right and top <= row + 0.5 < bottom:
                    inside += value
        found.append(inside / total)
    return torch.tensor(found)


@exercise.accepts
def by_slices(maps, boxes):
    found = []
    for values, box in zip(maps, boxes, strict=True):
        values = values if values.any() else torch.ones_like(values)
        left, top, right, bottom = (box - 0.5).ceil().clamp(min=0).int().tolist()
        found.append(values[top:bottom, left:right].sum() / values.sum())
    return torch.stack(found)


@exercise.accepts
def rows_times_columns(maps, boxes):
    maps = maps + (maps.sum((1, 2), keepdim=True) == 0)
    y, x = torch.arange(maps.shape[1]) + 0.5, torch.arange(maps.shape[2]) + 0.5
    rows = ((y >= boxes[:, 1:2]) & (y < boxes[:, 3:])).to(maps.dtype)
    columns = ((x >= boxes[:, :1]) & (x < boxes[:, 2:3])).to(maps.dtype)
    return torch.einsum("bhw,bh,bw->b", maps, rows, columns) / maps.sum((1, 2))


@exercise.accepts
def in_numpy(maps, boxes):
    y, x = numpy.mgrid[: maps.shape[1], : maps.shape[2]] + 0.5
    found = []
    for values, (left, top, right, bottom) in zip(maps.numpy(), boxes.numpy(), strict=True):
        values = values if values.max() > 0 else numpy.ones_like(values)
        found.append(values[(x >= left) & (x < right) & (y >= top) & (y < bottom)].sum() / values.sum())
    return torch.tensor(numpy.array(found))


@exercise.accepts
def less_what_is_outside(maps, boxes):
    maps = torch.where((maps == 0).all(2).all(1)[:, None, None], torch.ones(()), maps)
    y, x = torch.meshgrid(torch.arange(maps.shape[1]) + 0.5, torch.arange(maps.shape[2]) + 0.5, indexing="ij")
    sides = boxes.reshape(-1, 4, 1, 1)
    outside = (x < sides[:, 0]) | (y < sides[:, 1]) | (x >= sides[:, 2]) | (y >= sides[:, 3])
    return 1 - maps.masked_fill(~outside, 0).sum((1, 2)) / maps.sum((1, 2))


@exercise.accepts
def scaled_to_a_sum_of_one(maps, boxes):
    flat = maps.flatten(1)
    flat = torch.where(flat.any(1, keepdim=True), flat, torch.ones_like(flat))
    flat = flat / flat.sum(1, keepdim=True)
    return (flat * pixels_of(maps, boxes).flatten(1)).sum(1)


for mistake in MISTAKES:
    exercise.misconception(mistake, dresses=DRESSES.get(mistake, ()))
