"""What BAM's probes measure with: modules with given weights, the factor behind an output, what its sigmoid got."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from attncourse.checking.bam_readings import Setting
from attncourse.checking.observation import AnswerError
from attncourse.checking.probes import Built, Subject

PRECISION = 1e-5
# Norms behind the hidden layers make what passes through them small; without them the larger weights saturate.
STRENGTHS = ((0.1, 0.4), (0.3, 0.7), (0.1, 0.4), (0.5, 1.0))
SMALL = Setting(4, 2, 1)
MIDDLE = Setting(8, 2, 2)
UNEVEN = Setting(23, 4, 3)
NARROW = Setting(3, 16, 2)
DEFAULT = Setting(32, 8)
PLAIN = Setting(240)
SETTINGS = (SMALL, MIDDLE, UNEVEN, NARROW, DEFAULT, PLAIN)


def module(subject: Subject, setting: Setting, fill: Callable[[tuple[int, ...]], Tensor]) -> Built:
    """A float64 module, each parameter set to ``fill(shape)``."""
    built = subject.build(*setting.arguments, warm=(3, setting.channels, 4, 5))
    built.fill([fill(shape) for shape in built.shapes])
    return built


def random_module(subject: Subject, setting: Setting, low: float = 0.1, high: float = 0.4) -> Built:
    """A module with magnitudes uniform in ``[low, high]`` and random signs."""
    return module(subject, setting, lambda shape: subject.draw.signed(*shape, low=low, high=high))


def constant_module(subject: Subject, setting: Setting, value: float) -> Built:
    """A module whose parameters are all ``value``: what it computes depends on no order and no layout."""
    return module(subject, setting, lambda shape: torch.full(shape, value, dtype=torch.float64))


def features(subject: Subject, setting: Setting, batch: int, height: int, width: int) -> Tensor:
    """float64 features without a value near 0, where a factor could not be seen."""
    return subject.draw.signed(batch, setting.channels, height, width, low=0.4, high=1.6)


def factors(x: Tensor, y: Tensor) -> Tensor:
    """The number by which each value was multiplied, ``(B, C, H, W)``; x holds no 0."""
    if y.shape != x.shape:
        raise AnswerError("ShapeError", f"expected an output of shape {tuple(x.shape)}, got {tuple(y.shape)}")
    if not bool(torch.isfinite(y).all()):
        raise AnswerError("ValueError", "the output holds values that are not finite (nan or inf)")
    return y.double() / x


def logits(built: Built, x: Tensor) -> Tensor:
    """What went into the sigmoid, ``(B, C, H, W)``, if the factor is 1 + sigmoid."""
    return torch.logit(factors(x, built.run(x)) - 1, eps=1e-12)


def noise(u: Tensor) -> Tensor:
    """By how much logits may be off where factors are off by ``PRECISION``."""
    return 4 * PRECISION * torch.cosh(u / 2) ** 2


def worst_sample(flags: Tensor) -> int | None:
    """The first sample ``(B, ...) -> index`` with a flag, or None."""
    samples = flags.flatten(1).any(dim=1).nonzero()
    return int(samples[0]) if len(samples) else None
