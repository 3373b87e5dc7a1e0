"""Lesson 06: what its authors wrote is judged as they meant it, and so is what they did not think of."""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Callable
from typing import Any

import jupytext
import pytest
import torch
from torch import nn
from torch.nn import functional

from attncourse import course
from attncourse.checking import Exercise, FunctionExercise, Judge, ModuleExercise, Subject, TestsExercise, Workbench
from attncourse.checking.probes import first_violation
from attncourse.lessons.coordinate_attention._module_styles import STYLES, VARIANTS
from attncourse.lessons.coordinate_attention.module import MISTAKES

LESSON = course.lesson("coordinate_attention")
EXERCISES = [course.exercise(exercise_id) for exercise_id in LESSON.exercise_ids]
MODULE = course.exercise("coordinate-module")
OTHERS = [exercise for exercise in EXERCISES if exercise is not MODULE]
SEEDS = (0, 1, 2)

by_exercise = pytest.mark.parametrize("exercise", [pytest.param(exercise, id=exercise.id) for exercise in EXERCISES])
by_other = pytest.mark.parametrize("exercise", [pytest.param(exercise, id=exercise.id) for exercise in OTHERS])


def answer_of(exercise: Exercise, implementation: Callable[..., Any]) -> Workbench:
    """One of the course's own answers as a learner would hand it in."""
    return Workbench(implementation() if exercise.kind == "value" else implementation, trusted=True)


@functools.cache
def judge_of(exercise_id: str, seed: int) -> Judge:
    return Judge(course.exercise(exercise_id), seed)


def verdict(exercise_id: str, answer: Any, seed: int = 0) -> Any:
    return judge_of(exercise_id, seed).verdict(Workbench(answer))


@by_other
@pytest.mark.parametrize("seed", SEEDS)
def test_every_accepted_style_is_right(exercise: Exercise, seed: int) -> None:
    judge = Judge(exercise, seed)
    assert judge.verdict(answer_of(exercise, exercise.right)).passed
    for style in exercise.styles:
        report = judge.verdict(answer_of(exercise, style.implementation))
        assert report.passed, (style.name, report.subgoal, report.why)


def test_every_style_of_the_module_is_right_and_variants_have_their_remark() -> None:
    """Of the variants every fourth; the audit tries them all."""
    judge = Judge(MODULE, seed=3)
    assert judge.verdict(answer_of(MODULE, MODULE.right)).passed
    for style in [s for s in MODULE.styles if not s.remark] + [s for s in MODULE.styles if s.remark][::4]:
        report = judge.verdict(answer_of(MODULE, style.implementation))
        assert report.passed, (style.name, report.subgoal, report.why)
        assert report.remark == style.remark, style.name
    assert len(MODULE.styles) == len(STYLES) + len(VARIANTS) and len(STYLES) >= 8


@by_other
@pytest.mark.parametrize("seed", SEEDS)
def test_every_misconception_is_rejected_under_its_own_name(exercise: Exercise, seed: int) -> None:
    judge = Judge(exercise, seed)
    for wrong in exercise.misconceptions:
        report = judge.verdict(answer_of(exercise, wrong.implementation))
        assert (report.state, report.diagnosis) == ("incorrect", wrong.name)
        assert report.believed == wrong.believed and report.next_step == wrong.next_step


def test_a_mistake_of_the_module_is_named_in_plain_and_in_other_dress() -> None:
    """Plain, and one dressed mistake in five; the audit tries them all."""
    judge = Judge(MODULE, seed=3)
    plain = [(wrong, wrong.implementation) for wrong in MODULE.misconceptions]
    dressed = [(wrong, dress) for wrong in MODULE.misconceptions for dress in wrong.dresses]
    for wrong, form in [*plain, *dressed[::5]]:
        report = judge.verdict(answer_of(MODULE, form))
        assert (report.state, report.diagnosis) == ("incorrect", wrong.name), wrong.name
    assert len(MODULE.misconceptions) == len(MISTAKES) >= 12


