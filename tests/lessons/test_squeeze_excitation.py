"""Lesson 01: what its authors wrote is judged as they meant it, and so is what they did not think of."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from typing import Any

import jupytext
import pytest
import torch
from torch import nn
from torch.nn import functional

from attncourse import course
from attncourse.checking import Exercise, FunctionExercise, Judge, TestsExercise, Workbench

LESSON = course.lesson("squeeze_excitation")
EXERCISES = [course.exercise(exercise_id) for exercise_id in LESSON.exercise_ids if exercise_id != "se-module"]
SEEDS = (0, 1, 2, 3)

by_exercise = pytest.mark.parametrize("exercise", [pytest.param(exercise, id=exercise.id) for exercise in EXERCISES])


def answer_of(exercise: Exercise, implementation: Callable[..., Any]) -> Workbench:
    """One of the course's own answers as a learner would hand it in."""
    return Workbench(implementation() if exercise.kind == "value" else implementation, trusted=True)


def verdict(exercise_id: str, answer: Any, seed: int = 0) -> Any:
    return Judge(course.exercise(exercise_id), seed).verdict(Workbench(answer))


@by_exercise
@pytest.mark.parametrize("seed", SEEDS)
def test_every_accepted_style_is_right(exercise: Exercise, seed: int) -> None:
    judge = Judge(exercise, seed)
    refused = [
        (name, report.subgoal)
        for name, function in [("reference", exercise.right), *((s.name, s.implementation) for s in exercise.styles)]
        if not (report := judge.verdict(answer_of(exercise, function))).passed
    ]
    assert refused == []


@by_exercise
@pytest.mark.parametrize("seed", SEEDS)
def test_every_misconception_is_rejected_under_its_own_name(exercise: Exercise, seed: int) -> None:
    judge = Judge(exercise, seed)
    for wrong in exercise.misconceptions:
        report = judge.verdict(answer_of(exercise, wrong.implementation))
        assert (report.state, report.diagnosis) == ("incorrect", wrong.name)
        assert report.believed == wrong.believed and report.next_step == wrong.next_step


@by_exercise
def test_an_exercise_is_as_rich_as_promised(exercise: Exercise) -> None:
    assert len(exercise.hints) >= 4
    assert len(exercise.misconceptions) >= 3
    if isinstance(exercise, FunctionExercise):
        assert len(exercise.styles) >= 5


@by_exercise
def test_words_fit_on_a_screen(exercise: Exercise) -> None:
    for wrong in exercise.misconceptions:
        assert len(wrong.believed) <= 160, wrong.name
        assert len(wrong.why) <= 420, wrong.name
        assert len(wrong.next_step) <= 160, wrong.name


def test_all_four_kinds_are_there() -> None:
    kinds = {course.exercise(exercise_id).kind for exercise_id in LESSON.exercise_ids}
    assert kinds == {"function", "module", "value", "tests"}
    assert 7 <= len(LESSON.exercise_ids) <= 12


def test_the_notebook_keeps_to_its_measures() -> None:
    cells = jupytext.reads(LESSON.text, fmt="py:percent").cells
    for cell in cells:
        if cell.cell_type == "markdown":
            assert len(cell.source.split()) <= 120, cell.metadata["title"]
    assert statistics.median(len(c.source.splitlines()) for c in cells if c.cell_type == "code") <= 6


def test_the_lesson_speaks_of_what_the_learners_texts_get_wrong() -> None:
    text = re.sub(r"\n# ?", " ", LESSON.text)
    for words in ("no share", "SERatio", "reduction_ratio=0.5", "+1.2 %", "econd-hand", "do **not** know yet"):
        assert words in text


# Right answers in styles that no author listed.


def squeeze_by_matrix(x):
    flat = x.reshape(x.shape[0], x.shape[1], -1)
    return (flat @ torch.full((flat.shape[-1], 1), 1 / flat.shape[-1], dtype=x.dtype))[..., 0]


def squeeze_axis_by_axis(x):
    return torch.nn.Flatten()(x.mean(3, keepdim=True).mean(2, keepdim=True))


def excitation_by_layers(z, w1, b1, w2, b2):
    down, up = nn.Linear(w1.shape[1], w1.shape[0]), nn.Linear(w2.shape[1], w2.shape[0])
    both = torch.func.functional_call
    hidden = both(down, {"weight": w1, "bias": b1}, z)
    return both(up, {"weight": w2, "bias": b2}, functional.relu(hidden)).sigmoid()


def excitation_by_loops(z, w1, b1, w2, b2):
    rows = []
    for sample in z:
        hidden = [(unit * sample).sum() + bias for unit, bias in zip(w1, b1, strict=True)]
        awake = torch.stack([torch.where(value > 0, value, 0 * value) for value in hidden])
        rows.append(torch.stack([torch.special.expit(unit @ awake + bias) for unit, bias in zip(w2, b2, strict=True)]))
    return torch.stack(rows)


