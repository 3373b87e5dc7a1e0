"""The judge on every kind of exercise, and on whatever a learner hands in."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
import torch
from torch import nn

from attncourse.attention import SqueezeExcitation
from attncourse.checking import (
    Case,
    FunctionExercise,
    Judge,
    Report,
    Subject,
    TestsExercise,
    ValueExercise,
    Workbench,
    judge,
)
from attncourse.checking.probes import first_violation, learns_while_training
from attncourse.lessons.squeeze_excitation._module_styles import LinearLayers
from attncourse.lessons.squeeze_excitation.module import exercise as module_exercise

HINTS = ["one", "two", "three", "four"]
doubling = FunctionExercise("t-double", answer="double", title="Double", points=2, task="", hints=HINTS)


@doubling.reference
def double(x):
    return 2 * x


@doubling.accepts(remark="Addition does it as well.")
def add_twice(x):
    return x + x


@doubling.misconception
def squares(x):
    """You squared.

    That is right for 2 only.

    Add.
    """
    return x * x


@doubling.cases
def _cases(draw):
    yield Case("two numbers", (draw.integers(2),))
    yield Case("a matrix", (draw.integers(2, 3),))


number = ValueExercise("t-number", answer="n", title="A number", points=1, task="", hints=HINTS)
number.reference(lambda: 12)


@number.misconception
def forgets_the_bias():
    """You left the bias out.

    There is one.

    Add it.
    """
    return 8


choice = ValueExercise(
    "t-choice", answer="c", title="A choice", points=1, task="", hints=HINTS, choices={"a": "one", "b": "two"}
)
choice.reference(lambda: "b")

tests = TestsExercise("t-tests", answer="check", title="Test it", points=4, task="", hints=HINTS, subject=doubling)
tests.reference(lambda f: torch.equal(f(torch.ones(2, 3)), torch.full((2, 3), 2.0)))


def verdict(exercise: Any, answer: Any, seed: int = 0) -> Report:
    report = judge(exercise, Workbench(answer), seed)
    json.loads(report.to_json())
    assert isinstance(report.score, float)
    assert 0 <= report.score <= exercise.points
    return report


def test_a_right_function_passes_and_a_style_shows_its_remark() -> None:
    report = verdict(doubling, lambda x: x * 2)
    assert report.passed
    assert report.score == 2.0


def test_a_mistake_is_named_with_its_three_paragraphs_and_the_smallest_case() -> None:
    report = verdict(doubling, lambda x: x**2)
    assert (report.state, report.diagnosis, report.score) == ("incorrect", "squares", 0.0)
    assert (report.believed, report.why, report.next_step) == ("You squared.", "That is right for 2 only.", "Add.")
    assert report.witness is not None
    assert report.witness.label == "two numbers"


def test_an_unknown_mistake_gets_its_subgoal_and_no_name() -> None:
    report = verdict(doubling, lambda x: 2 * x + 1)
    assert report.diagnosis is None
    assert report.subgoal == "the values are right"
    assert report.next_step


@pytest.mark.parametrize(
    ("answer", "subgoal"),
    [
        (lambda x: 2 * x[:1], "the result has the right shape"),
        (lambda x: [2 * x], "the result is of the right kind"),
        (lambda x: (2 * x).long(), "the result has the right dtype"),
        (lambda x: x.mul_(2), "the input is left as it was"),
        (lambda x: (2 * x).detach(), "gradients flow back through the answer"),
        (lambda x: 2 * x + torch.rand(()), "the same input gives the same answer twice"),
        (lambda x: 1 / 0, "your code runs without an error"),
        (lambda x: sys.exit(0), "your code runs without an error"),
        (lambda x, y: x, "your code runs without an error"),
    ],
)
def test_each_way_to_fail_has_its_subgoal(answer, subgoal) -> None:
    assert verdict(doubling, answer).subgoal == subgoal


def test_endless_recursion_is_told_in_words() -> None:
    def again(x):
        return again(x)

    assert "calls itself without end" in verdict(doubling, again).why


def test_an_interrupt_passes_through() -> None:
    def stopped(*_):
        raise KeyboardInterrupt

    for exercise in (doubling, module_exercise, tests):
        with pytest.raises(KeyboardInterrupt):
            judge(exercise, Workbench(stopped))


def not_implemented(*_):
    raise NotImplementedError


class Stub(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()

    def forward(self, x): ...


@pytest.mark.parametrize("exercise", [doubling, number, choice, tests, module_exercise], ids=lambda e: e.kind + e.id)
@pytest.mark.parametrize("nothing", [None, ...])
def test_nothing_is_not_attempted(exercise, nothing) -> None:
    assert verdict(exercise, nothing).state == "not attempted"


@pytest.mark.parametrize(
    ("exercise", "stub"),
    [(doubling, lambda x: None), (doubling, not_implemented), (module_exercise, Stub), (tests, lambda f: None)],
)
def test_a_stub_is_not_attempted(exercise, stub) -> None:
    report = verdict(exercise, stub)
    assert report.state == "not attempted"
    assert "hint" in report.next_step


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        (doubling, 3, "Expected a function, got int"),
        (doubling, torch.ones(2), "Expected a function, got Tensor"),
        (doubling, nn.ReLU, "Hand in the function itself"),
        (module_exercise, nn.Conv2d(4, 4, 1), "already built"),
        (module_exercise, int, "derived from torch.nn.Module"),
        (module_exercise, "class", "derived from torch.nn.Module"),
        (number, lambda: 12, "Hand in its result"),
        (tests, 3, "Expected a function"),
    ],
)
def test_the_wrong_kind_of_object_is_told(exercise, answer, words) -> None:
    report = verdict(exercise, answer)
    assert not report.passed
    assert words in report.why


def test_values_and_choices() -> None:
    assert verdict(number, 12).passed
    assert verdict(number, torch.tensor(12)).passed
    assert verdict(number, 8).diagnosis == "forgets-the-bias"
    assert verdict(number, "twelve").diagnosis is None
    assert not verdict(number, {"n": 12}).passed
    assert verdict(choice, " B ").passed
    assert not verdict(choice, "a").passed
    assert not verdict(choice, True).passed


def test_a_test_is_scored_on_both_sides() -> None:
    def shapes_only(f):
        return f(torch.ones(2, 3)).shape == (2, 3)

    def fair(f):
        assert torch.equal(f(torch.full((2,), 3.0)), torch.full((2,), 6.0))

    def refuses_all(f):
        f(torch.ones(1))
        return False

    assert verdict(tests, fair).passed
    assert verdict(tests, shapes_only).score == 0.0
    assert "squares" in verdict(tests, shapes_only).next_step
    assert verdict(tests, refuses_all).score == 0.0
    assert verdict(tests, refuses_all).subgoal == "it accepts every right implementation"


def test_a_test_that_stops_before_it_tests_anything_is_told_why() -> None:
    report = verdict(tests, lambda f: torch.equal(torch.ones(2).view(3), f(torch.ones(3))))
    assert (report.state, report.subgoal) == ("incorrect", "your code runs without an error")
    assert "It called no implementation" in report.why and "shape '[3]' is invalid" in report.why


def test_ours_is_told_apart() -> None:
    class Derived(SqueezeExcitation):
        pass

    class Containing(nn.Module):
        def __init__(self, channels, reduction=16):
            super().__init__()
            self.inner = SqueezeExcitation(channels, reduction)

        def forward(self, x):
            return self.inner(x)

    for answer in (SqueezeExcitation, Derived, Containing):
        report = verdict(module_exercise, answer)
        assert not report.passed
        assert "the course's own code" in report.why


class NotFinite(LinearLayers):
    __module__ = __name__

    def forward(self, x):
        return super().forward(x) * float("nan")


class RaisesInTraining(LinearLayers):
    __module__ = __name__

    def forward(self, x):
        if self.training:
            raise ValueError("not while training")
        return super().forward(x)


class GrowsWithEveryCall(LinearLayers):
    __module__ = __name__

    def forward(self, x):
        self.register_parameter(f"p{len(list(self.parameters()))}", nn.Parameter(torch.ones(1)))
        return super().forward(x)


class Complex(LinearLayers):
    __module__ = __name__

    def forward(self, x):
        return super().forward(x) + 0j


class Empty(LinearLayers):
    __module__ = __name__

    def forward(self, x):
        return x[:, :0]


class LeavesInForward(LinearLayers):
    __module__ = __name__

    def forward(self, x):
        sys.exit(0)


class WeightsThatCannotBeFilled(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        self.inner = LinearLayers(channels, reduction)

    def parameters(self, recurse=True):
        raise RuntimeError("hands off")

    def forward(self, x):
        return x


@pytest.mark.parametrize(
    "answer",
    [NotFinite, RaisesInTraining, GrowsWithEveryCall, Complex, Empty, LeavesInForward, WeightsThatCannotBeFilled],
)
def test_a_strange_module_gets_a_report(answer) -> None:
    report = judge(module_exercise, Workbench(answer, trusted=True))
    assert report.state == "incorrect"
    assert report.subgoal
    json.loads(report.to_json())


def test_the_seed_is_told_and_decides_the_inputs() -> None:
    first, second = (verdict(doubling, lambda x: 2 * x + 1, seed).witness for seed in (1, 2))
    assert first is not None and second is not None
    assert not torch.equal(first.inputs[0][1], second.inputs[0][1])
    assert verdict(doubling, double, 7).seed == 7


def test_one_judge_serves_many_answers_alike() -> None:
    one = Judge(module_exercise, 3)
    answers = [
        *(style.implementation for style in module_exercise.styles),
        module_exercise.misconceptions[0].implementation,
    ]
    together = [one.verdict(Workbench(a, trusted=True)).diagnosis for a in answers]
    alone = [Judge(module_exercise, 3).verdict(Workbench(a, trusted=True)).diagnosis for a in answers]
    assert together == alone == [None] * (len(answers) - 1) + ["no-sigmoid"]


@pytest.mark.parametrize("answer", [{"n": 3}, 3 + 4j, object(), 13, "12", (12, 12), torch.ones(3)])
def test_a_prediction_is_never_told_whatever_was_given(answer) -> None:
    report = verdict(number, answer)
    assert not report.passed
    assert report.witness is None
    assert "12" not in report.to_json().replace("'12'", "")


def test_a_choice_is_told_what_there_is_to_choose() -> None:
    assert "Choose one of a, b" in verdict(choice, "neither").next_step


def test_wrong_values_are_shown_where_they_differ() -> None:
    """Leaky on the second case only; on the first the values agree and the gradient does not."""
    ramp = FunctionExercise("t-ramp", answer="ramp", title="Ramp", points=1, task="", hints=HINTS)
    ramp.reference(lambda x: x.relu())
    ramp.cases(lambda draw: [Case("zero", (torch.zeros(2),)), Case("negative", (-torch.ones(2),))])
    report = verdict(ramp, lambda x: torch.nn.functional.leaky_relu(x, 0.5))
    assert report.subgoal == "the values are right"
    assert report.witness is not None and report.witness.label == "negative"


def test_a_module_that_was_begun_is_told_what_it_lacks() -> None:
    class Misspelt(nn.Module):
        def __init__(self, channels, reduction=16):
            super().__init__()
            self.reduce = nn.Linear(channels, max(1, channels // reduction))
            self.expand = nn.Linear(max(1, channels // reduction), channels)

    class WithoutReturn(Misspelt):
        def forward(self, x):
            self.expand(self.reduce(x.mean(dim=(2, 3))))

    for answer, words in ((Misspelt, "forward"), (WithoutReturn, "NoneType")):
        report = verdict(module_exercise, answer)
        assert report.state == "incorrect"
        assert words in report.why


def test_a_mistake_is_named_in_each_of_its_dresses() -> None:
    dressed = FunctionExercise("t-dressed", answer="double", title="Double", points=1, task="", hints=HINTS)
    dressed.reference(double)
    dressed.misconception(squares, dresses=[lambda x: x * x + 1, lambda x: x * x + 2])
    dressed.cases(lambda draw: [Case("three", (torch.full((1,), 3.0),))])
    assert [len(wrong.forms) for wrong in dressed.misconceptions] == [3]
    assert [verdict(dressed, lambda x, k=k: x * x + k).diagnosis for k in range(4)] == ["squares"] * 3 + [None]


def test_two_misconceptions_of_one_name_are_refused() -> None:
    twice = FunctionExercise("t-twice", answer="double", title="Double", points=1, task="", hints=HINTS)
    twice.misconception(squares)
    with pytest.raises(ValueError, match="two misconceptions are called squares"):
        twice.misconception(squares)


class OneVector(nn.Module):
    """A right squeeze-and-excitation whose parameters fit nobody's: the probes judge it, on the inputs they choose."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        self.channels, self.hidden = channels, max(1, channels // reduction)
        self.weights = nn.Parameter(0.1 * torch.randn(2 * channels * self.hidden))

    def gate(self, x):
        one, two = self.weights.view(2, -1)
        inner = x.mean((2, 3)) @ one.view(self.channels, self.hidden)
        return (inner.relu() @ two.view(self.hidden, self.channels)).sigmoid()[:, :, None, None]

    def forward(self, x):
        return x * self.gate(x)


