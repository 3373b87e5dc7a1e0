"""``yours``: what you built in an earlier lesson, to use it in a later one."""

from __future__ import annotations

import contextlib
import io
import types
from typing import Any

from attncourse import cell, course, notebook, workspace
from attncourse.checking.candidate import Workbench
from attncourse.checking.judge import judge
from attncourse.course import Lesson


def yours(exercise_id: str) -> Any:
    """Your own answer to an exercise, from the notebook in your folder: ``yours("se-module")`` is your class.

    The notebook's answers are run again, as they were last saved; what they print is dropped. Returns None, and says
    why, where there is no course folder, or where the answer is missing, raises, or does not pass.

    Raises:
        KeyError: there is no exercise of that id.
    """
    lesson = course.lesson_of(exercise_id)
    space = workspace.find()
    if space is None:
        return _none(exercise_id, "there is no course folder here")
    path = space.notebook(lesson)
    try:
        answer = _run(notebook.read(path), lesson, exercise_id)
    except notebook.Unreadable as error:
        return _none(exercise_id, f"{path.name} cannot be read ({error.reason})")
    except Exception as error:  # whatever the learner's cells raise is told, and the lesson goes on without
        return _none(exercise_id, f"running {path.name} raised {type(error).__name__}: {error}")
    report = judge(course.exercise(exercise_id), Workbench(answer))
    if not report.passed:
        return _none(exercise_id, f"it is {report.state} in {path.name}, as last saved")
    return answer


def _run(found: notebook.NotebookNode, lesson: Lesson, exercise_id: str) -> Any:
    """Run what the answer needs, in a module of its own: the names of the notebook at hand are left alone."""
    module = types.ModuleType(f"answers_of_{lesson.name}")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for step in notebook.steps(found, lesson):
            cell.run(step.source, f"<{lesson.stem}, cell {step.index + 1}>", module.__dict__)
            if exercise_id in step.exercises:
                break
    return module.__dict__.get(course.exercise(exercise_id).answer)


def _none(exercise_id: str, why: str) -> None:
    print(f"No answer of yours to {exercise_id}: {why}.")
