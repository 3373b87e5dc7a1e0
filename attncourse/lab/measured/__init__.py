"""Comparisons that were measured with ``attncourse compare`` and come with the course: one JSON file each.

A file holds the command, a note on what the figures are, and the record of every run, as ``lab.execute`` wrote it.
"""

from __future__ import annotations

import json
from pathlib import Path

from attncourse.lab.comparison import Comparison, analyse
from attncourse.lab.errors import LabError

FOLDER = Path(__file__).parent


def recorded(name: str) -> Comparison:
    """A recorded comparison by its name, analysed anew: ``recorded("cifar10_jpeg")``.

    Raises LabError where there is none of that name.
    """
    names = sorted(path.stem for path in FOLDER.glob("*.json"))
    if name not in names:
        raise LabError(f"There is no recorded comparison {name!r}. There are: {', '.join(names)}")
    found = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return analyse(found["records"], notes=[found["note"]])
