"""A learner's notebook brought up to a new release: the new prose and code, the learner's answers and own cells.

Three notebooks meet: ``mine``, the learner's; ``base``, as it was handed out; ``new``, the release. Cells are matched
by their ids. What the learner did not touch becomes as it is in ``new``.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nbformat import NotebookNode

from attncourse.notebook import BY_CONTENT, Answer


@dataclass
class Merged:
    """The notebook, and what a learner is told: kept answers, kept own cells, own edits that gave way to new text."""

    notebook: NotebookNode
    answers: list[str] = field(default_factory=list)
    own_cells: int = 0
    replaced: list[str] = field(default_factory=list)


def merge(mine: NotebookNode, base: NotebookNode | None, new: NotebookNode, answers: Mapping[str, Answer]) -> Merged:
    """Bring ``mine`` up to ``new``. ``answers`` are those found in ``mine``; ``base`` is None where it was lost.

    - An answer is kept as it stands; an answer cell that was deleted comes back as the stub.
    - Any other cell that the learner changed is kept where the release did not change it; where both did, the new text
      stands and the cell's id is listed in ``replaced``.
    - A cell of the learner's own stays after the cell that it stood after, and so does an answer to an exercise that
      the release no longer has.
    """
    handed_out = {cell.get("id"): cell for cell in base.cells} if base else {}
    known = {cell.id: cell for cell in new.cells}
    places = _places(mine, handed_out, known, answers)
    merged = Merged(copy.deepcopy(new))
    here = {cell_id: mine.cells[index] for index, cell_id in places.items()}
    cells = {cell.id: cell for cell in merged.notebook.cells}
    for cell_id, cell in cells.items():
        if cell_id in here:
            _bring_over(cell, here[cell_id], handed_out.get(cell_id), merged)
    leading, following = _own_cells(mine, handed_out, known, places)
    merged.own_cells = len(leading) + sum(len(after) for after in following.values())
    listed = [*leading, *(one for cell_id, cell in cells.items() for one in (cell, *following.get(cell_id, [])))]
    merged.notebook.cells = _with_single_ids(listed, list(cells.values()))
    if "kernelspec" in mine.metadata:
        merged.notebook.metadata["kernelspec"] = mine.metadata["kernelspec"]
    return merged


def _places(
    mine: NotebookNode,
    handed_out: Mapping[str, NotebookNode],
    known: Mapping[str, NotebookNode],
    answers: Mapping[str, Answer],
) -> dict[int, str]:
    """Index of a cell of ``mine`` -> the id of the released cell that it is; a second copy is an own cell."""
    places = {
        answer.index: exercise
        for exercise, answer in answers.items()
        if answer.found != BY_CONTENT and exercise in known
    }
    by_source = {cell.source: cell.id for cell in [*handed_out.values(), *known.values()]}
    for index, cell in enumerate(mine.cells):
        # An editor of an older format drops the ids; nbgrader's mark or the text itself then tells the cell.
        names = [cell.get("id"), _mark(cell).get("grade_id"), None if "id" in cell else by_source.get(cell.source)]
        name = next((name for name in names if name in known or name in handed_out), None)
        if name is not None and index not in places and name not in places.values():
            places[index] = name
    return places


def _bring_over(cell: NotebookNode, own: NotebookNode, base: NotebookNode | None, merged: Merged) -> None:
    """Put into the new ``cell`` what the learner wrote in it, and its outputs where they belong to its text."""
    exercise = bool(_mark(cell).get("solution"))
    # Where nobody knows any more what was handed out, an answer counts as the learner's, and other text as ours.
    touched = own.source != base.source if base is not None else exercise and bool(own.source.strip())
    if touched and own.source != cell.source:
        if exercise:
            merged.answers.append(cell.id)
            cell.source = own.source
        elif base is not None and cell.source == base.source and not _mark(cell).get("locked"):
            cell.source = own.source
        else:
            merged.replaced.append(cell.id)
    if cell.cell_type == own.cell_type == "code" and cell.source == own.source:
        cell.outputs = copy.deepcopy(own.get("outputs", []))
        cell.execution_count = own.get("execution_count")


def _own_cells(
    mine: NotebookNode,
    handed_out: Mapping[str, NotebookNode],
    known: Mapping[str, NotebookNode],
    places: Mapping[int, str],
) -> tuple[list[NotebookNode], dict[str, list[NotebookNode]]]:
    """The learner's own cells: those before any released cell, and those after each, by the released cell's id."""
    leading: list[NotebookNode] = []
    following: dict[str, list[NotebookNode]] = {}
    current = leading
    for index, cell in enumerate(mine.cells):
        place = places.get(index)
        if place in known:
            current = following.setdefault(str(place), [])
        elif place is None or cell.source != handed_out[place].source:
            own = copy.deepcopy(cell)
            own.metadata.pop("nbgrader", None)
            own.metadata.pop("deletable", None)
            own.metadata.pop("editable", None)
            current.append(own)
    return leading, following


def _with_single_ids(cells: list[NotebookNode], released: Sequence[NotebookNode]) -> list[NotebookNode]:
    """Every cell with an id of its own; the released cell keeps it, a copy of one gets another."""
    taken = {cell.id for cell in released}
    ours = {id(cell) for cell in released}
    for cell in cells:
        if id(cell) not in ours:
            if not cell.get("id") or cell.id in taken:
                cell["id"] = uuid.uuid4().hex[:8]
            taken.add(cell.id)
    return cells


def _mark(cell: NotebookNode) -> Mapping[str, object]:
    """nbgrader's metadata, where it is a mapping."""
    mark = cell.metadata.get("nbgrader")
    return mark if isinstance(mark, dict) else {}
