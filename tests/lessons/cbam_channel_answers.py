"""Answers to cbam-channel-module that its author never listed: right ones in strange styles, and wrong ones.

The parts that a channel gate shares with squeeze-and-excitation are broken as in ``tests/checking/se_wrong.py``. Each
wrong one comes in two forms: two Linear layers, and all weights in one vector, which only the probes can judge.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tests.checking import se_right, se_wrong


class TwoBranches:
    """The gate of CBAM on the parts of ``se_wrong.Layers``."""

    def mean(self, x):
        return x.mean((2, 3))

    def maximum(self, x):
        return x.amax((2, 3))

    def join(self, mean, maximum):
        return self.logits(mean) + self.logits(maximum)  # type: ignore[attr-defined]

    def gate(self, x):
        return self.squash(self.join(self.mean(x), self.maximum(x)))  # type: ignore[attr-defined]


class Layers(TwoBranches, se_wrong.Layers):
    """Its weights in two Linear layers."""


class Vector(TwoBranches, se_wrong.Vector):
    """Its weights in one vector."""


def second_largest(x):
    flat = x.flatten(2)
    return flat.topk(min(2, flat.shape[-1]), dim=-1).values[..., -1]


def leaky(self, z):
    return self.outer(functional.leaky_relu(self.inner(z), 0.1))


def hidden_of(self, z):
    return self.activation(self.inner(z))


POOLS = {
    "median for the maximum": {"maximum": lambda self, x: x.flatten(2).median(2).values},
    "second largest": {"maximum": lambda self, x: second_largest(x)},
    "range": {"maximum": lambda self, x: x.amax((2, 3)) - x.amin((2, 3))},
    "log-sum-exp": {"maximum": lambda self, x: x.logsumexp((2, 3))},
    "softmax pooling": {"maximum": lambda self, x: (x.flatten(2) * x.flatten(2).softmax(2)).sum(2)},
    "standard deviation": {"maximum": lambda self, x: x.flatten(2).std(2, correction=0)},
    "root mean square": {"maximum": lambda self, x: x.square().mean((2, 3)).sqrt()},
    "maximum above zero": {"maximum": lambda self, x: x.relu().amax((2, 3))},
    "maximum of the rows' means": {"maximum": lambda self, x: x.mean(3).amax(2)},
    "mean of the rows' maxima": {"maximum": lambda self, x: x.amax(3).mean(2)},
    "maximum of windows": {"maximum": lambda self, x: functional.avg_pool2d(x, 3, 1, 1).amax((2, 3))},
    "maximum of the gated": {"maximum": lambda self, x: (x * x.mean((2, 3), keepdim=True).sigmoid()).amax((2, 3))},
    "maximum above the mean": {"maximum": lambda self, x: x.amax((2, 3)) - x.mean((2, 3))},
    "maximum halved": {"maximum": lambda self, x: x.amax((2, 3)) / 2},
    "maximum of the batch": {"maximum": lambda self, x: x.amax((0, 2, 3)).expand(len(x), -1)},
    "maximum over the channels": {"maximum": lambda self, x: x.amax((1, 2, 3))[:, None].expand(x.shape[:2])},
    "mean of the positive": {"mean": lambda self, x: x.relu().mean((2, 3))},
    "mean without the maximum": {
        "mean": lambda self, x: (x.sum((2, 3)) - x.amax((2, 3))) / max(1, x.shape[2] * x.shape[3] - 1)
    },
    "mean of the border": {"mean": lambda self, x: x[:, :, 0].mean(2)},
    "mean by the width squared": {"mean": lambda self, x: x.sum((2, 3)) / x.shape[3] ** 2},
    "mean detached": {"mean": lambda self, x: x.mean((2, 3)).detach()},
    "mean and middle": {"mean": lambda self, x: (x.mean((2, 3)) + x[:, :, x.shape[2] // 2, x.shape[3] // 2]) / 2},
}
JOINS = {
    "mean weighed more": {"join": lambda self, a, m: 1.5 * self.logits(a) + 0.5 * self.logits(m)},
    "smaller branch": {"join": lambda self, a, m: torch.minimum(self.logits(a), self.logits(m))},
    "mean subtracted": {"join": lambda self, a, m: self.logits(m) - self.logits(a)},
    "maximum subtracted": {"join": lambda self, a, m: self.logits(a) - self.logits(m)},
    "root of the squares": {"join": lambda self, a, m: (self.logits(a) ** 2 + self.logits(m) ** 2).sqrt()},
    "hidden values multiplied": {"join": lambda self, a, m: self.outer(hidden_of(self, a) * hidden_of(self, m))},
    "larger hidden values": {
        "join": lambda self, a, m: self.outer(torch.maximum(hidden_of(self, a), hidden_of(self, m)))
    },
    "added before the relu": {"join": lambda self, a, m: self.outer(self.activation(self.inner(a) + self.inner(m)))},
    "hidden values averaged": {"join": lambda self, a, m: self.outer((hidden_of(self, a) + hidden_of(self, m)) / 2)},
    "three calls": {"join": lambda self, a, m: self.logits(a) + 2 * self.logits(m)},
    "another activation for the maximum": {"join": lambda self, a, m: self.logits(a) + leaky(self, m)},
    "no relu for the maximum": {"join": lambda self, a, m: self.logits(a) + self.outer(self.inner(m))},
    "maximum without the first bias": {
        "join": lambda self, a, m: self.logits(a) + self.outer(functional.linear(m, self.weights()[0]).relu())
    },
    "maximum's branch detached": {"join": lambda self, a, m: self.logits(a) + self.logits(m).detach()},
    "channels of the maximum reversed": {"join": lambda self, a, m: self.logits(a) + self.logits(m.flip(1))},
    "outputs of the maximum reversed": {"join": lambda self, a, m: self.logits(a) + self.logits(m).flip(1)},
    "a descriptor around the mlp": {"join": lambda self, a, m: self.logits(a) + self.logits(m) + m},
    "halves": {"join": lambda self, a, m: torch.cat([self.logits(a)[:, ::2], self.logits(m)[:, 1::2]], 1)},
    "difference of both": {"join": lambda self, a, m: self.logits(a) + self.logits(m - a)},
}
SHARED_WITH_SE = {
    name: methods
    for name, methods in se_wrong.ONE_PART.items()
    # What SE's single squeeze is replaced by has no place here, nor has what calls its gate by name. A last bias that
    # counts once or twice is learned alike.
    if "squeeze" not in methods and name not in ("cached gate", "second bias twice")
}


class LearnedBranchWeights(Layers):
    def store(self):
        super().store()
        self.balance = nn.Parameter(torch.ones(2))

    def join(self, mean, maximum):
        return self.balance[0] * self.logits(mean) + self.balance[1] * self.logits(maximum)


class ABiasForEachBranch(Layers):
    def store(self):
        super().store()
        self.shift = nn.Parameter(torch.zeros(self.h))

    def join(self, mean, maximum):
        return self.logits(mean) + self.outer(torch.relu(self.inner(maximum) + self.shift))


class BatchNormalised(Layers):
    def store(self):
        super().store()
        self.norm = nn.BatchNorm1d(self.h)

    def inner(self, z):
        return self.norm(super().inner(z))


class LeftOverSecondMlp(Layers):
    """It is made, and never called."""

    def store(self):
        super().store()
        self.max_mlp = nn.Sequential(nn.Linear(self.c, self.h), nn.ReLU(), nn.Linear(self.h, self.c))


class GroupedLayers(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        groups = 2 if hidden % 2 == 0 and channels % 2 == 0 else 1
        self.mlp = nn.Sequential(
            nn.Conv2d(channels, hidden, 1, groups=groups), nn.ReLU(), nn.Conv2d(hidden, channels, 1, groups=groups)
        )

    def forward(self, x):
        both = [self.mlp(pool(x, 1)) for pool in (functional.adaptive_avg_pool2d, functional.adaptive_max_pool2d)]
        return x * (both[0] + both[1]).sigmoid()


class EfficientChannelAttention(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        self.conv = nn.Conv1d(1, 1, 3, padding=1, bias=False)

    def forward(self, x):
        u = sum(self.conv(z[:, None])[:, 0] for z in (x.mean((2, 3)), x.amax((2, 3))))
        return x * torch.sigmoid(u)[:, :, None, None]


class MadeAtTheFirstCall(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        self.c, self.h, self.mlp = channels, max(1, channels // reduction), None

    def forward(self, x):
        if self.mlp is None:
            self.mlp = nn.Sequential(nn.Linear(self.c, self.h), nn.ReLU(), nn.Linear(self.h, self.c)).to(x)
        return x * (self.mlp(x.mean((2, 3))) + self.mlp(x.amax((2, 3)))).sigmoid()[:, :, None, None]


class InAPlainList(nn.Module):
    """The layers are hidden in a list: they are no parameters of the module."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.layers = [nn.Linear(channels, hidden), nn.Linear(hidden, channels)]

    def forward(self, x):
        one, two = (layer.to(x) for layer in self.layers)
        u = sum(two(one(z).relu()) for z in (x.mean((2, 3)), x.amax((2, 3))))
        return x * torch.sigmoid(u)[:, :, None, None]


