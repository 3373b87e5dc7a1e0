"""Measuring time and memory: of one forward pass, in eval mode, on the device where the model lies."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile


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

    On a GPU from the allocator's own counter, on a CPU from the profiler's record of allocations.
    """
    x = example(model, shape)
    _needs_data(x)
    with evaluating(model):
        model(x)  # what is made once, at the first call, is no cost of a call
        if x.is_cuda:
            _wait(x)
            torch.cuda.reset_peak_memory_stats(x.device)
            before = torch.cuda.memory_allocated(x.device)
            model(x)
            _wait(x)
            return torch.cuda.max_memory_allocated(x.device) - before
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
            model(x)
    return _highest(profiler)


def _highest(profiler: profile) -> int:
    """The highest sum of all allocations so far, less what was freed of them."""
    results = profiler.profiler.kineto_results if profiler.profiler else None
    assert results is not None
    records = [event for event in results.events() if event.name() == "[memory]"]
    held = highest = 0
    for record in sorted(records, key=lambda event: event.start_ns()):
        held += record.nbytes()
        highest = max(highest, held)
    return highest


def _needs_data(x: Tensor) -> None:
    if x.is_meta:
        raise ValueError("the model lies on the meta device, where nothing runs; build it on a CPU or a GPU")


def _wait(x: Tensor) -> None:
    if x.is_cuda:
        torch.cuda.synchronize(x.device)
