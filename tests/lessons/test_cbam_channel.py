"""Lesson 02: what its authors wrote is judged as they meant it, and so is what they did not think of."""

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
from attncourse.checking import Draw, Exercise, FunctionExercise, Judge, TestsExercise, Workbench
from attncourse.checking.cbam_channel_inputs import descriptors, maps
from attncourse.checking.cbam_channel_probes import TWO_BRANCH_PROBES
from attncourse.checking.probes import Subject, first_violation
from attncourse.lessons.cbam_channel.bug_hunt import exercise as bug_hunt
from attncourse.lessons.cbam_channel.cost import exercise as cost
from attncourse.lessons.cbam_channel.last_bias import exercise as last_bias
from attncourse.lessons.cbam_channel.module import exercise as module
from attncourse.lessons.cbam_channel.recall import exercise as recall
from attncourse.lessons.cbam_channel.repair import exercise as repair
from attncourse.lessons.cbam_channel.tests import exercise as tests
from attncourse.lessons.cbam_channel.twin import exercise as twin
from tests.lessons import cbam_channel_answers as unlisted

TEXT = (course.LESSONS_FOLDER / "cbam_channel" / "lesson.py").read_text(encoding="utf-8")
SMALL: list[Exercise] = [recall, twin, last_bias, cost, bug_hunt, repair, tests]
BY_ID = {exercise.id: exercise for exercise in [*SMALL, module]}
JUDGES = [Judge(module, seed) for seed in range(3)]

by_exercise = pytest.mark.parametrize("exercise", [pytest.param(exercise, id=exercise.id) for exercise in SMALL])


def answer_of(exercise: Exercise, implementation: Callable[..., Any]) -> Workbench:
    """One of the course's own answers as a learner would hand it in."""
    return Workbench(implementation() if exercise.kind == "value" else implementation, trusted=True)


def verdict(exercise_id: str, answer: Any, seed: int = 0) -> Any:
    return Judge(BY_ID[exercise_id], seed).verdict(Workbench(answer))


@by_exercise
@pytest.mark.parametrize("seed", (0, 1, 2))
def test_every_accepted_style_is_right(exercise: Exercise, seed: int) -> None:
    judge = Judge(exercise, seed)
    refused = [
        (name, report.subgoal)
        for name, function in [("reference", exercise.right), *((s.name, s.implementation) for s in exercise.styles)]
        if not (report := judge.verdict(answer_of(exercise, function))).passed
    ]
    assert refused == []


@by_exercise
@pytest.mark.parametrize("seed", (0, 1, 2))
def test_every_misconception_is_rejected_under_its_own_name(exercise: Exercise, seed: int) -> None:
    judge = Judge(exercise, seed)
    for wrong in exercise.misconceptions:
        report = judge.verdict(answer_of(exercise, wrong.implementation))
        assert (report.state, report.diagnosis) == ("incorrect", wrong.name)


@pytest.mark.parametrize("exercise", BY_ID.values(), ids=BY_ID)
def test_an_exercise_is_as_rich_as_promised(exercise: Exercise) -> None:
    assert len(exercise.hints) >= 4
    names = [wrong.name for wrong in exercise.misconceptions]
    assert len(names) == len(set(names)) >= (12 if exercise is module else 3)
    if isinstance(exercise, FunctionExercise):
        assert len(exercise.styles) >= 5
    for wrong in exercise.misconceptions:
        assert len(wrong.believed) <= 160, wrong.name
        assert len(wrong.why) <= 420, wrong.name
        assert len(wrong.next_step) <= 160, wrong.name


