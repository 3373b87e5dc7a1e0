"""What a run leaves behind: record.json, log.csv and the weights."""

from __future__ import annotations

import csv
import io
import json
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from attncourse.storage import move_aside, write_atomically

NAME = "record.json"
COLUMNS = (
    "epoch",
    "seconds",
    "cpu_seconds",
    "learning_rate",
    "train_loss",
    "train_accuracy",
    "test_accuracy",
)
# Of a finished run; a record without them was changed by somebody.
NEEDED = {"attention", "seed", "test_accuracy", "cpu_seconds", "cpu_seconds_budget", "seconds", "epochs", "key", "host"}


def read(folder: Path) -> dict[str, Any] | None:
    """The record in a run's folder, or None. A damaged one is moved into ``set-aside``, and counts as none."""
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or (found.get("finished") and not found.keys() >= NEEDED):
            raise ValueError("no object, or a part of one")
    except ValueError:
        move_aside(path, folder / "set-aside")
        return None
    return found


def write(folder: Path, record: Mapping[str, Any]) -> None:
    """Write the record whole or not at all. Raises OSError."""
    write_atomically(folder / NAME, json.dumps(record, indent=1) + "\n")


def write_log(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """log.csv, one row an epoch; an accuracy that was not measured is an empty field. Raises OSError."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    write_atomically(folder / "log.csv", text.getvalue())


def versions() -> dict[str, str | None]:
    """Of what decides the result."""
    return {
        "attncourse": metadata.version("attncourse"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
    }
