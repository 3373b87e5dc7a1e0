"""Maps made ready to be looked at: as large as the image, each on a scale from 0 to its own maximum."""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn import functional

from attncourse.explain.errors import ExplainError


def scaled(maps: Tensor, size: tuple[int, int] | None = None) -> Tensor:
    """``(B, h, w)`` of at least 0 -> ``(B, H, W)`` within [0, 1]; bilinear to ``size`` = (H, W) where it is given.

    Each map is divided by its own maximum: 0 stays 0, and a map that is 0 everywhere stays so. The minimum is not moved
    to 0, as others do: that would give a map without any contrast the same colours as one that has found something.

    Raises ExplainError for another shape, or where a map is negative or not finite somewhere.
    """
    if maps.ndim != 3:
        raise ExplainError(f"expected maps (B, h, w), got {tuple(maps.shape)}; one map is maps.unsqueeze(0)")
    lowest, highest = (float(end) for end in maps.aminmax()) if maps.numel() else (0.0, 0.0)
    if lowest < 0:
        raise ExplainError(f"expected maps of at least 0, got {lowest:g}; take the ReLU first")
    if not math.isfinite(lowest) or not math.isfinite(highest):
        raise ExplainError("expected finite maps, got NaN or infinity; look for them in the images and in the weights")
    if size is not None:
        # The batch in the place of the channels: with one channel each, torch takes a slower path for small maps.
        large = functional.interpolate(maps[None], size, mode="bilinear", align_corners=False) if len(maps) else None
        maps = maps.new_zeros(0, *size) if large is None else large[0]
    largest = maps.amax((1, 2), keepdim=True)
    return maps / largest.where(largest > 0, 1)
