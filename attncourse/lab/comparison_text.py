"""A comparison as tables: text for a terminal, HTML for a notebook."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from attncourse.figures.accuracy_and_cost import counted
from attncourse.lab.statistics import FEWEST_PAIRS, POWER, Interval
from attncourse.lab.verdict import p_value

if TYPE_CHECKING:
    from attncourse.lab.comparison import Comparison, Contrast, Measured

NOTHING = "-"
SPEAKS_OF = "Intervals and tests speak of other seeds on these pictures, not of other data, hosts or recipes."


def text(comparison: Comparison) -> str:
    """Two tables, what each verdict rests on, and the notes."""
    parts = [heading(comparison), _aligned(*_measured(comparison)), _aligned(*_contrasts(comparison))]
    parts.append("\n".join(f"{one.name}: {one.verdict.why}" for one in comparison.contrasts))
    parts.append("\n".join(footnotes(comparison)))
    return "\n\n".join(part for part in parts if part)


def html(comparison: Comparison) -> str:
    """The same as tables of HTML, without scripts or styles of their own."""
    parts = [f"<p><b>{escape(heading(comparison))}</b></p>"]
    parts += [_html_table(*table) for table in (_measured(comparison), _contrasts(comparison))]
    parts += [f"<p>{escape(one.name)}: {escape(one.verdict.why)}</p>" for one in comparison.contrasts]
    parts += [f"<p><small>{escape(note)}</small></p>" for note in footnotes(comparison)]
    return "\n".join(parts)


def heading(comparison: Comparison) -> str:
    """What all runs share, in one line."""
    about = comparison.about
    budget = about.get("cpu_seconds_budget")
    epochs = (about.get("recipe") or {}).get("epochs")
    length = f"{budget:g} CPU-seconds a run" if budget else "1 epoch" if epochs == 1 else f"{epochs} epochs"
    return f"{about['data_title']}, host {about['host']}, {length}, {about['device']}; baseline: {comparison.baseline}"


def footnotes(comparison: Comparison) -> list[str]:
    """How to read the numbers, then what is special about these."""
    tested = [one.statistics for one in comparison.contrasts if one.statistics.n >= FEWEST_PAIRS]
    method = []
    if tested:
        among = f", Holm's correction for {tested[0].family}" if tested[0].family > 1 else ""
        method = [
            f"Differences: paired by seed, t intervals and t tests{among}. 'detectable' is the true difference that as "
            f"many seeds find with {POWER:.0%} power; 'seeds for {100 * tested[0].worth:g}' is how many would find "
            f"{100 * tested[0].worth:g} points. Both take the spread of these seeds for the true one.",
            SPEAKS_OF,
        ]
    return [*method, *comparison.failed, *comparison.notes]


def _measured(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    time = "seconds" if str(comparison.about.get("device")).startswith("cuda") else "CPU-seconds"
    head = ["variant", "seeds", "accuracy %", "deviation", "95 % interval", "parameters", "multiply-adds", time]
    return head, [_measured_row(one, time) for one in comparison.variants]


def _measured_row(one: Measured, time: str) -> list[str]:
    took = one.seconds if time == "seconds" else one.cpu_seconds
    mean = one.summary.mean
    return [
        one.attention,
        str(one.summary.n),
        NOTHING if math.isnan(mean) else f"{100 * mean:.2f}",
        _number(one.summary.deviation),
        _span(one.summary.interval, ".2f"),
        NOTHING if one.parameters is None else f"{one.parameters:,}".replace(",", " "),
        NOTHING if one.multiply_adds is None else counted(one.multiply_adds),
        NOTHING if took is None else f"{took:.1f}",
    ]


def _contrasts(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    worth = f"seeds for {100 * comparison.about['worth']:g}"
    head = ["difference", "seeds", "points", "95 % interval", "p (Holm)", "detectable", worth, "verdict"]
    return head, [_contrast_row(one) for one in comparison.contrasts]


def _contrast_row(one: Contrast) -> list[str]:
    found = one.statistics
    return [
        one.name,
        str(found.n),
        NOTHING if math.isnan(found.mean) else f"{100 * found.mean:+.2f}",
        _span(found.interval, "+.2f"),
        NOTHING if found.p_holm is None else p_value(found.p_holm).removeprefix("= "),
        "> 100" if (found.detectable or 0) >= 1 else _number(found.detectable),
        NOTHING if found.seeds_needed is None else str(found.seeds_needed),
        one.verdict.words,
    ]


def _number(fraction: float | None) -> str:
    return NOTHING if fraction is None else f"{100 * fraction:.2f}"


def _span(interval: Interval | None, form: str) -> str:
    return NOTHING if interval is None else f"{100 * interval.low:{form}} to {100 * interval.high:{form}}"


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column and a last one of words to the left, numbers to the right."""
    if not rows:
        return ""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    left = (0, len(head) - 1 if head[-1] == "verdict" else 0)
    lines = []
    for line in (head, *rows):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        lines.append("  ".join(cell if place in left else _right(cell) for place, cell in enumerate(cells)).rstrip())
    return "\n".join(lines)


def _right(cell: str) -> str:
    return cell.rstrip().rjust(len(cell))


def _html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = ["<table>", "<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return "\n".join([*lines, "</table>"])


def seeds(counts: Iterable[int]) -> str:
    """``10 seeds each``, or from the fewest to the most: what a picture of them must say."""
    found = sorted(counts) or [0]
    low, high = found[0], found[-1]
    return f"{low} seed{'s' * (low != 1)} each" if low == high else f"{low} to {high} seeds each"
