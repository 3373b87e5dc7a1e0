"""Interleaved timing: in every round each contender runs once, in an order drawn anew, so that noise meets all alike.

What is claimed is the median over the rounds of the ratio within one round. Seconds are kept for orientation only.

With one thread on a CPU the clock counts the processor's time, so that waiting for a shared machine does not count;
otherwise it counts the time that passes, for there threads and a GPU wait for each other.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Step = Callable[[], object]
Clock = Callable[[], float]


def step(module: nn.Module, x: Tensor, name: str) -> Step:
    """What is timed: ``"forward"`` in eval mode without gradients, or ``"forward_backward"`` in training mode."""
    return STEPS[name](module, x)


def _forward(module: nn.Module, x: Tensor) -> Step:
    module.eval()

    def run() -> Tensor:
        with torch.no_grad():
            return module(x)

    return run


def _forward_backward(module: nn.Module, x: Tensor) -> Step:
    """All gradients, the input's too, into new tensors: nothing accumulates from step to step."""
    module.train()
    x = x.detach().requires_grad_()
    wanted = [x, *module.parameters()]
    upstream = torch.ones_like(x)

    def run() -> tuple[Tensor, ...]:
        return torch.autograd.grad(module(x), wanted, upstream)

    return run


STEPS: Mapping[str, Callable[[nn.Module, Tensor], Step]] = {
    "forward": _forward,
    "forward_backward": _forward_backward,
}


def interleaved(
    steps: Mapping[str, Step], device: torch.device, rounds: int, least_seconds: float, seed: int
) -> dict[str, list[float]]:
    """Seconds of one step, by contender and round.

    Each measurement repeats the step until the quickest contender takes about ``least_seconds``, the same number of
    times for all of them.
    """
    order = list(steps)
    clock = clock_of(device)
    quickest = math.inf
    for run in steps.values():
        _seconds(run, device, clock, 3)  # what is made once, at the first calls, is no cost of a step
        quickest = min(quickest, _seconds(run, device, clock, 1))
    repeats = max(1, math.ceil(least_seconds / quickest))
    taken: dict[str, list[float]] = {name: [] for name in steps}
    shuffle = random.Random(seed).shuffle
    for _ in range(rounds):
        shuffle(order)
        for name in order:
            taken[name].append(_seconds(steps[name], device, clock, repeats) / repeats)
    return taken


def clock_of(device: torch.device) -> Clock:
    """The processor's time with one thread on a CPU, else the time that passes."""
    return time.process_time if device.type == "cpu" and torch.get_num_threads() == 1 else time.perf_counter


def _seconds(run: Step, device: torch.device, clock: Clock, repeats: int) -> float:
    _wait(device)
    start = clock()
    for _ in range(repeats):
        run()
    _wait(device)
    return clock() - start


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@dataclass(frozen=True)
class Ratio:
    """Ours over another's seconds: below 1 we are the quicker.

    Attributes:
        median: over the rounds.
        quartiles: between which the middle half of the rounds lies.
        interval: a 95% confidence interval of the median, from the order of the rounds alone.
        rounds: how many.
    """

    median: float
    quartiles: tuple[float, float]
    interval: tuple[float, float]
    rounds: int


def ratio(ours: Sequence[float], others: Sequence[float]) -> Ratio:
    """The ratios of the rounds, summed up."""
    ratios = sorted(mine / other for mine, other in zip(ours, others, strict=True))
    count = len(ratios)
    # The ranks that a binomial of (count, 1/2) stays between in 95 of 100 cases.
    reach = 0.98 * math.sqrt(count)
    low = max(0, math.floor(count / 2 - reach))
    high = min(count - 1, math.ceil(count / 2 + reach))
    quarter = (count - 1) // 4
    return Ratio(
        statistics.median(ratios),
        (ratios[quarter], ratios[count - 1 - quarter]),
        (ratios[low], ratios[high]),
        count,
    )
