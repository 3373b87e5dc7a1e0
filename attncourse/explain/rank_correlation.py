"""How alike two maps are, whatever their scales: Spearman's rank correlation."""

from __future__ import annotations

import torch
from scipy import stats
from torch import Tensor

from attncourse.explain.errors import ExplainError


def rank_correlation(first: Tensor, second: Tensor) -> Tensor:
    """Two times ``(B, h, w)`` -> ``(B,)``: 1 the same order of places, 0 nothing in common, -1 the opposite order.

    NaN where one of the two maps is the same everywhere: it has no order, and nothing can be said.

    Raises ExplainError where the shapes differ.
    """
    if first.shape != second.shape or first.ndim != 3:
        raise ExplainError(
            f"expected two times maps (B, h, w), got {tuple(first.shape)} and {tuple(second.shape)}; bring them to one "
            "size first, with scaled(maps, size)"
        )
    found = []
    for one, other in zip(first.flatten(1).cpu(), second.flatten(1).cpu(), strict=True):
        flat = bool((one == one[0]).all()) or bool((other == other[0]).all())
        found.append(float("nan") if flat else float(stats.spearmanr(one.numpy(), other.numpy()).statistic))
    return torch.tensor(found)
