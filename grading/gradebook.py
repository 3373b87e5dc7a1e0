"""nbgrader's course: its folders, its gradebook, and our results in both.

``python -m grading course DIR [--submissions SUBMISSIONS]`` lays out a course on which nbgrader itself works
(``cd DIR; nbgrader autograde 01_squeeze_excitation``). ``python -m grading grade`` lays out the same in its DIR and
writes the scores itself. An assignment is a lesson; both have the notebook's name.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import os
import re
import shutil
import sys
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import SaveCells
from nbgrader.utils import compute_checksum

from attncourse import course
from attncourse.checking.report import NOT_ATTEMPTED
from attncourse.course import Lesson
from attncourse.notebook import LARGEST_FILE, Unreadable, answers, read
from grading import states
from grading.autograded import autograded
from grading.feedback import printable
from grading.grade import GradebookError, write
from grading.handed_in import Submission, find
from grading.release import build
from grading.results import Graded

COURSE = "attncourse"
# What a folder's name may hold, in bytes, less what ``identity`` adds.
LONGEST_NAME = 240
CONFIG = Path(__file__).with_name("nbgrader_config.py")


def main(arguments: Sequence[str]) -> int:
    """The command ``course``. Exit 1 where the folder holds a course that does not fit."""
    parser = argparse.ArgumentParser(prog="python -m grading course", description="Lay out an nbgrader course.")
    parser.add_argument("folder", type=Path, help="where")
    parser.add_argument("--submissions", type=Path, help="the folder with one folder a student, copied into submitted/")
    options = parser.parse_args(arguments)
    if options.submissions and not options.submissions.is_dir():
        print(f"{options.submissions} is no folder; give the one with one folder a student", file=sys.stderr)
        return 2
    try:
        lay_out(options.folder, course.LESSONS)
    except GradebookError as error:
        print(error, file=sys.stderr)
        return 1
    handed_in = find(options.submissions) if options.submissions else []
    copied = [submission for submission in handed_in if not submission.state and _submit(options.folder, submission)]
    print(f"laid out {len(course.LESSONS)} lessons and {len(copied)} submissions in {options.folder}; next:")
    print(f"  cd {options.folder}; nbgrader autograde {course.LESSONS[-1].stem}")
    return 0


def lay_out(folder: Path, lessons: Iterable[Lesson]) -> dict[str, NotebookNode]:
    """Write settings, source, release and gradebook entries of some lessons; the released notebooks by name.

    May be repeated. Raises GradebookError where submissions to another version of a lesson are in the gradebook.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(CONFIG, folder / "nbgrader_config.py")
    (folder / "submitted").mkdir(exist_ok=True)
    released = {}
    for lesson in lessons:
        notebooks = build(lesson)
        released[lesson.stem] = _with_checksums(notebooks.blank)
        _save_cells(folder, lesson.stem, released[lesson.stem])
        _write_notebook(folder / "source" / lesson.stem / f"{lesson.stem}.ipynb", notebooks.source)
        _write_notebook(folder / "release" / lesson.stem / f"{lesson.stem}.ipynb", released[lesson.stem])
    return released


def record(folder: Path, results: Sequence[tuple[Path, Graded]]) -> None:
    """Put results into the gradebook and write what formgrader shows. Repeating it updates; manual scores stay."""
    graded_lessons = {graded.lesson for _, graded in results}
    released = lay_out(folder, [lesson for lesson in course.LESSONS if lesson.stem in graded_lessons])
    failed: list[str] = []
    with _opened(folder) as gradebook, warnings.catch_warnings():
        # nbgrader builds its rows before it adds them, which SQLAlchemy 2 remarks upon.
        warnings.filterwarnings("ignore", message=".*not in session, add operation")
        for path, graded in results:
            if graded.state == states.MISPLACED:
                continue
            student = identity(graded.student)
            try:
                gradebook.update_or_create_student(student)
                if graded.lesson in released:
                    _record_one(gradebook, student, graded)
                    _show_one(folder, student, released[graded.lesson], path, graded)
            except Exception as error:
                gradebook.db.rollback()
                failed.append(f"{printable(graded.student)}, {printable(graded.lesson)}: {str(error).splitlines()[0]}")
    if failed:
        words = "\n  ".join(failed)
        raise GradebookError(f"Not all is in the gradebook; grades.csv and feedback are complete. Left out:\n  {words}")


