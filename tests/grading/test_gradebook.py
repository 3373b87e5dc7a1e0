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
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.utils import determine_grade

from attncourse.course import Lesson
from grading import gradebook as gradebook_module
from grading.grade import _gradebook as into_gradebook
from grading.grade import grade
from grading.gradebook import GradebookError, identity, lay_out, main, record
from grading.handed_in import find
from grading.release import build
from grading.sandbox.process import Limits
from tests.grading.answers import ENDLESS, WRONG, cell_of

HandIn = Callable[..., Path]
QUICK = Limits(seconds=2.0, memory=256)
ROOT = Path(__file__).parent.parent.parent


def run_nbgrader(folder: Path, *arguments: str, path: Path = ROOT) -> str:
    python_path = os.pathsep.join([str(path), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": python_path, "OMP_NUM_THREADS": "1", "HOME": str(folder)}
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


def test_a_failure_of_ours_asks_for_a_grade_by_hand(
    tiny: Lesson, solved: NotebookNode, hand_in: HandIn, tmp_path: Path
) -> None:
    from grading.results import Graded

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
    assert len(identity("," * 250).encode()) <= 250 and len(identity("é," * 80).encode()) <= 250


def test_what_one_student_breaks_in_the_gradebook_costs_that_one(
    three: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, real = tmp_path / "out", gradebook_module._show_one

    def fails(folder: Path, student: str, *rest: object) -> None:
        if student == "blank":
            raise ValueError("ours\nin two lines")
        real(folder, student, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(gradebook_module, "_show_one", fails)
    with pytest.raises(GradebookError, match="blank, 01_tiny: ours$"):
        grade(find(three), out, 5, QUICK, gradebook=into_gradebook)
    assert scores(out)["perfect"] == 8.0 and scores(out)["mistaken"] == 6.0


SITE = """
import sys

if any("ipykernel" in argument for argument in sys.orig_argv):
    import attncourse.lessons
    from attncourse import course

    course.LESSONS_FOLDER = course.Path({folder!r})
    course.LESSONS = (course.Lesson(1, "tiny", "tiny", "A tiny lesson"),)
    attncourse.lessons.__path__.append({folder!r})
"""


def test_nbgrader_itself_and_our_grader_agree_on_five_submissions(
    tiny: Lesson, solved: NotebookNode, blank: NotebookNode, hand_in: HandIn, tmp_path: Path
) -> None:
    hand_in(solved, "perfect")
    hand_in(blank, "blank")
    cell_of(blank, "tiny-squeeze").source = WRONG
    cell_of(
        blank, "tiny-test"
    ).source = "def check_squeeze(implementation):\n    return implementation(torch.ones(1, 2, 2, 3)).shape == (1, 2)"
    hand_in(blank, "mistaken")
    cell_of(blank, "tiny-squeeze").source = ENDLESS
    hand_in(blank, "looping")
    hand_in("{", "broken")
    ours, stock = tmp_path / "ours", tmp_path / "stock"
    results = {
        one.student: one for one in grade(find(tmp_path / "submissions"), ours, 5, QUICK, gradebook=into_gradebook)
    }
    assert {student: one.state for student, one in results.items()} == {
        "perfect": "graded",
        "blank": "not attempted",
        "mistaken": "graded",
        "looping": "timed out",
        "broken": "unreadable",
    }
    assert results["mistaken"].exercises[0].report.diagnosis == "averages-over-channels"
    by_us = exported(ours)
    assert by_us["perfect"] == 8.0 and 0 < by_us["mistaken"] < 2

    assert main([str(stock), "--submissions", str(tmp_path / "submissions")]) == 0
    # nbgrader's kernels are processes of their own, and they must find the tiny course too.
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SITE.format(folder=str(tiny.folder.parent)), encoding="utf-8")
    said = run_nbgrader(stock, "autograde", "01_tiny", "--Execute.timeout=4", path=tmp_path / "site")
    by_nbgrader = exported(stock)
    assert by_nbgrader == by_us, said
