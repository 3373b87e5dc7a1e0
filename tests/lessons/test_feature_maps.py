"""Lesson 00: right answers pass in every style, mistakes get their own names, and the facts it tells are facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from attncourse import course
from attncourse.checking import Exercise, FunctionExercise, Report, TestsExercise, ValueExercise, Workbench, judge

LESSON = course.lesson("feature_maps")
EXERCISES = [course.exercise(exercise_id) for exercise_id in LESSON.exercise_ids]
WITH_A_STUB_THAT_RETURNS_NOTHING = [e for e in EXERCISES if not isinstance(e, ValueExercise)]


def by_id(exercise: Exercise) -> str:
    return exercise.id


def judged(exercise_id: str, answer: Any, seed: int = 0) -> Report:
    return judge(course.exercise(exercise_id), Workbench(answer), seed)


def authored(exercise: Exercise, implementation: Callable[..., Any], seed: int) -> Report:
    answer = implementation() if isinstance(exercise, ValueExercise) else implementation
    return judge(exercise, Workbench(answer, trusted=True), seed)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("exercise", EXERCISES, ids=by_id)
def test_every_misconception_is_rejected_under_its_own_name(exercise: Exercise, seed: int) -> None:
    found = {wrong.name: authored(exercise, wrong.implementation, seed) for wrong in exercise.misconceptions}
    assert {name: report.diagnosis for name, report in found.items()} == {name: name for name in found}
    assert not any(report.passed for report in found.values())


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("exercise", EXERCISES, ids=by_id)
def test_the_reference_and_every_accepted_style_pass(exercise: Exercise, seed: int) -> None:
    right = [("reference", exercise.right), *((style.name, style.implementation) for style in exercise.styles)]
    for name, implementation in right:
        report = authored(exercise, implementation, seed)
        assert report.passed and report.score == exercise.points, f"{name}: {report.why}"


@pytest.mark.parametrize("exercise", EXERCISES, ids=by_id)
def test_each_exercise_has_its_ladder_its_mistakes_and_its_styles(exercise: Exercise) -> None:
    assert len(exercise.hints) >= 4 and len(exercise.misconceptions) >= 3
    if isinstance(exercise, FunctionExercise):
        assert len(exercise.styles) >= 5
    if isinstance(exercise, ValueExercise) and exercise.choices:
        named = {str(wrong.implementation()) for wrong in exercise.misconceptions} | {str(exercise.right())}
        assert named == set(exercise.choices), "every choice is the right one or a named mistake"
        assert all(f"**{letter}** {text}" in _prose() for letter, text in exercise.choices.items())


@pytest.mark.parametrize("exercise", WITH_A_STUB_THAT_RETURNS_NOTHING, ids=by_id)
def test_a_stub_is_not_attempted(exercise: Exercise) -> None:
    def stub(*arguments: Any) -> None: ...

    assert judge(exercise, Workbench(stub)).state == "not attempted"
    assert judge(exercise, Workbench(None)).state == "not attempted"


def _prose() -> str:
    return " ".join(LESSON.text.replace("\n# ", " ").split())


# -- maps-shape, and the other predictions ----------------------------------------------------------------------------


def test_the_predicted_shape_is_what_torch_gives() -> None:
    layer = nn.Conv2d(3, 16, kernel_size=3, stride=2, padding=1)
    shape = layer(torch.zeros(4, 3, 151, 128)).shape
    assert judged("maps-shape", shape).passed
    assert judged("maps-shape", list(shape)).passed
    assert judged("maps-shape", (4, 16, 76.0, 64)).passed
    assert judged("maps-shape", (4, 16, 76, 65)).state == "incorrect"
    assert judged("maps-shape", "4, 16, 76, 64").state == "incorrect"


def test_the_sum_of_gates_is_what_torch_gives() -> None:
    assert judged("maps-shares", torch.sigmoid(torch.zeros(64)).sum()).passed
    assert judged("maps-shares", 64 * 0.5).passed
    assert judged("maps-shares", torch.softmax(torch.zeros(64), dim=0).sum()).diagnosis == "shares-of-one"
    assert judged("maps-shares", 16).diagnosis is None


def test_letters_are_taken_in_either_case() -> None:
    assert judged("maps-channel-claim", "b").passed
    assert judged("maps-impossible-gate", " D ").passed
    assert judged("maps-broadcast", "Z").state == "incorrect"


def test_what_the_broadcast_exercise_claims_is_so() -> None:
    x, gate = torch.randn(2, 3, 2, 3), torch.rand(2, 3)
    product = x * gate
    assert product.shape == x.shape
    for i in range(2):
        for j in range(3):
            assert torch.equal(product[:, :, i, j], x[:, :, i, j] * gate[i, j])


def test_a_shuffle_of_places_keeps_mean_and_maximum() -> None:
    x = torch.randn(1, 4, 5, 7)
    shuffled = x.flatten(2)[:, :, torch.randperm(35)].reshape(x.shape)
    assert torch.allclose(shuffled.mean(dim=(2, 3)), x.mean(dim=(2, 3)), atol=1e-6)
    assert torch.equal(shuffled.amax(dim=(2, 3)), x.amax(dim=(2, 3)))


# -- maps-one-channel -------------------------------------------------------------------------------------------------


def naive_channel(x: Tensor, weight: Tensor, bias: float) -> Tensor:
    pictures, channels, height, width = x.shape
    _, h, w = weight.shape
    out = torch.empty(pictures, height - h + 1, width - w + 1)
    for b in range(pictures):
        for i in range(height - h + 1):
            for j in range(width - w + 1):
                total = bias
                for c in range(channels):
                    for k in range(h):
                        for m in range(w):
                            total += float(x[b, c, i + k, j + m]) * float(weight[c, k, m])
                out[b, i, j] = total
    return out


@pytest.mark.parametrize("shape", [(1, 1, 3, 4), (2, 3, 5, 4), (3, 2, 3, 7)])
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (2, 3)])
def test_the_channel_reference_agrees_with_loops(shape: tuple[int, ...], size: tuple[int, int]) -> None:
    x, weight = torch.randn(shape), torch.randn(shape[1], *size)
    right = course.exercise("maps-one-channel").right
    assert torch.allclose(right(x, weight, 0.5), naive_channel(x, weight, 0.5), atol=1e-5)


def module_with_copied_weights(x, weight, bias):
    return functional.conv2d(x, weight.reshape(1, *weight.shape), bias=x.new_tensor([bias])).sum(1)


def transposed_convolution_of_the_output(x, weight, bias):
    rows = []
    for i in range(x.shape[2] - weight.shape[1] + 1):
        strip = x[:, :, i : i + weight.shape[1]]
        row = [
            torch.tensordot(strip[..., j : j + weight.shape[2]], weight, dims=3)
            for j in range(x.shape[3] - weight.shape[2] + 1)
        ]
        rows.append(torch.stack(row, dim=1))
    return torch.stack(rows, dim=1) + bias


@pytest.mark.parametrize("answer", [module_with_copied_weights, transposed_convolution_of_the_output])
def test_other_right_channels_pass(answer: Callable[..., Tensor]) -> None:
    assert judged("maps-one-channel", answer).passed


def test_the_usual_slip_with_sum_is_named() -> None:
    def answer(x, weight, bias):
        rows, columns = x.shape[2] - weight.shape[1] + 1, x.shape[3] - weight.shape[2] + 1
        out = torch.zeros(x.shape[0], rows, columns)
        for i in range(rows):
            for j in range(columns):
                window = x[:, :, i : i + weight.shape[1], j : j + weight.shape[2]]
                out[:, i, j] = (window * weight).sum() + bias
        return out

    assert judged("maps-one-channel", answer).diagnosis == "adds-the-pictures-of-the-batch"


def test_a_range_that_ends_too_early_is_named() -> None:
    def answer(x, weight, bias):
        h, w = weight.shape[1:]
        out = torch.zeros(x.shape[0], x.shape[2] - h, x.shape[3] - w)
        for i in range(x.shape[2] - h):
            for j in range(x.shape[3] - w):
                out[:, i, j] = (x[:, :, i : i + h, j : j + w] * weight).sum(dim=(1, 2, 3)) + bias
        return out

    assert judged("maps-one-channel", answer).diagnosis == "stops-one-too-early"


def test_a_channel_without_a_gradient_is_told_so() -> None:
    def answer(x, weight, bias):
        return functional.conv2d(x, weight[None].detach())[:, 0] + bias

    report = judged("maps-one-channel", answer)
    assert not report.passed and "gradient" in report.subgoal


# -- maps-gate --------------------------------------------------------------------------------------------------------


def test_the_gate_reference_agrees_with_loops() -> None:
    x, logits = torch.randn(2, 3, 5, 4), torch.tensor([[0.0, 2.0, -3.0], [6.0, -0.5, 1.0]])
    wanted = torch.empty_like(x)
    for b in range(2):
        for c in range(3):
            gate = 1 / (1 + 2.718281828459045 ** -float(logits[b, c]))
            assert 0 < gate < 1
            for i in range(5):
                for j in range(4):
                    wanted[b, c, i, j] = float(x[b, c, i, j]) * gate
    assert torch.allclose(course.exercise("maps-gate").right(x, logits), wanted, atol=1e-6)


def test_other_right_gates_pass() -> None:
    def half_tanh(x, logits):
        return x * (0.5 + 0.5 * torch.tanh(logits / 2)).reshape(*logits.shape, 1, 1)

    def two_softmaxes(x, logits):
        both = torch.stack([logits, torch.zeros_like(logits)]).softmax(dim=0)
        return torch.mul(x, both[0][:, :, None, None])

    def through_a_mapped_batch(x, logits):
        return torch.vmap(lambda picture, u: picture * u.sigmoid().view(-1, 1, 1))(x, logits)

    for answer in (half_tanh, two_softmaxes, through_a_mapped_batch):
        assert judged("maps-gate", answer).passed, answer.__name__


def test_wrong_gates_written_otherwise_are_named() -> None:
    def viewed_wrongly(x, logits):
        return torch.sigmoid(logits).view(len(x), 1, 1, -1) * x

    def assigned_in_place(x, logits):
        x *= torch.sigmoid(logits)[:, :, None, None]
        return x

    def normalised_exponentials(x, logits):
        shares = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
        return x * shares[..., None, None]

    names = {
        viewed_wrongly: "lays-channels-on-columns",
        assigned_in_place: "changes-the-input",
        normalised_exponentials: "shares-by-softmax",
        lambda x, logits: x * (1 + logits.sigmoid())[..., None, None]: "adds-the-input",
    }
    for answer, name in names.items():
        assert judged("maps-gate", answer).diagnosis == name


def test_a_gate_that_was_not_reshaped_is_shown_where_it_runs_in_silence() -> None:
    report = judged("maps-gate", lambda x, logits: x * logits.sigmoid())
    assert report.diagnosis == "trusts-broadcasting"
    assert report.witness is not None and isinstance(report.witness.got, Tensor), "a wrong tensor, not an exception"


# -- maps-pool-test ---------------------------------------------------------------------------------------------------


def pool_exercise() -> TestsExercise:
    exercise = course.exercise("maps-pool-test")
    assert isinstance(exercise, TestsExercise)
    return exercise


def test_right_and_wrong_pools_are_what_they_are_called() -> None:
    x = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(5)) ** 3
    wanted = torch.tensor([[sum(channel.flatten().tolist()) / 20 for channel in picture] for picture in x])

    def right(pool: Callable[[Tensor], Tensor]) -> bool:
        try:
            result = pool(x)
        except RuntimeError:
            return False
        return result.shape == wanted.shape and torch.allclose(result, wanted, atol=1e-5)

    assert all(right(pool) for _, pool in pool_exercise().right_implementations)
    assert not any(right(pool) for _, pool in pool_exercise().wrong_implementations)


def test_a_test_that_fails_one_right_pool_is_told_so() -> None:
    def exact_to_the_last_bit(pool):
        return pool(torch.full((1, 1, 2, 3), 0.5)).item() == 0.25

    report = judged("maps-pool-test", exact_to_the_last_bit)
    assert report.state == "incorrect" and "0 of 6 right implementations" in report.why


def test_tests_that_catch_more_score_more() -> None:
    def on_ones(pool):
        return pool(torch.ones(2, 3, 4, 5)).tolist() == [[1.0] * 3] * 2

    def on_squares(pool):
        x = torch.tensor([-5.0, 1, 0, 9] * 4).reshape(2, 2, 2, 2) * torch.arange(1.0, 5).reshape(2, 2, 1, 1)
        return pool(x).shape == (2, 2) and torch.allclose(pool(x), x.mean(dim=(2, 3)))

    weak, better = judged("maps-pool-test", on_ones), judged("maps-pool-test", on_squares)
    assert 0 < weak.score < better.score < 3
    assert weak.diagnosis == "tries-equal-values-only" and better.diagnosis == "tries-square-maps-only"


def test_a_test_that_never_calls_the_pool_is_not_attempted() -> None:
    assert judged("maps-pool-test", lambda pool: True).state == "not attempted"


# -- the notebook -----------------------------------------------------------------------------------------------------


def test_cells_are_small() -> None:
    cells = [cell for cell in LESSON.text.split("\n# %% ") if "[markdown]" not in cell.split("\n")[0]]
    lengths = sorted(sum(1 for line in cell.split("\n")[1:] if line.strip()) for cell in cells[1:])
    assert lengths[len(lengths) // 2] <= 6