class DefaultFifteen(Layers):
    def __init__(self, channels, reduction=15):
        super().__init__(channels, reduction)


class RequiresDivisibility(Layers):
    def width(self, channels, reduction):
        assert channels % reduction == 0
        return channels // reduction


def _answers() -> dict[str, type]:
    found: dict[str, type] = {}
    for name, methods in {**POOLS, **JOINS, **SHARED_WITH_SE}.items():
        for form, base in (("layers", Layers), ("vector", Vector)):
            found[f"{name}, {form}"] = type(name.title().replace(" ", "") + base.__name__, (base,), dict(methods))
    whole = (
        LearnedBranchWeights,
        ABiasForEachBranch,
        BatchNormalised,
        LeftOverSecondMlp,
        GroupedLayers,
        EfficientChannelAttention,
        MadeAtTheFirstCall,
        InAPlainList,
        DefaultFifteen,
        RequiresDivisibility,
    )
    return {**found, **{answer.__name__: answer for answer in whole}}


WRONG = _answers()


class WithoutBiases(Vector):
    def store(self):
        self.theta = nn.Parameter(torch.randn(2 * self.c * self.h))

    def weights(self):
        w1, w2 = self.theta.chunk(2)
        return w1.view(self.h, self.c), None, w2.view(self.c, self.h), None


