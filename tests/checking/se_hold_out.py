"""Answers to se-module written after the probes were tuned, and judged once before anything was changed again."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from tests.checking.se_right import FlatVector, width
from tests.checking.se_wrong import Layers, Vector, variant


class LowPrecisionPooling(FlatVector):
    """The mean by a cumulative sum."""

    def forward(self, x):
        w1, b1, w2, b2 = self.parts()
        z = x.flatten(2).cumsum(2)[:, :, -1] / x[0, 0].numel()
        return x * F.linear(F.relu(F.linear(z, w1, b1)), w2, b2).sigmoid()[..., None, None]


class GroupedByParameterDict(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.p = nn.ParameterDict({"w": torch.randn(2 * h, channels), "b": torch.zeros(channels)})
        self.h = h

    def forward(self, x):
        first, second = self.p["w"][: self.h], self.p["w"][self.h :]
        hidden = F.relu(torch.tensordot(x.mean((2, 3)), first, dims=([1], [1])))
        return x * torch.sigmoid(hidden @ second + self.p["b"]).unsqueeze(2).unsqueeze(3)


class InterleavedVector(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        self.theta = nn.Parameter(torch.randn(channels * width(channels, reduction), 2))
        self.c = channels

    def forward(self, x):
        w1, w2 = self.theta[:, 0].view(self.c, -1), self.theta[:, 1].view(self.c, -1)
        return x * ((x.mean((2, 3)) @ w1).relu() @ w2.T).sigmoid()[:, :, None, None]


class OneByOneSizedLinear(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.down = nn.ModuleList(nn.Linear(channels, 1) for _ in range(h))
        self.up = nn.ModuleList(nn.Linear(h, 1, bias=False) for _ in range(channels))

    def forward(self, x):
        z = x.mean((2, 3))
        h = torch.cat([unit(z) for unit in self.down], 1).relu()
        return x * torch.cat([unit(h) for unit in self.up], 1).sigmoid()[:, :, None, None]


class ScaledByAddcmul(FlatVector):
    def forward(self, x):
        w1, b1, w2, b2 = self.parts()
        gate = torch.special.expit(torch.addmm(b2, torch.addmm(b1, x.mean((2, 3)), w1.T).clip(0), w2.T))
        return torch.addcmul(torch.zeros_like(x), x, gate[:, :, None, None])


class KroneckerSelection(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.a = nn.Parameter(torch.randn(h + 1, channels))
        self.b = nn.Parameter(torch.randn(h + 1, channels))

    def forward(self, x):
        """Row 0 of ``b`` is the second bias, row 0 of ``a`` would be of no use: one bias row too many."""
        h = F.relu(x.mean((2, 3)) @ self.a[1:].T)
        return x * (h @ self.b[1:] + self.b[0] + 0 * self.a[0]).sigmoid()[:, :, None, None]


class PermutedStorage(FlatVector):
    def parts(self):
        theta = self.theta.flip(0)
        w1, w2, b1, b2 = theta.split([self.c * self.h, self.c * self.h, self.h, self.c])
        return w1.view(self.c, self.h).T, b1, w2.view(self.c, self.h), b2


RIGHT = {
    thing.__name__: thing
    for thing in (
        LowPrecisionPooling,
        GroupedByParameterDict,
        InterleavedVector,
        OneByOneSizedLinear,
        ScaledByAddcmul,
        PermutedStorage,
    )
}


def detached_weights(self):
    form = Vector if isinstance(self, Vector) else Layers
    return tuple(weight.detach() for weight in form.weights(self))


PARTS: dict[str, dict] = {
    "celu": {"activation": lambda self, p: F.celu(p)},
    "mish": {"activation": lambda self, p: F.mish(p)},
    "relu plus a little": {"activation": lambda self, p: torch.relu(p) + 0.01 * p},
    "relu of p minus b": {"activation": lambda self, p: torch.relu(p - 0.3)},
    "soft threshold": {"activation": lambda self, p: F.softshrink(p, 0.1)},
    "hidden normalised": {"activation": lambda self, p: F.normalize(p.relu(), dim=1)},
    "hidden over its maximum": {"activation": lambda self, p: p.relu() / (p.relu().amax(1, keepdim=True) + 1)},
    "hidden sorted": {"activation": lambda self, p: p.relu().sort(1)[0]},
    "two largest hidden": {"activation": lambda self, p: p.relu() * (p.argsort(1).argsort(1) >= p.shape[1] - 1)},
    "hidden scaled by training": {"activation": lambda self, p: p.relu() * (1.1 if self.training else 1.0)},
    "gate from the variance": {"squeeze": lambda self, x: x.flatten(2).var(2, correction=0)},
    "log mean exp": {"squeeze": lambda self, x: x.flatten(2).logsumexp(2)},
    "mean of the top half": {"squeeze": lambda self, x: x[:, :, : (x.shape[2] + 1) // 2].mean((2, 3))},
    "mean with eps": {"squeeze": lambda self, x: x.sum((2, 3)) / (x[0, 0].numel() + 0.05)},
    "trimmed mean": {"squeeze": lambda self, x: x.clamp(-2, 2).mean((2, 3))},
    "cube root": {"squeeze": lambda self, x: x.mean((2, 3)).sign() * x.mean((2, 3)).abs() ** (1 / 3)},
    "padding counted": {"squeeze": lambda self, x: F.pad(x, (1, 0)).mean((2, 3))},
    "neighbouring sample": {"squeeze": lambda self, x: x.mean((2, 3)).roll(1, 0)},
    "a tenth of the maximum": {"squeeze": lambda self, x: x.mean((2, 3)) + 0.1 * x.amax((2, 3))},
    "gate clamped": {"squash": lambda self, u: u.sigmoid().clamp(0.05, 0.95)},
    "gate squared over two": {"squash": lambda self, u: 1 - (1 - u.sigmoid()) ** 2},
    "normal cdf": {"squash": lambda self, u: torch.special.ndtr(u)},
    "base two": {"squash": lambda self, u: 1 / (1 + 2 ** (-u))},
    "sum to C": {"squash": lambda self, u: u.softmax(1) * u.shape[1]},
    "one percent hotter": {"squash": lambda self, u: torch.sigmoid(1.01 * u)},
    "logits minus the maximum": {"squash": lambda self, u: torch.sigmoid(u - u.amax(1, keepdim=True))},
    "gate half detached": {"squash": lambda self, u: 0.5 * u.sigmoid() + 0.5 * u.sigmoid().detach()},
    "slope clipped": {"squash": lambda self, u: torch.sigmoid(u.clamp(-4, 2.5))},
    "x detached under the gate": {"gate": lambda self, x: Layers.gate(self, x.detach())},
    "weights detached": {"weights": detached_weights},
    "gate on positive x": {"scale": lambda self, x, g: torch.where(x > 0, x * g[:, :, None, None], x)},
    "rounded output": {"scale": lambda self, x, g: (x * g[:, :, None, None] * 100).round() / 100},
    "gate over channels rolled in batch": {"scale": lambda self, x, g: x * g.roll(1, 0)[:, :, None, None]},
    "last channel skipped": {"scale": lambda self, x, g: torch.cat([x[:, :-1] * g[:, :-1, None, None], x[:, -1:]], 1)},
    "batch of one squeezed": {"scale": lambda self, x, g: (x * g[:, :, None, None]).squeeze(0)},
    "width of the input plus one": {"width": lambda self, c, r: max(1, (c + 1) // r)},
    "no reduction below 16": {"width": lambda self, c, r: max(1, c // max(r, 3))},
    "floor of C over r squared": {"width": lambda self, c, r: max(1, c // r if c < 100 else c // (r + 1))},
}
WRONG = {
    **{f"{name}, layers": variant(name, Layers, methods) for name, methods in PARTS.items()},
    **{f"{name}, vector": variant(name, Vector, methods) for name, methods in PARTS.items()},
    "a row without use": KroneckerSelection,
}
