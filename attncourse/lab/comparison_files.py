"""What a comparison leaves in its folder: comparison.json, comparison.csv, runs.csv and the figures."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from attncourse.lab.comparison import Comparison
from attncourse.storage import write_atomically

NAME = "comparison.json"
PICTURES = ("accuracy_and_cost", "learning_curves", "paired_differences")


def write(comparison: Comparison, folder: Path, looks: Sequence[int] = ()) -> None:
    """Write all of it, each file whole or not at all. Raises OSError.

    comparison.json has every number, comparison.csv a row for each variant, runs.csv a row for each run. ``looks`` says
    with how many seeds the comparison was looked at, this time included.
    """
    write_atomically(folder / NAME, json.dumps({**plain(comparison), "looks": list(looks)}, indent=1) + "\n")
    write_atomically(folder / "comparison.csv", _csv(_variant_rows(comparison)))
    write_atomically(folder / "runs.csv", _csv(_run_rows(comparison)))
    for name in PICTURES:
        picture = getattr(comparison, name)()
        write_atomically(folder / f"{name}.png", picture._repr_png_())
        vector = io.StringIO()
        picture.savefig(vector, format="svg", metadata={"Date": None})  # the same values, the same file
        write_atomically(folder / f"{name}.svg", vector.getvalue())


def looks(folder: Path) -> list[int]:
    """How many seeds each earlier look at the comparison in this folder had; what cannot be read counts as none."""
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return [int(seeds) for seeds in found.get("looks", [])]
    except (OSError, ValueError, TypeError, AttributeError):
        return []


def plain(comparison: Comparison) -> dict[str, Any]:
    """All numbers of it, fit for JSON: what is not a number is null."""
    return _finite(
        {
            "date": datetime.now().astimezone().isoformat(timespec="seconds"),
            **comparison.about,
            "baseline": comparison.baseline,
            "variants": [
                {key: value for key, value in dataclasses.asdict(one).items() if key != "curves"}
                for one in comparison.variants
            ],
            "contrasts": [{"name": one.name, **dataclasses.asdict(one)} for one in comparison.contrasts],
            "failed": list(comparison.failed),
            "notes": list(comparison.notes),
        }
    )


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _variant_rows(comparison: Comparison) -> list[dict[str, Any]]:
    rows = []
    for one in comparison.variants:
        row: dict[str, Any] = {
            "attention": one.attention,
            "seeds": one.summary.n,
            "mean_accuracy": one.summary.mean,
            "standard_deviation": one.summary.deviation,
            "interval_low": one.summary.interval and one.summary.interval.low,
            "interval_high": one.summary.interval and one.summary.interval.high,
        }
        for name in ("parameters", "multiply_adds", "seconds", "cpu_seconds", "images_per_second"):
            row[name] = getattr(one, name)
        against = next((each for each in comparison.contrasts if each.variant == one.attention), None)
        tested = against and against.statistics
        row |= {
            "against": against and against.against,
            "difference": tested and tested.mean,
            "difference_low": tested and tested.interval and tested.interval.low,
            "difference_high": tested and tested.interval and tested.interval.high,
            "p": tested and tested.p,
            "p_holm": tested and tested.p_holm,
            "detectable": tested and tested.detectable,
            "seeds_needed": tested and tested.seeds_needed,
            "verdict": against and against.verdict.words,
        }
        rows.append(row)
    return rows


def _run_rows(comparison: Comparison) -> list[dict[str, Any]]:
    return [
        {"attention": one.attention, "seed": seed, "test_accuracy": accuracy}
        for one in comparison.variants
        for seed, accuracy in one.accuracies.items()
    ]


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(
        text, list(rows[0]) if rows else ["attention", "seed", "test_accuracy"], lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows({key: "" if value is None else value for key, value in row.items()} for row in rows)
    return text.getvalue()
