"""Measuring time and memory: of one forward pass, in eval mode, on the device where the model lies."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Eval mode and no gradients; every part's own mode comes back."""
    modes = {part: part.training for part in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for part, mode in modes.items():
            part.training = mode


def example(model: nn.Module, shape: tuple[int, ...]) -> Tensor:
    """Zeros of this shape, of the model's type and on its device."""
    some = next(model.parameters(), torch.empty(0))
    return torch.zeros(shape, dtype=some.dtype, device=some.device)


def latency(model: nn.Module, shape: tuple[int, ...], repeats: int = 10) -> float:
    """Seconds of one forward pass, ``(B, C, H, W)``: the median of ``repeats``, after two that do not count."""
    x = example(model, shape)
    _needs_data(x)
    taken = []
    with evaluating(model):
        for _ in range(repeats + 2):
            _wait(x)
            start = time.perf_counter()
            model(x)
            _wait(x)
            taken.append(time.perf_counter() - start)
    return statistics.median(taken[2:])


def peak_memory(model: nn.Module, shape: tuple[int, ...]) -> int:
    """Bytes that one forward pass of ``(B, C, H, W)`` holds at most, above the model and its input.

    On a GPU what the allocator counted, the operations' own workspace with it; elsewhere the tensors that lived at the
    same time, without it.
    """
    x = example(model, shape)
    _needs_data(x)
    with evaluating(model):
        if x.is_cuda:
            model(x)  # what is made once, at the first call, is no cost of a call
            _wait(x)
            torch.cuda.reset_peak_memory_stats(x.device)
            before = torch.cuda.memory_allocated(x.device)
            model(x)
            _wait(x)
            return torch.cuda.max_memory_allocated(x.device) - before
        with _Living(model, x) as living:
            model(x)
    return living.highest


class _Living(TorchDispatchMode):
    """Watches the memory of the tensors that operations make, as long as something holds them."""

    def __init__(self, model: nn.Module, x: Tensor) -> None:
        super().__init__()
        known = [x, *model.parameters(), *model.buffers()]
        self.known = {tensor.untyped_storage().data_ptr() for tensor in known}
        self.living: WeakIdKeyDictionary = WeakIdKeyDictionary()
        self.highest = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and tensor.untyped_storage().data_ptr() not in self.known:
                self.living[tensor.untyped_storage()] = tensor.untyped_storage().nbytes()
        self.highest = max(self.highest, sum(self.living.values()))
        return result


def _needs_data(x: Tensor) -> None:
    if x.is_meta:
        raise ValueError("the model lies on the meta device, where nothing runs; build it on a CPU or a GPU")


def _wait(x: Tensor) -> None:
    if x.is_cuda:
        torch.cuda.synchronize(x.device)
