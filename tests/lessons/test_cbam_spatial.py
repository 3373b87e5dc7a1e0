"""Lesson 03: what its authors wrote is judged as they meant it, and so is what they did not think of."""

from __future__ import annotations

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
from attncourse.lessons.cbam_spatial.module import MISTAKES

LESSON = course.lesson("cbam_spatial")
EXERCISES = [course.exercise(exercise_id) for exercise_id in LESSON.exercise_ids]
MODULE = course.exercise("cbam-spatial-module")
OTHERS = [exercise for exercise in EXERCISES if exercise is not MODULE]
SEEDS = (0, 1, 2)

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
    assert judge.verdict(answer_of(exercise, exercise.right)).passed
    for style in exercise.styles:
        report = judge.verdict(answer_of(exercise, style.implementation))
        assert report.passed, (style.name, report.subgoal, report.why)
        assert report.remark == style.remark or exercise.kind == "tests", style.name


@pytest.mark.parametrize("exercise", [pytest.param(exercise, id=exercise.id) for exercise in OTHERS])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_misconception_is_rejected_under_its_own_name(exercise: Exercise, seed: int) -> None:
    judge = Judge(exercise, seed)
    for wrong in exercise.misconceptions:
        report = judge.verdict(answer_of(exercise, wrong.implementation))
        assert (report.state, report.diagnosis) == ("incorrect", wrong.name)
        assert report.believed == wrong.believed and report.next_step == wrong.next_step


def test_a_mistake_of_the_module_is_named_in_plain_and_in_other_dress() -> None:
    """As written, and in the other order with a batch norm, both at once; the audit tries every dress."""
    judge = Judge(MODULE, seed=3)
    for wrong in MODULE.misconceptions:
        for form in {wrong.forms[0], wrong.forms[-1]}:
            report = judge.verdict(answer_of(MODULE, form))
            assert (report.state, report.diagnosis) == ("incorrect", wrong.name), form.__mro__
    assert len(MODULE.misconceptions) == len(MISTAKES) >= 12
    assert sum(len(wrong.forms) for wrong in MODULE.misconceptions) > 3 * len(MISTAKES)


def test_the_probes_alone_tell_right_from_wrong() -> None:
    assert isinstance(MODULE, ModuleExercise)
    for style in MODULE.styles:
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

    class SpatialAttention(nn.Module):
        def __init__(self, kernel_size=7):
            super().__init__()

        def forward(self, x): ...

    assert verdict("cbam-spatial-module", SpatialAttention).state == "not attempted"


# The module, as learners may write it. None of these served to tune a probe.


def maps(x):
    return torch.cat([x.mean(1, True), x.amax(1, True)], 1)


