"""Declares two of torchvision's operators by name, so that torchvision imports where its own library cannot load.

timm imports torchvision. torchvision's wheel for this torch registers its operators from a library that wants CUDA;
beside a CPU build of torch the import then stops at "operator torchvision::nms does not exist". Declared operators
without a body let it pass: none of timm's attention layers calls them. For benchmarks only.
"""

from __future__ import annotations

import functools

import torch

_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


@functools.cache
def declare() -> torch.library.Library:
    """Declare them, once: the operators live as long as the library that this returns and the cache holds."""
    library = torch.library.Library("torchvision", "DEF")
    for operator in _OPERATORS:
        library.define(operator)
    return library
