"""The error of this package: what was expected, what came, and the next step, in one line."""

from __future__ import annotations


class ExplainError(ValueError):
    """Something cannot be explained as it was asked for."""
