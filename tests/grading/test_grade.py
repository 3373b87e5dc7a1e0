"""A class is graded: every submission gets its row, whatever it is."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from attncourse import course
from attncourse.course import Lesson
from grading import grade as grade_module
from grading import submission as submission_module
from grading.grade import grade, harmless, main
from grading.handed_in import Submission, find
from grading.release import build
from grading.results import Graded, Judged
from grading.sandbox.process import Limits
from grading.submission import Grader
from grading.workers import each_graded
from tests.grading.answers import ENDLESS, RIGHT, WRONG, cell_of

HandIn = Callable[..., Path]
QUICK = Limits(seconds=2.0, memory=256)


@pytest.fixture
def graded(tiny: Lesson, hand_in: HandIn) -> Callable[[NotebookNode], Graded]:
    return lambda notebook: Grader(3, QUICK).grade(hand_in(notebook), "ada")


Grade = Callable[[NotebookNode], Graded]


def of(result: Graded, name: str) -> Judged:
    return next(one for one in result.exercises if one.exercise == f"tiny-{name}")


def test_a_solved_notebook_gets_all_points(solved: NotebookNode, graded: Grade) -> None:
    result = graded(solved)
    assert (result.state, result.score, result.max_score) == ("graded", 8, 8)


def test_a_blank_notebook_is_not_attempted(blank: NotebookNode, graded: Grade) -> None:
    result = graded(blank)
    assert (result.state, result.score, result.max_score) == ("not attempted", 0, 8)
    assert {one.state for one in result.exercises} == {"not attempted"}


def test_a_misconception_is_named_and_what_uses_the_answer_is_judged_on_its_own(
    solved: NotebookNode, graded: Grade
) -> None:
    cell_of(solved, "tiny-squeeze").source = WRONG
    result = graded(solved)
    assert of(result, "squeeze").report.diagnosis == "averages-over-channels"
    assert of(result, "centre").state == "correct"
    assert (result.state, result.score) == ("graded", 6)


@pytest.mark.parametrize(
    ("source", "state"),
    [
        (ENDLESS, "timed out"),
        (f"{RIGHT}\nwhile True: pass", "timed out"),
        (f"{RIGHT}\nimport os\nos._exit(1)", "crashed"),
        ("def squeeze(x):\n    return [bytearray(10**7) for _ in range(10**6)]", "out of memory"),
        ("def squeeze(x):\n    while True:\n        print('again' * 99)", "too much output"),
    ],
)
def test_a_death_costs_its_own_exercise_alone(solved: NotebookNode, graded: Grade, source: str, state: str) -> None:
    cell_of(solved, "tiny-squeeze").source = source
    result = graded(solved)
    assert (result.state, of(result, "squeeze").state, result.score) == (state, state, 6)
    assert of(result, "squeeze").report.why and of(result, "squeeze").report.next_step


@pytest.mark.parametrize(
    "end",
    [
        "import sys\nsys.exit()",
        "input()",
        "raise RuntimeError",
        "unknown",
        "squeeze(3)",
        "print('a' * 10)",
        "%time x = 1\n!ls",
    ],
)
def test_what_follows_a_right_definition_does_not_undo_it(solved: NotebookNode, graded: Grade, end: str) -> None:
    cell_of(solved, "tiny-squeeze").source = f"{RIGHT}\n{end}"
    assert graded(solved).score == 8


@pytest.mark.parametrize(
    "source",
    [
        "display('shown')\ndef squeeze(x):\n    display(x)\n    return x.flatten(2).mean(-1)",
        f"import asyncio\nawait asyncio.sleep(0)\n{RIGHT}\nawait asyncio.sleep(0)",
        f"import os\nfor _ in range(4):\n    os.fork()\n{RIGHT}",
    ],
)
def test_what_a_notebook_allows_is_allowed(solved: NotebookNode, graded: Grade, source: str) -> None:
    cell_of(solved, "tiny-squeeze").source = source
    assert graded(solved).score == 8


def test_in_one_cell_for_all_answers_one_endless_answer_costs_itself_alone(solved: NotebookNode, graded: Grade) -> None:
    cell_of(solved, "tiny-squeeze").source = ENDLESS
    answers = [cell for cell in solved.cells if cell.id.startswith("tiny-") and not cell.id.endswith("-check")]
    solved.cells = [cell_of(solved, "imports"), new_code_cell("CHANNELS = 6\n" + "\n".join(c.source for c in answers))]
    result = graded(solved)
    assert {one.exercise: one.state for one in result.exercises if one.state != "correct"} == {
        "tiny-squeeze": "timed out",
        "tiny-centre": "timed out",  # it calls the other, in the same cell
    }


def test_threads_do_not_hold_up_grading(solved: NotebookNode, graded: Grade) -> None:
    source = f"import threading, time\nthreading.Thread(target=time.sleep, args=(1e6,)).start()\n{RIGHT}"
    cell_of(solved, "tiny-squeeze").source = source
    assert graded(solved).score == 8


def test_an_added_endless_cell_is_passed_over(solved: NotebookNode, graded: Grade) -> None:
    solved.cells.insert(2, new_code_cell("while True:\n    pass"))
    assert (graded(solved).score, graded(solved).state) == (8, "graded")


def test_an_added_value_that_never_comes_is_left_out_and_told(solved: NotebookNode, graded: Grade) -> None:
    solved.cells.insert(2, new_code_cell("def loop():\n    while True:\n        pass\nvalue = loop()"))
    cell_of(solved, "tiny-squeeze").source = f"{RIGHT}\nvalue"
    result = graded(solved)
    assert (result.score, result.state) == (8, "timed out") and "Cell 3 was left out" in result.note


def test_deleted_cells_make_it_incomplete_and_the_rest_counts(solved: NotebookNode, graded: Grade) -> None:
    solved.cells = [cell for cell in solved.cells if cell.id not in ("tiny-squeeze", "imports", "tiny-squeeze-check")]
    result = graded(solved)
    assert (result.state, of(result, "squeeze").state, result.score) == ("incomplete", "missing", 6)


def test_reversed_doubled_retyped_and_renamed_cells_change_nothing(solved: NotebookNode, graded: Grade) -> None:
    layer = cell_of(solved, "tiny-layer")
    layer.id, layer.metadata = "fresh", {}
    cell_of(solved, "tiny-count").cell_type = "raw"
    for cell in list(solved.cells):
        solved.cells.append(nbformat.from_dict(dict(cell)))
    solved.cells.reverse()
    result = graded(solved)
    assert (result.state, result.score) == ("graded", 8)


def test_a_syntax_error_is_told_with_its_line(solved: NotebookNode, graded: Grade) -> None:
    cell_of(solved, "tiny-squeeze").source = "def squeeze(x):\n    return x.mean("
    judged = of(graded(solved), "squeeze")
    assert (judged.state, judged.report.score) == ("incorrect", 0) and "line 2" in judged.report.why


def test_a_wrong_name_is_told(solved: NotebookNode, graded: Grade) -> None:
    cell_of(solved, "tiny-squeeze").source = RIGHT.replace("squeeze", "sqeeze")
    assert "defines no 'squeeze'" in of(graded(solved), "squeeze").report.why


def test_an_answer_cannot_be_had_from_the_solution_of_another(solved: NotebookNode, graded: Grade) -> None:
    cell_of(solved, "tiny-squeeze").source = "def unused(): pass\nraise NameError\nsqueeze = 1"
    result = graded(solved)
    assert of(result, "squeeze").report.score == 0 and of(result, "centre").report.score == 1


def test_many_endless_answers_end_in_bounded_time(tiny: Lesson, solved: NotebookNode, hand_in: HandIn) -> None:
    for name in ("tiny-squeeze", "tiny-centre", "tiny-count", "tiny-layer", "tiny-test"):
        cell_of(solved, name).source += "\nwhile True: pass"
    result = Grader(3, Limits(seconds=0.5)).grade(hand_in(solved), "ada")
    assert {one.state for one in result.exercises} == {"timed out"} and result.score == 0


def test_one_seed_gives_one_result(solved: NotebookNode, graded: Grade) -> None:
    cell_of(solved, "tiny-squeeze").source = "def squeeze(x):\n    return x.mean((2, 3)) * 1.5"
    one, two = graded(solved), graded(solved)
    assert of(one, "squeeze").report.to_json() == of(two, "squeeze").report.to_json()
    assert of(one, "squeeze").report.seed == 3


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_submission_gets_a_row(tiny: Lesson, solved: NotebookNode, hand_in: HandIn, tmp_path: Path) -> None:
    cell_of(solved, "tiny-squeeze").source = WRONG
    hand_in(solved, "ada")
    hand_in("{", "broken")
    hand_in(solved, "=cmd|' C calc'!A0")
    hand_in(solved, "Żółć, <b>x 학생")
    hand_in(solved, "named", "homework")
    hand_in(b"\xff\xfe", "bytes")
    (tmp_path / "submissions" / "empty").mkdir()
    (tmp_path / "submissions" / "folder" / "01_tiny.ipynb").mkdir(parents=True)
    (tmp_path / "submissions" / "ada" / "torch.py").write_text("raise SystemExit('shadowed')")
    (tmp_path / "submissions" / "loose.ipynb").write_text("{}")
    (tmp_path / "submissions" / ".hidden").mkdir()
    (tmp_path / "submissions" / "twice" / "01_tiny").mkdir(parents=True)
    for path in ("twice/01_tiny.ipynb", "twice/01_tiny/01_tiny.ipynb"):
        (tmp_path / "submissions" / path).write_text(nbformat.writes(solved))
    if sys.platform == "linux":
        odd = os.fsencode(tmp_path / "submissions") + b"/\xff\xfe"
        os.mkdir(odd)
    out = tmp_path / "out"
    grade(find(tmp_path / "submissions"), out, 7, QUICK)
    rows = {(row["student"], row["lesson"]): row for row in table(out / "grades.csv")}
    assert rows["ada", "01_tiny"] == {
        "student": "ada", "lesson": "01_tiny", "score": "6", "max_score": "8", "state": "graded"
    }  # fmt: skip
    assert rows["'=cmd|' C calc'!A0", "01_tiny"]["score"] == "6"
    assert rows["Żółć, <b>x 학생", "01_tiny"]["score"] == "6"
    assert rows["broken", "01_tiny"]["state"] == rows["bytes", "01_tiny"]["state"] == "unreadable"
    assert rows["folder", "01_tiny"]["state"] == "unreadable"
    assert rows["named", "homework"]["state"] == "unknown lesson"
    assert rows["empty", ""]["state"] == "no notebook"
    assert rows["", "loose"]["state"] == "misplaced"
    assert [row["state"] for row in table(out / "grades.csv") if row["student"] == "twice"] == ["graded", "misplaced"]
    if sys.platform == "linux":
        assert rows["\\udcff\\udcfe", ""]["state"] == "no notebook"
    exercises = [row for row in table(out / "exercises.csv") if row["student"] == "ada"]
    assert [row["exercise"] for row in exercises][:2] == ["tiny-squeeze", "tiny-centre"]
    assert (exercises[0]["diagnosis"], exercises[0]["seed"]) == ("averages-over-channels", "7")


def test_feedback_is_one_page_without_script_and_with_all_text_escaped(
    tiny: Lesson, solved: NotebookNode, hand_in: HandIn, tmp_path: Path
) -> None:
    evil = "<script>alert(1)</script>"
    cell_of(solved, "tiny-squeeze").source = f'def squeeze(x):\n    raise ValueError("{evil}")'
    cell_of(solved, "tiny-count").source = f'count = "{evil}"'
    hand_in(solved, "<img src=x onerror=alert(1)>")
    hand_in("{", "<script>")
    out = tmp_path / "out"
    grade(find(tmp_path / "submissions"), out, 7, QUICK)
    pages = list((out / "feedback").rglob("*.html"))
    assert len(pages) == 2
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text and "<img" not in text and "http:" not in text and "https:" not in text
    page = next(path for path in pages if "img" in path.parent.name).read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "Squeeze &amp; &lt;co&gt;" in page
    report = json.loads(next((out / "reports").rglob("*onerror*/*.json")).read_text(encoding="utf-8"))
    assert report["exercises"][0]["report"]["exercise"] == "tiny-squeeze"


def test_a_failure_of_ours_gets_a_row_and_the_rest_goes_on(
    tiny: Lesson, solved: NotebookNode, hand_in: HandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(solved, "ada")
    hand_in(solved, "bob")
    real = submission_module.read

    def fails(path: Path) -> NotebookNode:
        if path.parent.name == "ada":
            raise ZeroDivisionError("ours")
        return real(path)

    monkeypatch.setattr(submission_module, "read", fails)
    results = grade(find(tmp_path / "submissions"), tmp_path / "out", 7, QUICK)
    assert [(one.state, one.max_score) for one in results] == [("our fault", 8), ("graded", 8)]
    assert "ZeroDivisionError" in results[0].note


def test_what_is_done_stays_when_grading_is_stopped(
    tiny: Lesson, solved: NotebookNode, hand_in: HandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(solved, "ada")
    hand_in(solved, "bob")
    real = submission_module.read

    def stops(path: Path) -> NotebookNode:
        if path.parent.name == "bob":
            raise KeyboardInterrupt
        return real(path)

    monkeypatch.setattr(submission_module, "read", stops)
    with pytest.raises(KeyboardInterrupt):
        grade(find(tmp_path / "submissions"), tmp_path / "out", 7, QUICK)
    assert [row["student"] for row in table(tmp_path / "out" / "grades.csv")] == ["ada"]


def test_wrong_arguments_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "absent"), "--out", str(tmp_path / "out")]) == 2
    assert main([str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    (tmp_path / "ada").mkdir()
    assert main([str(tmp_path), "--out", str(tmp_path / "out"), "--jobs", "0"]) == 2
    assert capsys.readouterr().err.count("\n") == 3


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1"])
def test_formulas_are_disarmed(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless("ada-1=2") == "ada-1=2"


def test_results_inside_the_submissions_are_no_student(tiny: Lesson, solved: NotebookNode, hand_in: HandIn) -> None:
    folder = hand_in(solved).parent.parent
    out = folder / "results"
    arguments = [str(folder), "--out", str(out), "--jobs", "1", "--no-gradebook"]
    assert main(arguments) == main(arguments) == 0
    assert [row["student"] for row in table(out / "grades.csv")] == ["ada"]


def test_what_stops_the_command_is_told_in_one_line(
    tiny: Lesson,
    solved: NotebookNode,
    hand_in: HandIn,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = hand_in(solved).parent.parent

    def grade_into(out: Path, *more: str) -> tuple[int, str]:
        code = main([str(folder), "--out", str(out), "--jobs", "1", "--seed", "4", *more])
        return code, capsys.readouterr().err

    (tmp_path / "file").write_text("")
    code, said = grade_into(tmp_path / "file")
    assert code == 1 and said.startswith("Results cannot be written") and said.count("\n") == 1
    (tmp_path / "spoilt").mkdir()
    (tmp_path / "spoilt" / "gradebook.db").write_text("no database" * 99)
    code, said = grade_into(tmp_path / "spoilt")
    assert code == 1 and "fresh folder" in said and said.count("\n") == 1
    assert not (tmp_path / "spoilt" / "grades.csv").exists(), "found out before an hour of grading"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(submission_module, "read", stop)
    code, said = grade_into(tmp_path / "stopped", "--no-gradebook")
    assert code == 130 and "--seed 4" in said and said.count("\n") == 1
    assert (tmp_path / "stopped" / "grades.csv").exists()
    monkeypatch.setattr(os, "replace", full)
    code, said = grade_into(tmp_path / "full", "--no-gradebook")
    assert code == 1 and "No space left" in said and said.count("\n") == 1


def test_feedback_that_cannot_be_written_down_costs_one_row(
    tiny: Lesson, solved: NotebookNode, hand_in: HandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(solved, "ada")
    hand_in(solved, "bob")
    real = grade_module.page

    def fails(graded: Graded) -> str:
        if graded.student == "ada" and graded.state == "graded":
            raise ZeroDivisionError("ours")
        return real(graded)

    monkeypatch.setattr(grade_module, "page", fails)
    results = grade(find(tmp_path / "submissions"), tmp_path / "out", 7, QUICK)
    assert [(one.state, one.max_score) for one in results] == [("our fault", 8), ("graded", 8)]


@dataclass(frozen=True)
class Poison(Submission):
    """Kills the worker that it is sent to."""

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return os._exit, (1,)


def test_two_jobs_say_the_same_as_one(tmp_path: Path) -> None:
    lesson = course.LESSONS[0]
    notebook = build(lesson).blank
    cell_of(
        notebook, "maps-one-channel"
    ).source = "def one_channel(*given):\n    raise ValueError('a witness without a tensor')"
    cell_of(notebook, "maps-gate").source = "def gated(*given):\n    return given[0].to(torch.float8_e4m3fn)"
    for student in ("ada", "bob", "cleo"):
        path = tmp_path / "submissions" / student / f"{lesson.stem}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(nbformat.writes(notebook), encoding="utf-8")
    found = find(tmp_path / "submissions")
    for jobs in (1, 2):
        grade(found, tmp_path / str(jobs), 7, QUICK, jobs)
    one, two = (
        {p.relative_to(f): p.read_text() for p in f.rglob("*.*") if p.is_file()}
        for f in (tmp_path / "1", tmp_path / "2")
    )
    assert one == two and [row["state"] for row in table(tmp_path / "2" / "grades.csv")] == ["graded"] * 3


def test_two_jobs_grade_a_class_and_a_dying_worker_costs_one_row(tmp_path: Path) -> None:
    found = [Submission(name, tmp_path / name / "homework.ipynb") for name in ("ada", "bob")]
    results = dict(each_graded([Poison("eve", tmp_path / "eve" / "homework.ipynb"), *found], 1, QUICK, 2))
    assert [results[index].state for index in range(3)] == ["our fault", "unknown lesson", "unknown lesson"]
