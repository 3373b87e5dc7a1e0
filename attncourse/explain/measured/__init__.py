"""What was measured with trained networks and comes with the course: one JSON file each, written by a benchmark.

A file holds the command, the day, the machine, the versions, notes on what may be concluded, and rows: each a mean over
n units, with its deviation and its 95% interval. ``values`` holds single numbers where others must be able to reckon
anew from them.
"""

from __future__ import annotations

import json
from pathlib import Path

from attncourse.explain.errors import ExplainError
from attncourse.explain.measured.record import Measurement, Recorded
from attncourse.explain.measured.table import Table

FOLDER = Path(__file__).parent


def recorded(name: str) -> Recorded:
    """A record by its name: ``recorded("localisation")``.

    Raises ExplainError where there is none of that name.
    """
    names = sorted(path.stem for path in FOLDER.glob("*.json"))
    if name not in names:
        raise ExplainError(f"there is no record {name!r}; there are: {', '.join(names) or 'none'}")
    return Recorded.read(name, json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


__all__ = ["Measurement", "Recorded", "Table", "recorded"]
