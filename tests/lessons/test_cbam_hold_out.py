"""Lessons 02 to 04 before a hostile reader: right answers in strange dress pass, wrong ones of every kind are told."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import pytest
import torch

from attncourse import course
from attncourse.checking import Judge, TestsExercise, Workbench
from tests.lessons.cbam_hold_out import RIGHT, WRONG


@cache
def judge(exercise_id: str) -> Judge:
    return Judge(course.exercise(exercise_id), seed=4)


@pytest.mark.parametrize(("exercise_id", "name", "answer"), RIGHT, ids=lambda value: value if " " in str(value) else "")
def test_a_right_module_in_strange_dress_passes(exercise_id: str, name: str, answer: Any) -> None:
    report = judge(exercise_id).verdict(Workbench(answer))
    assert report.passed, (name, report.diagnosis, report.subgoal, report.why)


@pytest.mark.parametrize(("exercise_id", "name", "answer", "said"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_module_is_refused_in_the_right_words(exercise_id: str, name: str, answer: Any, said: str) -> None:
    report = judge(exercise_id).verdict(Workbench(answer))
    assert report.state == "incorrect" and report.next_step
    assert said in (report.diagnosis or f"{report.subgoal}: {report.why}"), (report.diagnosis, report.why)


@pytest.mark.parametrize("exercise_id", ("cbam-channel-bug-hunt", "cbam-spatial-bug-hunt", "cbam-bug-hunt"))
def test_the_order_in_which_a_hunt_lists_its_names_is_no_answer(exercise_id: str) -> None:
    exercise = course.exercise(exercise_id)
    names = [word for number, word in enumerate(exercise.task.split('"')) if number % 2]
    right = exercise.right()
    assert sorted(names) == sorted(right)
    assert sum(one == other for one, other in zip(names, right, strict=True)) <= 1


def test_the_letters_of_the_recall_questions_are_not_all_the_same() -> None:
    letters = [course.exercise(f"{prefix}-recall").right() for prefix in ("cbam-channel", "cbam-spatial", "cbam")]
    assert len(set(letters)) == 3


@pytest.mark.parametrize("exercise_id", ("cbam-channel-tests", "cbam-spatial-tests", "cbam-tests"))
def test_a_test_that_does_not_compare_earns_next_to_nothing(exercise_id: str) -> None:
    exercise = course.exercise(exercise_id)
    assert isinstance(exercise, TestsExercise) and exercise.subject is not None
    case = next(iter(exercise.subject.draw_cases(0))).arguments

    calls = itertools.count()
    cheats = {
        "refuses all": lambda implementation: (implementation(*case), False)[-1],
        "accepts all": lambda implementation: implementation(*case) is not None,
        "raises": lambda implementation: implementation(*case) / None,
        "a word": lambda implementation: str(implementation(*case)),
        "looks for names": lambda implementation: (implementation(*case), "right" in implementation.__name__)[-1],
        "counts": lambda implementation: (implementation(*case), next(calls) < 7)[-1],
        "any distance": lambda implementation: bool(torch.isfinite(implementation(*case)).all()),
    }
    for name, cheat in cheats.items():
        report = judge(exercise_id).verdict(Workbench(cheat))
        assert report.state == "incorrect" and report.score < 0.35 * exercise.points, (name, report.score)
    for never_calls in (lambda implementation: True, lambda implementation: False):
        assert judge(exercise_id).verdict(Workbench(never_calls)).state == "not attempted"
