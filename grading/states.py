"""The words for what became of a submission and of one exercise in it: ``state`` in grades.csv and exercises.csv."""

from __future__ import annotations

from attncourse.checking.report import CORRECT, INCORRECT, NOT_ATTEMPTED

GRADED = "graded"
INCOMPLETE = "incomplete"
UNREADABLE = "unreadable"
UNKNOWN_LESSON = "unknown lesson"
NO_NOTEBOOK = "no notebook"
MISPLACED = "misplaced"
TIMED_OUT = "timed out"
OUT_OF_MEMORY = "out of memory"
TOO_MUCH_OUTPUT = "too much output"
CRASHED = "crashed"
OUR_FAULT = "our fault"
MISSING = "missing"

SUBMISSION_STATES = {
    GRADED: "every answer was judged, right or wrong",
    NOT_ATTEMPTED: "every answer is as it was handed out",
    INCOMPLETE: "some answers are missing: their cells are gone; the rest was judged",
    UNREADABLE: "the file is no notebook; see the note in the feedback",
    UNKNOWN_LESSON: "no lesson has this file's name",
    NO_NOTEBOOK: "the student's folder holds no notebook",
    MISPLACED: "the file lies in no student's folder, or there twice",
    TIMED_OUT: "some code did not come to an end; the rest was judged",
    OUT_OF_MEMORY: "some code took more memory than there is; the rest was judged",
    TOO_MUCH_OUTPUT: "some code printed without end; the rest was judged",
    CRASHED: "some code ended its process; the rest was judged",
    OUR_FAULT: "the grader itself failed; grade by hand, and report it",
}

EXERCISE_STATES = {
    CORRECT: "full points",
    INCORRECT: "judged, and not right yet",
    NOT_ATTEMPTED: "as it was handed out",
    MISSING: "no cell of the notebook holds this answer",
    TIMED_OUT: SUBMISSION_STATES[TIMED_OUT],
    OUT_OF_MEMORY: SUBMISSION_STATES[OUT_OF_MEMORY],
    TOO_MUCH_OUTPUT: SUBMISSION_STATES[TOO_MUCH_OUTPUT],
    CRASHED: SUBMISSION_STATES[CRASHED],
    OUR_FAULT: SUBMISSION_STATES[OUR_FAULT],
}

# The first of these that one exercise or cell has is the submission's state.
WORST_FIRST = (OUR_FAULT, CRASHED, OUT_OF_MEMORY, TIMED_OUT, TOO_MUCH_OUTPUT)


def of_submission(exercises: list[str], cells: list[str]) -> str:
    """The state of a submission from those of its exercises and of its other cells."""
    seen = {*exercises, *cells}
    for state in WORST_FIRST:
        if state in seen:
            return state
    if MISSING in seen:
        return INCOMPLETE
    return NOT_ATTEMPTED if exercises and set(exercises) == {NOT_ATTEMPTED} else GRADED
