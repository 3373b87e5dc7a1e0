"""A small table that shows itself, in a terminal and in a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, repr=False)
class Table:
    """Attributes:
    heading: what all its lines share.
    head: of the columns.
    lines: as text.
    """

    heading: str
    head: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]

    def __repr__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.head, *self.lines, strict=True)]
        aligned = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in (self.head, *self.lines)
        ]
        return "\n".join([self.heading, *aligned])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(cell)}</th>" for cell in self.head)
        lines = ["".join(f"<td>{escape(cell)}</td>" for cell in line) for line in self.lines]
        body = "".join(f"<tr>{line}</tr>" for line in lines)
        return f"<p>{escape(self.heading)}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
