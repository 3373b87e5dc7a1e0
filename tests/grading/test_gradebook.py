"""nbgrader's gradebook holds what we found, and nbgrader itself agrees."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from tests.grading.answers import ENDLESS, WRONG, cell_of
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.utils import determine_grade

from attncourse import course
from attncourse.course import Lesson
from grading.grade import find, grade
from grading.gradebook import GradebookError, identity, lay_out, main, record
from grading.grade import _gradebook as into_gradebook
from grading.release import build
from grading.sandbox.process import Limits

HandIn = Callable[..., Path]
QUICK = Limits(seconds=2.0, memory=256)
ROOT = Path(__file__).parent.parent.parent


def run_nbgrader(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HOME": str(folder)}
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    return done.stdout + done.stderr


def exported(folder: Path) -> dict[str, float]:
    run_nbgrader(folder, "export")
    with (folder / "nbgrader_grades.csv").open(encoding="utf-8", newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def scores(folder: Path) -> dict[str, float]:
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}", "attncourse") as book:
        return {one.student.id: one.score for one in book.assignment_submissions("01_tiny")}


@pytest.fixture
def three(tiny: Lesson, solved: NotebookNode, blank: NotebookNode, hand_in: HandIn, tmp_path: Path) -> Path:
    hand_in(solved, "perfect")
    hand_in(blank, "blank")
    cell_of(solved, "tiny-squeeze").source = WRONG
    solved.cells[0].source = "<script>alert(1)</script>"
    hand_in(solved, "mistaken")
    hand_in("{", "broken, really")
    return tmp_path / "submissions"


def test_scores_comments_and_cells_are_in_the_gradebook(three: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    grade(find(three), out, 5, QUICK, gradebook=into_gradebook)
    broken = identity("broken, really")
    assert scores(out) == {"perfect": 8.0, "blank": 0.0, "mistaken": 6.0, broken: 0.0}
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}", "attncourse") as book:
        assert book.find_assignment("01_tiny").max_score == 8
        notebook = book.find_submission_notebook("01_tiny", "01_tiny", "blank")
        assert {comment.auto_comment for comment in notebook.comments} == {"No response."}
        assert not notebook.needs_manual_grade
        assert len(book.find_notebook("01_tiny", "01_tiny").grade_cells) == 5


def test_nbgrader_exports_the_same_scores_and_leaves_our_table_alone(three: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    grade(find(three), out, 5, QUICK, gradebook=into_gradebook)
    before = (out / "grades.csv").read_bytes()
    assert exported(out) == scores(out)
    assert (out / "grades.csv").read_bytes() == before


def test_grading_again_updates_and_keeps_scores_given_by_hand(
    three: Path, solved: NotebookNode, blank: NotebookNode, hand_in: HandIn, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    grade(find(three), out, 5, QUICK, gradebook=into_gradebook)
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}", "attncourse") as book:
        book.find_grade("tiny-squeeze-check", "01_tiny", "01_tiny", "mistaken").manual_score = 1.5
        book.db.commit()
    hand_in(solved, "blank")
    grade([one for one in find(three) if one.student != "perfect"], out, 5, QUICK, gradebook=into_gradebook)
    assert scores(out) == {"perfect": 8.0, "blank": 6.0, "mistaken": 7.5, identity("broken, really"): 0.0}


def test_autograded_notebooks_are_valid_and_score_the_same_for_nbgrader(three: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    grade(find(three), out, 5, QUICK, gradebook=into_gradebook)
    for student, score in scores(out).items():
        text = (out / "autograded" / student / "01_tiny" / "01_tiny.ipynb").read_text(encoding="utf-8")
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
        checks = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
        assert sum(determine_grade(cell)[0] for cell in checks) == score
        assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
        assert "<script" not in text


def test_moved_doubled_and_merged_cells_are_shown_once(
    tiny: Lesson, solved: NotebookNode, hand_in: HandIn, tmp_path: Path
) -> None:
    squeeze, centre = cell_of(solved, "tiny-squeeze"), cell_of(solved, "tiny-centre")
    squeeze.source += "\n" + centre.source
    solved.cells.remove(centre)
    solved.cells += [nbformat.from_dict(dict(cell)) for cell in solved.cells]
    hand_in(solved)
    out = tmp_path / "out"
    grade(find(tmp_path / "submissions"), out, 5, QUICK, gradebook=into_gradebook)
    notebook = nbformat.read(out / "autograded" / "ada" / "01_tiny" / "01_tiny.ipynb", as_version=4)
    marks = [cell.metadata.nbgrader.grade_id for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert len(marks) == 10 and len(set(marks)) == 10 and scores(out) == {"ada": 8.0}


def test_another_version_of_the_lesson_needs_a_fresh_folder(
    three: Path, tiny: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    grade(find(three), out, 5, QUICK, gradebook=into_gradebook)
    fewer = build(tiny)
    fewer.blank.cells = [cell for cell in fewer.blank.cells if not cell.id.startswith("tiny-count")]
    monkeypatch.setattr("grading.gradebook.build", lambda lesson: fewer)
    with pytest.raises(GradebookError, match="fresh folder"):
        lay_out(out, [tiny])
    assert scores(out)["perfect"] == 8.0


def test_a_failure_of_ours_asks_for_a_grade_by_hand(tiny: Lesson, solved: NotebookNode, hand_in: HandIn, tmp_path: Path) -> None:
    from grading.submission import Graded

    record(tmp_path / "out", [(hand_in(solved), Graded("ada", "01_tiny", "our fault", note="x"))])
    with Gradebook(f"sqlite:///{tmp_path / 'out' / 'gradebook.db'}", "attncourse") as book:
        assert book.find_submission("01_tiny", "ada").needs_manual_grade


def test_identities_keep_names_apart_and_break_nothing() -> None:
    assert identity("ada.lovelace@x.org") == "ada.lovelace@x.org"
    odd = ["a,b", "a;b", "a_b", "=a", "-a", "..", "", "a/b", "a\nb"]
    found = [identity(name) for name in odd]
    assert len(set(found)) == len(odd)
    assert not any(set(name) & set(",;/\\\n=") or name[:1] in "-.=@" for name in found)
    assert identity("Żółć 학생") == "Żółć 학생"


# The five submissions of a class, on the real first lesson, both ways.


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lesson = course.lesson("squeeze_excitation")
    folder = tmp_path_factory.mktemp("five")
    released = build(lesson)

    def put(student: str, notebook: NotebookNode, squeeze: str = "") -> None:
        path = folder / student / f"{lesson.stem}.ipynb"
        path.parent.mkdir()
        text = nbformat.writes(notebook)
        if squeeze:
            changed = nbformat.reads(text, as_version=4)
            cell_of(changed, "se-squeeze").source = squeeze
            text = nbformat.writes(changed)
        path.write_text(text, encoding="utf-8")

    put("perfect", released.solved)
    put("blank", released.blank)
    put("mistaken", released.blank, WRONG)
    put("looping", released.blank, ENDLESS)
    (folder / "broken").mkdir()
    (folder / "broken" / f"{lesson.stem}.ipynb").write_text("{")
    return folder


def test_nbgrader_itself_and_our_grader_agree_on_five_submissions(five: Path, tmp_path: Path) -> None:
    lesson = course.lesson("squeeze_excitation")
    ours, stock = tmp_path / "ours", tmp_path / "stock"
    results = grade(find(five), ours, 5, Limits(seconds=3.0, memory=512), gradebook=into_gradebook)
    states = {one.student: one.state for one in results}
    assert states == {
        "perfect": "graded",
        "blank": "not attempted",
        "mistaken": "graded",
        "looping": "timed out",
        "broken": "unreadable",
    }
    by_us = exported(ours)
    assert by_us["perfect"] == results[0].max_score or by_us["perfect"] == max(one.max_score for one in results)
    squeezed = next(one for one in results if one.student == "mistaken").exercises[0]
    assert squeezed.report.diagnosis == "averages-over-channels"

    assert main([str(stock), "--submissions", str(five)]) == 0
    said = run_nbgrader(stock, "autograde", lesson.stem, "--Execute.timeout=8")
    by_nbgrader = exported(stock)
    assert set(by_us) == set(by_nbgrader), said
    for student in ("perfect", "blank", "mistaken", "looping"):
        assert by_us[student] == by_nbgrader[student], (student, said)
    assert by_nbgrader["broken"] == 0.0
