"""What the right and the wrong answers of this lesson have in common."""

from __future__ import annotations

import torch
from torch import Tensor

CONFIDENCE, CLASSES = 4, 5


def channel_of(number: int | None) -> int:
    """The channel of a class, or of the confidence for None."""
    return CONFIDENCE if number is None else CLASSES + number


def at(values: Tensor, box: Tensor) -> Tensor:
    """Of each image the value of one box, counted row by row: ``(B, h, w)``, ``(B,) -> (B,)``."""
    return values.flatten(1).gather(1, box[:, None])[:, 0]


def score_of(outputs: Tensor, box: Tensor, number: int | None = None) -> Tensor:
    """``(B, 5 + classes, h, w)``, ``(B,)``, a class or None ``-> (B,)``."""
    return at(outputs[:, channel_of(number)], box)


def pixels_of(maps: Tensor, boxes: Tensor) -> Tensor:
    """The pixels whose centre lies in the box: ``(B, H, W)``, ``(B, 4) ->`` bool ``(B, H, W)``."""
    rows, columns = torch.arange(maps.shape[1])[:, None] + 0.5, torch.arange(maps.shape[2]) + 0.5
    left, top, right, bottom = boxes[:, :, None, None].unbind(1)
    return (left <= columns) & (columns < right) & (top <= rows) & (rows < bottom)


def with_contrast(maps: Tensor) -> Tensor:
    """The maps, 1 everywhere for one that is 0 everywhere."""
    return torch.where(maps.amax((1, 2), keepdim=True) > 0, maps, 1)


def share_of(maps: Tensor, pixels: Tensor) -> Tensor:
    """The share of each map in some pixels: ``(B, H, W)``, bool ``(B, H, W) -> (B,)``."""
    maps = with_contrast(maps)
    return (maps * pixels).sum((1, 2)) / maps.sum((1, 2))


def cells(outputs: Tensor) -> tuple[Tensor, Tensor]:
    """Row and column of each cell, ``(h, w)`` each."""
    rows, columns = torch.arange(outputs.shape[2]), torch.arange(outputs.shape[3])
    return tuple(torch.meshgrid(rows, columns, indexing="ij"))  # type: ignore[return-value]


def centres(outputs: Tensor, stride: float) -> tuple[Tensor, Tensor]:
    row, column = cells(outputs)
    return (column + outputs[:, 0].sigmoid()) * stride, (row + outputs[:, 1].sigmoid()) * stride


def sizes(outputs: Tensor, prior: float) -> tuple[Tensor, Tensor]:
    return prior * outputs[:, 2].exp(), prior * outputs[:, 3].exp()


def around(x: Tensor, y: Tensor, w: Tensor, h: Tensor) -> Tensor:
    return torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], dim=3).flatten(1, 2)
