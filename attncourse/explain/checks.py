"""The check that all methods share, and the precision that they count in."""

from __future__ import annotations

import torch
from torch import Tensor

from attncourse.explain.errors import ExplainError


def require_pair(activations: Tensor, gradients: Tensor) -> tuple[Tensor, Tensor]:
    """Activations and gradients ``(B, C, h, w)``; half precision becomes float32, for small gradients vanish in it.

    Raises ExplainError where the shapes are others or differ.
    """
    if activations.ndim != 4 or activations.shape != gradients.shape:
        raise ExplainError(
            "expected activations and gradients of one shape (B, C, h, w), got "
            f"{tuple(activations.shape)} and {tuple(gradients.shape)}; take both from the same layer"
        )
    if activations.dtype in (torch.float16, torch.bfloat16):
        return activations.float(), gradients.float()
    return activations, gradients
