"""A comparison: what the records of several variants and seeds say together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median
from typing import Any

from attncourse import figures
from attncourse.lab import comparison_text
from attncourse.lab.comparable import require_comparable
from attncourse.lab.comparison_notes import about, exclusion, missing, mixed
from attncourse.lab.errors import LabError
from attncourse.lab.statistics import LEVEL, PairedDifference, Summary, paired_differences, summary
from attncourse.lab.variant import controlled_by
from attncourse.lab.verdict import Verdict, verdict

WORTH = 0.005
"""Half a percentage point: the smallest difference that is called worth having, unless another is given."""


@dataclass(frozen=True)
class Measured:
    """One variant: its accuracies by seed, what they say, and what it costs.

    Attributes:
        attention: as in its records: "cbam(order=spatial-channel)".
        accuracies: by seed, as fractions; failed runs are not among them.
        summary: their mean, spread and interval.
        parameters: of the whole network; None without a run.
        multiply_adds: of one picture.
        seconds: of one run, the median.
        cpu_seconds: the same of the processor's time.
        images_per_second: in training, the median.
        curves: for each run its test accuracy by epoch, where it was measured at each.
    """

    attention: str
    accuracies: Mapping[int, float]
    summary: Summary
    parameters: int | None
    multiply_adds: int | None
    seconds: float | None
    cpu_seconds: float | None
    images_per_second: float | None
    curves: Sequence[Sequence[float]] = field(default=(), repr=False)


@dataclass(frozen=True)
class Contrast:
    """A variant less another, over the seeds that both have."""

    variant: str
    against: str
    differences: Mapping[int, float]
    statistics: PairedDifference
    verdict: Verdict

    @property
    def name(self) -> str:
        """``se - none``."""
        return f"{self.variant} - {self.against}"


@dataclass(frozen=True, repr=False)
class Comparison:
    """What was compared, and what may be said. Shows itself as tables, in a terminal and in a notebook.

    Attributes:
        about: what all runs share: data, host, recipe, device, and the versions and hardware that were used.
        variants: the first is the baseline.
        contrasts: every variant less the baseline; and less its control, where there is one. One family for Holm: what
            a control is to the baseline is no question of its own, and the table of variants shows it.
        failed: a line for each run that is excluded, with the reason.
        notes: what else a reader must know: seeds that are missing, versions that are mixed.
    """

    about: Mapping[str, Any]
    variants: Sequence[Measured]
    contrasts: Sequence[Contrast]
    failed: Sequence[str]
    notes: Sequence[str]

    @cached_property
    def baseline(self) -> str:
        """The variant that the others are compared with."""
        return self.variants[0].attention

    def __getitem__(self, attention: str) -> Measured:
        """The variant of this name. Raises KeyError."""
        found = {one.attention: one for one in self.variants}
        if attention not in found:
            raise KeyError(f"there is no {attention!r} in this comparison; there are: {', '.join(found)}")
        return found[attention]

    def contrast(self, variant: str, against: str | None = None) -> Contrast:
        """A variant less another, by default less the baseline. Raises KeyError."""
        name = f"{variant} - {against or self.baseline}"
        found = {one.name: one for one in self.contrasts}
        if name not in found:
            raise KeyError(f"there is no {name!r} in this comparison; there are: {', '.join(found)}")
        return found[name]

    def __repr__(self) -> str:
        return comparison_text.text(self)

    def _repr_html_(self) -> str:
        return comparison_text.html(self)

    def accuracy_and_cost(self, cost: str = "multiply_adds") -> figures.Picture:
        """Accuracy against ``multiply_adds``, ``parameters``, ``seconds`` or ``cpu_seconds``, with intervals."""
        shown = [one for one in self.variants if getattr(one, cost) is not None]
        return figures.accuracy_and_cost(
            [one.attention for one in shown],
            [getattr(one, cost) for one in shown],
            [one.summary.mean for one in shown],
            [_ends(one.summary.interval) for one in shown],
            cost=COSTS[cost],
            title=f"{self.about['data_title']}: mean accuracy, its {1 - LEVEL:.0%} interval; "
            + comparison_text.seeds(one.summary.n for one in shown),
        )

    def learning_curves(self) -> figures.Picture:
        """Test accuracy by epoch: mean, lowest and highest of the seeds."""
        return figures.learning_curves(
            {one.attention: one.curves for one in self.variants}, title=f"{self.about['data_title']}: learning"
        )

    def paired_differences(self) -> figures.Picture:
        """A row for each contrast: every seed, the mean, its interval, the verdict."""
        against = {one.against for one in self.contrasts}
        alone = len(against) == 1
        return figures.paired_differences(
            [one.variant if alone else one.name for one in self.contrasts],
            [list(one.differences.values()) for one in self.contrasts],
            [_ends(one.statistics.interval) for one in self.contrasts],
            words=[one.verdict.words for one in self.contrasts],
            worth=self.about["worth"],
            against=against.pop() if alone else "",
            title=f"{self.about['data_title']}: paired by seed, {1 - LEVEL:.0%} intervals; "
            + comparison_text.seeds(one.statistics.n for one in self.contrasts),
        )


COSTS = {
    "multiply_adds": "multiply-adds of one picture",
    "parameters": "parameters",
    "seconds": "seconds of a run",
    "cpu_seconds": "CPU-seconds of a run",
}


def analyse(
    records: Sequence[Mapping[str, Any]],
    *,
    attention: Sequence[str] | None = None,
    worth: float = WORTH,
    failed: Sequence[str] = (),
    notes: Sequence[str] = (),
    curves: Mapping[str, Sequence[Sequence[float]]] | None = None,
) -> Comparison:
    """The comparison that these records make.

    Args:
        records: of runs, as ``lab.execute`` returns them or record.json holds them; those without an accuracy, or with
            NaN, are excluded and named.
        attention: the variants in their order, the baseline first; by default as they come in the records.
        worth: the smallest difference worth having, a fraction.
        failed: a line for each run that left no record.
        notes: what else a reader must know.
        curves: by variant, a list of accuracies by epoch for each run.

    Raises:
        LabError: the runs are not comparable, or there is none, or two are of the same variant and seed.
    """
    require_worth(worth)
    if not records:
        raise LabError("There is no record to compare. Train some runs first: attncourse compare --help")
    require_comparable(records)
    names = list(attention or dict.fromkeys(record["attention"] for record in records))
    taken: dict[str, dict[int, Mapping[str, Any]]] = {name: {} for name in names}
    excluded = []
    for record in records:
        if record["attention"] not in taken:
            continue
        if not _measured(record):
            excluded.append(exclusion(record))
        elif taken[record["attention"]].setdefault(record["seed"], record) is not record:
            raise LabError(f"{record['attention']}, seed {record['seed']}, comes twice. Give each run once")
    variants = [_variant(name, taken[name], (curves or {}).get(name, ())) for name in names]
    by_name = {one.attention: one for one in variants}
    controls = {name: controlled for name in names if (controlled := controlled_by(name)) in by_name and controlled}
    pairs = [(name, names[0]) for name in names[1:] if name not in controls]
    pairs += [(controlled, name) for name, controlled in controls.items()]
    differences = {
        f"{one} - {other}": {
            seed: accuracy - by_name[other].accuracies[seed]
            for seed, accuracy in by_name[one].accuracies.items()
            if seed in by_name[other].accuracies
        }
        for one, other in dict.fromkeys(pairs)
    }
    tested = paired_differences({name: list(seeds.values()) for name, seeds in differences.items()}, worth=worth)
    contrasts = [
        Contrast(one, other, differences[name], tested[name], verdict(tested[name]))
        for one, other in dict.fromkeys(pairs)
        for name in [f"{one} - {other}"]
    ]
    shared = about(records) | {"worth": worth, "level": LEVEL}
    notes = [*missing({one.attention: one.accuracies for one in variants}), *mixed(shared), *notes]
    return Comparison(shared, variants, contrasts, [*failed, *excluded], notes)


def require_worth(worth: float) -> None:
    """Raises LabError unless it is a fraction."""
    if not 0 < worth < 1:
        raise LabError(f"The difference worth having lies between 0 and 1; got {worth!r}. Half a point is 0.005")


def _measured(record: Mapping[str, Any]) -> bool:
    accuracy = record.get("test_accuracy")
    return isinstance(accuracy, int | float) and math.isfinite(accuracy)


def _variant(name: str, records: Mapping[int, Mapping[str, Any]], curves: Sequence[Sequence[float]]) -> Measured:
    accuracies = {seed: float(records[seed]["test_accuracy"]) for seed in sorted(records)}
    some = next(iter(records.values()), {})

    def middle(key: str) -> float | None:
        values = [record[key] for record in records.values() if record.get(key) is not None]
        return median(values) if values else None

    return Measured(
        name,
        accuracies,
        summary(list(accuracies.values())),
        some.get("parameters"),
        some.get("multiply_adds"),
        middle("seconds"),
        middle("cpu_seconds"),
        middle("images_per_second"),
        curves,
    )


def _ends(interval: Any) -> tuple[float, float] | None:
    return None if interval is None else (interval.low, interval.high)
