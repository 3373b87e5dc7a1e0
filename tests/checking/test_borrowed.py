"""An answer that calls the library's maps is not its author's; one that imports the library and leaves it alone is."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from attncourse import explain
from attncourse.checking import Judge, Report, Workbench
from attncourse.explain import layer_cam as theirs


def judged(answer: Callable[..., object]) -> Report:
    return Judge(importlib.import_module("attncourse.lessons.detection_cam.layer_cam").exercise).verdict(
        Workbench(answer)
    )


def own(activations: Tensor, gradients: Tensor) -> Tensor:
    return (gradients.relu() * activations).sum(1).relu()


def pair_by_pair(activations: Tensor, gradients: Tensor) -> Tensor:
    pairs = zip(activations[:, None], gradients[:, None], strict=True)
    return torch.cat([theirs(*pair) for pair in pairs])


def catches_what_is_raised(activations: Tensor, gradients: Tensor) -> Tensor:
    try:
        return theirs(activations, gradients)
    except Exception:
        return own(activations, gradients)


def raises_another_error(activations: Tensor, gradients: Tensor) -> Tensor:
    try:
        return theirs(activations, gradients)
    except Exception as error:
        raise ValueError("no") from error


@pytest.mark.parametrize(
    "answer",
    [
        lambda a, g: explain.layer_cam(a, g),
        lambda a, g: explain.METHODS["layer_cam"](a, g),
        pair_by_pair,
        catches_what_is_raised,
        raises_another_error,
    ],
)
def test_the_librarys_function_within_an_answer_is_noticed(answer: Callable[..., object]) -> None:
    report = judged(answer)
    assert not report.passed and report.subgoal == "the answer is your own", report
    assert "the course's own code" in report.why


def test_to_import_the_library_is_no_offence(monkeypatch: pytest.MonkeyPatch) -> None:
    def imports_anew(activations: Tensor, gradients: Tensor) -> Tensor:
        sys.modules.pop("attncourse.explain.layers")
        importlib.import_module("attncourse.explain.layers")
        return own(activations, gradients)

    monkeypatch.setitem(sys.modules, "attncourse.explain.layers", sys.modules["attncourse.explain.layers"])
    assert judged(imports_anew).passed


def test_a_profiler_of_the_learners_goes_on() -> None:
    called = []

    def count(frame: object, event: str, _: object) -> None:
        called.append(event)

    sys.setprofile(count)
    try:
        passed = judged(own).passed
        assert sys.getprofile() is count
    finally:
        sys.setprofile(None)
    assert passed and called
