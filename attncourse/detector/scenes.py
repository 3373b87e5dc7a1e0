"""Scenes for the detector: filled shapes on a noisy background, drawn by code, so that every pixel's owner is known.

The colour of a shape says nothing of its class, nor does the background. Thin strokes that belong to no shape keep a
detector from taking every edge for a thing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from attncourse.detector.errors import DetectorError

SIZE = (48, 64)
SMALLEST, LARGEST = 11, 17  # of a shape, in pixels
GAP = 2  # pixels between the boxes of two shapes
STROKES, STROKE_LENGTH = 6, 12
CONTRAST = 0.35  # by which the mean colour of a shape differs from that of the background around it
TRIES = 200

# A shape by its row and column within its box, both from -1 to 1.
SHAPES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "circle": lambda row, column: row**2 + column**2 <= 1,
    "square": lambda row, column: torch.ones_like(row, dtype=torch.bool),
    "triangle": lambda row, column: column.abs() <= (row + 1) / 2,
}
CLASSES = tuple(SHAPES)


@dataclass(frozen=True)
class Scenes:
    """N images with what is in them. A scene without any object is allowed: it has nothing but background.

    Attributes:
        images: float ``(N, 3, H, W)`` in [0, 1].
        boxes: of each scene float ``(n, 4)``: left, top, right, bottom in pixels; pixel i reaches from i to i + 1.
        classes: of each scene int64 ``(n,)``; class k is ``CLASSES[k]``.
        masks: of each scene bool ``(n, H, W)``: the pixels of each object.

    Raises DetectorError where these do not fit together.
    """

    images: Tensor
    boxes: tuple[Tensor, ...]
    classes: tuple[Tensor, ...]
    masks: tuple[Tensor, ...]

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.shape[1] != 3 or not self.images.is_floating_point():
            raise DetectorError(
                f"expected images (N, 3, H, W) of floating point, got {self.images.dtype} {tuple(self.images.shape)}"
            )
        count, _, height, width = self.images.shape
        if not len(self.boxes) == len(self.classes) == len(self.masks) == count:
            raise DetectorError(
                f"expected boxes, classes and masks for each of {count} images; "
                f"got {len(self.boxes)}, {len(self.classes)} and {len(self.masks)}"
            )
        for number, (boxes, classes, masks) in enumerate(zip(self.boxes, self.classes, self.masks, strict=True)):
            require_objects(boxes, classes, f"scene {number}")
            if masks.dtype != torch.bool or tuple(masks.shape) != (len(boxes), height, width):
                raise DetectorError(
                    f"scene {number}: expected bool masks {(len(boxes), height, width)}, "
                    f"got {masks.dtype} {tuple(masks.shape)}"
                )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, which: int | slice | Sequence[int] | Tensor) -> Scenes:
        """Some of the scenes, as ``Scenes``; one number gives one scene."""
        numbers = torch.arange(len(self))[which].reshape(-1)
        chosen = numbers.tolist()
        return Scenes(
            self.images[numbers],
            tuple(self.boxes[number] for number in chosen),
            tuple(self.classes[number] for number in chosen),
            tuple(self.masks[number] for number in chosen),
        )


def require_objects(boxes: Tensor, classes: Tensor, where: str) -> None:
    """Raises DetectorError unless these are boxes ``(n, 4)`` with a place and a size, and known classes ``(n,)``."""
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not boxes.is_floating_point() or not bool(boxes.isfinite().all()):
        raise DetectorError(
            f"{where}: expected boxes (n, 4) of finite floating point, left, top, right, bottom; "
            f"got {boxes.dtype} {tuple(boxes.shape)}; no box at all is torch.zeros(0, 4)"
        )
    if classes.dtype != torch.int64 or tuple(classes.shape) != (len(boxes),):
        raise DetectorError(
            f"{where}: expected an int64 class for each of {len(boxes)} boxes, got {classes.dtype} "
            f"{tuple(classes.shape)}"
        )
    if bool((boxes[:, :2] >= boxes[:, 2:]).any()):
        wrong = int((boxes[:, :2] >= boxes[:, 2:]).any(1).nonzero()[0])
        raise DetectorError(
            f"{where}: box {wrong} is {boxes[wrong].tolist()}; "
            "expected left, top, right, bottom with left < right and top < bottom"
        )
    if bool(((classes < 0) | (classes >= len(CLASSES))).any()):
        raise DetectorError(f"{where}: the classes are 0 to {len(CLASSES) - 1}, got {classes.tolist()}")


def scenes(count: int, size: tuple[int, int] = SIZE, seed: int = 0, twins: bool = False) -> Scenes:
    """Draw ``count`` scenes of ``size`` (H, W). More of them begin with the same ones.

    Args:
        count: how many.
        size: of the images, in pixels.
        seed: of everything.
        twins: two objects of one class in each scene; otherwise two to four objects, of which the second is of the
            first one's class in half of the scenes, the others of any.

    Raises DetectorError where four such objects have no room, or a number is below 1.
    """
    height, width = size
    if count < 1 or height < 2 * LARGEST + GAP or width < 2 * LARGEST + GAP:
        least = 2 * LARGEST + GAP
        raise DetectorError(
            f"expected a count of at least 1 and images of at least {least} by {least} pixels, on which four objects "
            f"of up to {LARGEST} pixels have room; got count={count}, size={size}"
        )
    draw = torch.Generator().manual_seed(seed)
    drawn = [_scene(height, width, twins, draw) for _ in range(count)]
    images, boxes, classes, masks = zip(*drawn, strict=True)
    return Scenes(torch.stack(images), boxes, classes, masks)


def _scene(height: int, width: int, twins: bool, draw: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    classes = torch.randint(0, len(CLASSES), (4,), generator=draw)[: 2 if twins else _whole(2, 5, draw)]
    if twins or _whole(0, 2, draw):
        classes[1] = classes[0]
    image = _background(height, width, draw)
    masks = torch.zeros(len(classes), height, width, dtype=torch.bool)
    for (top, left, length), number, mask in zip(
        _places(len(classes), height, width, draw), classes.tolist(), masks, strict=True
    ):
        here = (slice(top, top + length), slice(left, left + length))
        mask[here] = _shape(CLASSES[number], length, draw)
        image[:, mask] = _colour(image[(slice(None), *here)].mean((1, 2)), draw)[:, None]
    noisy = image + 0.04 * torch.randn(3, height, width, generator=draw)
    return noisy.clamp(0, 1), torch.stack([box_of(mask) for mask in masks]), classes, masks


def _whole(low: int, high: int, draw: torch.Generator) -> int:
    """A whole number from ``low``, below ``high``."""
    return int(torch.randint(low, high, (), generator=draw))


def _background(height: int, width: int, draw: torch.Generator) -> Tensor:
    """Clouds of soft colour, with thin strokes."""
    clouds = torch.rand(1, 3, 4, 5, generator=draw)
    smooth = functional.interpolate(clouds, (height, width), mode="bicubic", align_corners=True)[0]
    image = 0.2 + 0.6 * smooth
    for _ in range(STROKES):
        top, left = _whole(0, height, draw), _whole(0, width, draw)
        angle = torch.pi * torch.rand((), generator=draw)
        steps = torch.arange(STROKE_LENGTH)
        rows = (top + steps * angle.sin()).round().long()
        columns = (left + steps * angle.cos()).round().long()
        within = (rows < height) & (columns >= 0) & (columns < width)
        image[:, rows[within], columns[within]] = torch.rand(3, 1, generator=draw)
    return image


def _places(count: int, height: int, width: int, draw: torch.Generator) -> list[tuple[int, int, int]]:
    """Top, left and length of squares that lie apart; begun anew where the last ones find no room."""
    places: list[tuple[int, int, int]] = []
    tries = 0
    while len(places) < count:
        tries += 1
        if tries % TRIES == 0:
            places = []
        length = _whole(SMALLEST, LARGEST + 1, draw)
        top, left = _whole(0, height - length + 1, draw), _whole(0, width - length + 1, draw)
        if all(
            top + length + GAP <= other_top
            or other_top + other_length + GAP <= top
            or left + length + GAP <= other_left
            or other_left + other_length + GAP <= left
            for other_top, other_left, other_length in places
        ):
            places.append((top, left, length))
    return places


def _shape(name: str, length: int, draw: torch.Generator) -> Tensor:
    """A shape in a square of this length, ``(length, length)``, turned by a multiple of a right angle."""
    middle = (torch.arange(length) + 0.5) / length * 2 - 1
    row, column = torch.meshgrid(middle, middle, indexing="ij")
    return torch.rot90(SHAPES[name](row, column), _whole(0, 4, draw))


def _colour(around: Tensor, draw: torch.Generator) -> Tensor:
    """A colour ``(3,)`` that stands out from the one around it."""
    while True:
        colour = torch.rand(3, generator=draw)
        if float((colour - around).abs().mean()) >= CONTRAST:
            return colour


def box_of(mask: Tensor) -> Tensor:
    """The tightest box around a mask, bool ``(H, W) -> (4,)``: left, top, right, bottom in pixels."""
    rows, columns = mask.any(1).nonzero()[:, 0], mask.any(0).nonzero()[:, 0]
    return torch.stack([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]).float()
