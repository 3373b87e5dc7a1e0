"""Lesson 04: what its authors wrote is judged as they meant it, and so is what they did not think of."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import Any

import jupytext
import pytest
import torch
from torch import nn
from torch.nn import functional

from attncourse import costs, course, hosts
from attncourse.checking import Exercise, FunctionExercise, Judge, ModuleExercise, Subject, TestsExercise, Workbench
from attncourse.checking.probes import first_violation
from attncourse.lessons.cbam.module import MISTAKES

LESSON = course.lesson("cbam")
EXERCISES = [course.exercise(exercise_id) for exercise_id in LESSON.exercise_ids]
MODULE = course.exercise("cbam-module")
OTHERS = [exercise for exercise in EXERCISES if exercise is not MODULE]
SEEDS = (0, 1, 2)

by_exercise = pytest.mark.parametrize("exercise", [pytest.param(exercise, id=exercise.id) for exercise in EXERCISES])
by_other = pytest.mark.parametrize("exercise", [pytest.param(exercise, id=exercise.id) for exercise in OTHERS])


def answer_of(exercise: Exercise, implementation: Callable[..., Any]) -> Workbench:
    """One of the course's own answers as a learner would hand it in."""
    return Workbench(implementation() if exercise.kind == "value" else implementation, trusted=True)


def verdict(exercise_id: str, answer: Any, seed: int = 0) -> Any:
    return Judge(course.exercise(exercise_id), seed).verdict(Workbench(answer))


@by_exercise
def test_every_accepted_style_is_right(exercise: Exercise) -> None:
    judge = Judge(exercise, seed=2)
    assert judge.verdict(answer_of(exercise, exercise.right)).passed
    for style in exercise.styles:
        report = judge.verdict(answer_of(exercise, style.implementation))
        assert report.passed, (style.name, report.subgoal, report.why)
        assert report.remark == style.remark or exercise.kind == "tests", style.name


@by_other
@pytest.mark.parametrize("seed", SEEDS)
def test_every_misconception_is_rejected_under_its_own_name(exercise: Exercise, seed: int) -> None:
    judge = Judge(exercise, seed)
    for wrong in exercise.misconceptions:
        report = judge.verdict(answer_of(exercise, wrong.implementation))
        assert (report.state, report.diagnosis) == ("incorrect", wrong.name)
        assert report.believed == wrong.believed and report.next_step == wrong.next_step


def test_a_mistake_of_the_module_is_named() -> None:
    """As written; the audit tries every dress as well."""
    judge = Judge(MODULE, seed=3)
    for wrong in MODULE.misconceptions:
        report = judge.verdict(answer_of(MODULE, wrong.implementation))
        assert (report.state, report.diagnosis) == ("incorrect", wrong.name)
    assert len(MODULE.misconceptions) == len(MISTAKES) >= 12


def test_the_probes_alone_tell_right_from_wrong() -> None:
    assert isinstance(MODULE, ModuleExercise)
    for style in [MODULE.styles[0], MODULE.styles[11], MODULE.styles[-1]]:
        found = first_violation(MODULE.probes, Subject(Workbench(style.implementation, trusted=True), seed=5))
        assert found is None, (style.name, found)
    for mistake in MISTAKES:
        found = first_violation(MODULE.probes, Subject(Workbench(mistake, trusted=True), seed=5))
        assert found is not None and found.sentence and found.next_step, mistake.__name__


@by_exercise
def test_an_exercise_is_as_rich_as_promised(exercise: Exercise) -> None:
    assert len(exercise.hints) >= 4
    assert len(exercise.misconceptions) >= (12 if exercise.kind == "module" else 3)
    if isinstance(exercise, FunctionExercise):
        assert len(exercise.styles) >= 5
    if isinstance(exercise, ModuleExercise):
        assert len(exercise.styles) >= 8


@by_exercise
def test_words_fit_on_a_screen(exercise: Exercise) -> None:
    for wrong in exercise.misconceptions:
        assert len(wrong.believed) <= 180, wrong.name
        assert len(wrong.why) <= 420, wrong.name
        assert len(wrong.next_step) <= 160, wrong.name


def test_all_four_kinds_are_there() -> None:
    assert {exercise.kind for exercise in EXERCISES} == {"function", "module", "value", "tests"}


def test_the_notebook_keeps_to_its_measures() -> None:
    cells = jupytext.reads(LESSON.text, fmt="py:percent").cells
    for cell in cells:
        if cell.cell_type == "markdown":
            assert len(cell.source.split()) <= 120, cell.metadata["title"]
    assert statistics.median(len(c.source.splitlines()) for c in cells if c.cell_type == "code") <= 6


