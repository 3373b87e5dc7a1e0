"""What an exercise is, and how an answer is judged. Knows no lesson."""

from __future__ import annotations

from attncourse.checking.candidate import Candidate, Workbench
from attncourse.checking.draw import Draw
from attncourse.checking.exercise import (
    Case,
    Exercise,
    FunctionExercise,
    Misconception,
    ModuleExercise,
    Scenario,
    Style,
    TestsExercise,
    ValueExercise,
)
from attncourse.checking.fixtures import Fixture
from attncourse.checking.judge import Judge, judge
from attncourse.checking.observation import AnswerError, Outcome
from attncourse.checking.probes import Built, Probe, Subject, Violation
from attncourse.checking.report import Report, Witness

__all__ = [
    "AnswerError",
    "Built",
    "Candidate",
    "Case",
    "Draw",
    "Exercise",
    "Fixture",
    "FunctionExercise",
    "Judge",
    "Misconception",
    "ModuleExercise",
    "Outcome",
    "Probe",
    "Report",
    "Scenario",
    "Style",
    "Subject",
    "TestsExercise",
    "ValueExercise",
    "Violation",
    "Witness",
    "Workbench",
    "judge",
]
