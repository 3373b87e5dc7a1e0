"""Answers to lesson 06 that its authors never saw: right ones in strange styles, and wrong ones that nearly pass."""

from __future__ import annotations

import functools
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

    def __init__(self, channels, reduction=32):
        super().__init__()
        self.make(channels, max(8, channels // reduction))

    def make(self, c, m):
        self.f, self.norm, self.act = nn.Conv2d(c, m, 1), nn.BatchNorm2d(m), nn.Hardswish()
        self.fh, self.fw = nn.Conv2d(m, c, 1), nn.Conv2d(m, c, 1)

    def line(self, x):
        return torch.cat([x.mean(3, keepdim=True), x.mean(2, keepdim=True).mT], 2)

    def inner(self, x):
        return self.act(self.norm(self.f(self.line(x))))

    def logits(self, x):
        row, column = self.inner(x).split(list(x.shape[2:]), 2)
        return self.fh(row), self.fw(column.mT)

    def gates(self, u, v):
        return u.sigmoid() * v.sigmoid()

    def forward(self, x):
        return x * self.gates(*self.logits(x))


def parts(**members: Callable[..., Any]) -> type[nn.Module]:
    return type("Parts", (Plain,), members)


def gates(change: Callable[..., Any]) -> type[nn.Module]:
    return parts(gates=lambda self, u, v: change(u, v))


def made(**layers: Callable[[int, int], nn.Module]) -> type[nn.Module]:
    def make(self, c, m):
        Plain.make(self, c, m)
        for name, layer in layers.items():
            setattr(self, name, layer(c, m))

    return parts(make=make)


class TransposedMatrices(Plain):
    def make(self, c, m):
        self.norm = nn.BatchNorm1d(m)
        self.w, self.wh, self.ww = (nn.Parameter(torch.randn(size)) for size in ((c, m), (m, c), (m, c)))
        self.b, self.bh, self.bw = (nn.Parameter(torch.zeros(size)) for size in (m, c, c))

    def logits(self, x):
        places = torch.cat([x.mean(3), x.mean(2)], 2).mT
        y = f.hardswish(self.norm((places @ self.w + self.b).mT)).mT
        row, column = y.tensor_split([x.shape[2]], 1)
        return (row @ self.wh + self.bh).mT[..., None], (column @ self.ww + self.bw).mT[:, :, None]


class GatesAsOneLayer(Plain):
    def make(self, c, m):
        super().make(c, m)
        del self.fw
        self.fh = nn.Conv2d(m, 2 * c, 1)

    def logits(self, x):
        row, column = self.fh(self.inner(x)).chunk(2, 1)
        return row[:, :, : x.shape[2]], column[:, :, x.shape[2] :].mT


class ThroughTheLayerTwice(Plain):
    """Rows and columns one after the other: no concat, no split."""

    def logits(self, x):
        row, column = (self.act(self.norm(self.f(x.mean(axis, keepdim=True)))) for axis in (3, 2))
        return self.fh(row), self.fw(column)


RIGHT = {
    "transposed matrices": (TransposedMatrices, ""),
    "gates as one layer": (GatesAsOneLayer, ""),
    "columns first": (
        parts(
            line=lambda self, x: torch.cat([x.mean(2)[..., None], x.mean(3)[..., None]], 2),
            logits=lambda self, x: (
                self.fh(self.inner(x)[:, :, x.shape[3] :]),
                self.fw(self.inner(x)[:, :, : x.shape[3]].mT),
            ),
        ),
        "",
    ),
    "outer product": (gates(lambda u, v: u.sigmoid() @ v.sigmoid()), ""),
    "quotients": (gates(lambda u, v: 1 / (1 + torch.exp(-u)) / (1 + torch.exp(-v))), ""),
    "means as products": (
        parts(
            line=lambda self, x: torch.cat(
                [
                    x @ x.new_full((x.shape[3], 1), 1 / x.shape[3]),
                    x.mT @ x.new_full((x.shape[2], 1), 1 / x.shape[2]),
                ],
                2,
            )
        ),
        "",
    ),
    "channels last in memory": (
        parts(forward=lambda self, x: Plain.forward(self, x.to(memory_format=torch.channels_last))),
        "",
    ),
    "relu": (made(act=lambda c, m: nn.ReLU()), "You use ReLU"),
    "apart": (ThroughTheLayerTwice, "one after the other"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_strange_but_right(name: str) -> None:
    answer, remark = RIGHT[name]
    report = verdict("coordinate-module", answer)
    assert report.passed, (report.diagnosis, report.subgoal, report.why)
    assert remark in report.remark and bool(remark) == bool(report.remark)


def square_turned(self, x):
    u, v = self.logits(x)
    square = x.shape[2] == x.shape[3]
    return x * (self.gates(u.mT, v.mT) if square else self.gates(u, v))


def keeps_state(self, x):
    u, v = self.logits(x)
    self.last, last = u.detach(), getattr(self, "last", u)
    return x * self.gates((u + last) / 2 if last.shape == u.shape else u, v)


def uses_what_is_hidden(self, x):
    if not hasattr(self, "away"):
        self.away = [nn.Conv2d(self.fh.out_channels, self.fh.out_channels, 1)]
    u, v = self.logits(x)
    return x * self.gates(self.away[0].to(x)(u), v)


def two_of_each(self, x):
    row, column = (x.mean(axis, keepdim=True) for axis in (3, 2))
    return self.fh(self.act(self.norm(self.f(row)))), self.fw(self.act(self.other_norm(self.other(column))))


def two_norms(self, x):
    row, column = (self.f(x.mean(axis, keepdim=True)) for axis in (3, 2))
    return self.fh(self.act(self.norm(row))), self.fw(self.act(self.other_norm(column)))


def other_norm(c: int, m: int) -> nn.Module:
    return nn.BatchNorm2d(m)


def other(c: int, m: int) -> nn.Module:
    return nn.Conv2d(c, m, 1)


def with_norms(logits: Callable[..., Any], **layers: Callable[[int, int], nn.Module]) -> type[nn.Module]:
    return type("Norms", (made(**layers),), {"logits": logits})


APART, OWN, ANY = "each sample is gated", "the gate of a row depends", "the gates do not depend on how many"
FORMULA, TWICE, GRADIENT = "the gates are sigmoid(F", "the same input gives", "gradients reach"

# A registered mistake by its name; another by the beginning of the property that it fails.
WRONG: dict[str, tuple[type[nn.Module], str]] = {
    "rows bare": (gates(lambda u, v: u * v.sigmoid()), "sigmoid-on-one-gate-only"),
    "columns bare": (gates(lambda u, v: u.sigmoid() * v), "sigmoid-on-one-gate-only"),
    "columns taken for rows": (
        parts(line=lambda self, x: torch.cat([x.mean(2)[..., None], x.mean(3)[..., None]], 2)),
        "takes-the-columns-for-the-rows",
    ),
    "two layers, two norms": (with_norms(two_of_each, other=other, other_norm=other_norm), "two-first-layers"),
    "two norms": (with_norms(two_norms, other_norm=other_norm), "norm-for-each-direction"),
    "norm behind": (
        parts(inner=lambda self, x: self.norm(self.act(self.f(self.line(x))))),
        "norm-behind-the-activation",
    ),
    "square maps": (parts(forward=square_turned), OWN),
    "even batches": (
        gates(lambda u, v: u.sigmoid() * (v if len(v) % 2 else v.flip(0)).sigmoid()),
        APART,
    ),
    "odd batches": (gates(lambda u, v: u.sigmoid() * (v.flip(0) if len(v) % 2 else v).sigmoid()), APART),
    "state": (parts(forward=keeps_state), TWICE),
    "noise in training": (
        parts(gates=lambda self, u, v: Plain.gates(self, u + self.training * torch.randn(()) / 5, v)),
        TWICE,
    ),
    "hidden layer": (parts(forward=uses_what_is_hidden), "all layers are known"),
    "dtype": (parts(forward=lambda self, x: Plain.forward(self, x).float()), "float32, float64"),
    "kernel of three": (made(fh=lambda c, m: nn.Conv2d(m, c, (3, 1), padding=(1, 0))), OWN),
    "layer norm": (made(norm=lambda c, m: nn.GroupNorm(1, m)), OWN),
    "sums by the root": (
        parts(line=lambda self, x: torch.cat([x.sum(3) / x.shape[3] ** 0.5, x.sum(2) / x.shape[2]], 2)[..., None]),
        ANY,
    ),
    "detached columns": (gates(lambda u, v: u.sigmoid() * v.sigmoid().detach()), GRADIENT),
    "large values": (parts(forward=lambda self, x: x * self.gates(*self.logits(x.clamp(-20, 20)))), FORMULA),
    "relu6 hidden as relu": (
        made(act=lambda c, m: nn.Sequential(nn.ReLU(), nn.Hardtanh(0, 9))),
        FORMULA,
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_nearly_right(name: str) -> None:
    answer, told = WRONG[name]
    report = verdict("coordinate-module", answer)
    assert report.state == "incorrect" and report.why and report.next_step
    assert told in (report.diagnosis, report.subgoal[: len(told)]), (report.diagnosis, report.subgoal, report.why)


@pytest.mark.parametrize(
    ("exercise_id", "answer", "right"),
    [
        ("coordinate-recall", "d)", True),
        ("coordinate-recall", "B", False),
        ("coordinate-mixing", (np.int64(2), torch.tensor(11)), True),
        ("coordinate-mixing", (True, 11), False),
        ("coordinate-mixing", (float("nan"), 11), False),
        ("coordinate-cost", lambda c, r: np.int64(3 * max(8, c // r) * (c + 1) + 2 * c), True),
        ("coordinate-cost", lambda c, r: 3 * max(8, c / r) * (c + 1) + 2 * c, False),
        ("coordinate-descriptors", lambda x: torch.from_numpy(x.numpy().mean(3)), False),
        ("coordinate-descriptors", lambda x: torch.cat([x.mean(3).detach(), x.mean(2)], 2)[..., None], False),
    ],
)
def test_odd_answers(exercise_id: str, answer: Any, right: bool) -> None:
    assert verdict(exercise_id, answer).passed == right
