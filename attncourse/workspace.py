"""The learner's own folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def find(start: Path | None = None) -> Any:
    """The folder that ``start`` (the current one) lies in, or None."""
    return None
