"""The records in a comparison's folder: which are there, whether they belong together, and what they say again."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attncourse.lab import record, variant
from attncourse.lab.comparable import require_comparable
from attncourse.lab.comparison import WORTH, Comparison, analyse
from attncourse.lab.errors import LabError
from attncourse.lab.run import Run


def read_comparison(folder: str | Path, *, attention: Sequence[str] | None = None, worth: float = WORTH) -> Comparison:
    """The comparison that the records in a folder make, trained here or elsewhere; nothing is run or written.

    Args:
        folder: what ``compare`` filled: one folder a run.
        attention: the variants in their order, the baseline first; by default all, by name, "none" first.
        worth: the smallest difference worth having, a fraction.

    Raises:
        LabError: there is no record, or the runs are not comparable.
    """
    read = _records_in(Path(folder))
    records = list(read.values())
    if not records:
        raise LabError(f"There is no record in {folder}. Give the folder that attncourse compare --out has filled")
    names = attention or sorted({one["attention"] for one in records}, key=lambda name: (name != variant.NONE, name))
    curves: dict[str, list[list[float]]] = {name: [] for name in names}
    for place, one in read.items():
        curves.setdefault(one["attention"], []).extend(curves_of([place]))
    return analyse(records, attention=names, worth=worth, curves=curves)


def require_folder(folder: Path, expected: Mapping[str, Any]) -> None:
    """Raises LabError where it cannot be written, or holds runs that those to come cannot be compared with."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / ".writable"
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise LabError(f"{folder} cannot be written ({error.strerror}). Choose another --out") from error
    for foreign in _records_in(folder).values():
        require_comparable([expected, foreign], f"{folder} holds the second: choose another --out")


def finished(runs: Sequence[Run], folder: Path) -> tuple[dict[str, dict[str, Any]], list[Run]]:
    """The records that are there, by key, and the runs that are still to do."""
    found = {}
    for run in runs:
        there = record.read(folder / run.folder_name)
        if there and there.get("finished") and there.get("key") == run.key:
            found[run.key] = there
    return found, [run for run in runs if run.key not in found]


def curves_of(folders: Sequence[Path]) -> list[list[float]]:
    """The test accuracies by epoch of runs that measured them at every epoch."""
    curves = []
    for folder in folders:
        try:
            with open(folder / "log.csv", encoding="utf-8", newline="") as file:
                curves.append([float(row["test_accuracy"]) for row in csv.DictReader(file)])
        except (OSError, ValueError, KeyError):
            continue  # a budget of time leaves them out, and a figure is not worth a failure
    return curves


def _records_in(folder: Path) -> dict[Path, dict[str, Any]]:
    """By run's folder. Others are left alone: reading moves damaged records aside."""
    places = [path.parent for path in sorted(folder.glob(f"*-seed*/{record.NAME}"))]
    return {place: found for place in places if (found := record.read(place)) is not None}
