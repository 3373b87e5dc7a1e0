"""A record: rows of measurements, where they come from, and what may be concluded from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from attncourse.explain.errors import ExplainError
from attncourse.explain.measured.table import Table

MEASURE = "measure"


@dataclass(frozen=True)
class Measurement:
    """The mean of one measure, ``row["variant"]`` and the other facets saying of what.

    Attributes:
        measure: "share_inside".
        facets: {"variant": "se", "layer": "stages.2", "method": "grad_cam"}; "" where a facet means nothing.
        n, unit: over how many of what: 300 "mosaics", 5 "seeds". Each is independent of the others.
        mean, deviation: of these; the deviation is that of a sample (n - 1).
        low, high: the 95% interval of the mean; None without spread.
        level: what a map that knows nothing gets; None where there is no such level.
        verdict: what a test says of it, in words; "" where none was made.
        interval_by: how the interval was made: "t" (Student's, of the n values), or another's name ("Wilson").
    """

    measure: str
    facets: Mapping[str, str]
    n: int
    unit: str
    mean: float
    deviation: float | None
    low: float | None
    high: float | None
    level: float | None = None
    verdict: str = ""
    interval_by: str = "t"

    def __getitem__(self, facet: str) -> str:
        if facet == MEASURE:
            return self.measure
        if facet not in self.facets:
            raise KeyError(f"there is no facet {facet!r}; there are: {', '.join([MEASURE, *self.facets])}")
        return self.facets[facet]


@dataclass(frozen=True, repr=False)
class Recorded:
    """Shows itself as its notes; ``table`` shows the numbers.

    Attributes:
        name: as ``recorded`` takes it.
        title: in words.
        date, command, hardware, versions: where the numbers come from.
        notes: how it was measured, and what the numbers allow to say.
        facets: what a row can be selected by, besides its measure.
        rows: all of them.
        values: single numbers, as the benchmark keeps them; empty where it keeps none.
    """

    name: str
    title: str
    date: str
    command: str
    hardware: Mapping[str, Any]
    versions: Mapping[str, Any]
    notes: tuple[str, ...]
    facets: tuple[str, ...]
    rows: tuple[Measurement, ...]
    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, name: str, found: Mapping[str, Any]) -> Recorded:
        """From the parsed JSON."""
        facets = tuple(found["facets"])
        rows = []
        for row in found["rows"]:
            plain = {key: value for key, value in row.items() if key not in facets}
            rows.append(Measurement(facets={facet: row[facet] for facet in facets}, **plain))
        about = {key: found[key] for key in ("title", "date", "command", "hardware", "versions")}
        return cls(
            name, **about, notes=tuple(found["notes"]), facets=facets, rows=tuple(rows), values=found.get("values", {})
        )

    def select(self, **wanted: str | tuple[str, ...] | list[str]) -> list[Measurement]:
        """The rows with these facets: ``select(measure="share_inside", method="grad_cam", variant=("none", "se"))``.

        Raises ExplainError where a facet or value does not exist, or where no row has all of them together.
        """
        rows = list(self.rows)
        for facet, values in wanted.items():
            if facet not in (MEASURE, *self.facets):
                raise ExplainError(f"{self.name} has no facet {facet!r}; it has: {', '.join([MEASURE, *self.facets])}")
            allowed = (values,) if isinstance(values, str) else tuple(values)
            known = list(dict.fromkeys(row[facet] for row in self.rows))
            unknown = [value for value in allowed if value not in known]
            if unknown:
                raise ExplainError(
                    f"{self.name} has no {facet} {unknown[0]!r}; it has: {', '.join(repr(one) for one in known)}"
                )
            rows = [row for row in rows if row[facet] in allowed]
        if not rows:
            raise ExplainError(
                f"{self.name} has no row with all of {wanted}; leave one out, and see what there is: "
                "{(row.measure, *row.facets.values()) for row in record.rows}"
            )
        return rows

    def table(self, **wanted: str | tuple[str, ...] | list[str]) -> Table:
        """The same rows as a table that shows itself. Raises ExplainError, as ``select``."""
        rows = self.select(**wanted)
        facets = (MEASURE, *self.facets)
        shared = {facet: rows[0][facet] for facet in facets if len({row[facet] for row in rows}) == 1}
        differing = [facet for facet in facets if facet not in shared]
        verdicts = any(row.verdict for row in rows)
        head = [*differing, "mean", "95 % interval", "deviation", "n", *(["verdict"] if verdicts else [])]
        heading = ", ".join(
            value if facet == MEASURE else f"{facet} {value}" for facet, value in shared.items() if value
        )
        levels = {row.level for row in rows}
        level = levels.pop() if len(levels) == 1 else None
        if level is not None:
            heading += f"; a map that knows nothing gets {level:g}"
        lines = [
            [
                *(row[facet] for facet in differing),
                f"{row.mean:.3f}",
                "-" if row.low is None or row.high is None else f"{row.low:.3f} to {row.high:.3f}",
                "-" if row.deviation is None else f"{row.deviation:.3f}",
                f"{row.n} {row.unit}",
                *([row.verdict] if verdicts else []),
            ]
            for row in rows
        ]
        return Table(heading, tuple(head), tuple(map(tuple, lines)))

    def __repr__(self) -> str:
        versions = ", ".join(f"{name} {value}" for name, value in self.versions.items() if value)
        where = f"{self.date}; {self.hardware.get('gpu') or self.hardware.get('processor')}; {versions}"
        return "\n".join([self.title, where, *(f"- {note}" for note in self.notes)])
