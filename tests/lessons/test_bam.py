"""Lesson 05: what its authors wrote is judged as they meant it, and so is what they did not think of."""

from __future__ import annotations

import functools
import importlib
import math
import statistics
from collections.abc import Callable
from typing import Any

import jupytext
import pytest
import torch
from torch import nn
from torch.nn import functional

from attncourse.checking import Exercise, FunctionExercise, Judge, ModuleExercise, Subject, TestsExercise, Workbench
from attncourse.checking.probes import first_violation
from attncourse.course import Lesson
from attncourse.lessons.bam.module import MISTAKES

LESSON = Lesson(5, "bam", "bam", "BAM: two branches, one gate")
NAMES = ("recall", "combine", "reach", "module", "parameters", "bug_hunt", "repair", "tests")
EXERCISES: list[Exercise] = [importlib.import_module(f"attncourse.lessons.bam.{name}").exercise for name in NAMES]
MODULE = next(exercise for exercise in EXERCISES if exercise.kind == "module")
OTHERS = [exercise for exercise in EXERCISES if exercise is not MODULE]

by_exercise = pytest.mark.parametrize("exercise", [pytest.param(exercise, id=exercise.id) for exercise in EXERCISES])
by_other = pytest.mark.parametrize("exercise", [pytest.param(exercise, id=exercise.id) for exercise in OTHERS])


def answer_of(exercise: Exercise, implementation: Callable[..., Any]) -> Workbench:
    """One of the course's own answers as a learner would hand it in."""
    return Workbench(implementation() if exercise.kind == "value" else implementation, trusted=True)


@functools.cache
def judge_of(seed: int) -> Judge:
    return Judge(MODULE, seed)


def verdict(answer: Any, seed: int = 0) -> Any:
    return judge_of(seed).verdict(Workbench(answer))


def test_the_notebook_has_these_exercises() -> None:
    assert LESSON.exercise_ids == [exercise.id for exercise in EXERCISES]
    assert {exercise.kind for exercise in EXERCISES} == {"function", "module", "value", "tests"}


@by_exercise
def test_every_accepted_style_is_right(exercise: Exercise) -> None:
    judge = Judge(exercise, seed=2)
    assert judge.verdict(answer_of(exercise, exercise.right)).passed
    for style in exercise.styles:
        report = judge.verdict(answer_of(exercise, style.implementation))
        assert report.passed, (style.name, report.subgoal, report.why)
        assert report.remark == style.remark or exercise.kind == "tests", style.name


@by_other
@pytest.mark.parametrize("seed", (2, 3))
def test_every_misconception_is_rejected_under_its_own_name(exercise: Exercise, seed: int) -> None:
    judge = Judge(exercise, seed)
    for wrong in exercise.misconceptions:
        report = judge.verdict(answer_of(exercise, wrong.implementation))
        assert (report.state, report.diagnosis) == ("incorrect", wrong.name)


def test_a_mistake_of_the_module_is_named() -> None:
    """Every second one; the audit asks all, in every dress."""
    judge = Judge(MODULE, seed=3)
    for wrong in MODULE.misconceptions[::2]:
        report = judge.verdict(answer_of(MODULE, wrong.implementation))
        assert (report.state, report.diagnosis) == ("incorrect", wrong.name)
    assert len(MODULE.misconceptions) == len(MISTAKES) >= 12


def test_the_probes_alone_tell_right_from_wrong() -> None:
    assert isinstance(MODULE, ModuleExercise)
    for style in MODULE.styles[::9]:
        found = first_violation(MODULE.probes, Subject(Workbench(style.implementation, trusted=True), seed=5))
        assert found is None, (style.name, found)
    for mistake in MISTAKES[::3]:
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
    for wrong in exercise.misconceptions:
        assert len(wrong.believed) <= 160 and len(wrong.why) <= 420 and len(wrong.next_step) <= 160, wrong.name


def test_the_notebook_keeps_to_its_measures() -> None:
    cells = jupytext.reads(LESSON.text, fmt="py:percent").cells
    for cell in cells:
        if cell.cell_type == "markdown":
            assert len(cell.source.split()) <= 120, cell.metadata["title"]
    assert statistics.median(len(c.source.splitlines()) for c in cells if c.cell_type == "code") <= 6


def test_a_stub_is_not_attempted() -> None:
    class BAM(nn.Module):
        def __init__(self, channels, reduction=16, dilation=4):
            super().__init__()

        def forward(self, x): ...

    assert verdict(BAM).state == "not attempted"


# The module, as learners may write it. None of these served to tune a probe.


