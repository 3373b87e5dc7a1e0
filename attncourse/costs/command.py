"""``attncourse costs``: the papers' figures beside ours."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from attncourse.costs.table import Cell, Row, Table, compare
from attncourse.costs.tables import TABLES


def main(arguments: Sequence[str] | None = None) -> int:
    """Print tables. Exit codes: 0 each figure agrees or has its reason, 1 one differs without, 2 wrong arguments."""
    options = parser().parse_args(arguments)
    unknown = [name for name in options.table if name not in TABLES]
    if unknown:
        print(f"attncourse: There is no table {unknown[0]!r}; there are: {', '.join(TABLES)}", file=sys.stderr)
        return 2
    try:
        return _print(list(TABLES) if options.all else options.table)
    except BrokenPipeError:  # whoever read, as ``head`` does, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _print(names: list[str]) -> int:
    if not names:
        print("Tables, for --table NAME, or --all:")
        for name, table in TABLES.items():
            print(f"  {name:<13} {table.title}")
        return 0
    unexplained = 0
    for name in names:
        lines, differs = render(name, TABLES[name])
        print("\n".join(lines), end="\n\n", flush=True)
        unexplained += differs
    if unexplained:
        print(f"{unexplained} figures differ, and nothing says why.", file=sys.stderr)
    return 1 if unexplained else 0


def parser() -> argparse.ArgumentParser:
    """The arguments of the verb ``costs``."""
    made = argparse.ArgumentParser(prog="attncourse costs", description="The papers' tables beside our counts.")
    made.add_argument(
        "--table", action="append", default=[], metavar="NAME", help=f"may be given again; one of {', '.join(TABLES)}"
    )
    made.add_argument("--all", action="store_true", help="every table")
    return made


def render(name: str, table: Table) -> tuple[list[str], int]:
    """The table as lines of text, and how many figures differ without a reason."""
    compared = [(row, compare(table, row)) for row in table.rows]
    headings = ["", *(heading for column in table.columns for heading in (column.title, "ours")), table.errors]
    body = [_cells(table, row, cells) for row, cells in compared]
    widths = [max(len(line[place]) for line in [headings, *body]) for place in range(len(headings))]
    lines = [f"{name}: {table.title}", f"Printed figures: {table.provenance}."]
    if table.note:
        lines.append(table.note)
    lines += ["", _line(headings, widths), "  ".join("-" * width for width in widths)]
    notes: list[str] = []
    for (row, cells), line in zip(compared, body, strict=True):
        said = _notes(row, cells)
        mark = f"  [{len(notes) + 1}]" if said else ""
        notes += [said] if said else []
        lines.append(_line(line, widths) + mark)
    lines += [f"  [{number}] {note}" for number, note in enumerate(notes, 1)]
    printed = [cell for _, cells in compared for cell in cells]
    agreeing = sum(cell.agrees for cell in printed)
    lines.append(f"{agreeing} of {len(printed)} compared figures agree in every printed digit.")
    return lines, sum(not cell.agrees and not cell.reason for cell in printed)


def _cells(table: Table, row: Row, cells: list[Cell]) -> list[str]:
    ours = {cell.column: cell for cell in cells}
    line = [row.label]
    for column, printed in zip(table.columns, row.printed, strict=True):
        cell = ours.get(column.title)
        mark = "" if cell is None else " =" if cell.agrees else " ≠"
        line += [printed or "-", (cell.ours if cell else "-") + mark]
    return [*line, row.errors or "-"]


def _notes(row: Row, cells: list[Cell]) -> str:
    parts = [f"{cell.column}: {cell.exact:,} here. {cell.reason or 'UNEXPLAINED'}" for cell in cells if not cell.agrees]
    if row.reason:
        parts.append(row.reason)
    if row.provenance:
        parts.append(f"printed figures {row.provenance}")
    return "; ".join(parts)


def _line(cells: list[str], widths: list[int]) -> str:
    first, *others = (
        cell.ljust(width) if place == 0 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([first, *others]).rstrip()
