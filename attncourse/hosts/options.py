"""Checks that every host makes of its options: a wrong value is named, with those that there are."""

from __future__ import annotations

import math
from collections.abc import Sequence


def one_of(option: str, value: object, among: Sequence[str]) -> None:
    """Raises ValueError unless ``value`` is one of ``among``."""
    if value not in among:
        raise ValueError(f"{option} must be one of {', '.join(map(repr, among))}; got {value!r}")


def at_least_one(option: str, value: int) -> None:
    """Raises ValueError unless ``value`` is a whole number from 1 on."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{option} must be a whole number of at least 1; got {value!r}")


def positive(option: str, value: float) -> None:
    """Raises ValueError unless ``value`` is a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ValueError(f"{option} must be a number above 0; got {value!r}")


def widened(channels: int, width: float) -> int:
    """``channels`` times ``width``, the fraction cut off; raises ValueError where nothing is left."""
    positive("width", width)
    wide = int(channels * width)
    if wide < 1:
        raise ValueError(f"width {width} leaves no channels of {channels}; give a larger one")
    return wide
