"""What a learner calls: ``check`` judges an answer and shows the report once, ``hint`` shows the next rung."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Iterator
from typing import Any

import torch

from attncourse import course, workspace
from attncourse.checking.candidate import Workbench
from attncourse.checking.exercise import Exercise
from attncourse.checking.judge import judge
from attncourse.checking.rendering import as_html, as_text, hint_as_html
from attncourse.checking.report import INCORRECT, NOT_ATTEMPTED, Report


def check(exercise_id: str, answer: Any) -> Report:
    """Judge ``answer``, show the report, and return it.

    Never raises for what the learner gives or what the learner's code does: the report says so. An unknown id is
    reported too. Ctrl-C stops the check: KeyboardInterrupt. In the learner's folder the result is recorded.
    """
    exercise = _find(exercise_id)
    if isinstance(exercise, Report):
        return _shown(exercise)
    try:
        with _small_computations():
            report = judge(exercise, Workbench(answer))
    except Exception as error:
        return _shown(_our_fault(exercise, error))
    except KeyboardInterrupt:
        why = "You stopped the check while your code was running. A loop without end, perhaps?"
        goal = "your code comes to an end"
        _shown(Report(exercise.id, exercise.title, INCORRECT, 0.0, float(exercise.points), goal, why=why))
        raise KeyboardInterrupt("the check was stopped") from None
    folder = workspace.find()
    if folder is None:
        return _shown(report)
    report = dataclasses.replace(report, hints_used=folder.hints_used(exercise.id))
    folder.record(report)
    return _shown(report)


def hint(exercise_id: str, rung: int | None = None) -> None:
    """Show the next rung of the hint ladder, or rung ``rung`` (1 is the first). The last one gives the answer away."""
    exercise = _find(exercise_id)
    if isinstance(exercise, Report):
        _shown(exercise)
        return
    folder = workspace.find()
    used = folder.hints_used(exercise.id) if folder else 0
    total = len(exercise.hints)
    wanted = rung if type(rung) is int else used + 1
    number = min(max(wanted, 1), total)
    text = exercise.hints[number - 1]
    if folder:
        folder.record_hint(exercise.id, number)
    further = f'attncourse.hint("{exercise.id}", {number + 1})' if number < total else ""
    words = f"Hint {number} of {total}: {text}" + (f"\nNext: {further}" if further else "")
    _display(hint_as_html(text, number, total, further), words)


@contextlib.contextmanager
def _small_computations() -> Iterator[None]:
    """On the CPU, whatever the notebook's default device is, and on one thread.

    The tensors are tiny: threads that wait for each other made a check many times slower on a busy machine. The
    notebook's own random numbers go on as if nothing had been built here.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        elsewhere = torch.get_default_device().type != "cpu"
        with torch.random.fork_rng(devices=[]), torch.device("cpu") if elsewhere else contextlib.nullcontext():
            yield
    finally:
        torch.set_num_threads(threads)


def _our_fault(exercise: Exercise, error: Exception) -> Report:
    """The check itself failed. Said aloud and not recorded, because it tells nothing about the answer."""
    why = f"The check itself failed, with {type(error).__name__}: {str(error)[:300]}. That is a fault of the course."
    step = "Please report it with your answer. Meanwhile write the answer in another way, if you can."
    goal = "the check comes to its end"
    return Report(exercise.id, exercise.title, INCORRECT, 0.0, float(exercise.points), goal, why=why, next_step=step)


def _find(exercise_id: Any) -> Exercise | Report:
    if not isinstance(exercise_id, str):
        given = type(exercise_id).__name__
        words = (
            f'Expected an exercise id in quotes, such as "se-squeeze", got {given}: '
            'attncourse.check("se-squeeze", squeeze).'
        )
        return Report(str(given), "No such exercise", NOT_ATTEMPTED, 0.0, 0.0, next_step=words)
    try:
        return course.exercise(exercise_id)
    except KeyError as error:
        return Report(exercise_id, "No such exercise", NOT_ATTEMPTED, 0.0, 0.0, next_step=str(error.args[0]))


def _shown(report: Report) -> Report:
    _display(as_html(report), as_text(report))
    return report


def _display(html: str, text: str) -> None:
    """HTML in a notebook, text in a terminal."""
    if _in_notebook():
        from IPython.display import display

        display({"text/html": html, "text/plain": text}, raw=True)
    else:
        print(text)


def _in_notebook() -> bool:
    if "ipykernel" not in sys.modules:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")