def scale_by_diagonal(x, gate):
    return (torch.diag_embed(gate) @ x.flatten(2)).view_as(x)


def scale_by_grouped_convolution(x, gate):
    b, c, h, w = x.shape
    kernel = gate.reshape(b * c, 1, 1, 1)
    return functional.conv2d(x.reshape(1, b * c, h, w), kernel, groups=b * c).reshape(b, c, h, w)


def parameters_by_shapes(channels, reduction):
    import math

    hidden = max(channels // reduction, 1)
    return sum(math.prod(shape) for shape in [(hidden, channels), (hidden,), (channels, hidden), (channels,)])


def residual_as_a_module(x, branch, attention):
    class Block(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return functional.relu(torch.add(attention(branch(x)), x), inplace=True)

    return Block()(x)


def inception_preallocated(x, first, second, third, attention):
    parts = tuple(branch(x) for branch in (first, second, third))
    return attention(torch.concat(parts, dim=1))


def repaired_in_float64(x, w1, b1, w2, b2):
    x, w1, b1, w2, b2 = (t.double() for t in (x, w1, b1, w2, b2))
    gate = torch.sigmoid(torch.relu(x.mean((2, 3)) @ w1.mT + b1) @ w2.mT + b2)
    return (x.permute(2, 3, 0, 1) * gate).permute(2, 3, 0, 1).float()


def accepts_by_naive_loops(implementation):
    generator = torch.Generator().manual_seed(5)
    for height, width in ((2, 6), (6, 2)):
        x = 2 * torch.randn(3, 5, 1, 1, generator=generator) + torch.randn(3, 5, height, width, generator=generator)
        w1, b1, w2, b2 = (2 * torch.randn(*s, generator=generator) for s in ((4, 5), (4,), (5, 4), (5,)))
        y = implementation(x, w1, b1, w2, b2)
        for b in range(3):
            z = [float(x[b, c].sum()) / (height * width) for c in range(5)]
            hidden = [max(0.0, sum(float(w1[k, c]) * z[c] for c in range(5)) + float(b1[k])) for k in range(4)]
            for c in range(5):
                logit = sum(float(w2[c, k]) * hidden[k] for k in range(4)) + float(b2[c])
                gate = 1 / (1 + 2.718281828459045 ** (-logit))
                assert (y[b, c] - gate * x[b, c]).abs().max() < 1e-3
    return True


RIGHT = [
    ("se-squeeze", squeeze_by_matrix),
    ("se-squeeze", squeeze_axis_by_axis),
    ("se-squeeze", nn.Sequential(nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten())),
    ("se-excitation", excitation_by_layers),
    ("se-excitation", excitation_by_loops),
    ("se-scale", scale_by_diagonal),
    ("se-scale", scale_by_grouped_convolution),
    ("se-zero", 1 / 2),
    ("se-zero", torch.sigmoid(torch.tensor(0.0))),
    ("se-parameters", parameters_by_shapes),
    ("se-residual", residual_as_a_module),
    ("se-inception", inception_preallocated),
    (
        "se-bug-hunt",
        ["Ratio unused", "fresh layers ", "unbounded gate", "returns the gate", "extra residual", "shares of one"],
    ),
    ("se-repair", repaired_in_float64),
    ("se-tests", accepts_by_naive_loops),
]


@pytest.mark.parametrize(
    ("exercise_id", "answer"), RIGHT, ids=lambda value: getattr(value, "__name__", str(value)[:30])
)
@pytest.mark.parametrize("seed", (0, 7))
def test_right_answers_that_no_author_listed_pass(exercise_id: str, answer: Any, seed: int) -> None:
    report = verdict(exercise_id, answer, seed)
    assert report.passed, (report.subgoal, report.why)
    assert report.score == report.max_score


# Wrong answers, with the diagnosis where the mistake is a known one in another dress (None: no name, but refused).


def sampled_places(x):
    return x[:, :, ::2, ::2].mean(dim=(2, 3))


def median_of_places(x):
    return x.flatten(2).median(dim=2).values


def detached_mean(x):
    return x.detach().mean(dim=(2, 3))


def mean_in_numpy(x):
    return torch.from_numpy(x.numpy().mean(axis=(2, 3)))


def global_maximum_by_pooling(x):
    return functional.adaptive_max_pool2d(x, 1).flatten(1)


def first_half_of_the_formula(z, w1, b1, w2, b2):
    return torch.sigmoid(z @ w1.T + b1)


def doubled_sigmoid(z, w1, b1, w2, b2):
    return torch.sigmoid(torch.sigmoid(torch.relu(z @ w1.T + b1) @ w2.T + b2))


def linear_twice(z, w1, b1, w2, b2):
    return functional.linear(functional.linear(z, w1, b1), w2, b2).sigmoid()


def shares_by_hand(z, w1, b1, w2, b2):
    grown = torch.exp(torch.relu(z @ w1.T + b1) @ w2.T + b2)
    return grown / grown.sum(dim=1, keepdim=True)


def scaled_in_place(x, gate):
    x *= gate[:, :, None, None]
    return x


def gate_averaged(x, gate):
    return x * gate.mean(dim=1)[:, None, None, None]


def one_plus_gate(x, gate):
    return (1 + gate[..., None, None]) * x


def squared_channels(channels, reduction):
    return 2 * channels**2 // reduction


def attention_twice(x, branch, attention):
    return torch.relu(attention(x) + attention(branch(x)))


def residual_of_pre_activation(x, branch, attention):
    return x + attention(branch(torch.relu(x)))


def inception_averaged(x, first, second, third, attention):
    return attention((first(x) + second(x) + third(x)) / 3)


def inception_in_series(x, first, second, third, attention):
    return attention(third(second(first(x))))


def repaired_with_hard_sigmoid(x, w1, b1, w2, b2):
    hidden = functional.linear(x.mean((2, 3)), w1, b1).relu()
    return x * functional.hardsigmoid(functional.linear(hidden, w2, b2))[:, :, None, None]


def repaired_but_for_the_sum(x, w1, b1, w2, b2):
    gate = torch.sigmoid(torch.relu(x.mean((2, 3)) @ w1.T + b1) @ w2.T + b2)[:, :, None, None]
    return x * (gate + 1)


def accepts_everything(implementation):
    implementation(torch.ones(1, 2, 2, 2), torch.ones(1, 2), torch.ones(1), torch.ones(2, 1), torch.ones(2))


def refuses_everything(implementation):
    implementation(torch.ones(1, 2, 2, 2), torch.ones(1, 2), torch.ones(1), torch.ones(2, 1), torch.ones(2))
    return False


WRONG = [
    ("se-squeeze", sampled_places, None),
    ("se-squeeze", median_of_places, None),
    ("se-squeeze", detached_mean, None),
    ("se-squeeze", mean_in_numpy, None),
    ("se-squeeze", global_maximum_by_pooling, "takes-the-maximum"),
    ("se-excitation", first_half_of_the_formula, None),
    ("se-excitation", doubled_sigmoid, None),
    ("se-excitation", linear_twice, "no-activation-between"),
    ("se-excitation", shares_by_hand, "softmax-over-channels"),
    ("se-scale", scaled_in_place, None),
    ("se-scale", gate_averaged, None),
    ("se-scale", one_plus_gate, "keeps-the-input-too"),
    ("se-zero", 0.45, None),
    ("se-zero", "half", None),
    ("se-zero", True, None),
    ("se-parameters", squared_channels, "rounds-the-product"),
    ("se-residual", attention_twice, None),
    ("se-residual", residual_of_pre_activation, None),
    ("se-inception", inception_averaged, None),
    ("se-inception", inception_in_series, None),
    ("se-bug-hunt", ("ratio unused",) * 6, None),
    ("se-bug-hunt", "ratio unused", None),
    ("se-repair", repaired_with_hard_sigmoid, None),
    ("se-repair", repaired_but_for_the_sum, "leaves-the-extra-residual"),
    ("se-tests", accepts_everything, "checks-the-shape-only"),
    ("se-tests", refuses_everything, None),
]


@pytest.mark.parametrize(
    ("exercise_id", "answer", "diagnosis"), WRONG, ids=lambda value: getattr(value, "__name__", str(value)[:30])
)
@pytest.mark.parametrize("seed", (0, 7))
def test_wrong_answers_that_no_author_listed_fail(
    exercise_id: str, answer: Any, diagnosis: str | None, seed: int
) -> None:
    report = verdict(exercise_id, answer, seed)
    assert report.state == "incorrect"
    assert report.diagnosis == diagnosis
    assert report.why and report.next_step


def test_a_wrong_prediction_is_not_told_the_right_one() -> None:
    guess = verdict("se-zero", 0.45)
    assert guess.witness is None and "0.5" not in guess.why
    hunt = verdict("se-bug-hunt", ("ratio unused",) * 6)
    assert hunt.witness is None and "1 of 6" in hunt.why and "fresh" not in hunt.to_json()


def test_a_test_earns_points_for_what_it_catches() -> None:
    exercise = course.exercise("se-tests")
    assert isinstance(exercise, TestsExercise)
    judge = Judge(exercise)
    scores = {m.name: judge.verdict(answer_of(exercise, m.implementation)).score for m in exercise.misconceptions}
    assert scores["checks-the-shape-only"] == 0
    assert 0 < scores["tests-with-zero-weights-only"] < scores["tests-a-batch-of-one-only"] < exercise.points


def test_a_stub_is_not_attempted() -> None:
    for exercise in EXERCISES:
        assert verdict(exercise.id, None).state == "not attempted"
        if exercise.kind != "value":
            assert verdict(exercise.id, lambda *_: None).state == "not attempted", exercise.id
