"""Images with planted patterns of known place, for the pointing game: two patterns of different classes in each.

With one pattern an image, a map that marks "something striking" points right without any knowledge of classes. With
two, the map for one class must point at that one and leave the other alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from attncourse.explain.errors import ExplainError

BACKGROUND, NOISE = 0.5, 0.05

# Each is 0 or 1 by row and column, half of each; the period is 4 pixels.
PATTERNS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "rows": lambda row, column: row // 2 % 2,
    "columns": lambda row, column: column // 2 % 2,
    "squares": lambda row, column: (row // 2 + column // 2) % 2,
    "slopes": lambda row, column: (row + column) // 2 % 2,
}


@dataclass(frozen=True)
class Planted:
    """Attributes:
    images: ``(N, 3, H, W)`` in [0, 1], grey.
    classes: ``(N, 2)``, the two classes in each; class k is ``names[k]``.
    masks: bool ``(N, 2, H, W)``, where each of the two stands.
    names: of the classes.
    """

    images: Tensor
    classes: Tensor
    masks: Tensor
    names: tuple[str, ...]

    @property
    def chance(self) -> float:
        """What a random place hits: the share of the image that one pattern covers."""
        return float(self.masks.float().mean())


def planted(count: int, size: tuple[int, int] = (48, 64), patch: int = 16, seed: int = 0) -> Planted:
    """Draw ``count`` images of ``size`` (H, W), in each two squares of ``patch`` pixels that do not touch.

    Raises ExplainError where two such squares do not fit, or a number is below 1.
    """
    height, width = size
    if count < 1 or patch < 4 or min(size) < patch or max(size) < 2 * patch + 2:
        raise ExplainError(
            f"expected a count of at least 1, a patch of at least 4 pixels, and images that hold two of them side by "
            f"side; got count={count}, patch={patch}, size={size}"
        )
    draw = torch.Generator().manual_seed(seed)
    images = BACKGROUND + NOISE * torch.randn(count, 1, height, width, generator=draw)
    classes = torch.rand(count, len(PATTERNS), generator=draw).argsort(1)[:, :2]
    masks = torch.zeros(count, 2, height, width, dtype=torch.bool)
    row, column = torch.meshgrid(torch.arange(patch), torch.arange(patch), indexing="ij")
    patterns = [paint(row, column).float() for paint in PATTERNS.values()]
    for number in range(count):
        for which, (top, left) in enumerate(_two_places(height, width, patch, draw)):
            here = (slice(top, top + patch), slice(left, left + patch))
            images[number, 0][here] += 0.8 * (patterns[int(classes[number, which])] - 0.5)
            masks[number, which][here] = True
    return Planted(images.clamp(0, 1).expand(-1, 3, -1, -1).contiguous(), classes, masks, tuple(PATTERNS))


def _two_places(height: int, width: int, patch: int, draw: torch.Generator) -> list[tuple[int, int]]:
    """Two corners at least ``patch`` and one pixel apart in one direction; every such pair is as likely as another."""
    while True:
        tops = torch.randint(0, height - patch + 1, (2,), generator=draw).tolist()
        lefts = torch.randint(0, width - patch + 1, (2,), generator=draw).tolist()
        if abs(tops[0] - tops[1]) > patch or abs(lefts[0] - lefts[1]) > patch:
            return list(zip(tops, lefts, strict=True))
