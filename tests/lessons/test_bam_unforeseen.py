"""Answers to lesson 05 that its authors never saw: right ones in strange styles, and wrong ones that nearly pass."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as f

from attncourse import course
from attncourse.checking import Judge, Report, Workbench

SEED = 11


@functools.cache
def judge(exercise_id: str) -> Judge:
    return Judge(course.exercise(exercise_id), SEED)


def verdict(exercise_id: str, answer: Any) -> Report:
    return judge(exercise_id).verdict(Workbench(answer))


class Plain(nn.Module):
    """The right module; what follows replaces parts of it."""

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__()
        h = self.hidden(channels, reduction)
        first, second = self.dilations(dilation)
        self.c = nn.Sequential(nn.Conv2d(channels, h, 1), nn.ReLU(), nn.Conv2d(h, channels, 1))
        self.s = nn.Sequential(
            nn.Conv2d(channels, h, 1),
            nn.ReLU(),
            nn.Conv2d(h, h, 3, padding=first, dilation=first),
            nn.ReLU(),
            nn.Conv2d(h, h, 3, padding=second, dilation=second),
            nn.ReLU(),
            nn.Conv2d(h, 1, 1),
        )
        self.cn, self.sn = nn.BatchNorm2d(channels), nn.BatchNorm2d(1)
        self.make(channels, h, dilation)

    def hidden(self, channels, reduction):
        return max(1, channels // reduction)

    def dilations(self, d):
        return d, d

    def make(self, c, h, d): ...

    def pool(self, x):
        return x.mean((2, 3), keepdim=True)

    def what(self, x):
        return self.cn(self.c(self.pool(x)))

    def where(self, x):
        return self.sn(self.s(x))

    def join(self, what, where):
        return 1 + torch.sigmoid(what + where)

    def forward(self, x):
        return x * self.join(self.what(x), self.where(x))


def joined(join: Callable[..., Any]) -> type[nn.Module]:
    return type("Joined", (Plain,), {"join": lambda self, what, where: join(what, where)})


def forward(run: Callable[..., Any]) -> type[nn.Module]:
    return type("Forward", (Plain,), {"forward": run})


def made(make: Callable[..., Any], **members: Any) -> type[nn.Module]:
    return type("Made", (Plain,), {"make": make, **members})


class OneVector(Plain):
    """All weights and biases of the six layers in one parameter."""

    def make(self, c, h, d):
        del self.c, self.s
        self.d = d
        self.sizes = [(h, c, 1, 1), (c, h, 1, 1), (h, c, 1, 1), (h, h, 3, 3), (h, h, 3, 3), (1, h, 1, 1)]
        self.theta = nn.Parameter(torch.randn(sum(math.prod(size) + size[0] for size in self.sizes)) / 10)

    def layer(self, number, x, reach=0):
        start = sum(math.prod(size) + size[0] for size in self.sizes[:number])
        size = self.sizes[number]
        weight, bias = self.theta[start:].split(
            [math.prod(size), size[0], len(self.theta[start:]) - math.prod(size) - size[0]]
        )[:2]
        return f.conv2d(x, weight.view(size), bias, padding=reach, dilation=max(1, reach))

    def what(self, x):
        return self.cn(self.layer(1, self.layer(0, self.pool(x)).relu()))

    def where(self, x):
        y = self.layer(3, self.layer(2, x).relu(), self.d).relu()
        return self.sn(self.layer(5, self.layer(4, y, self.d).relu()))


class NineShifts(Plain):
    """Each dilated convolution as nine shifted products."""

    s: Any

    def where(self, x):
        y = self.s[0](x).relu()
        for layer in (self.s[2], self.s[4]):
            d, (height, width) = layer.dilation[0], y.shape[2:]
            around = f.pad(y, (d, d, d, d))
            total = layer.bias[:, None, None]
            for i, j in [(i, j) for i in range(3) for j in range(3)]:
                shifted = around[:, :, i * d : i * d + height, j * d : j * d + width]
                total = total + torch.einsum("oc,bchw->bohw", layer.weight[:, :, i, j], shifted)
            y = total.relu()
        return self.sn(self.s[6](y))


class NormByHand(Plain):
    class Norm(nn.Module):
        mean: torch.Tensor
        variance: torch.Tensor

        def __init__(self, c):
            super().__init__()
            self.scale, self.shift = nn.Parameter(torch.ones(c, 1, 1)), nn.Parameter(torch.zeros(c, 1, 1))
            self.register_buffer("mean", torch.zeros(c, 1, 1))
            self.register_buffer("variance", torch.ones(c, 1, 1))

        def forward(self, x):
            mean, variance = self.mean, self.variance
            if self.training:
                mean, variance = x.mean((0, 2, 3), keepdim=True)[0], x.var((0, 2, 3), False, keepdim=True)[0]
                with torch.no_grad():
                    self.mean.lerp_(mean, 0.1)
                    self.variance.lerp_(variance, 0.1)
            return (x - mean) / (variance + 1e-5).sqrt() * self.scale + self.shift

    def make(self, c, h, d):
        self.cn, self.sn = self.Norm(c), self.Norm(1)


RIGHT = {
    "one vector": OneVector,
    "nine shifts": NineShifts,
    "norm by hand": NormByHand,
    "tanh for the sigmoid": joined(lambda what, where: 1.5 + torch.tanh((what + where) / 2) / 2),
    "a softmax of two": joined(lambda what, where: 1 + torch.stack([what + where, 0 * (what + where)]).softmax(0)[0]),
    "channels last in memory": forward(lambda self, x: Plain.forward(self, x.to(memory_format=torch.channels_last))),
    "pooled in float32": type("Float", (Plain,), {"pool": lambda self, x: Plain.pool(self, x.float()).to(x.dtype)}),
}


@pytest.mark.parametrize("name", RIGHT)
def test_strange_but_right(name: str) -> None:
    report = verdict("bam-module", RIGHT[name])
    assert report.passed, (report.diagnosis, report.subgoal, report.why)


def swapped(self, x):
    """Rows and columns exchanged where the map is square."""
    where = self.where(x)
    return x * self.join(self.what(x), where.mT if x.shape[2] == x.shape[3] else where)


def keeps_state(self, x):
    what, self.last = self.what(x), getattr(self, "last", None)
    known = self.last is not None and self.last.shape == what.shape
    y = x * self.join((what + self.last) / 2 if known else what, self.where(x))
    self.last = what.detach()
    return y


def hides_a_layer(self, c, h, d):
    self.hidden_away = [nn.Conv2d(1, 1, 1)]


def uses_the_hidden(self, x):
    return x * self.join(self.what(x), self.hidden_away[0].to(x)(self.where(x)))


def norm_behind_relu(self, c, h, d):
    self.c = nn.Sequential(self.c[0], nn.ReLU(), nn.BatchNorm2d(h), self.c[2])
    parts = [(self.s[place], nn.ReLU(), nn.BatchNorm2d(h)) for place in (0, 2, 4)]
    self.s = nn.Sequential(*(part for three in parts for part in three), self.s[6])
    self.cn = self.sn = nn.Identity()


def norms_everywhere(self, c, h, d):
    self.c.insert(1, nn.BatchNorm2d(h))
    for place in (5, 3, 1):
        self.s.insert(place, nn.BatchNorm2d(h))


SUM, APART, WINDOW = "the branches meet in a sum", "each sample is gated", "the spatial branch looks around"
FORMULA, TWICE, GRADIENT = "the factor is 1 + sigmoid", "the same input gives", "gradients reach"
RANGE = "each factor lies between"

# A registered mistake by its name; another by the beginning of the property that it fails.
WRONG: dict[str, tuple[type[nn.Module], str]] = {
    "relu on one branch": (joined(lambda c, s: 1 + torch.sigmoid(c + s.relu())), "relu-on-the-last-spatial-logits"),
    "relu on the other": (joined(lambda c, s: 1 + torch.sigmoid(c.relu() + s)), "relu-on-the-last-channel-logits"),
    "product, norms everywhere": (
        made(norms_everywhere, join=lambda self, c, s: 1 + torch.sigmoid(c * s)),
        "multiplies-the-branches",
    ),
    "one norm missing": (
        made(lambda self, *_: setattr(self, "cn", nn.Identity())),
        "only-the-spatial-branch-is-normalised",
    ),
    "norm behind relu": (made(norm_behind_relu), "norm-behind-the-relu"),
    "first dilation only": (made(Plain.make, dilations=lambda self, d: (d, 1)), "dilates-one-layer-only"),
    "no floor": (made(Plain.make, hidden=lambda self, c, r: c // r), "no-floor"),
    "linear channel branch": (
        made(lambda self, *_: self.c.__setitem__(1, nn.Identity())),
        "relu-missing-in-the-channel-branch",
    ),
    "square maps": (forward(swapped), WINDOW),
    "even batches": (forward(lambda self, x: x * self.join(_even(self.what(x)), self.where(x))), APART),
    "large values": (forward(lambda self, x: Plain.forward(self, x.clamp(-20, 20))), FORMULA),
    "clamped logits": (joined(lambda c, s: 1 + torch.sigmoid((c + s).clamp(-3, 3))), RANGE),
    "clamped factor": (joined(lambda c, s: (1 + torch.sigmoid(c + s)).clamp(1.05, 1.95)), RANGE),
    "relu6": (made(lambda self, *_: self.c.__setitem__(1, nn.ReLU6())), FORMULA),
    "state": (forward(keeps_state), TWICE),
    "noise in training": (
        forward(lambda self, x: x * self.join(self.what(x) + self.training * torch.randn(()) / 5, self.where(x))),
        TWICE,
    ),
    "hidden layer": (made(hides_a_layer, forward=uses_the_hidden), "all layers are known"),
    "dtype": (forward(lambda self, x: Plain.forward(self, x).float()), "float32, float64"),
    "detached branch": (joined(lambda c, s: 1 + torch.sigmoid(c + s.detach())), GRADIENT),
    "dilated one way": (
        made(lambda self, c, h, d: self.s.__setitem__(2, nn.Conv2d(h, h, 3, padding=(d, 1), dilation=(d, 1)))),
        WINDOW,
    ),
}


def _even(what: torch.Tensor) -> torch.Tensor:
    return what if what.shape[0] % 2 else what.flip(0)


@pytest.mark.parametrize("name", WRONG)
def test_nearly_right(name: str) -> None:
    answer, told = WRONG[name]
    report = verdict("bam-module", answer)
    assert report.state == "incorrect" and report.why and report.next_step
    assert told in (report.diagnosis, report.subgoal[: len(told)]), (report.diagnosis, report.subgoal, report.why)


def test_a_window_of_the_wrong_spacing_is_told_by_its_rows_and_columns() -> None:
    report = verdict("bam-module", WRONG["dilated one way"][0])
    assert "columns 4 to 10. Two 3x3 windows" in report.why and report.why.endswith("columns 3, 5, 7, 9, 11.")


@pytest.mark.parametrize(
    ("exercise_id", "answer", "right"),
    [
        ("bam-recall", " c. ", True),
        ("bam-recall", 3, False),
        ("bam-reach", np.float32(9), True),
        ("bam-reach", torch.tensor([[9]]), True),
        ("bam-reach", True, False),
        ("bam-reach", float("nan"), False),
        (
            "bam-parameters",
            lambda c, r: np.int64(3 * c * max(1, c // r) + 18 * max(1, c // r) ** 2 + 5 * max(1, c // r) + 3 * c + 3),
            True,
        ),
        ("bam-parameters", lambda c, r: "157", False),
        ("bam-tests", lambda implementation: implementation.__name__ == "combine", False),
    ],
)
def test_odd_answers(exercise_id: str, answer: Any, right: bool) -> None:
    assert verdict(exercise_id, answer).passed == right
