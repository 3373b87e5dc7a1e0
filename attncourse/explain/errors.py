"""The error of this package: what was expected, what came, and the next step, in one line."""

from __future__ import annotations


class ExplainError(ValueError):
    """Something cannot be explained as it was asked for."""


def brief(error: BaseException) -> str:
    """Somebody else's error in one line: ``RuntimeError: what it says first``."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
