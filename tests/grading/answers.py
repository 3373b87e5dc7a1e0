"""Answers that students give, and where to put them."""

from __future__ import annotations

from nbformat import NotebookNode

RIGHT = "def squeeze(x):\n    return x.flatten(2).mean(-1)"
WRONG = "def squeeze(x):\n    return x.mean(dim=1)"
ENDLESS = "def squeeze(x):\n    while True:\n        pass"


def cell_of(notebook: NotebookNode, cell_id: str) -> NotebookNode:
    """The cell of that id."""
    return next(cell for cell in notebook.cells if cell.id == cell_id)
