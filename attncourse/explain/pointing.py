"""Does the map point at the thing? It needs images in which the place of the thing is known.

Zhang, Bargal, Lin, Brandt, Shen, Sclaroff: "Top-down Neural Attention by Excitation Backprop", ECCV 2016 (the pointing
game). The share of a map that lies within the thing is the "energy-based pointing game" of Wang et al.: "Score-CAM",
CVPR workshops 2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from attncourse.explain.errors import ExplainError
from attncourse.explain.scaled import scaled
from attncourse.explain.wilson import wilson


@dataclass(frozen=True)
class Pointing:
    """Attributes:
    hits: ``(B,)``: 1 where the highest place lies within the thing; where several places are the highest, their share.
    chance: ``(B,)``: what a random place hits, the share of the image that the thing (and the tolerance) covers.
    """

    hits: Tensor
    chance: Tensor

    @property
    def rate(self) -> float:
        """The mean of the hits."""
        return float(self.hits.mean())

    @property
    def chance_rate(self) -> float:
        """The mean of the chances: the level that a map must beat."""
        return float(self.chance.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """A 95% interval of the rate (Wilson's), with this number of images."""
        return wilson(round(float(self.hits.sum())), len(self.hits))

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.rate:.0%} of {len(self.hits)} maps point at it (95% interval {low:.0%} to {high:.0%}); "
            f"chance {self.chance_rate:.0%}"
        )


def pointing_game(maps: Tensor, masks: Tensor, tolerance: int = 0) -> Pointing:
    """Play it.

    Args:
        maps: ``(B, h, w)``, at least 0; bilinear to the size of the masks where they are smaller.
        masks: bool ``(B, H, W)``, True where the thing is.
        tolerance: a hit may lie so many pixels beside the thing; 15 in the paper, on images of about 500 pixels.

    Raises:
        ExplainError: shapes that do not fit; a mask without any place.
    """
    masks = _masks(maps, masks)
    if tolerance < 0:
        raise ExplainError(f"tolerance is a number of pixels, at least 0; got {tolerance}")
    if tolerance:
        reach = functional.max_pool2d(masks[:, None].float(), 2 * tolerance + 1, 1, tolerance)
        masks = reach[:, 0] > 0
    large = scaled(maps, (masks.shape[1], masks.shape[2]))
    highest = (large == large.amax((1, 2), keepdim=True)).float()
    inside = masks.float()
    return Pointing((highest * inside).sum((1, 2)) / highest.sum((1, 2)), inside.mean((1, 2)))


def share_inside(maps: Tensor, masks: Tensor) -> Tensor:
    """The share of each map that lies within the thing: ``(B, h, w)``, bool ``(B, H, W)`` -> ``(B,)``, in [0, 1].

    The mask's share of the image is what a map without contrast gets, one that is 0 everywhere included.
    Raises ExplainError, as ``pointing_game``.
    """
    masks = _masks(maps, masks)
    large = scaled(maps, (masks.shape[1], masks.shape[2]))
    large = torch.where(large.amax((1, 2), keepdim=True) > 0, large, 1)
    return (large * masks).sum((1, 2)) / large.sum((1, 2))


def _masks(maps: Tensor, masks: Tensor) -> Tensor:
    if maps.ndim != 3 or masks.ndim != 3 or len(maps) != len(masks) or masks.dtype != torch.bool or not len(maps):
        raise ExplainError(
            "expected maps (B, h, w) and one bool mask (H, W) for each, got "
            f"{tuple(maps.shape)} and {masks.dtype} {tuple(masks.shape)}"
        )
    if not bool(masks.flatten(1).any(1).all()):
        raise ExplainError("a mask is False everywhere: without the thing in the image nothing can be hit")
    return masks.to(maps.device)