class InFloat32(Vector):
    def gate(self, x):
        return super().gate(x.float()).to(x.dtype)

    def weights(self):
        return tuple(part.float() for part in super().weights())


class LastBiasOnce(Vector):
    def join(self, mean, maximum):
        w2, b2 = self.weights()[2:]
        return functional.linear(hidden_of(self, mean) + hidden_of(self, maximum), w2) + b2


class LastBiasOnceBesideTheBranches(Layers):
    def outer(self, h):
        return functional.linear(h, self.weights()[2])

    def join(self, mean, maximum):
        return super().join(mean, maximum) + self.two.bias


class AnUnreducedSum(Layers):
    """The means by a cumulative sum, the maxima by sorting."""

    def mean(self, x):
        return x.flatten(2).cumsum(2)[..., -1] / x[0, 0].numel()

    def maximum(self, x):
        return x.flatten(2).sort(dim=2).values[..., -1]


class FirstWeightStoredNegated(Layers):
    def inner(self, z):
        return functional.linear(z, -self.one.weight, self.one.bias)


class PooledByLayers(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        h = se_right.width(channels, reduction)
        self.pools = nn.ModuleList([nn.AdaptiveMaxPool2d((1, 1)), nn.AdaptiveAvgPool2d((1, 1))])
        self.mlp = nn.Sequential(nn.Flatten(), nn.Linear(channels, h, bias=False), nn.ReLU(inplace=True))
        self.last = nn.Linear(h, channels, bias=False)

    def forward(self, x):
        gate = torch.sigmoid(torch.stack([self.last(self.mlp(pool(x))) for pool in self.pools]).sum(0))
        return x * gate.unsqueeze(-1).unsqueeze(-1)


class ConvolutionsInOneDimension(nn.Module):
    """The two descriptors are a signal of length 2."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        h = se_right.width(channels, reduction)
        self.mlp = nn.Sequential(nn.Conv1d(channels, h, 1), nn.ReLU(), nn.Conv1d(h, channels, 1))

    def forward(self, x):
        flat = x.flatten(2)
        both = torch.stack([flat.mean(2), flat.amax(2)], dim=2)
        return (flat * self.mlp(both).sum(dim=2, keepdim=True).sigmoid()).view_as(x)


class HiddenValuesOneByOne(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        self.units = nn.ParameterList(torch.randn(2, channels) for _ in range(se_right.width(channels, reduction)))

    def forward(self, x):
        u = torch.zeros(())
        for z in (x.mean((2, 3)), x.amax((2, 3))):
            for unit in self.units:
                u = u + torch.relu(z @ unit[0])[:, None] * unit[1]
        return x * torch.sigmoid(u)[:, :, None, None].to(x.dtype)


class OnTwiceTheBatch(Vector):
    def gate(self, x):
        both = self.logits(torch.stack([self.mean(x), self.maximum(x)], dim=1).flatten(0, 1))
        return both.unflatten(0, (-1, 2)).sum(dim=1).sigmoid()


class SubclassOfSequential(nn.Sequential):
    def __init__(self, channels, reduction=16):
        h = se_right.width(channels, reduction)
        super().__init__(nn.Conv2d(channels, h, 1, bias=False), nn.ReLU(), nn.Conv2d(h, channels, 1))

    def forward(self, x):
        pooled = (functional.avg_pool2d(x, x.shape[2:]), functional.max_pool2d(x, x.shape[2:]))
        return torch.sigmoid(super().forward(pooled[1]) + super().forward(pooled[0])).mul(x)


class SigmoidAsTanh(Vector):
    """sigmoid(u) = (1 + tanh(u / 2)) / 2."""

    def squash(self, u):
        return (1 + torch.tanh(u / 2)) / 2


RIGHT: dict[str, type] = {
    answer.__name__: answer
    for answer in (
        Layers,
        Vector,
        WithoutBiases,
        InFloat32,
        LastBiasOnce,
        LastBiasOnceBesideTheBranches,
        AnUnreducedSum,
        FirstWeightStoredNegated,
        PooledByLayers,
        ConvolutionsInOneDimension,
        HiddenValuesOneByOne,
        OnTwiceTheBatch,
        SubclassOfSequential,
        SigmoidAsTanh,
    )
}
