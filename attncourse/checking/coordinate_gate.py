"""What the coordinate probes measure with: modules with given weights, maps with given row and column means.

The factor of each place is y / x: the maps that are measured hold no value near zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from attncourse.checking.draw import Draw
from attncourse.checking.observation import AnswerError
from attncourse.checking.probes import Built, Subject

# What a float32 mean inside a float64 module costs; no mistake is that small.
PRECISION = 1e-5
LOW, HIGH = 0.1, 0.4
FLOOR = 8


@dataclass(frozen=True)
class Size:
    """How to build one module: C and r; ``reduction`` None leaves r to its default of 32."""

    channels: int
    reduction: int | None = None

    @property
    def arguments(self) -> tuple[int, ...]:
        """What the class is called with."""
        return (self.channels,) if self.reduction is None else (self.channels, self.reduction)

    @property
    def hidden(self) -> int:
        """``max(8, C // r)``."""
        return max(FLOOR, self.channels // (self.reduction or 32))

    @property
    def weights(self) -> int:
        """The values of the three layers, without biases."""
        return 3 * self.channels * self.hidden

    @property
    def words(self) -> str:
        """For sentences: ``4 channels, reduction 2``."""
        reduction = "the default reduction" if self.reduction is None else f"reduction {self.reduction}"
        return f"{self.channels} channels, {reduction}"


SMALL = Size(3)
MIDDLE = Size(30, 3)
UNEVEN = Size(39, 4)
DEFAULT = Size(320)
# With 320 channels a default above 32 shows, with 341 one below.
SIZES = (SMALL, MIDDLE, UNEVEN, DEFAULT, Size(341))


def module(subject: Subject, size: Size, fill: Callable[[tuple[int, ...]], Tensor]) -> Built:
    """A float64 module of this size, each parameter set to ``fill(shape)``."""
    built = subject.build(*size.arguments, warm=(2, size.channels, 4, 3))
    built.fill([fill(shape) for shape in built.shapes])
    return built


def random_module(subject: Subject, size: Size, low: float = LOW, high: float = HIGH) -> Built:
    """A module with magnitudes uniform in ``[low, high]`` and random signs."""
    return module(subject, size, lambda shape: subject.draw.signed(*shape, low=low, high=high))


def constant_module(subject: Subject, size: Size, value: float) -> Built:
    """A module whose parameters are all ``value``: what it computes depends on no order and no layout."""
    return module(subject, size, lambda shape: torch.full(shape, value, dtype=torch.float64))


def features(draw: Draw, *shape: int, strength: float = 1.0) -> Tensor:
    """float64 features, whose rows and columns have means that lie apart."""
    batch, channels, height, width = shape
    rows = draw.signed(batch, channels, height, 1, low=0.2, high=1.5)
    columns = draw.signed(batch, channels, 1, width, low=0.2, high=1.5)
    return away_from_zero((rows + columns + draw.normal(*shape, dtype=torch.float64)) * strength)


def away_from_zero(x: Tensor) -> Tensor:
    """x, with values near zero moved away from it: a factor is seen by y / x."""
    return torch.where(x.abs() < 0.02, torch.where(x < 0, -0.02, 0.02).to(x), x)


def same_means(draw: Draw, x: Tensor) -> Tensor:
    """Other features with the row means and the column means of ``x``."""
    noise = draw.normal(*x.shape, dtype=torch.float64)
    mean = noise.mean(dim=(2, 3), keepdim=True)
    return x + noise - noise.mean(dim=2, keepdim=True) - noise.mean(dim=3, keepdim=True) + mean


def factor_of(x: Tensor, y: Tensor) -> Tensor:
    """The number by which each place of each channel was multiplied: ``(B, C, H, W)``."""
    if y.shape != x.shape:
        raise AnswerError("ShapeError", f"expected an output of shape {tuple(x.shape)}, got {tuple(y.shape)}")
    if not bool(torch.isfinite(y).all()):
        raise AnswerError("ValueError", "the output holds values that are not finite (nan or inf)")
    return y.double() / x.double()


def factors(built: Built, x: Tensor, train: bool = False) -> Tensor:
    """The factors ``(B, C, H, W)`` of the module for ``x``."""
    return factor_of(x, built.run(x, train))


def apart(expected: Tensor, got: Tensor) -> Tensor:
    """bool: where two tensors of factors differ by more than precision."""
    return ~((expected - got).abs() < PRECISION)


def worst(flags: Tensor) -> tuple[int, int] | None:
    """The first sample and channel ``(B, C, ...)`` with a flag, or None."""
    found = flags.flatten(2).any(dim=2).nonzero()
    return (int(found[0, 0]), int(found[0, 1])) if len(found) else None
