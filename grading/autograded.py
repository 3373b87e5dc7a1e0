"""The student's notebook as formgrader shows it: every answer, below it the check with our report and score."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from html import escape

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from attncourse.checking.rendering import as_html
from attncourse.notebook import Answer
from grading.results import Graded, Judged
from grading.states import SUBMISSION_STATES


def autograded(
    released: NotebookNode, handed_in: NotebookNode | None, found: Mapping[str, Answer], graded: Graded
) -> NotebookNode:
    """Build it from the released notebook, the student's (None where unreadable) and the result.

    The student's outputs are dropped, and HTML in the student's text is shown, not obeyed: the teacher's browser
    opens this page with the teacher's rights.
    """
    frames = {cell.id: cell for cell in released.cells if "nbgrader" in cell.metadata}
    judged = {one.exercise: one for one in graded.exercises}
    exercises = [name for name in frames if f"{name}-check" in frames]
    places = {
        found[name].index: [n for n in exercises if n in found and found[n].index == found[name].index]
        for name in found
    }
    cells = [_banner(graded)]
    shown = set()
    for index, cell in enumerate(handed_in.cells if handed_in else []):
        here = places.get(index, [])
        for position, name in enumerate(here):
            source = cell.source if position == 0 else f"# answered together with {here[0]}, in the cell above"
            cells += _answer(frames, name, source, judged.get(name), graded)
            shown.add(name)
        if not here and str(cell.get("id")) not in frames:
            cells.append(_own(cell, released, {one.id for one in cells}, len(cells)))
    for name in exercises:
        if name not in shown:
            cells += _answer(frames, name, "# nothing was handed in for this exercise", judged.get(name), graded)
    notebook = copy.deepcopy(released)
    notebook.cells = cells
    return notebook


def _banner(graded: Graded) -> NotebookNode:
    words = f"{graded.state.capitalize()}: {SUBMISSION_STATES.get(graded.state, '')}. {graded.note}".strip()
    return new_markdown_cell(
        f"**{graded.score:g} of {graded.max_score:g} points.** {escape(words, False)}", id="graded"
    )


def _answer(
    frames: Mapping[str, NotebookNode], name: str, source: str, judged: Judged | None, graded: Graded
) -> list[NotebookNode]:
    answer, check = copy.deepcopy(frames[name]), copy.deepcopy(frames[f"{name}-check"])
    answer.source = source
    score = judged.report.score if judged else 0.0
    html = as_html(judged.report) if judged else f"<p>Not judged: {escape(graded.note or graded.state)}</p>"
    check.execution_count = 1
    check.outputs = [
        new_output("display_data", {"text/html": html, "text/plain": judged.state if judged else graded.state}),
        new_output("execute_result", {"text/plain": repr(float(score))}, execution_count=1),
    ]
    return [answer, check]


def _own(cell: NotebookNode, released: NotebookNode, used: set[str], position: int) -> NotebookNode:
    original = next((one for one in released.cells if one.id == cell.get("id") and one.source == cell.source), None)
    if original is not None and original.id not in used:
        return copy.deepcopy(original)
    if cell.cell_type == "code":
        return new_code_cell(cell.source, id=f"own-{position}")
    return new_markdown_cell(escape(cell.source, quote=False), id=f"own-{position}")
