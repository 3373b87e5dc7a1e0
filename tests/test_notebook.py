"""Notebooks -> answers, whatever was done to them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import attncourse.lessons
from attncourse import course
from attncourse.course import Lesson
from attncourse.notebook import Unreadable, answers, lesson_cells, read, steps, without_magics

TINY = Lesson(1, "tiny", "tiny", "A tiny lesson")
RIGHT = "def squeeze(x):\n    return x.mean(dim=(2, 3))"


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Lesson:
    folder = Path(__file__).parent / "grading" / "tiny_course"
    monkeypatch.setattr(course, "LESSONS_FOLDER", folder)
    monkeypatch.setattr(course, "LESSONS", (TINY,))
    monkeypatch.setattr(attncourse.lessons, "__path__", [*attncourse.lessons.__path__, str(folder)])
    return TINY


@pytest.fixture
def blank(tiny: Lesson) -> NotebookNode:
    return new_notebook(cells=[new_code_cell(source, id=name) for name, source in lesson_cells(tiny).items()])


def put(notebook: NotebookNode, cell_id: str, source: str) -> NotebookNode:
    cell = next(cell for cell in notebook.cells if cell.id == cell_id)
    cell.source = source
    return cell


def test_stubs_are_found_by_id_and_are_blank(blank: NotebookNode, tiny: Lesson) -> None:
    found = answers(blank, tiny)
    assert list(found) == ["tiny-squeeze", "tiny-centre", "tiny-count", "tiny-layer", "tiny-test"]
    assert all(answer.blank and answer.found == "cell id" and not answer.error for answer in found.values())


def test_comments_and_white_space_leave_a_stub_blank(blank: NotebookNode, tiny: Lesson) -> None:
    cell = next(cell for cell in blank.cells if cell.id == "tiny-squeeze")
    cell.source = "# I will do this later\n" + cell.source.replace("...", "...  # your code here") + "\n\n"
    assert answers(blank, tiny)["tiny-squeeze"].blank


def test_found_by_grade_id_where_the_cell_id_was_lost(blank: NotebookNode, tiny: Lesson) -> None:
    cell = put(blank, "tiny-squeeze", RIGHT)
    cell.id = "0a1b2c"
    cell.metadata["nbgrader"] = {"grade_id": "tiny-squeeze"}
    found = answers(blank, tiny)["tiny-squeeze"]
    assert (found.source, found.found, found.blank) == (RIGHT, "grade id", False)


def test_found_by_content_where_both_ids_were_lost(blank: NotebookNode, tiny: Lesson) -> None:
    put(blank, "tiny-squeeze", RIGHT).id = "somewhere"
    blank.cells.append(blank.cells.pop(2))
    assert answers(blank, tiny)["tiny-squeeze"].found == "content"


def test_an_answer_beside_an_untouched_stub_counts(blank: NotebookNode, tiny: Lesson) -> None:
    blank.cells.insert(1, new_code_cell(RIGHT, id="own"))
    assert answers(blank, tiny)["tiny-squeeze"].source == RIGHT


def test_the_lessons_own_cells_and_checks_are_no_answers(blank: NotebookNode, tiny: Lesson) -> None:
    blank.cells = [cell for cell in blank.cells if cell.id != "tiny-count"]
    blank.cells.append(new_code_cell("count = 12", id="tiny-count-check"))
    assert "tiny-count" not in answers(blank, tiny)


def test_of_doubled_cells_the_last_that_is_no_stub_counts(blank: NotebookNode, tiny: Lesson) -> None:
    stub = next(cell for cell in blank.cells if cell.id == "tiny-squeeze").source
    for source in ("def squeeze(x):\n    return 1", RIGHT, stub):
        blank.cells.append(new_code_cell(source, id="tiny-squeeze"))
    assert answers(blank, tiny)["tiny-squeeze"].source == RIGHT


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_retyped_cell_is_still_the_answer(blank: NotebookNode, tiny: Lesson, kind: str) -> None:
    put(blank, "tiny-squeeze", RIGHT).cell_type = kind
    assert answers(blank, tiny)["tiny-squeeze"].source == RIGHT


def test_a_split_cell_gives_the_half_that_defines_the_answer_and_keeps_the_other(
    blank: NotebookNode, tiny: Lesson
) -> None:
    put(blank, "tiny-squeeze", "def squeeze(x):\n    return helper(x)")
    blank.cells.insert(
        4, new_code_cell("def helper(x):\n    return x", metadata={"nbgrader": {"grade_id": "tiny-squeeze"}})
    )
    assert "helper(x)" in answers(blank, tiny)["tiny-squeeze"].source
    assert any("def helper" in step.source and not step.exercises for step in steps(blank, tiny))


def test_merged_cells_answer_both_exercises_at_once(blank: NotebookNode, tiny: Lesson) -> None:
    both = f"{RIGHT}\ndef centre(x):\n    return x"
    put(blank, "tiny-squeeze", both)
    blank.cells = [cell for cell in blank.cells if cell.id != "tiny-centre"]
    step = next(step for step in steps(blank, tiny) if step.exercises)
    assert (step.exercises, step.source) == (("tiny-squeeze", "tiny-centre"), both)


def test_a_syntax_error_is_kept_with_its_line(blank: NotebookNode, tiny: Lesson) -> None:
    put(blank, "tiny-squeeze", "def squeeze(x):\n    return x.mean(")
    found = answers(blank, tiny)["tiny-squeeze"]
    assert not found.blank and "line 2" in found.error


def test_a_deleted_cell_is_left_out(blank: NotebookNode, tiny: Lesson) -> None:
    blank.cells = [cell for cell in blank.cells if cell.id != "tiny-layer"]
    assert "tiny-layer" not in answers(blank, tiny)


def test_own_cells_contribute_imports_definitions_and_constants_only(blank: NotebookNode, tiny: Lesson) -> None:
    own = (
        "import math\nWIDTH = 3 * 4\nhalf = lambda v: v / 2\ndef helper(v):\n    return v\n"
        "while True:\n    pass\nprint(1)\nslow = train()\n"
    )
    blank.cells.insert(0, new_code_cell(own, id="own"))
    source = steps(blank, tiny)[0].source
    assert all(part in source for part in ("import math", "WIDTH", "half", "def helper"))
    assert not any(part in source for part in ("while", "print", "slow"))


def test_a_computed_value_is_run_where_an_answer_needs_it_even_indirectly(blank: NotebookNode, tiny: Lesson) -> None:
    own = "relu = make()\nother = make()\ndef helper(v):\n    return relu(v)"
    blank.cells.insert(0, new_code_cell(own, id="own"))
    put(blank, "tiny-squeeze", "def squeeze(x):\n    return helper(x)")
    source = steps(blank, tiny)[0].source
    assert "relu = make()" in source and "other" not in source


def test_magics_are_dropped_and_python_is_not() -> None:
    assert without_magics("%matplotlib inline\n!pip install x\nfiles = !ls\nhelp?\nx = 1").endswith("\nx = 1")
    assert "pip" not in without_magics("%time x = 1\n!pip install x\ny = 2")
    assert without_magics("%%bash\nrm -rf /") == ""
    assert without_magics("%%time\nx = 1").endswith("x = 1")
    modulo = "x = ('a %d'\n     % 3)"
    assert without_magics(modulo) == modulo
    assert without_magics("if True:\n    !ls\nx = 1") == "if True:\n    pass\nx = 1"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{ not json", "not valid JSON"),
        (b"", "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (b"[" * 200_000, "not valid JSON"),
        (b'"a text"', "no notebook"),
        (b'{"cells": []}', "no notebook"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 3}', "list of cells"),
        (b'{"nbformat": 1, "nbformat_minor": 0, "metadata": {}, "worksheets": 3}', "cannot be read"),
    ],
)
def test_what_is_no_notebook_is_unreadable(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=words):
        read(path)


def test_missing_large_and_odd_files_are_unreadable(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no such file"):
        read(tmp_path / "absent.ipynb")
    with pytest.raises(Unreadable, match="no ordinary file"):
        read(tmp_path)
    large = tmp_path / "large.ipynb"
    with large.open("wb") as file:
        file.truncate(21 * 2**20)
    with pytest.raises(Unreadable, match="21 MB"):
        read(large)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.ipynb")
        with pytest.raises(Unreadable, match="no ordinary file"):
            read(tmp_path / "pipe.ipynb")


def test_odd_cells_are_read_as_far_as_they_go(tmp_path: Path, tiny: Lesson) -> None:
    cells = [
        {"cell_type": "code", "source": ["def squeeze(x):\n", "    return 1"], "id": "tiny-squeeze"},
        {"cell_type": "poem", "source": 3, "metadata": []},
        "no cell",
        {"cell_type": "code", "id": 5, "metadata": {"nbgrader": 7}},
    ]
    path = tmp_path / "odd.ipynb"
    path.write_text(
        "\ufeff" + json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}), "utf-8"
    )
    found = answers(read(path), tiny)
    assert set(found) == {"tiny-squeeze"} and found["tiny-squeeze"].source.endswith("return 1")


def test_a_notebook_of_format_three_is_read(tmp_path: Path, tiny: Lesson) -> None:
    old = nbformat.v3.new_notebook(
        worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell(input=RIGHT)])]
    )
    path = tmp_path / "old.ipynb"
    path.write_text(json.dumps(old), "utf-8")
    assert answers(read(path), tiny)["tiny-squeeze"].found == "content"


def test_a_hostile_cell_is_no_more_than_a_wrong_answer(blank: NotebookNode, tiny: Lesson) -> None:
    for source in (
        "squeeze = " + "(" * 5000,
        "squeeze = " + "-" * 50_000 + "1",
        "squeeze = 1\n" * 20_000,
        "squeeze = '\0'",
    ):
        put(blank, "tiny-squeeze", source)
        assert answers(blank, tiny)["tiny-squeeze"].error
        assert steps(blank, tiny)


def test_prose_is_never_code(blank: NotebookNode, tiny: Lesson) -> None:
    blank.cells.append(new_markdown_cell("import this"))
    assert not any("this" in step.source for step in steps(blank, tiny))