def test_the_notebook_holds_every_exercise_and_keeps_to_its_measures() -> None:
    cells = jupytext.reads(TEXT, fmt="py:percent").cells
    titles = [cell.metadata["title"] for cell in cells]
    assert len(titles) == len(set(titles))
    assert [title for title in titles if title in BY_ID] == [
        "cbam-channel-recall",
        "cbam-channel-twin",
        "cbam-channel-last-bias",
        "cbam-channel-module",
        "cbam-channel-cost",
        "cbam-channel-bug-hunt",
        "cbam-channel-repair",
        "cbam-channel-tests",
    ]
    for cell in cells:
        if cell.cell_type == "markdown":
            assert len(cell.source.split()) <= 120, cell.metadata["title"]
    assert statistics.median(len(c.source.splitlines()) for c in cells if c.cell_type == "code") <= 6


def test_the_lesson_says_what_it_does_not_know() -> None:
    text = re.sub(r"\n# ?", " ", TEXT)
    for words in ("second-hand", "one run each", "25.92", "do not know yet", "we made the task"):
        assert words in text


def test_the_numbers_of_the_tests_task_are_true() -> None:
    assert len(tests.right_implementations) == 7
    assert len(tests.wrong_implementations) == 15
    assert "seven styles and on fifteen wrong ones" in tests.task


# The module.


@pytest.mark.parametrize("style", module.styles, ids=lambda style: style.name)
def test_every_style_of_the_module_is_right_by_either_way(style: Any) -> None:
    report = JUDGES[1].verdict(Workbench(style.implementation, trusted=True))
    assert report.passed and report.remark == style.remark
    assert first_violation(TWO_BRANCH_PROBES, Subject(Workbench(style.implementation, trusted=True), 11)) is None


def test_styles_are_many_and_a_last_bias_that_counts_once_gets_a_remark() -> None:
    assert len(module.styles) >= 8
    assert sum(bool(style.remark) for style in module.styles) == 2


@pytest.mark.parametrize("number", range(len(module.misconceptions)), ids=lambda n: module.misconceptions[n].name)
def test_a_mistake_is_named_and_refused_by_the_probes_alone(number: int) -> None:
    mistake, seed = module.misconceptions[number], number % 3
    report = JUDGES[seed].verdict(Workbench(mistake.implementation, trusted=True))
    assert report.diagnosis == mistake.name
    assert (
        first_violation(TWO_BRANCH_PROBES, Subject(Workbench(mistake.implementation, trusted=True), seed)) is not None
    )


@pytest.mark.parametrize("name", unlisted.RIGHT)
def test_a_right_module_that_no_author_listed_passes(name: str) -> None:
    seed = list(unlisted.RIGHT).index(name) % 3
    report = JUDGES[seed].verdict(Workbench(unlisted.RIGHT[name]))
    assert report.passed, f"{report.subgoal}: {report.why}"
    assert first_violation(TWO_BRANCH_PROBES, Subject(Workbench(unlisted.RIGHT[name]), seed)) is None


def each_mistake_once(answers: dict[str, type]) -> dict[str, type]:
    """Each mistake in one of its two forms, in turn: two Linear layers, or all weights in one vector."""
    mistakes = list(dict.fromkeys(name.partition(", ")[0] for name in answers))
    forms = {mistake: ("layers", "vector")[number % 2] for number, mistake in enumerate(mistakes)}
    return {n: a for n, a in answers.items() if n.partition(", ")[2] in ("", forms[n.partition(", ")[0]])}


@pytest.mark.parametrize("name", WRONG := each_mistake_once(unlisted.WRONG))
def test_a_wrong_module_that_no_author_listed_is_refused(name: str) -> None:
    seed = list(WRONG).index(name) % 3
    report = JUDGES[seed].verdict(Workbench(WRONG[name]))
    assert report.state == "incorrect" and report.score == 0
    assert report.subgoal and report.why


