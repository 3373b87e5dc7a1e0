"""What the spatial probes measure with: modules with given weights, maps whose channels have a given mean and maximum.

The gate of a place is found by least squares of y on x over its channels, so that no division meets a zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from attncourse.checking.draw import Draw
from attncourse.checking.observation import UNUSABLE, AnswerError
from attncourse.checking.probes import Built, Subject

# What a float32 mean inside a float64 module costs; no mistake is that small.
PRECISION = 1e-5
LOW, HIGH = 0.06, 0.2
WARM = (2, 5, 4, 6)


@dataclass(frozen=True)
class Kernel:
    """How to build one module; ``given`` None leaves ``kernel_size`` to its default of 7."""

    given: int | None = None

    @property
    def arguments(self) -> tuple[int, ...]:
        """What the class is called with."""
        return () if self.given is None else (self.given,)

    @property
    def side(self) -> int:
        """k, the side of the window."""
        return self.given or 7

    @property
    def weights(self) -> int:
        """The values of the two kernels, without biases."""
        return 2 * self.side**2

    @property
    def words(self) -> str:
        """For sentences: ``kernel_size=5``."""
        return "the default kernel_size" if self.given is None else f"kernel_size={self.given}"


SMALL = Kernel(3)
MIDDLE = Kernel(5)
DEFAULT = Kernel()
KERNELS = (SMALL, MIDDLE, DEFAULT)


def module(subject: Subject, kernel: Kernel, fill: Callable[[tuple[int, ...]], Tensor]) -> Built:
    """A float64 module, each parameter set to ``fill(shape)``."""
    built = subject.build(*kernel.arguments, warm=WARM)
    built.fill([fill(shape) for shape in built.shapes])
    return built


def random_module(subject: Subject, kernel: Kernel, low: float = LOW, high: float = HIGH) -> Built:
    """A module with magnitudes uniform in ``[low, high]`` and random signs."""
    return module(subject, kernel, lambda shape: subject.draw.signed(*shape, low=low, high=high))


def constant_module(subject: Subject, kernel: Kernel, value: float) -> Built:
    """A module whose parameters are all ``value``: what it computes depends on no order and no layout."""
    return module(subject, kernel, lambda shape: torch.full(shape, value, dtype=torch.float64))


def two_maps(draw: Draw, batch: int, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Means and maxima to prescribe, ``(B, H, W)`` each: means of both signs, maxima above them."""
    means = draw.signed(batch, height, width, low=0.2, high=1.5)
    return means, means + draw.signed(batch, height, width, low=0.5, high=1.5).abs()


def features(draw: Draw, means: Tensor, maxima: Tensor, channels: int = 5) -> Tensor:
    """float64 features ``(B, C, H, W)`` whose channels have, at each place, this mean and this maximum.

    One channel holds the maximum, the others lie in pairs around what the mean needs, in an order drawn anew for each
    place. ``channels`` is odd and at least 3; ``maxima > means``.
    """
    rest = (channels * means - maxima) / (channels - 1)
    values = [maxima]
    for _ in range(channels // 2):
        apart = draw.signed(*means.shape, low=0.1, high=0.9).abs() * (maxima - rest)
        values += [rest - apart, rest + apart]
    stacked = torch.stack(values, dim=1)
    order = draw.normal(*stacked.shape).argsort(dim=1)
    return stacked.gather(1, order)


def gate_of(x: Tensor, y: Tensor) -> Tensor:
    """The number by which each place was multiplied: ``(B, H, W)``."""
    if y.shape != x.shape:
        raise AnswerError(UNUSABLE, f"expected an output of shape {tuple(x.shape)}, got {tuple(y.shape)}")
    x, y = x.double(), y.double()
    if not bool(torch.isfinite(y).all()):
        raise AnswerError(UNUSABLE, "the output holds values that are not finite (nan or inf)")
    return (x * y).sum(dim=1) / (x * x).sum(dim=1)


def gates(built: Built, x: Tensor) -> Tensor:
    """The gates ``(B, H, W)`` of the module for ``x``."""
    return gate_of(x, built.run(x))


def logits(built: Built, x: Tensor) -> Tensor:
    """What went into the sigmoid, ``(B, H, W)``."""
    return torch.logit(gates(built, x), eps=1e-12)


def noise(u: Tensor) -> Tensor:
    """By how much logits may be off where gates are off by ``PRECISION``."""
    return PRECISION * torch.cosh(u / 2) ** 2 * 4


def apart(expected: Tensor, got: Tensor) -> Tensor:
    """bool: where two tensors of gates differ by more than precision."""
    return ~((expected - got).abs() < PRECISION)


def worst_sample(flags: Tensor) -> int | None:
    """The first sample ``(B, ...) -> index`` with a flag, or None."""
    samples = flags.flatten(1).any(dim=1).nonzero()
    return int(samples[0]) if len(samples) else None


def window_sums(maps: Tensor, side: int) -> Tensor:
    """The sum over the window around each place, nothing beyond the border: ``(B, H, W) -> (B, H, W)``."""
    ones = torch.ones(1, 1, side, side, dtype=maps.dtype)
    return functional.conv2d(maps[:, None], ones, padding=side // 2)[:, 0]


def extras(kernel: Kernel, shapes: Sequence[tuple[int, ...]]) -> int:
    """How many values the module has beyond the two kernels: biases and the scale of a batch norm."""
    return sum(torch.Size(shape).numel() for shape in shapes) - kernel.weights