def test_a_stub_is_not_attempted() -> None:
    for exercise in OTHERS:
        assert verdict(exercise.id, None).state == "not attempted"
        if exercise.kind != "value":
            assert verdict(exercise.id, lambda *_: None).state == "not attempted", exercise.id

    class CBAM(nn.Module):
        def __init__(self, channels, reduction=16, kernel_size=7):
            super().__init__()

        def forward(self, x): ...

    assert verdict("cbam-module", CBAM).state == "not attempted"


# The module, as learners may write it. None of these served to tune a probe.


def stacked(x):
    return torch.cat([x.mean(1, True), x.amax(1, True)], 1)


class Answer(nn.Module):
    """The right module; what follows replaces parts of it."""

    def __init__(self, channels, reduction=16, kernel_size=7):
        super().__init__()
        self.c, self.h, self.k = channels, max(1, channels // reduction), kernel_size
        self.make()

    def make(self):
        self.mlp = nn.Sequential(nn.Linear(self.c, self.h), nn.ReLU(), nn.Linear(self.h, self.c))
        self.conv = nn.Conv2d(2, 1, self.k, padding=self.k // 2)

    def of_channels(self, x):
        return (self.mlp(x.mean((2, 3))) + self.mlp(x.amax((2, 3))))[..., None, None].sigmoid()

    def of_places(self, x):
        return self.conv(stacked(x)).sigmoid()

    def forward(self, x):
        y = x * self.of_channels(x)
        return y * self.of_places(y)


class OneFlatVector(Answer):
    def make(self):
        self.theta = nn.Parameter(torch.randn(2 * self.c * self.h + 2 * self.k**2 + 1))

    def forward(self, x):
        first, second, kernel, bias = self.theta.split([self.c * self.h, self.c * self.h, 2 * self.k**2, 1])
        z = torch.stack([x.mean((2, 3)), x.amax((2, 3))])
        u = (z @ first.view(self.c, self.h)).relu().sum(0) @ second.view(self.h, self.c)
        y = x * u.sigmoid()[..., None, None]
        kernel = kernel.view(1, 2, self.k, self.k)
        return y * functional.conv2d(stacked(y), kernel, bias, padding=self.k // 2).sigmoid()


class MirroredKernel(Answer):
    def make(self):
        super().make()
        self.conv = None
        self.kernel = nn.Parameter(torch.randn(1, 2, self.k, self.k))

    def of_places(self, x):
        return functional.conv2d(stacked(x), self.kernel.flip(3), padding=self.k // 2).sigmoid()


class KernelOfRows(Answer):
    """The window as a list of its rows."""

    def make(self):
        super().make()
        self.conv = None
        self.rows = nn.ParameterList([nn.Parameter(torch.randn(2, self.k)) for _ in range(self.k)])

    def of_places(self, x):
        kernel = torch.stack(list(self.rows), dim=1)[None]
        return functional.conv2d(stacked(x), kernel, padding=self.k // 2).sigmoid()


class PictureByPicture(Answer):
    def forward(self, x):
        forward = super().forward
        return torch.cat([forward(one) for one in x.split(1)])


class OfficialWithBatchNorm(Answer):
    def make(self):
        super().make()
        self.conv = nn.Sequential(
            nn.Conv2d(2, 1, self.k, padding=self.k // 2, bias=False), nn.BatchNorm2d(1, momentum=0.01)
        )

    def of_places(self, x):
        return self.conv(stacked(x).flip(1)).sigmoid()


class ProductOfThree(Answer):
    def forward(self, x):
        gate = self.of_channels(x)
        return x * gate * self.of_places(x * gate)


RIGHT = [Answer, OneFlatVector, MirroredKernel, KernelOfRows, PictureByPicture, OfficialWithBatchNorm, ProductOfThree]


@pytest.mark.parametrize("answer", RIGHT)
def test_right_modules_that_no_author_listed_pass(answer: type[nn.Module]) -> None:
    report = verdict("cbam-module", answer, seed=7)
    assert report.passed, (report.diagnosis, report.subgoal, report.why)


def joined(join: Callable[..., Any], base: type[Answer] = Answer) -> type[nn.Module]:
    return type("Joined", (base,), {"forward": lambda self, x: join(self, x, x * self.of_channels(x))})


WRONG = {
    "map from the gate": joined(lambda m, x, y: y * m.of_places(m.of_channels(x).expand_as(x))),
    "both gates from the refined": joined(lambda m, x, y: x * m.of_channels(y) * m.of_places(y)),
    "channel gate twice": joined(lambda m, x, y: y * m.of_channels(x) * m.of_places(y)),
    "three gates": joined(lambda m, x, y: y * m.of_places(y) * m.of_channels(y)),
    "places twice": joined(lambda m, x, y: y * m.of_places(y) ** 2),
    "larger of both": joined(lambda m, x, y: torch.maximum(y, x * m.of_places(x))),
    "mean of the gates": joined(lambda m, x, y: x * (m.of_channels(x) + m.of_places(y)) / 2),
    "half refined": joined(lambda m, x, y: y * m.of_places((x + y) / 2)),
    "one minus": joined(lambda m, x, y: y * (1 - m.of_places(y))),
    "square root": joined(lambda m, x, y: y.abs().sqrt() * m.of_places(y)),
    "gates detached": joined(lambda m, x, y: x * m.of_channels(x).detach() * m.of_places(y)),
    "map detached": joined(lambda m, x, y: y * m.of_places(y.detach())),
    "dropout between": joined(lambda m, x, y: y * m.of_places(functional.dropout(y, 0.1, m.training))),
    "pictures mixed": joined(lambda m, x, y: y * m.of_places(y).mean(0, True)),
    "unrefined, mirrored": joined(lambda m, x, y: y * m.of_places(x), MirroredKernel),
    "residual, rows": joined(lambda m, x, y: x + y * m.of_places(y), KernelOfRows),
    "places first, rows": joined(
        lambda m, x, y: (x * m.of_places(x)) * m.of_channels(x * m.of_places(x)), KernelOfRows
    ),
    "unrefined in training": joined(lambda m, x, y: y * m.of_places(x if m.training else y)),
    "temperature": type("T", (Answer,), {"of_places": lambda self, x: (2 * self.conv(stacked(x))).sigmoid()}),
    "no window": type(
        "N", (Answer,), {"of_places": lambda self, x: self.conv(stacked(x)).mean((2, 3), True).sigmoid()}
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_modules_that_no_author_listed_fail(name: str) -> None:
    report = verdict("cbam-module", WRONG[name], seed=7)
    assert report.state == "incorrect"
    assert report.why and report.next_step


def test_a_known_mistake_in_foreign_clothes_is_named() -> None:
    named = {
        "unrefined-map": joined(lambda m, x, y: y * m.of_places(x)),
        "extra-residual": joined(lambda m, x, y: x + y * m.of_places(y), OfficialWithBatchNorm),
        "loses-the-channel-gate": joined(lambda m, x, y: x * m.of_places(y)),
        "channels-only": joined(lambda m, x, y: y),
    }
    for name, answer in named.items():
        assert verdict("cbam-module", answer).diagnosis == name


def test_an_unrefined_map_in_foreign_layers_is_told_in_words() -> None:
    report = verdict("cbam-module", WRONG["unrefined, mirrored"])
    assert report.diagnosis is None and "computed from x" in report.why


# The smaller exercises.


def cost_by_counting(channels, height, width, reduction=16, kernel_size=7):
    """What a module of that size has, and what runs in it."""
    found = costs.of(Answer(channels, reduction, kernel_size), (1, channels, height, width))
    return found.parameters - 1, found.multiply_adds


def repaired_in_float64(shortcut, branch, first, second, kernel):
    y = branch.double()
    u = sum((z @ first.double().T).relu() @ second.double().T for z in (y.mean((2, 3)), y.amax((2, 3))))
    y = y * u.sigmoid()[..., None, None]
    gate = functional.conv2d(stacked(y), kernel.double(), padding=kernel.shape[-1] // 2).sigmoid()
    return (shortcut + y * gate).relu().float()


def accepts_by_loops(implementation):
    draw = torch.Generator().manual_seed(4)
    sizes = ((2, 3, 4, 5), (2, 3, 4, 5), (2, 3), (3, 2), (1, 2, 3, 3))
    given = [torch.randn(size, generator=draw) for size in sizes]
    return torch.allclose(implementation(*given), by_loops(*given), atol=1e-4)


def by_loops(shortcut, branch, first, second, kernel):
    """One number at a time."""
    y, side = torch.zeros_like(shortcut), kernel.shape[-1]
    for b, picture in enumerate(branch.tolist()):
        height, width = len(picture[0]), len(picture[0][0])
        flat = [sum(channel, []) for channel in picture]
        logits = [0.0] * len(flat)
        for z in ([sum(one) / len(one) for one in flat], [max(one) for one in flat]):
            hidden = [max(0.0, sum(w * v for w, v in zip(row, z, strict=True))) for row in first.tolist()]
            logits = [
                u + sum(w * v for w, v in zip(row, hidden, strict=True))
                for u, row in zip(logits, second.tolist(), strict=True)
            ]
        gates = [1 / (1 + math.exp(-u)) for u in logits]
        refined = [[[v * g for v in row] for row in channel] for channel, g in zip(picture, gates, strict=True)]
        for i in range(height):
            for j in range(width):
                u = 0.0
                for di in range(side):
                    for dj in range(side):
                        row, column = i + di - side // 2, j + dj - side // 2
                        if 0 <= row < height and 0 <= column < width:
                            seen = [channel[row][column] for channel in refined]
                            u += float(kernel[0, 0, di, dj]) * sum(seen) / len(seen)
                            u += float(kernel[0, 1, di, dj]) * max(seen)
                for c, channel in enumerate(refined):
                    y[b, c, i, j] = max(0.0, float(shortcut[b, c, i, j]) + channel[i][j] / (1 + math.exp(-u)))
    return y


@pytest.mark.parametrize(
    ("exercise_id", "answer"),
    [
        ("cbam-recall", " e"),
        ("cbam-zero", [1 / 4, 1 / 2, 5 / 4]),
        ("cbam-zero", torch.tensor([0.25, 0.5, 1.25])),
        ("cbam-cost", cost_by_counting),
        ("cbam-bug-hunt", ["Never called", "after the addition", "extra residual", "un-refined map ", "wrong order"]),
        ("cbam-repair", repaired_in_float64),
        ("cbam-tests", accepts_by_loops),
    ],
)
def test_right_answers_that_no_author_listed_pass(exercise_id: str, answer: Any) -> None:
    report = verdict(exercise_id, answer, seed=7)
    assert report.passed and report.score == report.max_score, (report.subgoal, report.why)


@pytest.mark.parametrize(
    ("exercise_id", "answer", "diagnosis"),
    [
        ("cbam-recall", "F", None),
        ("cbam-zero", (0.25, 0.25, 0.25), None),
        ("cbam-zero", 0.25, None),
        ("cbam-cost", lambda c, h, w, r=16, k=7: (2 * c * c // r + 98, 98 * h * w), None),
        ("cbam-cost", lambda c, h, w, r=16, k=7: 5, None),
        ("cbam-bug-hunt", ("never called",) * 5, None),
        ("cbam-repair", lambda shortcut, branch, *_: (shortcut + branch / 4).relu(), None),
        ("cbam-repair", lambda *given: repaired_in_float64(*given).detach(), None),
        ("cbam-tests", lambda implementation: bool(implementation(*(torch.ones(1, 1, 1, 1),) * 2) is None), None),
    ],
)
def test_wrong_answers_that_no_author_listed_fail(exercise_id: str, answer: Any, diagnosis: str | None) -> None:
    report = verdict(exercise_id, answer)
    assert report.state == "incorrect" and report.diagnosis == diagnosis
    assert report.why and report.next_step


def test_a_test_earns_points_for_what_it_catches() -> None:
    exercise = course.exercise("cbam-tests")
    assert isinstance(exercise, TestsExercise)
    judge = Judge(exercise)
    scores = {m.name: judge.verdict(answer_of(exercise, m.implementation)).score for m in exercise.misconceptions}
    assert scores["checks-the-shape-only"] == 0
    assert 0 < scores["leaves-the-shortcut-zero"] < scores["tests-with-zero-weights-only"] < exercise.points


def test_cost_adds_up_to_the_papers_table() -> None:
    """ResNet-50 with CBAM: 28.09 M and 3.864 G (second-hand), and what our own count says."""
    exercise = course.exercise("cbam-cost")
    blocks = [(3, 256, 56), (4, 512, 28), (6, 1024, 14), (3, 2048, 7)]
    parameters, multiply_adds = (
        sum(count * exercise.right(channels, side, side)[which] for count, channels, side in blocks) for which in (0, 1)
    )
    with torch.device("meta"):
        plain = costs.of(hosts.build("resnet50"), (1, 3, 224, 224))
    assert f"{(plain.parameters + parameters) / 1e6:.2f}" == "28.09"
    assert f"{(plain.multiply_adds + multiply_adds) / 1e9:.3f}" == "3.864"