class LikeTheBlogs(nn.Module):
    """Text 000's mistake in the layout of the blogs: an MLP for each descriptor, without biases."""

    def __init__(self, in_planes, ratio=16):
        super().__init__()
        hidden = max(1, in_planes // ratio)
        one, two = ((nn.Conv2d(in_planes, hidden, 1, bias=False), nn.ReLU()) for _ in range(2))
        self.avg_mlp = nn.Sequential(*one, nn.Conv2d(hidden, in_planes, 1, bias=False))
        self.max_mlp = nn.Sequential(*two, nn.Conv2d(hidden, in_planes, 1, bias=False))

    def forward(self, x):
        average = self.avg_mlp(functional.adaptive_avg_pool2d(x, 1))
        return x * (average + self.max_mlp(functional.adaptive_max_pool2d(x, 1))).sigmoid()


class SigmoidInTheMlp(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.mlp = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels, bias=False))

    def forward(self, x):
        both = [self.mlp(z).sigmoid() for z in (x.amax((2, 3)), x.mean((2, 3)))]
        return x * (both[0] + both[1])[..., None, None]


class FixedRatio(nn.Module):
    """The most copied layout: the argument is there, and 16 is written in the code."""

    def __init__(self, in_planes, ratio=16):
        super().__init__()
        self.fc1 = nn.Conv2d(in_planes, max(1, in_planes // 16), 1, bias=False)
        self.fc2 = nn.Conv2d(max(1, in_planes // 16), in_planes, 1, bias=False)

    def forward(self, x):
        pools = (functional.adaptive_avg_pool2d(x, 1), functional.adaptive_max_pool2d(x, 1))
        return x * sum(self.fc2(self.fc1(z).relu()) for z in pools).sigmoid()


@pytest.mark.parametrize(
    ("answer", "diagnosis"),
    [(LikeTheBlogs, "two-mlps"), (SigmoidInTheMlp, "sigmoid-in-each-branch"), (FixedRatio, "ratio-ignored")],
)
def test_a_known_mistake_is_named_in_another_dress(answer: type, diagnosis: str) -> None:
    for judge in JUDGES:
        assert judge.verdict(Workbench(answer)).diagnosis == diagnosis


def test_our_own_module_is_no_answer() -> None:
    from attncourse.attention import ChannelAttention

    report = JUDGES[0].verdict(Workbench(ChannelAttention))
    assert report.state == "incorrect" and "build yours" in report.why


def test_a_witness_is_small() -> None:
    report = JUDGES[0].verdict(Workbench(unlisted.WRONG["log-sum-exp, vector"]))
    assert report.subgoal == "the gates depend on the mean and the maximum of each channel, and on nothing else of it"
    assert report.witness is not None and report.witness.expected.numel() == 4


def test_probe_inputs_have_the_means_and_maxima_that_were_asked_for() -> None:
    draw = Draw(3)
    means, maxima = descriptors(draw, 3, 5)
    for height, width in ((1, 2), (2, 3), (3, 3), (5, 9), (9, 4)):
        x = maps(draw, means, maxima, height, width, spread=0.8)
        assert x.shape == (3, 5, height, width)
        torch.testing.assert_close(x.mean(dim=(2, 3)), means)
        torch.testing.assert_close(x.amax(dim=(2, 3)), maxima)


# The other exercises: right and wrong answers that no author listed.


def twin_by_loops(x):
    result = torch.zeros_like(x)
    for b in range(x.shape[0]):
        for c in range(x.shape[1]):
            result[b, c] = result[b, c] + sum(value for row in x[b, c] for value in row) / x[b, c].numel()
    return result


def twin_by_unpooling(x):
    return functional.adaptive_avg_pool2d(x, (1, 1)).tile(1, 1, *x.shape[2:])


def cost_by_shapes(channels, reduction):
    import math

    hidden = max(channels // reduction, 1)
    shapes = [(hidden, channels), (hidden,), (channels, hidden), (channels,)]
    return sum(map(math.prod, shapes)), 2 * sum(math.prod(shape) for shape in shapes if len(shape) == 2)


def repaired_in_float64(x, w1, b1, w2, b2):
    x, w1, b1, w2, b2 = (t.double() for t in (x, w1, b1, w2, b2))
    z = torch.stack([x.mean((2, 3)), x.flatten(2).max(2).values])
    gate = (torch.relu(z @ w1.mT + b1) @ w2.mT + b2).sum(0).sigmoid()
    return (x.permute(2, 3, 0, 1) * gate).permute(2, 3, 0, 1).float()


def accepts_by_naive_loops(implementation):
    generator = torch.Generator().manual_seed(5)
    for height, width in ((2, 6), (6, 2)):
        x = torch.randn(3, 5, 1, 1, generator=generator) + torch.randn(3, 5, height, width, generator=generator)
        w1, b1, w2, b2 = (torch.randn(*s, generator=generator) for s in ((4, 5), (4,), (5, 4), (5,)))
        y = implementation(x, w1, b1, w2, b2)
        for b in range(3):
            logits = [0.0] * 5
            for z in (
                [float(x[b, c].sum()) / (height * width) for c in range(5)],
                [max(float(value) for value in x[b, c].flatten()) for c in range(5)],
            ):
                hidden = [max(0.0, sum(float(w1[k, c]) * z[c] for c in range(5)) + float(b1[k])) for k in range(4)]
                for c in range(5):
                    logits[c] += sum(float(w2[c, k]) * hidden[k] for k in range(4)) + float(b2[c])
            for c in range(5):
                assert (y[b, c] - x[b, c] / (1 + 2.718281828459045 ** -logits[c])).abs().max() < 1e-3
    return True


RIGHT = [
    ("cbam-channel-recall", "c"),
    ("cbam-channel-twin", twin_by_loops),
    ("cbam-channel-twin", twin_by_unpooling),
    ("cbam-channel-last-bias", 2.0),
    ("cbam-channel-last-bias", torch.tensor(2)),
    ("cbam-channel-cost", cost_by_shapes),
    (
        "cbam-channel-bug-hunt",
        [
            "Sigmoid in each branch",
            "two mlps",
            "no maximum ",
            "ratio unused",
            "sigmoid in each branch and again",
            "fresh layers",
        ],
    ),
    ("cbam-channel-repair", repaired_in_float64),
    ("cbam-channel-tests", accepts_by_naive_loops),
]


@pytest.mark.parametrize(
    ("exercise_id", "answer"), RIGHT, ids=lambda value: getattr(value, "__name__", str(value)[:30])
)
@pytest.mark.parametrize("seed", (0, 7))
def test_right_answers_that_no_author_listed_pass(exercise_id: str, answer: Any, seed: int) -> None:
    report = verdict(exercise_id, answer, seed)
    assert report.passed, (report.subgoal, report.why)
    assert report.score == report.max_score


def twin_detached(x):
    return x.detach().mean((2, 3), keepdim=True).expand_as(x)


def twin_of_the_middle(x):
    return x[:, :, x.shape[2] // 2, x.shape[3] // 2, None, None].expand_as(x)


def twin_by_the_median(x):
    return x.flatten(2).median(2).values[:, :, None, None].expand_as(x)


def twin_that_is_the_picture(x):
    return x.clone()


def cost_squared(channels, reduction):
    return 2 * channels**2 // reduction, 4 * channels**2 // reduction


def repaired_with_hard_sigmoid(x, w1, b1, w2, b2):
    mean, maximum = (functional.linear(z, w1, b1).relu() for z in (x.mean((2, 3)), x.amax((2, 3))))
    u = functional.linear(mean, w2, b2) + functional.linear(maximum, w2, b2)
    return x * functional.hardsigmoid(u)[..., None, None]


def repaired_but_detached(x, w1, b1, w2, b2):
    mean, maximum = (functional.linear(z, w1, b1).relu() for z in (x.mean((2, 3)), x.amax((2, 3)).detach()))
    u = functional.linear(mean, w2, b2) + functional.linear(maximum, w2, b2)
    return x * torch.sigmoid(u)[..., None, None]


def published(x, w1, b1, w2, b2):
    average = functional.linear(functional.linear(x.mean(dim=(2, 3)), w1, b1).relu(), w2, b2).sigmoid()
    mlp = nn.Sequential(nn.Linear(w1.shape[1], len(w1)), nn.ReLU(), nn.Linear(len(w1), w1.shape[1]))
    largest = mlp(functional.max_pool2d(x, x.shape[2]).flatten(1)).sigmoid()
    return x * (average + largest)[:, :, None, None]


def added_after_the_first_layer(x, w1, b1, w2, b2):
    both = functional.linear(x.mean((2, 3)), w1, b1) + functional.linear(x.amax((2, 3)), w1, b1)
    return x * functional.linear(both.relu(), w2, b2).sigmoid()[..., None, None]


def accepts_whatever_runs(implementation):
    implementation(torch.ones(1, 2, 2, 2), torch.ones(1, 2), torch.ones(1), torch.ones(2, 1), torch.ones(2))


def refuses_everything(implementation):
    accepts_whatever_runs(implementation)
    return False


WRONG_ANSWERS = [
    ("cbam-channel-recall", "B", "the-layer-mixes"),
    ("cbam-channel-recall", 3, None),
    ("cbam-channel-twin", twin_detached, None),
    ("cbam-channel-twin", twin_of_the_middle, None),
    ("cbam-channel-twin", twin_by_the_median, None),
    ("cbam-channel-twin", twin_that_is_the_picture, None),
    ("cbam-channel-last-bias", 1, "the-bias-counts-once"),
    ("cbam-channel-last-bias", 0.880797, "gives-the-gate"),
    ("cbam-channel-last-bias", 3, None),
    ("cbam-channel-last-bias", "two", None),
    ("cbam-channel-cost", cost_squared, None),
    ("cbam-channel-bug-hunt", ("ratio unused",) * 6, None),
    ("cbam-channel-repair", published, None),
    ("cbam-channel-repair", repaired_with_hard_sigmoid, None),
    ("cbam-channel-repair", repaired_but_detached, None),
    ("cbam-channel-repair", added_after_the_first_layer, None),
    ("cbam-channel-tests", accepts_whatever_runs, "checks-the-shape-only"),
    ("cbam-channel-tests", refuses_everything, None),
]


@pytest.mark.parametrize(
    ("exercise_id", "answer", "diagnosis"),
    WRONG_ANSWERS,
    ids=lambda value: getattr(value, "__name__", str(value)[:30]),
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
    guess = verdict("cbam-channel-last-bias", 3)
    assert guess.witness is None and "2" not in guess.why
    hunt = verdict("cbam-channel-bug-hunt", ("ratio unused",) * 6)
    assert hunt.witness is None and "1 of 6" in hunt.why and "fresh" not in hunt.to_json()


def test_a_test_earns_points_for_what_it_catches() -> None:
    assert isinstance(tests, TestsExercise)
    judge = Judge(tests)
    scores = {m.name: judge.verdict(answer_of(tests, m.implementation)).score for m in tests.misconceptions}
    assert scores["checks-the-shape-only"] == 0
    assert 0 < scores["tests-with-zero-weights-only"] < scores["tests-a-batch-of-one-only"] < tests.points


def test_a_stub_is_not_attempted() -> None:
    for exercise in SMALL:
        assert verdict(exercise.id, None).state == "not attempted"
        if exercise.kind != "value":
            assert verdict(exercise.id, lambda *_: None).state == "not attempted", exercise.id


def test_the_costs_agree_with_a_network_and_the_last_bias_with_a_module() -> None:
    from attncourse import costs
    from attncourse.attention import ChannelAttention

    found = costs.of(ChannelAttention(23, 4), (1, 23, 5, 7))
    assert cost.right(23, 4) == (found.parameters, found.multiply_adds)
    attention = ChannelAttention(6, 2)
    for parameter in attention.parameters():
        nn.init.zeros_(parameter)
    nn.init.ones_(attention.expand.bias)
    gate = attention.gate(torch.randn(2, 6, 3, 5))
    torch.testing.assert_close(gate, torch.sigmoid(torch.full_like(gate, last_bias.right())))
