"""What the channel probes measure with: modules with given weights, maps with given means, the gate behind an output.

The gate is found by least squares of y on x over each map, so that no division meets a zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from attncourse.checking.draw import Draw
from attncourse.checking.observation import UNUSABLE, AnswerError
from attncourse.checking.probes import Built, Subject

# What a float32 mean inside a float64 module costs; no mistake is that small.
PRECISION = 1e-5
TINY = 1e-9


@dataclass(frozen=True)
class Size:
    """How to build one module: C and r; ``reduction`` None leaves r to its default of 16."""

    channels: int
    reduction: int | None = None

    @property
    def arguments(self) -> tuple[int, ...]:
        """What the class is called with."""
        return (self.channels,) if self.reduction is None else (self.channels, self.reduction)

    @property
    def hidden(self) -> int:
        """``max(1, C // r)``."""
        return max(1, self.channels // (self.reduction or 16))

    @property
    def weights(self) -> int:
        """The values of the two layers, without biases."""
        return 2 * self.channels * self.hidden

    @property
    def words(self) -> str:
        """For sentences: ``4 channels, reduction 2``."""
        reduction = "the default reduction" if self.reduction is None else f"reduction {self.reduction}"
        return f"{self.channels} channels, {reduction}"


SMALL = Size(4, 2)
MIDDLE = Size(12, 3)
UNEVEN = Size(23, 4)
NARROW = Size(6, 16)
DEFAULT = Size(240)
# Wide enough for a hidden width that someone has capped.
WIDE = Size(528)
# As high or wide as the first maps of a network, and more places than a fixed window covers.
LARGE = ((3, 230), (230, 3), (67, 65))


def module(subject: Subject, size: Size, fill: Callable[[tuple[int, ...]], Tensor]) -> Built:
    """A float64 module of this size, each parameter set to ``fill(shape)``."""
    built = subject.build(*size.arguments, warm=(3, size.channels, 3, 2))
    built.fill([fill(shape) for shape in built.shapes])
    return built


def random_module(subject: Subject, size: Size, low: float = 0.1, high: float = 0.4) -> Built:
    """A module with magnitudes uniform in ``[low, high]`` and random signs."""
    return module(subject, size, lambda shape: subject.draw.signed(*shape, low=low, high=high))


def constant_module(subject: Subject, size: Size, value: float) -> Built:
    """A module whose parameters are all ``value``: what it computes depends on no order and no layout."""
    return module(subject, size, lambda shape: torch.full(shape, value, dtype=torch.float64))


def maps(draw: Draw, means: Tensor, height: int, width: int, spread: float = 1.0) -> Tensor:
    """float64 maps ``(B, C, height, width)`` with the means ``(B, C)`` and normal noise around them."""
    noise = draw.normal(*means.shape, height, width, dtype=torch.float64) * spread
    return means[:, :, None, None] + noise - noise.mean(dim=(2, 3), keepdim=True)


def points(means: Tensor) -> Tensor:
    """Maps of one place, ``(B, C) -> (B, C, 1, 1)``, none of them 0, where a gate could not be seen."""
    return torch.where(means.abs() < TINY, TINY, means)[:, :, None, None]


def gate_of(x: Tensor, y: Tensor) -> Tensor:
    """The number by which each map was multiplied: ``(B, C)``."""
    if y.shape != x.shape:
        raise AnswerError(UNUSABLE, f"expected an output of shape {tuple(x.shape)}, got {tuple(y.shape)}")
    if not y.is_floating_point():
        raise AnswerError(UNUSABLE, f"expected floating-point features, got {str(y.dtype).removeprefix('torch.')}")
    x, y = x.double(), y.double()
    if not bool(torch.isfinite(y).all()):
        raise AnswerError(UNUSABLE, "the output holds values that are not finite (nan or inf)")
    return (x * y).sum(dim=(2, 3)) / (x * x).sum(dim=(2, 3))


def gates(built: Built, x: Tensor) -> Tensor:
    """The gates ``(B, C)`` of the module for ``x``."""
    return gate_of(x, built.run(x))


def logits(built: Built, x: Tensor) -> Tensor:
    """What went into the sigmoid, ``(B, C)``."""
    return torch.logit(gates(built, x), eps=1e-12)


def apart(expected: Tensor, got: Tensor) -> Tensor:
    """bool: where two tensors of gates differ by more than precision."""
    return ~((expected - got).abs() < PRECISION)


def worst_row(flags: Tensor) -> int | None:
    """The first sample ``(B, C) -> index`` with a flag, or None."""
    rows = flags.flatten(1).any(dim=1).nonzero()
    return int(rows[0]) if len(rows) else None


@dataclass(frozen=True)
class Signs:
    """How the stored weights enter: W1 as w or -w, and so on; one sign for each of W1, b1, W2, b2."""

    weight1: int
    bias1: int
    weight2: int
    bias2: int


def signs(size: Size, count: int) -> Iterator[Signs]:
    """The readings of the parameters that are right; the plain one first.

    ``count``: how many values the module has beyond the weights, which tells the biases it has. To store a weight
    with the other sign changes no function that can be learned. The last layer turned round as a whole does not
    count as such: that is 1 - gate.
    """
    first = (1, -1) if has_bias1(size, count) else (0,)
    second = (1, -1) if has_bias2(size, count) else (0,)
    for weight2, weight1, bias1, bias2 in product((1, -1), (1, -1), first, second):
        if weight2 == 1 or bias2 == 1:
            yield Signs(weight1, bias1, weight2, bias2)


def has_bias1(size: Size, count: int) -> bool:
    """Whether ``count`` values beyond the weights hold a bias of the first layer."""
    return count in (size.hidden, size.hidden + size.channels)


def has_bias2(size: Size, count: int) -> bool:
    """Whether ``count`` values beyond the weights hold a bias of the second layer."""
    return count in (size.channels, size.hidden + size.channels)


def constant_gate(size: Size, value: float, sums: Tensor, sign: Signs) -> Tensor:
    """The gate of the right block whose parameters are all ``value``, for inputs whose means add up to ``sums``."""
    inner = torch.relu(value * (sign.weight1 * sums + sign.bias1))
    return torch.sigmoid(value * (sign.weight2 * size.hidden * inner + sign.bias2))


def gradients(built: Built, x: Tensor) -> tuple[Tensor, list[Tensor]]:
    """The gradient of x and those of the parameters, zero where there is none; see ``Candidate.run``."""
    found = built.outcome(x, gradients=True).gradients
    shapes = [tuple(x.shape), *built.shapes]
    if found is None or len(found) != len(shapes):
        raise AnswerError("GradientError", "no gradients could be taken of the output")
    told = [
        torch.zeros(shape, dtype=torch.float64) if g is None else g.double()
        for shape, g in zip(shapes, found, strict=True)
    ]
    if any(
        tuple(gradient.shape) != shape or not gradient.isfinite().all()
        for shape, gradient in zip(shapes, told, strict=True)
    ):
        raise AnswerError(UNUSABLE, "a gradient is not finite or has another shape than its tensor")
    return told[0], told[1:]


def told_by_its_scale(expected: Tensor, got: Tensor) -> str:
    """A sentence, where what the sigmoid gets is the right logit times one number, or right but for its ends."""
    one, other = (torch.logit(gate, eps=1e-12).flatten() for gate in (expected, got))
    clear = (one.abs() > 0.05) & (one.abs() < 8) & (other.abs() < 8)
    ratios = other[clear] / one[clear]
    if len(ratios) < 3 or float(ratios.max() - ratios.min()) > 1e-3 * float(ratios.abs().max()):
        return ""
    factor = float(ratios.mean())
    if abs(factor - 1) < 2e-3:
        return "Your gates are right where the logit is small and wrong where it is large: something cuts it off there."
    return f"What your sigmoid gets is {factor:.3g} times the right logit."


def gradients_lost_in_training(built: Built, x: Tensor) -> str:
    """Which tensor gets a gradient in evaluation mode and none in training mode; "" where there is none."""
    calm, train = (built.outcome(x, train=train, gradients=True).gradients for train in (False, True))
    names = ["x", *(f"a parameter of shape {shape}" for shape in built.shapes)]
    for name, one, other in zip(names, calm or (), train or [None] * len(names), strict=False):
        if _reached(one) and not _reached(other):
            return name
    return ""


def _reached(gradient: Tensor | None) -> bool:
    return gradient is not None and bool((gradient != 0).any())


def count_values(shapes: Sequence[tuple[int, ...]]) -> int:
    """How many numbers the parameters hold."""
    return sum(torch.Size(shape).numel() for shape in shapes)
