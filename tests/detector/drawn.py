"""Outputs and boxes that the tests of the detector share."""

from __future__ import annotations

import torch
from torch import Tensor

from attncourse import detector

GRID = (8, 11)  # cells; images of 32 by 44 pixels
BOXES = (
    torch.tensor([[3.0, 5.0, 14.0, 18.0], [20.5, 8.0, 36.0, 20.0]]),
    torch.zeros(0, 4),
    torch.tensor([[30.0, 10.0, 44.0, 32.0]]),
)
CLASSES = (torch.tensor([2, 0]), torch.zeros(0).long(), torch.tensor([1]))


def random_outputs(seed: int, batch: int = 3) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(batch, 5 + len(detector.CLASSES), *GRID, generator=draw)


def perfect_outputs() -> Tensor:
    """What a network should say of ``BOXES`` and ``CLASSES``, cell by cell."""
    outputs = torch.zeros(len(BOXES), 5 + len(detector.CLASSES), *GRID)
    outputs[:, 4] = -12
    for image, (boxes, classes) in enumerate(zip(BOXES, CLASSES, strict=True)):
        for (left, top, right, bottom), number in zip(boxes.tolist(), classes.tolist(), strict=True):
            x, y = (left + right) / 8, (top + bottom) / 8
            row, column = int(y), int(x)
            sizes = torch.tensor([(right - left) / 14, (bottom - top) / 14]).log()
            offset = torch.tensor([x - column, y - row]).logit()
            outputs[image, :, row, column] = torch.cat([offset, sizes, torch.tensor([12.0]), torch.zeros(3)])
            outputs[image, 5 + number, row, column] = 12
    return outputs


def random_boxes(count: int, seed: int) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    corner = torch.randint(0, 24, (count, 2), generator=draw)
    return torch.cat([corner, corner + torch.randint(1, 16, (count, 2), generator=draw)], 1).float()
