"""What the probes of CBAM's channel gate measure with: maps of given means and maxima, and what the sigmoid gets."""

from __future__ import annotations

import torch
from torch import Tensor

from attncourse.checking.channel_gate import PRECISION, logits
from attncourse.checking.draw import Draw
from attncourse.checking.probes import Built

LEAST_GAP = 0.5
MOST_GAP = 2.5


def descriptors(draw: Draw, samples: int, channels: int) -> tuple[Tensor, Tensor]:
    """Means and maxima, ``(B, C)`` each; every maximum lies above its mean, by 0.5 at least."""
    means = draw.signed(samples, channels, low=0.5, high=2.0)
    gaps = draw.signed(samples, channels, low=LEAST_GAP, high=MOST_GAP).abs()
    return means, means + gaps


def maps(draw: Draw, means: Tensor, maxima: Tensor, height: int = 2, width: int = 3, spread: float = 0.5) -> Tensor:
    """float64 maps ``(B, C, height, width)`` of these means and maxima; of at least two places.

    One place holds the maximum. The others lie in pairs around what the mean leaves them, apart by at most ``spread``
    of the way to the maximum, and all are shuffled.
    """
    samples, channels = means.shape
    places = height * width
    rest = (places * means - maxima) / (places - 1)
    pairs = (places - 1) // 2
    reach = draw.signed(samples, channels, pairs, low=0.2, high=1.0).abs() * spread * (maxima - rest)[..., None]
    middle = rest[..., None]
    values = [maxima[..., None], middle + reach, middle - reach]
    if 1 + 2 * pairs < places:
        values.append(middle)
    order = draw.normal(samples, channels, places).argsort(dim=-1)
    return torch.cat(values, dim=-1).gather(-1, order).reshape(samples, channels, height, width)


def what_the_sigmoid_gets(built: Built, draw: Draw, means: Tensor, maxima: Tensor) -> Tensor:
    """The logits ``(B, C)`` for maps of these means and maxima."""
    return logits(built, maps(draw, means, maxima))


def noise(u: Tensor) -> Tensor:
    """How far a logit may be off: where the sigmoid is flat, a gate tells little about it."""
    return 4 * PRECISION * torch.cosh(u / 2) ** 2
