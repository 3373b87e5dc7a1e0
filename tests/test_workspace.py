"""The learner's folder: nothing of the learner's is lost, whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from attncourse import course, storage, workspace
from attncourse.checking.report import Report
from attncourse.workspace import Workspace, WorkspaceError

DOUBLE = "def double(x):\n    return 2 * x  # mine"
PASSED = Report("one-double", "Double", "correct", 2.0, 2.0)
FAILED = Report("one-double", "Double", "incorrect", 0.0, 2.0, diagnosis="squares")
BLANK = Report("one-double", "Double", "not attempted", 0.0, 2.0)


def first(space: Workspace) -> Path:
    return space.folder / "01_first.ipynb"


def load(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def edit(path: Path, sources: dict[str, str]) -> None:
    """Give cells another text, as a learner or a release does."""
    notebook = load(path)
    for cell in notebook.cells:
        cell.source = sources.pop(cell.id, cell.source)
    assert not sources
    nbformat.write(notebook, path)


def sources(path: Path) -> dict[str, str]:
    return {cell.id: cell.source for cell in load(path).cells}


def kept(space: Workspace) -> list[Path]:
    return sorted((space.folder / "set_aside").glob("*.ipynb"))


def test_start_copies_every_lesson(small_course: Path, tmp_path: Path) -> None:
    space = Workspace(tmp_path / "mine" / "work", released=small_course)
    assert [change.lesson for change in space.start()] == ["01_first", "02_second"]
    assert first(space).read_bytes() == (small_course / "01_first.ipynb").read_bytes()


def test_start_never_overwrites(space: Workspace) -> None:
    first(space).write_text("mine, though no notebook")
    (space.folder / "02_second.ipynb").unlink()
    assert [change.lesson for change in space.start()] == ["02_second"]
    assert first(space).read_text() == "mine, though no notebook"


def test_a_folder_is_found_from_below_and_not_from_beside(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    below = space.folder / "notes" / "more"
    below.mkdir(parents=True)
    found = workspace.find(below)
    assert found is not None
    assert found.folder == space.folder.resolve()
    assert workspace.find(space.folder.parent) is None
    monkeypatch.chdir(below)
    assert workspace.find() is not None


def test_finding_survives_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert workspace.find() is None


def test_update_without_news_changes_nothing(space: Workspace) -> None:
    edit(first(space), {"one-double": DOUBLE})
    before = first(space).read_bytes()
    assert {change.what for change in space.update()} == {"unchanged"}
    assert first(space).read_bytes() == before
    assert kept(space) == []


def test_update_brings_prose_and_keeps_answers(space: Workspace, small_course: Path) -> None:
    edit(first(space), {"one-double": DOUBLE})
    before = first(space).read_bytes()
    edit(
        small_course / "01_first.ipynb", {"intro": "# One, better told", "one-double": "def double(x): ...  # new stub"}
    )
    change, other = space.update()
    now = sources(first(space))
    assert (change.what, other.what) == ("updated", "unchanged")
    assert now["intro"] == "# One, better told"
    assert now["one-double"] == DOUBLE
    assert now["one-half"] == "def half(x):\n    ..."
    assert [path.read_bytes() for path in kept(space)] == [before]
    assert {again.what for again in space.update()} == {"unchanged"}


def test_update_brings_new_stubs_where_nothing_was_begun(space: Workspace, small_course: Path) -> None:
    edit(small_course / "01_first.ipynb", {"one-half": "def half(values):\n    ..."})
    space.update()
    assert sources(first(space))["one-half"] == "def half(values):\n    ..."


def test_update_keeps_comments_in_an_answer_cell(space: Workspace, small_course: Path) -> None:
    noted = "def half(x):\n    # divide?\n    ..."
    edit(first(space), {"one-half": noted})
    edit(small_course / "01_first.ipynb", {"intro": "new"})
    space.update()
    assert sources(first(space))["one-half"] == noted


def test_update_keeps_an_edit_unless_the_release_changed_the_same_cell(space: Workspace, small_course: Path) -> None:
    edit(first(space), {"imports": "import torch, math", "between": "my notes"})
    edit(small_course / "01_first.ipynb", {"between": "between, better told"})
    change = space.update()[0]
    now = sources(first(space))
    assert now["imports"] == "import torch, math"
    assert now["between"] == "between, better told"
    assert "now as we have it: between" in change.note


def test_update_keeps_own_cells_in_their_place_and_order(space: Workspace, small_course: Path) -> None:
    notebook = load(first(space))
    own = [nbformat.v4.new_code_cell(f"own = {number}") for number in range(3)]
    notebook.cells[3:3] = own[1:]
    notebook.cells.insert(0, own[0])
    nbformat.write(notebook, first(space))
    edit(small_course / "01_first.ipynb", {"intro": "new"})
    change = space.update()[0]
    texts = [cell.source for cell in load(first(space)).cells]
    assert texts[:3] == ["own = 0", "new", "import torch"]
    assert texts[4:6] == ["own = 1", "own = 2"]
    assert "3 cells of your own" in change.note


def test_update_follows_a_new_order_and_brings_back_deleted_cells(space: Workspace, small_course: Path) -> None:
    notebook = load(first(space))
    notebook.cells = [cell for cell in notebook.cells if cell.id not in ("between", "one-half")]
    nbformat.write(notebook, first(space))
    edit(first(space), {"one-double": DOUBLE})
    release = load(small_course / "01_first.ipynb")
    release.cells = release.cells[4:] + release.cells[:4]
    nbformat.write(release, small_course / "01_first.ipynb")
    space.update()
    assert [cell.id for cell in load(first(space)).cells] == [cell.id for cell in release.cells]
    assert sources(first(space))["one-double"] == DOUBLE


def test_update_keeps_the_answer_to_an_exercise_that_is_gone(space: Workspace, small_course: Path) -> None:
    edit(first(space), {"one-half": "def half(x):\n    return x / 2"})
    release = load(small_course / "01_first.ipynb")
    release.cells = [cell for cell in release.cells if not cell.id.startswith(("one-half", "between"))]
    nbformat.write(release, small_course / "01_first.ipynb")
    (course.LESSONS[0].folder / "half.py").unlink()
    space.update()
    now = sources(first(space))
    assert now["one-half"] == "def half(x):\n    return x / 2"
    assert "between" not in now


def test_update_finds_answers_where_an_editor_dropped_the_ids(space: Workspace, small_course: Path) -> None:
    edit(first(space), {"one-double": DOUBLE})
    content = json.loads(first(space).read_text())
    content["nbformat_minor"] = 4
    for cell in content["cells"]:
        del cell["id"]
    first(space).write_text(json.dumps(content))
    edit(small_course / "01_first.ipynb", {"between": "new"})
    space.update()
    notebook = load(first(space))
    assert [cell.id for cell in notebook.cells] == [cell.id for cell in load(small_course / "01_first.ipynb").cells]
    assert sources(first(space))["one-double"] == DOUBLE


def test_update_keeps_a_second_copy_of_an_answer_as_an_own_cell(space: Workspace, small_course: Path) -> None:
    notebook = load(first(space))
    copied = nbformat.from_dict(json.loads(json.dumps(notebook.cells[2])))
    copied.source, copied["id"] = "def double(x):\n    return x + x", "another"
    notebook.cells.insert(3, copied)
    nbformat.write(notebook, first(space))
    edit(first(space), {"one-double": DOUBLE})
    edit(small_course / "01_first.ipynb", {"intro": "new"})
    space.update()
    cells = load(first(space)).cells
    graded = [cell for cell in cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "one-double"]
    assert len(graded) == 1
    assert {DOUBLE, "def double(x):\n    return x + x"} <= {cell.source for cell in cells}
    assert len({cell.id for cell in cells}) == len(cells)


def test_update_keeps_outputs_with_their_text(space: Workspace, small_course: Path) -> None:
    notebook = load(first(space))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=cell.id)]
    nbformat.write(notebook, first(space))
    edit(small_course / "01_first.ipynb", {"imports": "import torch as t"})
    space.update()
    outputs = {cell.id: cell.outputs for cell in load(first(space)).cells if cell.cell_type == "code"}
    assert outputs["imports"] == []
    assert outputs["one-double-check"][0].text == "one-double-check"


def test_update_sets_a_broken_notebook_aside(space: Workspace) -> None:
    first(space).write_text('{"cells": [')
    (space.hidden / "released" / "01_first.ipynb").unlink()
    change = space.update()[0]
    assert "not valid JSON" in change.note
    assert [path.read_text() for path in kept(space)] == ['{"cells": [']
    assert "one-double" in sources(first(space))


def test_update_without_the_handed_out_copy_still_keeps_answers(space: Workspace, small_course: Path) -> None:
    edit(first(space), {"one-double": DOUBLE})
    (space.hidden / "released" / "01_first.ipynb").unlink()
    edit(small_course / "01_first.ipynb", {"intro": "new"})
    space.update()
    assert sources(first(space))["one-double"] == DOUBLE
    assert sources(first(space))["intro"] == "new"


def test_reset_keeps_the_old_copy_progress_and_hints(space: Workspace) -> None:
    edit(first(space), {"one-double": DOUBLE})
    before = first(space).read_bytes()
    space.record(PASSED)
    space.record_hint("one-double", 2)
    space.reset(course.LESSONS[0])
    space.reset(course.LESSONS[0])
    assert sources(first(space))["one-double"] == "def double(x):\n    ..."
    assert len(kept(space)) == 2
    assert before in [path.read_bytes() for path in kept(space)]
    assert space.progress()["one-double"].passed
    assert space.hints_used("one-double") == 2


def test_progress_in_the_order_of_the_course(space: Workspace) -> None:
    assert list(space.progress()) == ["one-double", "one-half", "two-same"]
    assert {standing.state for standing in space.progress().values()} == {"not attempted"}


def test_a_passed_exercise_stays_passed(space: Workspace) -> None:
    for report in (FAILED, PASSED, FAILED, BLANK):
        space.record(report)
    standing = space.progress()["one-double"]
    assert (standing.state, standing.best.score, standing.checks) == ("correct", 2.0, 4)
    assert standing.last.state == "not attempted"


def test_the_better_of_two_wrong_answers_counts(space: Workspace) -> None:
    for score in (0.5, 1.0, 0.0):
        space.record(Report("one-double", "Double", "incorrect", score, 2.0))
    assert space.progress()["one-double"].best.score == 1.0


def test_run_all_on_a_blank_notebook_leaves_no_records(space: Workspace) -> None:
    space.record(BLANK)
    assert list((space.hidden / "progress").iterdir()) == []


def test_hints_are_counted_by_the_highest_rung(space: Workspace) -> None:
    for rung in (1, 3, 2):
        space.record_hint("one-half", rung)
    assert space.hints_used("one-half") == 3
    assert space.progress()["one-half"].state == "not attempted"


def test_the_first_unfinished_lesson(space: Workspace) -> None:
    names = []
    for exercise_id in ("one-double", "one-half", "two-same"):
        lesson = space.first_unfinished()
        names.append(lesson.name if lesson else None)
        space.record(Report(exercise_id, "", "correct", 2.0, 2.0))
    assert names == ["first", "first", "second"]
    assert space.first_unfinished() is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '"one-double"',
        '{"exercise": "one-half", "checks": 0, "hints_used": 0, "best": {}, "last": {}}',
        '{"exercise": "one-double", "checks": -1, "hints_used": 0, "best": {}, "last": {}}',
        '{"exercise": "one-double", "checks": 0, "hints_used": 0, "best": null, "last": {}}',
        '{"exercise": "one-double", "checks": 0, "hints_used": 0, "best": {"state": "great"}, "last": {}}',
        '{"exercise": "one-double", "checks": 0, "hints_used": 0, "best": {"score": "2"}, "last": {}}',
        "[" * 100_000,
        "\x00\x01",
    ],
)
def test_a_corrupt_record_is_set_aside_with_a_message(space: Workspace, small_course: Path, text: str) -> None:
    said: list[str] = []
    space = Workspace(space.folder, released=small_course, tell=said.append)
    path = space.hidden / "progress" / "one-double.json"
    path.write_text(text)
    assert space.broken_records() == [path]
    assert space.progress()["one-double"].state == "not attempted"
    assert len(said) == 1
    assert "one-double" in said[0]
    assert [one.read_text() for one in (path.parent / "broken").iterdir()] == [text]
    space.record(PASSED)
    assert space.progress()["one-double"].passed
    assert len(said) == 1


def test_a_record_that_cannot_be_kept_is_said_and_never_raised(
    space: Workspace, small_course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    space = Workspace(space.folder, released=small_course, tell=said.append)
    space.record(PASSED)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        space.record(FAILED)
        space.record_hint("one-double", 1)
    assert len(said) == 2
    assert "No space left on device" in said[0]
    assert space.progress()["one-double"].passed
    assert space.hints_used("one-double") == 0
    assert [path.name for path in (space.hidden / "progress").iterdir()] == ["one-double.json"]


def test_progress_in_the_way_of_a_file_is_said(space: Workspace, small_course: Path) -> None:
    """A file where the folder should be: refused for root too, unlike a read-only folder."""
    said: list[str] = []
    space = Workspace(space.folder, released=small_course, tell=said.append)
    (space.hidden / "progress").rmdir()
    (space.hidden / "progress").write_text("")
    space.record(PASSED)
    assert any("could not be saved" in sentence for sentence in said)


def test_a_full_disk_leaves_the_learners_copy_as_it_was(
    space: Workspace, small_course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(first(space), {"one-double": DOUBLE})
    before = first(space).read_bytes()
    edit(small_course / "01_first.ipynb", {"intro": "new"})

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for action in (space.update, lambda: space.reset(course.LESSONS[0])):
        with pytest.raises(WorkspaceError, match="No space left on device"):
            action()
        assert first(space).read_bytes() == before


@pytest.mark.parametrize("bad", ["../one", "One", "", "one_double", "one/double"])
def test_only_an_exercise_id_names_a_record(space: Workspace, bad: str) -> None:
    with pytest.raises(ValueError, match="lower-case words"):
        space.hints_used(bad)


KILLED = """
import sys
from pathlib import Path
from attncourse.progress import Progress
from attncourse.checking.report import Report
progress = Progress(Path(sys.argv[1]))
print("begun", flush=True)
number = 0
while True:
    number += 1
    progress.record(Report("one-double", "Double", "correct", 2.0, 2.0, diagnosis="x" * 50_000))
"""


def test_progress_survives_a_kill(space: Workspace) -> None:
    folder = space.hidden / "progress"
    for delay in (0.05, 0.11, 0.17):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(folder)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(workspace.__file__).parent.parent)},
        )
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"begun"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert space.broken_records() == []
    assert space.progress()["one-double"].passed


def test_a_name_with_the_time_is_never_taken_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text("1")
    names = {storage.copy_aside(path, tmp_path / "set_aside").name for _ in range(5)}
    assert len(names) == 5