class ChangesLargeMaps(OneVector):
    def forward(self, x):
        return super().forward(x) if x.abs().max() < 50 else x.mul_(self.gate(x))


class DrawsForManyChannels(OneVector):
    def forward(self, x):
        return super().forward(x) + (torch.rand(()) if self.channels == 23 else 0)


class OfManyChannelsTheGateAlone(OneVector):
    def forward(self, x):
        return self.gate(x) if self.channels == 240 else super().forward(x)


class RefusesLargeValues(OneVector):
    def forward(self, x):
        assert x.abs().max() < 50, "too large"
        return super().forward(x)


class NeverTrainsItsWeights(OneVector):
    def forward(self, x):
        return x * self.gate(x).detach() if self.training else super().forward(x)


def test_an_answer_of_any_parameters_behaves_in_every_scenario() -> None:
    assert verdict(module_exercise, OneVector).passed
    for answer, subgoal in (
        (ChangesLargeMaps, "the input is left as it was"),
        (DrawsForManyChannels, "the same input gives the same answer twice"),
        (OfManyChannelsTheGateAlone, "the result has the right shape"),
        (RefusesLargeValues, "your code runs without an error"),
    ):
        report = verdict(module_exercise, answer)
        assert (report.state, report.subgoal) == ("incorrect", subgoal)
        assert report.why and report.next_step


class NeverTrainsItsGate(LinearLayers):
    __module__ = __name__

    def forward(self, x):
        return x * (super().forward(x) / x).detach() if self.training else super().forward(x)


@pytest.mark.parametrize("answer", [NeverTrainsItsGate, NeverTrainsItsWeights])
def test_gradients_are_asked_for_where_they_are_needed_in_training_mode(answer) -> None:
    report = judge(module_exercise, Workbench(answer, trusted=True))
    assert report.state == "incorrect" and "training" in report.subgoal
    probe = learns_while_training((4, 2), (3, 4, 2, 3))
    found = first_violation([probe], Subject(Workbench(answer, trusted=True), 0))
    assert found is not None and "gradients reach 0 of its" in found.sentence
    for right in (LinearLayers, OneVector):
        assert first_violation([probe], Subject(Workbench(right, trusted=True), 0)) is None
