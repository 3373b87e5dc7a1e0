"""A report as HTML for a notebook and as text for a terminal: yours beside expected, coloured where they differ.

No matplotlib on this path: a check must answer at once. Whatever comes from the learner is escaped.
"""

from __future__ import annotations

from html import escape
from typing import Any

import torch
from torch import Tensor

from attncourse.checking.observation import UNUSABLE, AnswerError, wrong
from attncourse.checking.report import CORRECT, NOT_ATTEMPTED, Report, Witness

ROWS, COLUMNS, SLICES = 6, 9, 4
# JupyterLab's own colours, which are readable in its dark theme too; elsewhere those after the comma.
COLOURS = {
    "correct": "var(--jp-success-color1, #1a7f5a)",
    "incorrect": "var(--jp-error-color1, #b3402a)",
    "not attempted": "var(--jp-ui-font-color2, #6b7280)",
}
MARKS = {"correct": "✓", "incorrect": "✗", "not attempted": "○"}
CELL = "padding:2px 7px;text-align:right;font-family:monospace;border:1px solid rgba(128,128,128,.35);"
DIFFERS = "background:#fbd9cf;color:#7a1f0e;font-weight:bold;"


def as_html(report: Report) -> str:
    """The whole report as one self-contained ``<div>``."""
    colour = COLOURS[report.state]
    head = (
        f'<div style="color:{colour};font-weight:bold">{MARKS[report.state]} {escape(report.title)}: '
        f"{escape(_headline(report))}</div>"
    )
    body = "".join(
        f'<div style="margin-top:6px"><b>{escape(label)}</b> {escape(text)}</div>' for label, text in _sections(report)
    )
    witness = _witness_html(report.witness) if report.witness else ""
    step = _next_step_html(report)
    return (
        f'<div class="attncourse-report" style="border-left:4px solid {colour};padding:6px 12px;margin:4px 0;'
        f'max-width:60em;line-height:1.45">{head}{body}{witness}{step}</div>'
    )


def as_text(report: Report) -> str:
    """The whole report as plain text of at most 100 columns of prose."""
    lines = [f"{MARKS[report.state]} {report.title}: {_headline(report)}"]
    lines += [f"  {label} {text}" for label, text in _sections(report)]
    if report.witness:
        lines += ["  " + line for line in _witness_text(report.witness)]
    if report.next_step:
        lines.append(f"  Next step: {report.next_step}")
    return "\n".join(lines)


def hint_as_html(text: str, number: int, total: int, further: str) -> str:
    """One rung of the ladder, and how to ask for the next."""
    more = f'<div style="margin-top:4px;opacity:.75">Next: <code>{escape(further)}</code></div>' if further else ""
    return (
        '<div class="attncourse-hint" '
        'style="border-left:4px solid #8a6d1d;padding:6px 12px;margin:4px 0;max-width:60em">'
        f"<b>Hint {number} of {total}.</b> {escape(text)}{more}</div>"
    )


def _headline(report: Report) -> str:
    points = f"{report.score:g} of {report.max_score:g} points"
    if report.state == CORRECT:
        return f"correct ({points})"
    if report.state == NOT_ATTEMPTED:
        return "not attempted yet"
    return f"not yet ({points})"


def _sections(report: Report) -> list[tuple[str, str]]:
    what = [
        ("First that fails:", report.subgoal),
        (f"Diagnosis ({report.diagnosis}):" if report.diagnosis else "Diagnosis:", report.believed),
        ("Why:", report.why),
        ("Remark:", report.remark),
    ]
    return [(label, text) for label, text in what if text]


def _next_step_html(report: Report) -> str:
    if not report.next_step:
        return ""
    used = f' <span style="opacity:.7">({report.hints_used} hints used)</span>' if report.hints_used else ""
    return f'<div style="margin-top:6px"><b>Next step:</b> {escape(report.next_step)}{used}</div>'


def _witness_html(witness: Witness) -> str:
    expected, got = _comparable(witness)
    sides = [(name, value, None) for name, value in witness.inputs]
    columns = "".join(_side_html(name, value, marks) for name, value, marks in sides)
    if witness.expected is not None or witness.got is not None:
        marks = wrong(expected, got) if expected is not None and got is not None else None
        columns += _side_html("expected", witness.expected, None) + _side_html("yours", witness.got, marks)
    note = f'<pre style="margin:4px 0 0">{escape(witness.note)}</pre>' if witness.note else ""
    return (
        f'<div style="margin-top:6px"><b>Smallest case:</b> {escape(witness.label)}</div>'
        f'<div style="display:flex;flex-wrap:wrap;gap:18px;margin-top:4px">{columns}</div>{note}'
    )