def test_the_probes_alone_tell_right_from_wrong() -> None:
    assert isinstance(MODULE, ModuleExercise)
    rights: list[type[nn.Module]] = [*STYLES, *(variant for variant, _ in VARIANTS[::20])]
    for style in rights:
        found = first_violation(MODULE.probes, Subject(Workbench(style, trusted=True), seed=5))
        assert found is None, (style.__name__, found)
    for mistake in MISTAKES:
        found = first_violation(MODULE.probes, Subject(Workbench(mistake, trusted=True), seed=5))
        assert found is not None and found.sentence and found.next_step, mistake.__name__


@by_exercise
def test_an_exercise_is_as_rich_as_promised(exercise: Exercise) -> None:
    assert len(exercise.hints) >= 4
    assert len(exercise.misconceptions) >= (12 if exercise.kind == "module" else 3)
    if isinstance(exercise, FunctionExercise):
        assert len(exercise.styles) >= 5


@by_exercise
def test_words_fit_on_a_screen(exercise: Exercise) -> None:
    for wrong in exercise.misconceptions:
        assert len(wrong.believed) <= 160, wrong.name
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

    class CoordinateAttention(nn.Module):
        def __init__(self, channels, reduction=32):
            super().__init__()

        def forward(self, x): ...

    assert verdict("coordinate-module", CoordinateAttention).state == "not attempted"


# The module, as learners may write it. None of these served to tune a probe.


