"""Counting what a network costs.

The convention is that of the papers' tables of CBAM and BAM, which can be had exactly:

- parameters: all numbers that training changes, batch norms' weights and biases with them, their running statistics
  without; a parameter that is used twice counts once;
- multiply-adds: the multiplications of convolutions and of matrix products (linear layers, and what an attention map
  multiplies), one picture, each with its addition as one. Biases, batch norms, pooling, activations, additions and
  the scaling by a gate count nothing. Many tables call this number FLOPs.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from attncourse.costs import measure


@dataclass(frozen=True)
class Costs:
    """What a model costs on one input; time and memory are measured when they are first asked for."""

    parameters: int
    """How many numbers training changes."""
    multiply_adds: int
    """Of convolutions and matrix products, one forward pass of the input that was given."""
    model: nn.Module = field(repr=False)
    input_shape: tuple[int, ...]

    @cached_property
    def latency(self) -> float:
        """Seconds of one forward pass in eval mode, the median of several, where the model's parameters lie."""
        return measure.latency(self.model, self.input_shape)

    @cached_property
    def peak_memory(self) -> int:
        """Bytes that one forward pass in eval mode holds at most, above what the model itself holds."""
        return measure.peak_memory(self.model, self.input_shape)


def of(model: nn.Module, input_shape: Sequence[int]) -> Costs:
    """The costs of ``model`` on an input of ``input_shape``, ``(B, C, H, W)``: ``of(model, (1, 3, 224, 224))``.

    Counted on a copy without data (the meta device), in eval mode: milliseconds, whatever the size. What is counted
    are the operations that run, so that functional answers count like layers. A model that looks at its data runs for
    real instead. The model is left as it was; its hooks run, as in any forward pass.

    Raises:
        ValueError: ``model`` is no module; ``input_shape`` is no shape, or holds a size below 1.
    """
    if not isinstance(model, nn.Module):
        raise ValueError(f"model must be a module that is built, as hosts.build('resnet50') gives it; got {model!r}")
    shape = tuple(input_shape) if isinstance(input_shape, Sequence) else ()
    if not shape or any(isinstance(size, bool) or not isinstance(size, int) or size < 1 for size in shape):
        raise ValueError(f"input_shape must be whole numbers of at least 1, as (1, 3, 224, 224); got {input_shape!r}")
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return Costs(parameters, _multiply_adds(model, shape), model, shape)


def _multiply_adds(model: nn.Module, shape: tuple[int, ...]) -> int:
    try:
        return _count(_without_data(model), shape)
    except Exception:  # it cannot be copied, or wants data; what is really wrong is wrong here too, and is told
        return _count(model, shape)


def _without_data(model: nn.Module) -> nn.Module:
    """A copy whose parameters and buffers have shapes alone; shared ones stay shared."""
    if all(tensor.is_meta for tensor in (*model.parameters(), *model.buffers())):
        return model
    memo: dict[int, object] = {}
    for parameter in model.parameters():
        memo[id(parameter)] = nn.Parameter(torch.empty_like(parameter, device="meta"), parameter.requires_grad)
    for buffer in model.buffers():
        memo[id(buffer)] = torch.empty_like(buffer, device="meta")
    return copy.deepcopy(model, memo)


def _count(model: nn.Module, shape: tuple[int, ...]) -> int:
    x = measure.example(model, shape)
    with measure.evaluating(model), FlopCounterMode(display=False) as counter, _ShapesOfNorms():
        model(x)
    return counter.get_total_flops() // 2  # it counts a multiplication and its addition as two


class _ShapesOfNorms(TorchDispatchMode):
    """Passes batch norms by where there is no data: they count nothing, and take most of the time."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten.native_batch_norm.default and args[0].is_meta:
            return torch.empty_like(args[0]), args[0].new_empty(0), args[0].new_empty(0)
        return func(*args, **(kwargs or {}))
