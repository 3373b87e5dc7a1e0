"""What a reader must know of a comparison's records: what they share, what is missing, what is mixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def about(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all records share, and each value that versions, hardware, threads and precision have."""
    first = records[0]
    shared = ("data", "data_title", "data_fingerprint", "host", "recipe", "device", "cpu_seconds_budget")
    found: dict[str, Any] = {name: first.get(name) for name in shared}
    for name in ("versions", "hardware", "threads", "precision"):
        values = [record[name] for record in records if name in record]
        found[name] = [value for place, value in enumerate(values) if value not in values[:place]]
    return found


def exclusion(record: Mapping[str, Any]) -> str:
    """That a run does not count, and why."""
    problem = record.get("problem") or "it has no accuracy"
    return f"{record['attention']}, seed {record['seed']}, is excluded: {problem}"


def missing(accuracies: Mapping[str, Mapping[int, float]]) -> list[str]:
    """Which variants lack seeds that others have; ``accuracies`` by variant and seed."""
    seeds = sorted({seed for one in accuracies.values() for seed in one})
    notes = []
    for name, one in accuracies.items():
        lacking = ", ".join(str(seed) for seed in seeds if seed not in one)
        if lacking:
            notes.append(f"{name} lacks seed {lacking}: its differences are over the seeds in common")
    return notes


def mixed(about: Mapping[str, Any]) -> list[str]:
    """What the runs do not share, and should for their times to be compared."""
    words = {
        "versions": "versions",
        "hardware": "kinds of hardware",
        "threads": "numbers of threads",
        "precision": "precisions",
    }
    return [
        f"The runs come from {len(about[name])} {word}: times are not comparable, and accuracies may differ a little"
        for name, word in words.items()
        if len(about[name]) > 1
    ]