def identity(student: str) -> str:
    """The student's id in the gradebook: the folder's name, without what breaks paths, tables and formulas."""
    kept = re.sub(r"[^\w.@ -]", "_", printable(student))
    kept = f"_{kept}" if not kept or kept[0] in ".-@ " else kept
    if kept == student:
        return student
    kept = kept.encode()[:LONGEST_NAME].decode(errors="ignore")
    return f"{kept}-{hashlib.sha256(student.encode('utf-8', 'surrogateescape')).hexdigest()[:6]}"


def _record_one(gradebook: Gradebook, student: str, graded: Graded) -> None:
    submission = gradebook.update_or_create_submission(graded.lesson, student)
    judged = {one.exercise: one for one in graded.exercises}
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            one = judged.get(grade.name.removesuffix("-check"))
            by_hand = graded.state == states.OUR_FAULT
            grade.auto_score = None if by_hand else one.report.score if one else 0.0
            grade.needs_manual_grade = by_hand or grade.manual_score is not None
        for comment in notebook.comments:
            one = judged.get(comment.name)
            comment.auto_comment = "No response." if one and one.state == NOT_ATTEMPTED else None
    gradebook.db.commit()


def _show_one(folder: Path, student: str, released: NotebookNode, path: Path, graded: Graded) -> None:
    lesson = course.lesson(graded.lesson)
    try:
        handed_in = read(path)
        found = answers(handed_in, lesson)
    except Unreadable:
        handed_in, found = None, {}
    shown = autograded(released, handed_in, found, graded)
    _write_notebook(folder / "autograded" / student / lesson.stem / f"{lesson.stem}.ipynb", shown)
    _submit(folder, Submission(graded.student, path))


def _submit(folder: Path, submission: Submission) -> bool:
    """Copy what was handed in, byte for byte, to where nbgrader looks for it."""
    stem = submission.path.stem
    if stem not in {lesson.stem for lesson in course.LESSONS} or submission.path.is_symlink():
        return False
    if not submission.path.is_file() or submission.path.stat().st_size > LARGEST_FILE:
        return False
    target = folder / "submitted" / identity(submission.student) / stem / f"{stem}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    if not (target.exists() and target.samefile(submission.path)):
        shutil.copyfile(submission.path, target)
    return True


def _with_checksums(notebook: NotebookNode) -> NotebookNode:
    """As nbgrader releases it: each marked cell carries the checksum of what was handed out."""
    released = copy.deepcopy(notebook)
    for cell in released.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
    return released


def _save_cells(folder: Path, stem: str, released: NotebookNode) -> None:
    with _opened(folder) as gradebook:
        gradebook.update_or_create_assignment(stem)
    names = {"notebook": stem, "assignment": stem, "student": ".", "db_url": _url(folder)}
    try:
        SaveCells().preprocess(copy.deepcopy(released), {"nbgrader": names})
    except RuntimeError as error:
        words = f"{folder} holds grades of another version of {stem} ({error}). Choose a fresh folder for --out."
        raise GradebookError(words) from None


def _opened(folder: Path) -> Gradebook:
    """The gradebook, made where there is none. nbgrader then calls ``alembic`` by its bare name."""
    before = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        return Gradebook(_url(folder), COURSE)
    except Exception as error:  # SQLAlchemy's, sqlite's and alembic's own, whatever an odd file leads them to
        reason = str(error).splitlines()[0]
        words = f"{folder / 'gradebook.db'} cannot be opened ({reason}). Move it away, or choose a fresh folder."
        raise GradebookError(words) from None
    finally:
        os.environ["PATH"] = before


def _url(folder: Path) -> str:
    return f"sqlite:///{(folder / 'gradebook.db').resolve()}"


def _write_notebook(path: Path, notebook: NotebookNode) -> None:
    write(path, nbformat.writes(notebook) + "\n")