def _comparable(witness: Witness) -> tuple[Tensor | None, Tensor | None]:
    expected, got = witness.expected, witness.got
    if isinstance(expected, Tensor) and isinstance(got, Tensor) and expected.shape == got.shape:
        return expected, got
    return None, None


def _side_html(name: str, value: Any, marks: Tensor | None) -> str:
    caption = f'<div style="opacity:.75">{escape(name)}{escape(_shape(value))}</div>'
    return f"<div>{caption}{_value_html(value, marks)}</div>"


def _value_html(value: Any, marks: Tensor | None) -> str:
    if not isinstance(value, Tensor):
        return f"<code>{escape(_words(value))}</code>"
    tables = []
    for label, part, mark in _slices(value, marks):
        rows = "".join(
            "<tr>" + "".join(_cell_html(v, bool(m)) for v, m in zip(row, flags, strict=True)) + "</tr>"
            for row, flags in zip(part.tolist(), mark.tolist(), strict=True)
        )
        caption = f'<div style="opacity:.6;font-size:85%">{escape(label)}</div>' if label else ""
        tables.append(f'<div>{caption}<table style="border-collapse:collapse;margin:0 0 4px">{rows}</table></div>')
    return "".join(tables)


def _cell_html(value: Any, differs: bool) -> str:
    return f'<td style="{CELL}{DIFFERS if differs else ""}">{escape(_number(value))}</td>'


def _witness_text(witness: Witness) -> list[str]:
    expected, got = _comparable(witness)
    lines = [f"Smallest case: {witness.label}"]
    for name, value in witness.inputs:
        lines += _side_text(name, value, None)
    if witness.expected is not None or witness.got is not None:
        lines += _side_text("expected", witness.expected, None)
        marks = wrong(expected, got) if expected is not None and got is not None else None
        lines += _side_text("yours", witness.got, marks)
    return lines + ([witness.note] if witness.note else [])


def _side_text(name: str, value: Any, marks: Tensor | None) -> list[str]:
    if not isinstance(value, Tensor):
        return [f"  {name}: {_words(value)}"]
    lines = [f"  {name}{_shape(value)}:"]
    for label, part, mark in _slices(value, marks):
        lines += [f"    {label}"] if label else []
        for row, flags in zip(part.tolist(), mark.tolist(), strict=True):
            cells = [f"{_number(v)}{'*' if m else ' '}".rjust(9) for v, m in zip(row, flags, strict=True)]
            lines.append("    " + " ".join(cells))
    return lines


def _slices(value: Tensor, marks: Tensor | None) -> list[tuple[str, Tensor, Tensor]]:
    """A tensor as a few small matrices with their index: enough to see it, never a flood."""
    value = value.detach().to(torch.float64) if value.is_floating_point() else value.detach()
    flags = torch.zeros_like(value, dtype=torch.bool) if marks is None else marks
    if value.numel() == 0:
        return []
    if value.ndim < 2:
        value, flags = value.reshape(1, -1), flags.reshape(1, -1)
    lead = value.shape[:-2]
    planes, plane_flags = value.reshape(-1, *value.shape[-2:]), flags.reshape(-1, *value.shape[-2:])
    chosen = list(range(len(planes)))
    if len(planes) > SLICES:
        failing = [index for index in chosen if bool(plane_flags[index].any())]
        chosen = sorted((failing + [i for i in chosen if i not in failing])[:SLICES])
    cut = [(i, planes[i, :ROWS, :COLUMNS], plane_flags[i, :ROWS, :COLUMNS]) for i in chosen]
    return [(_index(lead, i) if lead else "", part, mark) for i, part, mark in cut]


def _index(lead: torch.Size, flat: int) -> str:
    places = []
    for size in reversed(lead):
        places.append(flat % size)
        flat //= size
    return f"[{', '.join(str(place) for place in reversed(places))}]"


def _shape(value: Any) -> str:
    return f" {tuple(value.shape)}" if isinstance(value, Tensor) else ""


def _words(value: Any) -> str:
    if isinstance(value, AnswerError):
        return value.message if value.kind == UNUSABLE else f"{value.kind}: {value.message}"
    if hasattr(value, "name") and hasattr(value, "seed"):
        return str(value.name)
    if isinstance(value, tuple) and any(isinstance(item, Tensor) for item in value):
        return "(" + ", ".join(_words(item) for item in value) + ")"
    if isinstance(value, Tensor):
        return f"tensor {tuple(value.shape)}"
    return repr(value)


def _number(value: Any) -> str:
    # Adding 0.0 makes 0 of -0, which is no other number to a learner.
    return f"{value + 0.0:.4g}" if isinstance(value, float) else str(value)
