"""The reports on answers that no judge saw: gone, blank, broken, undefined, or the death of their process."""

from __future__ import annotations

from attncourse.checking.exercise import Exercise
from attncourse.checking.observation import AnswerError
from attncourse.checking.report import INCORRECT, NOT_ATTEMPTED, Report
from grading import states
from grading.sandbox.process import Limits

DEATHS = {
    states.TIMED_OUT: (
        "your code comes to an end",
        "It ran longer than {seconds:g} seconds and was stopped.",
        "Look for a loop whose condition never becomes false.",
    ),
    states.OUT_OF_MEMORY: (
        "your code fits into memory",
        "It took more than {memory} MiB and was stopped.",
        "Look for a list that grows without end, or a tensor of a wrong, huge shape.",
    ),
    states.TOO_MUCH_OUTPUT: (
        "your code comes to an end",
        "It printed more than a million characters and was stopped.",
        "Remove the print, or the loop around it.",
    ),
    states.CRASHED: (
        "your code runs without ending Python",
        "The process in which it ran came to an end ({detail}).",
        "Remove calls that end Python, such as os._exit; then restart the kernel and run all cells.",
    ),
}


def died(exercise: Exercise, seed: int, state: str, detail: str, limits: Limits) -> Report:
    """The process in which it ran had to be ended, or ended itself."""
    subgoal, why, next_step = DEATHS[state]
    words = why.format(seconds=limits.seconds, memory=limits.memory, detail=detail or "without a word")
    return _report(exercise, seed, subgoal, words, next_step)


def unreadable(exercise: Exercise, seed: int, error: str) -> Report:
    """Its cell is no Python."""
    why = f"Python cannot read it: {error}."
    return _report(exercise, seed, "your code can be read by Python", why, "Run the cell and mend the line it shows.")


def undefined(exercise: Exercise, seed: int, failure: AnswerError | None) -> Report:
    """Its cell ran, or stopped with ``failure``, and the name is not bound."""
    name = exercise.answer
    if failure is None:
        why = f"The cell defines no {name!r}."
        return _report(exercise, seed, f"the cell defines {name}", why, f"Name your answer {name}, as the task says.")
    where = f" ({failure.where})" if failure.where else ""
    why = f"The cell stopped before {name!r} was defined: {failure.kind}: {failure.message}{where}."
    step = "Restart the kernel and run all cells in order."
    return _report(exercise, seed, "your code runs without an error", why, step)


def missing(exercise: Exercise, seed: int) -> Report:
    """No cell holds it."""
    why = f"No cell of the notebook defines {exercise.answer!r}."
    step = "Bring the cell back: attncourse update adds what is missing and keeps your answers."
    return _report(exercise, seed, "the answer's cell is there", why, step, NOT_ATTEMPTED)


def not_attempted(exercise: Exercise, seed: int) -> Report:
    """It is as it was handed out."""
    return _report(
        exercise, seed, "", "", "Write your answer in its cell, then run it and the check below it.", NOT_ATTEMPTED
    )


def _report(exercise: Exercise, seed: int, subgoal: str, why: str, step: str, state: str = INCORRECT) -> Report:
    points = float(exercise.points)
    return Report(exercise.id, exercise.title, state, 0.0, points, subgoal=subgoal, why=why, next_step=step, seed=seed)