class Answer(nn.Module):
    """The right module; what follows replaces parts of it."""

    f1: Any
    norm: Any

    def __init__(self, channels, reduction=32):
        super().__init__()
        self.make(channels, max(8, channels // reduction))

    def make(self, c, m):
        self.f1, self.norm = nn.Conv2d(c, m, 1), nn.BatchNorm2d(m)
        self.fh, self.fw = nn.Conv2d(m, c, 1), nn.Conv2d(m, c, 1)

    def line(self, x):
        return torch.cat([x.mean(3, keepdim=True), x.mean(2)[..., None]], 2)

    def inner(self, x):
        return functional.hardswish(self.norm(self.f1(self.line(x))))

    def u(self, x):
        f = self.inner(x)
        return self.fh(f[:, :, : x.shape[2]]), self.fw(f[:, :, x.shape[2] :].mT)

    def forward(self, x):
        row, column = self.u(x)
        return x * row.sigmoid() * column.sigmoid()


class OneFlatVector(Answer):
    def make(self, c, m):
        self.sizes = (m * c, m, c * m, c, c * m, c)
        self.m, self.c = m, c
        self.theta = nn.Parameter(torch.randn(sum(self.sizes)) * 0.1)

    def u(self, x):
        w1, b1, wh, bh, ww, bw = self.theta.split(self.sizes)
        f = functional.hardswish(w1.view(self.m, self.c) @ self.line(x)[..., 0] + b1[:, None])
        row = wh.view(self.c, self.m) @ f[..., : x.shape[2]] + bh[:, None]
        column = ww.view(self.c, self.m) @ f[..., x.shape[2] :] + bw[:, None]
        return row[..., None], column[:, :, None]


class StackedGates(Answer):
    """Both second layers in one tensor of three axes."""

    def make(self, c, m):
        self.f1, self.norm = nn.Conv2d(c, m, 1, bias=False), nn.BatchNorm2d(m)
        self.second = nn.Parameter(torch.randn(2, c, m))

    def u(self, x):
        f = self.inner(x)[..., 0]
        row, column = self.second[0] @ f[..., : x.shape[2]], self.second[1] @ f[..., x.shape[2] :]
        return row[..., None], column[:, :, None]


class PoolsInFloat32(Answer):
    def line(self, x):
        return super().line(x.float()).to(x.dtype)


class BatchNormOfTensorFlow(Answer):
    def make(self, c, m):
        super().make(c, m)
        self.norm = nn.BatchNorm2d(m, eps=1e-3, momentum=0.99)


class RowByRow(Answer):
    """Each place of the line by itself; no batch norm, for it would see one place at a time."""

    def inner(self, x):
        places = self.line(x).split(1, dim=2)
        return torch.cat([functional.hardswish(self.f1(place)) for place in places], dim=2)

    def make(self, c, m):
        super().make(c, m)
        del self.norm


class SeparateHiddenHalves(Answer):
    """The shared layer in two halves, whose results are put together."""

    def make(self, c, m):
        super().make(c, m)
        self.f1 = nn.ModuleList([nn.Conv2d(c, m // 2, 1), nn.Conv2d(c, m - m // 2, 1)])

    def inner(self, x):
        line = self.line(x)
        return functional.hardswish(self.norm(torch.cat([half(line) for half in self.f1], 1)))


class ReluWithoutNorm(Answer):
    def make(self, c, m):
        super().make(c, m)
        self.norm = nn.Identity()

    def inner(self, x):
        return torch.relu(self.f1(self.line(x)))


class BackToFront(Answer):
    """The line is turned round before the shared layer and after it."""

    def inner(self, x):
        return functional.hardswish(self.norm(self.f1(self.line(x).flip(2)))).flip(2)


class LogSigmoids(Answer):
    def forward(self, x):
        row, column = self.u(x)
        return x * torch.exp(functional.logsigmoid(row) + functional.logsigmoid(column))


RIGHT = [
    OneFlatVector,
    StackedGates,
    PoolsInFloat32,
    BatchNormOfTensorFlow,
    RowByRow,
    SeparateHiddenHalves,
    ReluWithoutNorm,
    BackToFront,
    LogSigmoids,
]


@pytest.mark.parametrize("answer", RIGHT)
@pytest.mark.parametrize("seed", (0, 7))
def test_right_modules_that_no_author_listed_pass(answer: type[nn.Module], seed: int) -> None:
    report = verdict("coordinate-module", answer, seed)
    assert report.passed, (report.diagnosis, report.subgoal, report.why)


def changed_gates(change: Callable[[Any, Any], Any]) -> type[nn.Module]:
    return type("Changed", (Answer,), {"forward": lambda self, x: x * change(*self.u(x))})


def changed_line(change: Callable[[Any], Any]) -> type[nn.Module]:
    return type("Changed", (Answer,), {"line": lambda self, x: change(x)})


def changed_inner(change: Callable[[Any], Any]) -> type[nn.Module]:
    return type("Changed", (Answer,), {"inner": lambda self, x: change(self.norm(self.f1(self.line(x))))})


def changed_parts(**parts: Callable[[int, int], nn.Module]) -> type[nn.Module]:
    def make(self, c, m):
        Answer.make(self, c, m)
        for name, part in parts.items():
            setattr(self, name, part(c, m))

    return type("Changed", (Answer,), {"make": make})


def strips(x, row, column):
    return torch.cat([row(x, 3).unsqueeze(3), column(x, 2).unsqueeze(3)], 2)


class PositionKnown(Answer):
    def line(self, x):
        line = super().line(x)
        return line + torch.arange(line.shape[2], dtype=x.dtype)[:, None] / 100


class SymmetricFirstLayer(Answer):
    def inner(self, x):
        weight = self.f1.weight + self.f1.weight.flip(0)
        return functional.hardswish(self.norm(functional.conv2d(self.line(x), weight / 2, self.f1.bias)))


class HalfOfTheHiddenUnits(Answer):
    def inner(self, x):
        f = super().inner(x)
        half = f.shape[1] // 2
        return torch.cat([f[:, :half], f[:, :half], f[:, 2 * half :]], 1)


class NotInEvaluationMode(Answer):
    def forward(self, x):
        return super().forward(x) if self.training else super().forward(x.detach())


class TwoHalfFirstLayers(Answer):
    """As many weights as the right one; but rows and columns share none."""

    def make(self, c, m):
        super().make(c, m)
        self.f1 = nn.ModuleList([nn.Conv2d(c, m // 2, 1), nn.Conv2d(c, m - m // 2, 1)])

    def inner(self, x):
        h, line = x.shape[2], self.line(x)
        row, column = (f(part) for f, part in zip(self.f1, (line[:, :, :h], line[:, :, h:]), strict=True))
        m = row.shape[1] + column.shape[1]
        row = functional.pad(row, (0, 0, 0, 0, 0, m - row.shape[1]))
        column = functional.pad(column, (0, 0, 0, 0, m - column.shape[1], 0))
        return functional.hardswish(self.norm(torch.cat([row, column], 2)))


class RowsSeeTheColumnsMean(Answer):
    def inner(self, x):
        f = super().inner(x)
        return f + f.mean(2, keepdim=True) / 10


WRONG = {
    "temperature": changed_gates(lambda u, v: (2 * u).sigmoid() * v.sigmoid()),
    "turned round": changed_gates(lambda u, v: (1 - u.sigmoid()) * v.sigmoid()),
    "square root": changed_gates(lambda u, v: (u.sigmoid() * v.sigmoid()).sqrt()),
    "maximum of both": changed_gates(lambda u, v: torch.maximum(u.sigmoid(), v.sigmoid())),
    "probabilistic or": changed_gates(lambda u, v: 1 - (1 - u.sigmoid()) * (1 - v.sigmoid())),
    "clamped": changed_gates(lambda u, v: u.clamp(-2, 2).sigmoid() * v.sigmoid()),
    "dropout": changed_gates(lambda u, v: functional.dropout(u.sigmoid(), 0.1, training=True) * v.sigmoid()),
    "pictures mixed": changed_gates(lambda u, v: (u + u.roll(1, 0)).sigmoid() * v.sigmoid()),
    "rows smoothed": changed_gates(lambda u, v: functional.avg_pool2d(u, (3, 1), 1, (1, 0)).sigmoid() * v.sigmoid()),
    "detached rows": changed_gates(lambda u, v: u.sigmoid().detach() * v.sigmoid()),
    "means of the positive": changed_line(lambda x: strips(x.relu(), torch.mean, torch.mean)),
    "medians": changed_line(lambda x: strips(x, lambda t, d: t.median(d).values, lambda t, d: t.median(d).values)),
    "maximum for columns": changed_line(lambda x: strips(x, torch.mean, torch.amax)),
    "lengths": changed_line(lambda x: strips(x.pow(2), torch.mean, torch.mean)),
    "detached line": changed_line(lambda x: strips(x.detach(), torch.mean, torch.mean)),
    "centred": changed_line(lambda x: strips(x - x.mean((2, 3), True), torch.mean, torch.mean)),
    "half of the row": changed_line(
        lambda x: strips(x, lambda t, d: t[..., : (t.shape[3] + 1) // 2].mean(3), torch.mean)
    ),
    "tanh": changed_inner(torch.tanh),
    "swish of twice": changed_inner(lambda a: a * (2 * a).sigmoid()),
    "h-swish without the six": changed_inner(lambda a: a * functional.relu6(a + 3)),
    "h-swish without a clamp": changed_inner(lambda a: a * (a + 3) / 6),
    "activation twice": changed_inner(lambda a: functional.hardswish(functional.hardswish(a))),
    "dropout inside": changed_inner(lambda a: functional.dropout(functional.hardswish(a), 0.5, training=True)),
    "layer norm": changed_parts(norm=lambda c, m: nn.GroupNorm(1, m)),
    "instance norm": changed_parts(norm=lambda c, m: nn.InstanceNorm2d(m, affine=True)),
    "norm without statistics": changed_parts(norm=lambda c, m: nn.BatchNorm2d(m, track_running_stats=False)),
    "grouped": changed_parts(fh=lambda c, m: nn.Sequential(nn.Conv2d(m, c, 1), nn.Conv2d(c, c, 1, groups=c))),
    "two layers": changed_parts(f1=lambda c, m: nn.Sequential(nn.Conv2d(c, c, 1), nn.Conv2d(c, m, 1))),
    "one more hidden unit": type("More", (Answer,), {"make": lambda self, c, m: Answer.make(self, c, m + 1)}),
    "frozen": changed_parts(fw=lambda c, m: nn.Conv2d(m, c, 1).requires_grad_(False)),
    "position": PositionKnown,
    "symmetric first layer": SymmetricFirstLayer,
    "half of the hidden units": HalfOfTheHiddenUnits,
    "detached in evaluation mode": NotInEvaluationMode,
    "two half first layers": TwoHalfFirstLayers,
    "rows see the columns' mean": RowsSeeTheColumnsMean,
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_modules_that_no_author_listed_fail(name: str) -> None:
    report = verdict("coordinate-module", WRONG[name], seed=7)
    assert report.state == "incorrect"
    assert report.why and report.next_step


def test_a_known_mistake_in_foreign_clothes_is_named() -> None:
    def silent(self, x):
        row, column = self.u(x)
        return x * (row.sigmoid() + column.sigmoid())

    named = {
        "no-sigmoid": changed_gates(lambda u, v: u * v),
        "sum-of-the-gates": type("Sum", (ReluWithoutNorm,), {"forward": silent}),
        "no-activation": changed_inner(torch.clone),
        "floor-of-one": type("Narrow", (Answer,), {"__init__": _narrow}),
    }
    for name, answer in named.items():
        assert verdict("coordinate-module", answer).diagnosis == name


def _narrow(self, channels, reduction=32):
    nn.Module.__init__(self)
    self.make(channels, max(1, channels // reduction))


# The smaller exercises.


def descriptors_by_loops(x):
    batch, channels, height, width = x.shape
    line = [
        [
            [sum(x[b, c, i, j] for j in range(width)) / width for i in range(height)]
            + [sum(x[b, c, i, j] for i in range(height)) / height for j in range(width)]
            for c in range(channels)
        ]
        for b in range(batch)
    ]
    return torch.stack([torch.stack([torch.stack(one) for one in picture]) for picture in line])[..., None]


def parameters_by_listing(channels, reduction):
    hidden = sorted([8, channels // reduction])[1]
    return len([0] * hidden * (channels + 1) + [0] * 2 * hidden + [0] * 2 * channels * (hidden + 1))


def repaired_in_float64(x, shared, rows, columns):
    y = x.double()
    f = [functional.hardswish(functional.conv2d(y.mean(d, keepdim=True), shared.double())) for d in (3, 2)]
    gates = [functional.conv2d(one, w.double()).sigmoid() for one, w in zip(f, (rows, columns), strict=True)]
    return (y * gates[0] * gates[1]).float()


def accepts_by_properties(implementation):
    """Zero weights, and second layers that serve one gate at a time."""
    x, shared = 2 * torch.randn(2, 3, 4, 6), torch.randn(5, 3, 1, 1)
    rows, columns = torch.randn(2, 3, 5, 1, 1)
    zero = torch.zeros_like(rows)
    assert torch.allclose(implementation(x, shared, zero, zero), x / 4)
    a, b = implementation(x, shared, rows, zero) / x * 2, implementation(x, shared, zero, columns) / x * 2
    assert torch.allclose(implementation(x, shared, rows, columns), x * a * b, atol=1e-4)
    f = functional.hardswish(torch.einsum("mc,bci->bmi", shared[:, :, 0, 0], x.mean(3)))
    g = functional.hardswish(torch.einsum("mc,bcj->bmj", shared[:, :, 0, 0], x.mean(2)))
    assert torch.allclose(a[..., 2], torch.einsum("cm,bmi->bci", rows[:, :, 0, 0], f).sigmoid(), atol=1e-3)
    assert torch.allclose(b[:, :, 1], torch.einsum("cm,bmj->bcj", columns[:, :, 0, 0], g).sigmoid(), atol=1e-3)
    return True


@pytest.mark.parametrize(
    ("exercise_id", "answer"),
    [
        ("coordinate-descriptors", descriptors_by_loops),
        ("coordinate-cost", parameters_by_listing),
        ("coordinate-repair", repaired_in_float64),
        ("coordinate-tests", accepts_by_properties),
        ("coordinate-mixing", [2, 11]),
        ("coordinate-mixing", torch.tensor([2, 5 + 7 - 1])),
        ("coordinate-recall", " d"),
        ("coordinate-bug-hunt", ["Sum of gates", "mixed places ", "wrong split", "two first layers", "no sigmoid"]),
    ],
)
@pytest.mark.parametrize("seed", (0, 7))
def test_right_answers_that_no_author_listed_pass(exercise_id: str, answer: Any, seed: int) -> None:
    torch.manual_seed(seed)
    report = verdict(exercise_id, answer, seed)
    assert report.passed and report.score == report.max_score, (report.subgoal, report.why)


def accepts_what_runs(implementation):
    implementation(*(torch.ones(size) for size in ((1, 2, 4, 4), (3, 2, 1, 1), (2, 3, 1, 1), (2, 3, 1, 1))))


@pytest.mark.parametrize(
    ("exercise_id", "answer", "diagnosis"),
    [
        ("coordinate-descriptors", lambda x: torch.cat([x.mean(2), x.mean(3)], 2)[..., None], "pools-the-other-axis"),
        ("coordinate-descriptors", lambda x: torch.cat([x.mean(3), x.mean(2)], 2), None),
        ("coordinate-descriptors", lambda x: torch.cat([x.mean(3), x.mean(2)], 2)[..., None].detach(), None),
        ("coordinate-cost", lambda c, r: 3 * c * max(8, c // r), "counts-weights-only"),
        ("coordinate-cost", lambda c, r: 2 * c * (c // r), None),
        ("coordinate-repair", lambda x, s, r, c: x / 4, None),
        ("coordinate-repair", lambda x, s, r, c: x, None),
        ("coordinate-tests", accepts_what_runs, "checks-the-shape-on-a-square-map"),
        ("coordinate-mixing", (2, 10), None),
        ("coordinate-mixing", 11, None),
        ("coordinate-recall", "F", None),
        ("coordinate-bug-hunt", ("no sigmoid",) * 5, None),
    ],
)
def test_wrong_answers_that_no_author_listed_fail(exercise_id: str, answer: Any, diagnosis: str | None) -> None:
    report = verdict(exercise_id, answer)
    assert report.state == "incorrect" and report.diagnosis == diagnosis
    assert report.why and report.next_step


def test_a_wrong_prediction_is_not_told_the_right_one() -> None:
    guess = verdict("coordinate-mixing", (3, 10))
    assert guess.witness is None and "11" not in guess.why


def test_a_test_earns_points_for_what_it_catches() -> None:
    exercise = course.exercise("coordinate-tests")
    assert isinstance(exercise, TestsExercise)
    judge = Judge(exercise)
    scores = {m.name: judge.verdict(answer_of(exercise, m.implementation)).score for m in exercise.misconceptions}
    assert scores["checks-the-shape-on-a-square-map"] == 0
    assert 0 < scores["tests-with-zero-weights-only"] < scores["tests-a-batch-of-one-only"] < exercise.points


def test_repaired_agrees_with_plain_loops() -> None:
    """The judge's own reference, one place at a time."""
    draw = torch.Generator().manual_seed(2)
    x = torch.randn(2, 3, 4, 5, generator=draw)
    shared, rows, columns = (torch.randn(size, generator=draw) for size in ((6, 3, 1, 1), (3, 6, 1, 1), (3, 6, 1, 1)))
    y = course.exercise("coordinate-repair").right(x, shared, rows, columns)

    def gate(means: list[float], weight: torch.Tensor, channel: int) -> float:
        u = 0.0
        for m in range(6):
            a = sum(float(shared[m, c]) * means[c] for c in range(3))
            u += float(weight[channel, m]) * a * min(max(a + 3, 0), 6) / 6
        return 1 / (1 + math.exp(-u))

    for b in range(2):
        for i in range(4):
            for j in range(5):
                row = [sum(float(x[b, c, i, k]) for k in range(5)) / 5 for c in range(3)]
                column = [sum(float(x[b, c, k, j]) for k in range(4)) / 4 for c in range(3)]
                for c in range(3):
                    expected = float(x[b, c, i, j]) * gate(row, rows, c) * gate(column, columns, c)
                    assert abs(float(y[b, c, i, j]) - expected) < 1e-4
