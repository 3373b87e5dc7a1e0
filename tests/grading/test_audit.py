"""The course proves itself: the audit finds no fault, and would find one."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from attncourse import course
from attncourse.checking import FunctionExercise, Judge
from attncourse.course import Lesson
from grading import audit

LESSONS = [pytest.param(lesson, id=lesson.stem) for lesson in course.LESSONS]


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_exercise_falls_short(lesson: Lesson) -> None:
    findings = audit.audit(lesson)
    assert [fault for finding in findings for fault in finding.faults] == []
    assert len(findings) == len(lesson.exercise_ids) >= 3


@pytest.mark.parametrize("lesson", LESSONS)
def test_misconceptions_styles_and_hints_are_as_many_as_promised(lesson: Lesson) -> None:
    for exercise_id in lesson.exercise_ids:
        exercise = course.exercise(exercise_id)
        least = {"module": 12, "function": 3, "value": 1, "tests": 1}[exercise.kind]
        assert len(exercise.misconceptions) >= least, exercise_id
        assert len(exercise.hints) >= 4, exercise_id
        if exercise.kind in ("module", "function"):
            assert len(exercise.styles) >= 5, exercise_id


def test_a_weak_exercise_is_found_out() -> None:
    exercise = course.exercise("se-squeeze")
    finding = audit.Finding(dataclasses.replace(exercise))
    twin = finding.exercise
    twin.reference(exercise.right)
    assert isinstance(exercise, FunctionExercise) and isinstance(twin, FunctionExercise) and exercise._cases
    twin.cases(exercise._cases)

    @twin.misconception
    def is_right_after_all(x: torch.Tensor) -> torch.Tensor:
        """Believed.

        Why.

        Next.
        """
        return x.mean(dim=(2, 3))

    @twin.accepts
    def is_wrong_after_all(x: torch.Tensor) -> torch.Tensor:
        return x.sum(dim=(2, 3))

    audit._judge_authored(finding, Judge(twin))
    assert any("is-right-after-all" in fault for fault in finding.faults)
    assert any("is-wrong-after-all" in fault for fault in finding.faults)
    solution = "def squeeze(x):\n    return x.mean(dim=(2, 3)) + 0.0"
    audit._judge_mutants(finding, solution, {})
    assert any("survives" in fault and "- 0.0" in fault for fault in finding.faults)


def test_the_command_prints_a_table_and_fails_on_a_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = audit.Finding(course.exercise("se-squeeze"), faults=["a made-up fault"])
    monkeypatch.setattr(audit, "audit", lambda lesson: [finding])
    assert audit.main(["1"]) == 1
    shown = capsys.readouterr().out
    assert "misconceptions named" in shown and "FAULT se-squeeze: a made-up fault" in shown
    assert audit.main(["no-such-lesson"]) == 2