class Answer(nn.Module):
    """The right module; what follows replaces parts of it."""

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__()
        h = max(1, channels // reduction)
        self.what = nn.Sequential(nn.Linear(channels, h), nn.ReLU(), nn.Linear(h, channels), nn.BatchNorm1d(channels))
        self.where = nn.Sequential(
            nn.Conv2d(channels, h, 1),
            nn.ReLU(),
            nn.Conv2d(h, h, 3, padding=dilation, dilation=dilation),
            nn.ReLU(),
            nn.Conv2d(h, h, 3, padding=dilation, dilation=dilation),
            nn.ReLU(),
            nn.Conv2d(h, 1, 1),
            nn.BatchNorm2d(1),
        )

    def u(self, x):
        return self.what(x.mean((2, 3)))[:, :, None, None] + self.where(x)

    def forward(self, x):
        return x + x * self.u(x).sigmoid()


class OneBiasOnly(Answer):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.where[2].bias = self.where[4].bias = self.what[0].bias = None


class NormsWithoutScale(Answer):
    def __init__(self, channels, *sizes):
        super().__init__(channels, *sizes)
        self.what[3], self.where[7] = nn.BatchNorm1d(channels, affine=False), nn.BatchNorm2d(1, affine=False)


class NormsOfTensorFlow(Answer):
    def __init__(self, channels, *sizes):
        super().__init__(channels, *sizes)
        self.what[3], self.where[7] = nn.BatchNorm1d(channels, eps=1e-3), nn.BatchNorm2d(1, eps=1e-3)


class WeightsInOneVector(Answer):
    """Both fully connected layers in one parameter."""

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__(channels, reduction, dilation)
        self.sizes = channels, max(1, channels // reduction)
        self.norm, self.what = self.what[3], nn.Parameter(torch.randn(2 * self.sizes[0] * self.sizes[1]) * 0.1)

    def u(self, x):
        c, h = self.sizes
        first, second = self.what.split(c * h)
        hidden = (x.mean((2, 3)) @ first.view(c, h)).relu()
        return self.norm(hidden @ second.view(h, c))[..., None, None] + self.where(x)


class PictureByPictureInEval(Answer):
    def forward(self, x):
        return super().forward(x) if self.training else torch.cat([super(type(self), self).forward(t[None]) for t in x])


@pytest.mark.parametrize(
    "answer", [Answer, OneBiasOnly, NormsWithoutScale, NormsOfTensorFlow, WeightsInOneVector, PictureByPictureInEval]
)
@pytest.mark.parametrize("seed", (0, 7))
def test_right_modules_that_no_author_listed_pass(answer: type[nn.Module], seed: int) -> None:
    report = verdict(answer, seed)
    assert report.passed, (report.diagnosis, report.subgoal, report.why)


def changed(forward: Callable[[Any, Any], Any]) -> type[nn.Module]:
    return type("Changed", (Answer,), {"forward": forward})


class InstanceNorm(Answer):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.where[7] = nn.InstanceNorm2d(1, affine=True)


class CircularPadding(Answer):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.where[2].padding_mode = self.where[4].padding_mode = "replicate"


class LeakyRelu(Answer):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.where[3] = nn.LeakyReLU(0.1)


class SharedWindows(Answer):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.where[4] = self.where[2]


class DeadWindow(Answer):
    """As many parameters as are asked for; one window is never used."""

    def forward(self, x):
        y = self.where[:4](x)
        y = self.where[5:](self.where[2](y)) + 0 * self.where[4].weight.sum()
        return x * (1 + torch.sigmoid(self.what(x.mean((2, 3)))[:, :, None, None] + y))


class MixedPictures(Answer):
    def u(self, x):
        u = super().u(x)
        return (u + u.roll(1, 0)) / 2


WRONG = {
    "turned round": changed(lambda self, x: x * (2 - self.u(x).sigmoid())),
    "temperature": changed(lambda self, x: x * (1 + (self.u(x) / 2).sigmoid())),
    "difference": changed(
        lambda self, x: x * (1 + (self.what(x.mean((2, 3)))[:, :, None, None] - self.where(x)).sigmoid())
    ),
    "largest": changed(
        lambda self, x: x * (1 + torch.maximum(self.what(x.mean((2, 3)))[:, :, None, None], self.where(x)).sigmoid())
    ),
    "squared": changed(lambda self, x: x * (1 + self.u(x).sigmoid() ** 2)),
    "softmax": changed(lambda self, x: x * (1 + self.u(x).flatten(2).softmax(2).view_as(x))),
    "clamped": changed(lambda self, x: x * (1 + self.u(x).clamp(-1, 1).sigmoid())),
    "detached input": changed(lambda self, x: x * (1 + self.u(x.detach()).sigmoid())),
    "median": changed(
        lambda self, x: x * (1 + (self.what(x.flatten(2).median(2)[0])[..., None, None] + self.where(x)).sigmoid())
    ),
    "dropout": changed(lambda self, x: x * (1 + functional.dropout(self.u(x).sigmoid(), 0.3, self.training))),
    "doubled": changed(lambda self, x: 2 * x * (1 + self.u(x).sigmoid())),
    "instance norm": InstanceNorm,
    "other border": CircularPadding,
    "leaky": LeakyRelu,
    "shared windows": SharedWindows,
    "dead window": DeadWindow,
    "pictures mixed": MixedPictures,
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_modules_that_no_author_listed_fail(name: str) -> None:
    report = verdict(WRONG[name], seed=7)
    assert report.state == "incorrect"
    assert report.why and report.next_step


def test_the_authors_product_is_named_in_foreign_clothes() -> None:
    class AuthorsCode(nn.Module):
        """Linear layers, batch norms behind the hidden ones, a product."""

        def __init__(self, c, reduction_ratio=16, dilation_val=4):
            super().__init__()
            h, d = max(1, c // reduction_ratio), dilation_val
            self.fc = nn.Sequential(nn.Linear(c, h), nn.BatchNorm1d(h), nn.ReLU(), nn.Linear(h, c))
            layers = [nn.Conv2d(c, h, 1), nn.BatchNorm2d(h), nn.ReLU()]
            for _ in range(2):
                layers += [nn.Conv2d(h, h, 3, padding=d, dilation=d), nn.BatchNorm2d(h), nn.ReLU()]
            self.conv = nn.Sequential(*layers, nn.Conv2d(h, 1, 1))

        def forward(self, x):
            channel = self.fc(x.mean((2, 3)))[:, :, None, None].expand_as(x)
            return (1 + torch.sigmoid(channel * self.conv(x).expand_as(x))) * x

    report = verdict(AuthorsCode)
    assert (report.state, report.diagnosis) == ("incorrect", "multiplies-the-branches")


def test_the_learners_test_is_scored_by_what_it_catches() -> None:
    exercise = next(exercise for exercise in EXERCISES if isinstance(exercise, TestsExercise))
    judge = Judge(exercise)
    scores = {m.name: judge.verdict(answer_of(exercise, m.implementation)).score for m in exercise.misconceptions}
    assert scores["checks-the-shape-only"] == 0
    assert 0 < scores["tests-zero-branches-only"] < scores["tests-one-picture-only"] < exercise.points


def test_combine_agrees_with_plain_loops() -> None:
    """The judge's own reference, one value at a time."""
    combine = next(exercise for exercise in EXERCISES if exercise.id == "bam-combine")
    draw = torch.Generator().manual_seed(2)
    x, channel, spatial = (torch.randn(size, generator=draw) for size in ((2, 3, 4, 5), (2, 3), (2, 4, 5)))
    y = combine.right(x, channel, spatial)
    for b in range(2):
        for c in range(3):
            for i in range(4):
                for j in range(5):
                    gate = 1 / (1 + math.exp(-float(channel[b, c]) - float(spatial[b, i, j])))
                    assert abs(float(y[b, c, i, j]) - float(x[b, c, i, j]) * (1 + gate)) < 1e-5


def test_repaired_agrees_with_plain_loops() -> None:
    repair = next(exercise for exercise in EXERCISES if exercise.id == "bam-repair")
    assert isinstance(repair, FunctionExercise)
    x, w1, w2, w3, w4, d = repair.draw_cases(3)[1].arguments

    def wide(maps: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        out = torch.zeros(weight.shape[0], *maps.shape[1:])
        for k in range(out.shape[0]):
            for i in range(out.shape[1]):
                for j in range(out.shape[2]):
                    for a in range(3):
                        for b in range(3):
                            row, column = i + (a - 1) * d, j + (b - 1) * d
                            if 0 <= row < out.shape[1] and 0 <= column < out.shape[2]:
                                out[k, i, j] += (weight[k, :, a, b] * maps[:, row, column]).sum()
        return out.clamp(min=0)

    y = repair.right(x, w1, w2, w3, w4, d)
    for picture, got in zip(x, y, strict=True):
        maps = torch.stack([(w[:, None, None] * picture).sum(0) for w in w1[:, :, 0, 0]]).clamp(min=0)
        maps = wide(wide(maps, w2), w3)
        assert torch.allclose(got[0], (w4[0] * maps).sum(0), rtol=1e-4, atol=1e-3)


def test_the_prediction_is_what_the_reference_does() -> None:
    from attncourse.attention import BAM

    torch.manual_seed(0)
    spatial = BAM(8, 1, 4).spatial.eval()
    moved = torch.zeros(12, 15, dtype=torch.bool)
    with torch.no_grad():
        for _ in range(5):
            x = torch.randn(1, 8, 12, 15)
            other = x.clone()
            other[0, :, 1, 7] += 5 * torch.randn(8)
            moved |= (spatial(other) - spatial(x))[0, 0].abs() > 1e-6
    assert int(moved.sum()) == next(e for e in EXERCISES if e.id == "bam-reach").right() == 9


@pytest.mark.parametrize(("channels", "reduction"), [(256, 16), (3, 16), (22, 4)])
def test_the_formula_counts_the_reference(channels: int, reduction: int) -> None:
    from attncourse.attention import BAM

    formula = next(exercise for exercise in EXERCISES if exercise.id == "bam-parameters").right
    assert formula(channels, reduction) == sum(p.numel() for p in BAM(channels, reduction).parameters())
