"""The error of this package: what was expected, what came, and the next step, in one line."""

from __future__ import annotations


class DetectorError(ValueError):
    """Scenes, outputs or numbers that the detector cannot work with."""
