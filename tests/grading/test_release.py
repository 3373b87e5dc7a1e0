"""The release: what is committed follows from the lessons' texts, and both forms of a notebook run."""

from __future__ import annotations

import copy
import json
import re

import nbformat
import pytest

from attncourse import course
from attncourse.course import Lesson
from grading.release import BEGIN, END, blank_path, build, execute, solved_path, stale

NUMBER = re.compile(r"-?\d+\.\d*(?:e[-+]?\d+)?")
LESSONS = [pytest.param(lesson, id=lesson.stem) for lesson in course.LESSONS]


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_committed_notebooks_are_fresh(lesson: Lesson) -> None:
    assert [path.name for path in stale(lesson)] == [], "run: python -m grading release"


@pytest.mark.parametrize("lesson", LESSONS)
def test_building_twice_changes_no_byte(lesson: Lesson) -> None:
    first, second = build(lesson), build(lesson)
    for form in ("source", "blank", "solved"):
        assert nbformat.writes(getattr(first, form)) == nbformat.writes(getattr(second, form))


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_solution_is_left_in_the_blank_notebook(lesson: Lesson) -> None:
    notebooks = build(lesson)
    blank = nbformat.writes(notebooks.blank)
    assert BEGIN not in blank and END not in blank
    by_id = {cell.id: cell.source for cell in notebooks.source.cells}
    for exercise_id in lesson.exercise_ids:
        cell = next(c for c in notebooks.blank.cells if c.id == exercise_id)
        region = by_id[exercise_id].split(BEGIN)[1].split(END)[0].strip()
        assert region and region not in cell.source


@pytest.mark.parametrize("lesson", LESSONS)
def test_each_exercise_has_a_locked_check_that_ends_in_a_score(lesson: Lesson) -> None:
    cells = {cell.id: cell for cell in nbformat.read(blank_path(lesson), as_version=4).cells}
    for exercise_id in lesson.exercise_ids:
        answer, check = cells[exercise_id].metadata.nbgrader, cells[f"{exercise_id}-check"].metadata.nbgrader
        assert answer.solution and not answer.grade and answer.grade_id == exercise_id
        assert check.grade and check.locked and check.points == course.exercise(exercise_id).points
        wanted = f'attncourse.check("{exercise_id}", {course.exercise(exercise_id).answer}).score'
        assert cells[f"{exercise_id}-check"].source == wanted


@pytest.mark.parametrize("lesson", LESSONS)
def test_prose_cells_are_short(lesson: Lesson) -> None:
    for cell in build(lesson).blank.cells:
        if cell.cell_type == "markdown":
            assert len(cell.source.split()) <= 120, cell.id


@pytest.mark.parametrize("lesson", LESSONS)
def test_run_all_on_the_blank_notebook_reaches_its_end(lesson: Lesson) -> None:
    notebook = execute(nbformat.read(blank_path(lesson), as_version=4))
    for cell in notebook.cells:
        if cell.id.endswith("-check"):
            assert _result(cell) == 0.0
            assert "not attempted" in str(cell.outputs[0].data["text/html"])


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_solved_notebook_runs_to_full_points_and_says_what_is_committed(lesson: Lesson) -> None:
    committed = nbformat.read(solved_path(lesson), as_version=4)
    fresh = execute(build(lesson).solved)
    points = {exercise_id: course.exercise(exercise_id).points for exercise_id in lesson.exercise_ids}
    for cell, known in zip(fresh.cells, committed.cells, strict=True):
        assert cell.id == known.id and cell.source == known.source
        assert _texts(cell) == _texts(known), f"{cell.id}: run `python -m grading release`"
        if cell.id.endswith("-check"):
            assert _result(cell) == points[cell.id.removesuffix("-check")]
    pictures = [c for c in committed.cells for o in c.get("outputs", []) if "image/png" in o.get("data", {})]
    assert len(pictures) >= 4


def test_a_text_that_breaks_a_rule_is_refused_with_its_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = course.LESSONS[1]
    text = lesson.text

    def with_text(changed: str) -> None:
        monkeypatch.setattr(Lesson, "text", property(lambda self: changed))

    with_text(text + "\n# %%\nx = 1\n")
    with pytest.raises(ValueError, match="without a title"):
        build(lesson)
    with_text(re.sub(rf".*({BEGIN}|{END}).*\n", "", text))
    with pytest.raises(ValueError, match="needs a region"):
        build(lesson)
    with_text(text.replace("# %% se-squeeze\n", "# %% se-unknown\n"))
    with pytest.raises(ValueError, match="no exercise of that id"):
        build(lesson)
    with_text(text + "\n# %% once\nx = 1\n\n# %% once\nx = 2\n")
    with pytest.raises(ValueError, match="two cells have the title 'once'"):
        build(lesson)


def _result(cell: nbformat.NotebookNode) -> float:
    last = [output for output in cell.outputs if output.output_type == "execute_result"][-1]
    return float(last.data["text/plain"])


def _texts(cell: nbformat.NotebookNode) -> list[object]:
    """All that a cell shows but its pictures, whose pixels may differ between machines, as may last digits."""
    outputs = copy.deepcopy(cell.get("outputs", []))
    for output in outputs:
        output.get("data", {}).pop("image/png", None)
    return [
        NUMBER.sub(lambda number: f"{float(number[0]):.2f}", json.dumps(output, sort_keys=True)) for output in outputs
    ]
