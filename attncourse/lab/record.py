"""What a run leaves behind: record.json, log.csv and the weights."""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

import attncourse
from attncourse.lab.errors import LabError
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


def read(folder: Path) -> dict[str, Any] | None:
    """The record in a run's folder, or None. A damaged one is moved into ``set-aside``, and counts as none."""
    path = folder / NAME
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError("no object")
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


def hardware(device: torch.device) -> dict[str, Any]:
    """The processor and, where one is used, the GPU; nothing that names the machine."""
    found = {"processor": _processor(), "architecture": platform.machine(), "cores": os.cpu_count()}
    if device.type == "cuda":
        found["gpu"] = torch.cuda.get_device_name(device)
    return found


def _processor() -> str:
    description = Path("/proc/cpuinfo")
    if description.is_file():
        named = re.search(r"^model name\s*:\s*(.+)$", description.read_text(encoding="utf-8"), re.MULTILINE)
        if named:
            return named[1].strip()
    return platform.processor() or "unknown"


def versions() -> dict[str, str | None]:
    """Of what decides the result."""
    return {
        "attncourse": attncourse.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
    }


def device_of(name: str) -> torch.device:
    """The device of this name. Raises LabError where there is none."""
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda"):
        raise LabError(f"There is no device {name!r}. Give cpu, cuda or cuda:1")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise LabError(f"{name} was asked for, but this torch finds no CUDA device. Give cpu, or mend the driver")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise LabError(f"There is no {name}: this machine has {torch.cuda.device_count()} CUDA devices, from cuda:0 on")
    return device