class Answer(nn.Module):
    """The right module; what follows replaces parts of it."""

    def __init__(self, kernel_size=7):
        super().__init__()
        self.k = kernel_size
        self.make(kernel_size, kernel_size // 2)

    def make(self, k, half):
        self.conv = nn.Conv2d(2, 1, k, padding=half, bias=False)

    def u(self, x):
        return self.conv(maps(x))

    def forward(self, x):
        return x * self.u(x).sigmoid()


class MirroredKernel(Answer):
    def make(self, k, half):
        self.weight = nn.Parameter(torch.randn(1, 2, k, k))

    def u(self, x):
        return functional.conv2d(maps(x), self.weight.flip(2, 3), padding=self.k // 2)


class TransposedKernel(MirroredKernel):
    def u(self, x):
        return functional.conv2d(maps(x), self.weight.transpose(2, 3), padding=self.k // 2)


class TransposedMaps(Answer):
    def u(self, x):
        return self.conv(maps(x).transpose(2, 3)).transpose(2, 3)


class MaximumFirstAndMirrored(MirroredKernel):
    def u(self, x):
        return functional.conv2d(maps(x).flip(1), self.weight.flip(2), padding=self.k // 2)


class OneFlatVector(Answer):
    def make(self, k, half):
        self.theta = nn.Parameter(torch.randn(2 * k * k + 1))

    def u(self, x):
        weight, bias = self.theta[:-1].view(1, 2, self.k, self.k), self.theta[-1:]
        return functional.conv2d(maps(x), weight, bias, padding=self.k // 2)


class TransposedConvolution(Answer):
    def make(self, k, half):
        self.conv = nn.ConvTranspose2d(2, 1, k, padding=half)


class ShiftedMaps(Answer):
    def make(self, k, half):
        self.w = nn.ParameterList([nn.Parameter(torch.randn(2)) for _ in range(k * k)])

    def u(self, x):
        padded, (h, w), k = functional.pad(maps(x), (self.k // 2,) * 4), x.shape[2:], self.k
        parts = (padded[:, :, i : i + h, j : j + w] for i in range(k) for j in range(k))
        return sum((one * w[:, None, None]).sum(1, True) for one, w in zip(parts, self.w, strict=True))


class PoolsInFloat32(Answer):
    def u(self, x):
        return self.conv(maps(x.float()).to(x.dtype))


class OfficialLayout(Answer):
    def make(self, k, half):
        self.conv = nn.Conv2d(2, 1, k, 1, half, bias=False)
        self.bn = nn.BatchNorm2d(1, eps=1e-5, momentum=0.01, affine=True)

    def u(self, x):
        both = torch.cat((torch.max(x, 1)[0].unsqueeze(1), torch.mean(x, 1).unsqueeze(1)), dim=1)
        return self.bn(self.conv(both))


class BatchNormOfTensorFlow(OfficialLayout):
    def make(self, k, half):
        self.conv, self.bn = nn.Conv2d(2, 1, k, padding=half), nn.BatchNorm2d(1, eps=1e-3, momentum=0.99)


class TwoConvolutionsAndBatchNorm(Answer):
    def make(self, k, half):
        self.a, self.b = (nn.Conv2d(1, 1, k, padding=half) for _ in range(2))
        self.norm = nn.BatchNorm2d(1)

    def u(self, x):
        return self.norm(self.b(x.amax(1, True)) + self.a(x.mean(1, True)))


class ThreeBiases(TwoConvolutionsAndBatchNorm):
    def make(self, k, half):
        super().make(k, half)
        self.norm, self.shift = nn.Identity(), nn.Parameter(torch.zeros(1))

    def u(self, x):
        return super().u(x) + self.shift


class Depthwise(Answer):
    def make(self, k, half):
        self.conv = nn.Conv2d(2, 2, k, padding=half, groups=2)

    def u(self, x):
        return super().u(x).sum(1, True)


class PictureByPicture(Answer):
    def forward(self, x):
        return torch.stack([t * self.conv(torch.stack([t.mean(0), t.max(0)[0]])[None])[0].sigmoid() for t in x])


class ChannelByChannel(Answer):
    def forward(self, x):
        return torch.cat([channel * self.u(x).sigmoid() for channel in x.split(1, 1)], 1)


RIGHT = [
    MirroredKernel,
    TransposedKernel,
    TransposedMaps,
    MaximumFirstAndMirrored,
    OneFlatVector,
    TransposedConvolution,
    ShiftedMaps,
    PoolsInFloat32,
    OfficialLayout,
    BatchNormOfTensorFlow,
    TwoConvolutionsAndBatchNorm,
    ThreeBiases,
    Depthwise,
    PictureByPicture,
    ChannelByChannel,
]


@pytest.mark.parametrize("answer", RIGHT)
@pytest.mark.parametrize("seed", (0, 7))
def test_right_modules_that_no_author_listed_pass(answer: type[nn.Module], seed: int) -> None:
    report = verdict("cbam-spatial-module", answer, seed)
    assert report.passed, (report.diagnosis, report.subgoal, report.why)


def changed_gate(change: Callable[[Any], Any]) -> type[nn.Module]:
    return type("Changed", (Answer,), {"forward": lambda self, x: x * change(self.u(x))})


def changed_maps(change: Callable[[Any], Any], count: int = 2) -> type[nn.Module]:
    def make(self, k, half):
        self.conv = nn.Conv2d(count, 1, k, padding=half)

    return type("Changed", (Answer,), {"make": make, "u": lambda self, x: self.conv(torch.cat(change(x), 1))})


def changed_layer(layer: Callable[[int], nn.Module]) -> type[nn.Module]:
    def make(self, k, half):
        self.conv = layer(k)

    return type("Changed", (Answer,), {"make": make})


class RoundTwice(Answer):
    def forward(self, x):
        return x * self.u(super().forward(x)).sigmoid()


class SymmetricKernel(MirroredKernel):
    def u(self, x):
        return functional.conv2d(maps(x), (self.weight + self.weight.flip(3)) / 2, padding=self.k // 2)


class SharedKernelAndDeadWeights(Answer):
    def make(self, k, half):
        self.conv = nn.Conv2d(1, 1, k, padding=half)
        self.dead = nn.Parameter(torch.zeros(k * k))

    def u(self, x):
        return self.conv(x.mean(1, True)) + self.conv(x.amax(1, True)) + 0 * self.dead.sum()


class KernelAsBuffer(Answer):
    def make(self, k, half):
        self.register_buffer("weight", torch.randn(1, 2, k, k))
        self.dead = nn.Parameter(torch.zeros(2 * k * k))

    def u(self, x):
        return functional.conv2d(maps(x), self.weight, padding=self.k // 2) + 0 * self.dead.sum()


class NeighboursMixed(Answer):
    def forward(self, x):
        gate = self.u(x).sigmoid()
        return x * (gate + gate.roll(1, 0)) / 2


class UntrainedInEvalMode(Answer):
    def forward(self, x):
        gate = self.u(x).sigmoid()
        return x * (gate if self.training else gate.detach())


class SmallKernelsOnly(Answer):
    def make(self, k, half):
        assert k < 9
        super().make(k, half)


def same(k: int, into: int = 1, out_of: int = 2, **options: Any) -> nn.Conv2d:
    return nn.Conv2d(out_of, into, k, padding=k // 2, **options)


WRONG = {
    "temperature": changed_gate(lambda u: (2 * u).sigmoid()),
    "turned round": changed_gate(lambda u: 1 - u.sigmoid()),
    "averaged with one": changed_gate(lambda u: (1 + u.sigmoid()) / 2),
    "squared": changed_gate(lambda u: u.sigmoid() ** 2),
    "clamped": changed_gate(lambda u: u.clamp(-6, 6).sigmoid()),
    "smoothed": changed_gate(lambda u: functional.avg_pool2d(u.sigmoid(), 3, 1, 1)),
    "dropout": changed_gate(lambda u: functional.dropout(u.sigmoid(), 0.1, training=True)),
    "softplus": changed_gate(functional.softplus),
    "float32": changed_gate(lambda u: u.sigmoid().float().double()),
    "negated maximum": changed_maps(lambda x: [x.mean(1, True), -x.amax(1, True)]),
    "largest by size": changed_maps(lambda x: [x.mean(1, True), x.abs().amax(1, True)]),
    "mean of the positive": changed_maps(lambda x: [x.relu().mean(1, True), x.amax(1, True)]),
    "soft maximum": changed_maps(lambda x: [x.mean(1, True), x.logsumexp(1, True)]),
    "median": changed_maps(lambda x: [x.median(1, True)[0], x.amax(1, True)]),
    "mean twice": changed_maps(lambda x: [x.mean(1, True)] * 2),
    "maximum twice": changed_maps(lambda x: [x.amax(1, True)] * 2),
    "a third map": changed_maps(lambda x: [maps(x), x.amin(1, True)], 3),
    "half of the channels": changed_maps(lambda x: [x[:, : (x.shape[1] + 1) // 2].mean(1, True), x.amax(1, True)]),
    "detached mean": changed_maps(lambda x: [x.mean(1, True).detach(), x.amax(1, True)]),
    "detached maps": changed_maps(lambda x: [maps(x.detach())]),
    "maps smoothed": changed_maps(lambda x: [functional.avg_pool2d(maps(x), 3, 1, 1)]),
    "maps centred": changed_maps(lambda x: [maps(x) - maps(x).mean((2, 3), True)]),
    "separable": changed_layer(
        lambda k: nn.Sequential(
            nn.Conv2d(2, 1, (k, 1), padding=(k // 2, 0)), nn.Conv2d(1, 1, (1, k), padding=(0, k // 2))
        )
    ),
    "two layers": changed_layer(lambda k: nn.Sequential(nn.Conv2d(2, 2, 1), same(k))),
    "hidden layer": changed_layer(lambda k: nn.Sequential(same(k, 4), nn.ReLU(), nn.Conv2d(4, 1, 1))),
    "instance norm": changed_layer(lambda k: nn.Sequential(same(k), nn.InstanceNorm2d(1))),
    "norm without statistics": changed_layer(
        lambda k: nn.Sequential(same(k), nn.BatchNorm2d(1, track_running_stats=False))
    ),
    "frozen": changed_layer(lambda k: same(k).requires_grad_(False)),
    "smaller kernel": changed_layer(lambda k: same(k - 2)),
    "strided": changed_layer(lambda k: nn.Sequential(same(k, stride=2), nn.Upsample(scale_factor=2))),
    "circular": changed_layer(lambda k: same(k, padding_mode="circular")),
    "round twice": RoundTwice,
    "symmetric kernel": SymmetricKernel,
    "shared kernel, dead weights": SharedKernelAndDeadWeights,
    "kernel as buffer": KernelAsBuffer,
    "pictures mixed": NeighboursMixed,
    "detached in eval mode": UntrainedInEvalMode,
    "small kernels only": SmallKernelsOnly,
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("seed", (0, 7))
def test_wrong_modules_that_no_author_listed_fail(name: str, seed: int) -> None:
    report = verdict("cbam-spatial-module", WRONG[name], seed)
    assert report.state == "incorrect"
    assert report.why and report.next_step


def test_a_known_mistake_in_foreign_clothes_is_named() -> None:
    named = {
        "relu-before-the-sigmoid": changed_layer(
            lambda k: nn.Sequential(same(k, bias=False), nn.BatchNorm2d(1), nn.ReLU())
        ),
        "no-sigmoid": changed_maps(lambda x: [x.amax(1, True), x.mean(1, True)]),
        "padding-fixed-at-three": changed_layer(lambda k: nn.Conv2d(2, 1, k, padding=3, bias=False)),
        "mean-only": changed_maps(lambda x: [x.mean(1, True)], 1),
    }
    named["no-sigmoid"].forward = lambda self, x: x * self.u(x)  # type: ignore[method-assign]
    for name, answer in named.items():
        assert verdict("cbam-spatial-module", answer).diagnosis == name


# The smaller exercises.


def descriptors_by_loops(x):
    return torch.stack([torch.stack([sum(t) / len(t), torch.stack(list(t)).max(0)[0]]) for t in x])


def cost_by_windows(kernel_size, height, width):
    ones = torch.ones(1, 1, height, width)
    windows = functional.unfold(torch.cat([ones, ones], 1), kernel_size, padding=kernel_size // 2)
    return windows.shape[1], windows[0].numel()


def repaired_in_float64(x, channel_gate, weight):
    y = x.double() * channel_gate
    u = functional.conv2d(maps(y), weight.double(), padding=weight.shape[-1] // 2)
    return (y * u.sigmoid()).float()


def accepts_by_properties(implementation):
    """Zero kernels, a shut channel, a disturbed place, and a kernel of a single weight."""
    x, gate = torch.randn(2, 3, 5, 6), torch.rand(2, 3, 1, 1)
    y = x * gate
    assert torch.allclose(implementation(x, gate, torch.zeros(1, 2, 3, 3)), y / 2)
    for number, one in enumerate((y.mean(1, True), y.amax(1, True))):
        for row, column in ((1, 1), (0, 2)):
            weight = torch.zeros(1, 2, 3, 3)
            weight[0, number, row, column] = 1.5
            seen = functional.pad(one, (1, 1, 1, 1))[:, :, row : row + 5, column : column + 6]
            assert torch.allclose(implementation(x, gate, weight), y * (1.5 * seen).sigmoid(), atol=1e-5)
    return True


@pytest.mark.parametrize(
    ("exercise_id", "answer"),
    [
        ("cbam-spatial-descriptors", descriptors_by_loops),
        ("cbam-spatial-cost", cost_by_windows),
        ("cbam-spatial-repair", repaired_in_float64),
        ("cbam-spatial-tests", accepts_by_properties),
        ("cbam-spatial-reach", 4 * 5),
        ("cbam-spatial-reach", torch.tensor(20)),
        ("cbam-spatial-recall", " b"),
        (
            "cbam-spatial-bug-hunt",
            ["Fixed padding", "un-refined input", "extra residual ", "wrong axis", "one map"],
        ),
    ],
)
@pytest.mark.parametrize("seed", (0, 7))
def test_right_answers_that_no_author_listed_pass(exercise_id: str, answer: Any, seed: int) -> None:
    report = verdict(exercise_id, answer, seed)
    assert report.passed and report.score == report.max_score, (report.subgoal, report.why)


def accepts_what_runs(implementation):
    implementation(torch.ones(1, 2, 8, 8), torch.ones(1, 2, 1, 1), torch.ones(1, 2, 7, 7))


@pytest.mark.parametrize(
    ("exercise_id", "answer", "diagnosis"),
    [
        ("cbam-spatial-descriptors", lambda x: x[:, :2], None),
        ("cbam-spatial-descriptors", lambda x: maps(x).detach(), None),
        ("cbam-spatial-descriptors", lambda x: maps(x.relu()), None),
        ("cbam-spatial-descriptors", lambda x: maps(x).flip(1), "maximum-first"),
        ("cbam-spatial-cost", lambda k, h, w: (2 * k * k, 2 * k * k * h * h), None),
        ("cbam-spatial-cost", lambda k, h, w: 2 * k * k, None),
        ("cbam-spatial-repair", lambda x, g, w: x * g, None),
        ("cbam-spatial-repair", lambda x, g, w: x * g * torch.ones_like(x[:, :1]) / 2, None),
        ("cbam-spatial-tests", accepts_what_runs, "checks-the-shape-only"),
        ("cbam-spatial-tests", lambda implementation: bool(accepts_what_runs(implementation)), None),
        ("cbam-spatial-reach", 21, None),
        ("cbam-spatial-recall", "F", None),
        ("cbam-spatial-bug-hunt", ("one map",) * 5, None),
    ],
)
def test_wrong_answers_that_no_author_listed_fail(exercise_id: str, answer: Any, diagnosis: str | None) -> None:
    report = verdict(exercise_id, answer)
    assert report.state == "incorrect" and report.diagnosis == diagnosis
    assert report.why and report.next_step


def test_a_wrong_prediction_is_not_told_the_right_one() -> None:
    guess = verdict("cbam-spatial-reach", 21)
    assert guess.witness is None and "20" not in guess.why


def test_a_test_earns_points_for_what_it_catches() -> None:
    exercise = course.exercise("cbam-spatial-tests")
    assert isinstance(exercise, TestsExercise)
    judge = Judge(exercise)
    scores = {m.name: judge.verdict(answer_of(exercise, m.implementation)).score for m in exercise.misconceptions}
    assert scores["checks-the-shape-only"] == 0
    assert 0 < scores["tests-with-zero-weights-only"] < scores["tests-a-batch-of-one-only"] < exercise.points


def test_repaired_agrees_with_plain_loops() -> None:
    """The judge's own reference, one place at a time."""
    exercise = course.exercise("cbam-spatial-repair")
    draw = torch.Generator().manual_seed(2)
    x, gate = torch.randn(2, 3, 4, 5, generator=draw), torch.rand(2, 3, 1, 1, generator=draw)
    weight = torch.randn(1, 2, 3, 3, generator=draw)
    y = exercise.right(x, gate, weight)
    for b in range(2):
        for i in range(4):
            for j in range(5):
                u = 0.0
                for di in (-1, 0, 1):
                    for dj in (-1, 0, 1):
                        if 0 <= i + di < 4 and 0 <= j + dj < 5:
                            column = [float(x[b, c, i + di, j + dj] * gate[b, c, 0, 0]) for c in range(3)]
                            u += float(weight[0, 0, di + 1, dj + 1]) * sum(column) / 3
                            u += float(weight[0, 1, di + 1, dj + 1]) * max(column)
                for c in range(3):
                    expected = float(x[b, c, i, j] * gate[b, c, 0, 0]) / (1 + 2.718281828459045**-u)
                    assert abs(float(y[b, c, i, j]) - expected) < 1e-4
