"""What CAM and its methods check before they compute, and the precision that they count in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

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


def require_network(model: nn.Module) -> None:
    """Raises ExplainError for what is no network, or one that runs past the hooks."""
    if not isinstance(model, nn.Module):
        raise ExplainError(f"expected a network, an nn.Module, got {type(model).__name__}")
    if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
        raise ExplainError(f"{type(model).__name__} runs copies of the network; give the network itself, model.module")
    if hasattr(model, "_orig_mod"):
        raise ExplainError("a compiled network runs past the hooks; give the one that was compiled, model._orig_mod")
    if isinstance(model, torch.jit.ScriptModule):
        raise ExplainError("a scripted or traced network runs past the hooks; give the one that it was made from")


def require_maps(maps: Sequence[Any], batch: int) -> None:
    """``(B, h, w)`` each. Raises ExplainError for what a method of one's own may give instead."""
    for one in maps:
        if not isinstance(one, Tensor) or one.ndim != 3 or len(one) != batch:
            got = tuple(one.shape) if isinstance(one, Tensor) else type(one).__name__
            raise ExplainError(f"a method gives maps ({batch}, h, w), one for each image; got {got}")


def require_images(images: Tensor) -> None:
    """``(B, 3, H, W)``, or what else the network takes. Raises ExplainError for one image, none, or whole numbers."""
    if not isinstance(images, Tensor) or images.ndim < 2 or not images.is_floating_point():
        got = f"{images.dtype} {tuple(images.shape)}" if isinstance(images, Tensor) else type(images).__name__
        raise ExplainError(f"expected images (B, 3, H, W) of floating point, as the network takes them; got {got}")
    if images.ndim == 3:
        raise ExplainError(f"expected images (B, 3, H, W), got {tuple(images.shape)}; one image is images.unsqueeze(0)")
    if not len(images):
        raise ExplainError(f"expected at least one image, got {tuple(images.shape)}")
