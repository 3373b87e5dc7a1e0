"""The record of the tasks: every number that was measured, under its task and module, and the medians in its table."""

from __future__ import annotations

import json
from typing import Any

from benchmarks import tasks


def made(seed: int, accuracy: float, seconds: float) -> dict[str, Any]:
    return {
        "seed": seed,
        "test_accuracy": accuracy,
        "cpu_seconds": seconds,
        "parameters": 466,
        "host": "bag",
        "recipe": {"epochs": 8},
        "device": "cpu",
        "hardware": {"processor": "a processor", "gpu": None},
        "precision": "float32",
        "threads": 1,
        "versions": {"torch": "2.13.0"},
        "data_fingerprint": "0123456789abcdef",
    }


def test_the_record_and_its_table() -> None:
    runs = [made(0, 0.5, 2.0), made(1, 0.75, 3.004), made(2, 1.0, 9.0)]
    other = [made(seed, 0.25, 1.0) for seed in range(3)]
    records = {task: {name: runs if name == "bam" else other for name in tasks.MODULES} for task in ("xor", "row")}
    found = tasks.record(records, "2025-01-31")
    assert json.loads(json.dumps(found)) == found
    assert found["seeds"] == [0, 1, 2]
    assert found["results"]["row"]["bam"]["test_accuracy"] == [0.5, 0.75, 1.0]
    assert found["results"]["row"]["bam"]["cpu_seconds"] == [2.0, 3.0, 9.0]
    assert len(set(found["signatures"].values())) == 5
    page = tasks.table(found)
    assert "| bam | `xxx..` | 75.0 [50.0, 100.0], 3.0 s | 75.0 [50.0, 100.0], 3.0 s |" in page
    assert "| none | `.....` | 25.0 [25.0, 25.0], 1.0 s |" in page
    assert "cue xor object | same row |" in page and "seeds 0 to 2" in page and "a processor" in page
