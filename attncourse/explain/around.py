"""Before and after an attention block: what the block changes in the map, in one pass.

Hou, Zhou, Feng: "Coordinate Attention for Efficient Mobile Network Design", CVPR 2021, compare such maps in figure 4 by
eye. Here a number stands beside them: the rank correlation of the two. Near 1 the block has left the order of places as
it was, and any difference of the pictures is one of contrast.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from attncourse.explain.cam import CAM
from attncourse.explain.layers import InputOf
from attncourse.explain.methods import Method
from attncourse.explain.rank_correlation import rank_correlation
from attncourse.explain.scaled import scaled
from attncourse.explain.target import Target


@dataclass(frozen=True)
class Around:
    """Attributes:
    before: ``(B, h, w)``, the map of what goes into the block.
    after: ``(B, h, w)``, the map of what comes out of it.
    correlations: ``(B,)``, the rank correlation of the two; NaN where one is the same everywhere.
    moved: ``(B,)``, the mean absolute difference of the two, each scaled to a maximum of 1.
    """

    before: Tensor
    after: Tensor
    correlations: Tensor
    moved: Tensor


def around(
    model: nn.Module, block: str | nn.Module, images: Tensor, target: Target = None, method: str | Method = "grad_cam"
) -> Around:
    """The maps on both sides of ``block``, a module ``(B, C, H, W) -> (B, C, H, W)``.

    Raises ExplainError, as ``CAM``, and where the block changes height and width.
    """
    with CAM(model, [InputOf(block), block], method) as cam:
        before, after = cam(images, target)
    correlations = rank_correlation(before, after)
    moved = (scaled(before) - scaled(after)).abs().mean((1, 2))
    return Around(before, after, correlations, torch.as_tensor(moved).cpu())
