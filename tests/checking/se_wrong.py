"""Wrong answers to se-module that are none of its misconceptions. None of them served to tune a probe.

Each is written twice: with two Linear layers, and with all weights in one vector, which only probes can judge.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


class Layers(nn.Module):
    """The right block in parts, its weights in two Linear layers."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        self.c, self.h = channels, self.width(channels, reduction)
        self.store()

    def store(self):
        self.one, self.two = nn.Linear(self.c, self.h), nn.Linear(self.h, self.c)

    def weights(self):
        return self.one.weight, self.one.bias, self.two.weight, self.two.bias

    def width(self, channels, reduction):
        return max(1, channels // reduction)

    def squeeze(self, x):
        return x.mean((2, 3))

    def inner(self, z):
        w1, b1, _, _ = self.weights()
        return F.linear(z, w1, b1)

    def activation(self, pre):
        return torch.relu(pre)

    def outer(self, h):
        _, _, w2, b2 = self.weights()
        return F.linear(h, w2, b2)

    def logits(self, z):
        return self.outer(self.activation(self.inner(z)))

    def squash(self, u):
        return torch.sigmoid(u)

    def gate(self, x):
        return self.squash(self.logits(self.squeeze(x)))

    def scale(self, x, g):
        return x * g[:, :, None, None]

    def forward(self, x):
        return self.scale(x, self.gate(x))


class Vector(Layers):
    """The same, its weights in one vector."""

    def store(self):
        self.theta = nn.Parameter(torch.randn(2 * self.c * self.h + self.c + self.h) * 0.3)

    def weights(self):
        w1, w2, b1, b2 = self.theta.split([self.c * self.h, self.c * self.h, self.h, self.c])
        return w1.view(self.h, self.c), b1, w2.view(self.c, self.h), b2


class StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, u):
        return torch.sigmoid(u)

    @staticmethod
    def backward(ctx, slope):
        return slope


def halves(pre):
    return torch.relu(pre) * (pre.sum(1, keepdim=True) > 0)


def rolled_weights(self):
    w1, b1, w2, b2 = Layers.weights(self) if hasattr(self, "one") else Vector.weights(self)
    return w1, b1, w1.T, b2


def averaged_hidden(self, z):
    pre = self.inner(z)
    return self.outer(torch.relu(pre).mean(1, keepdim=True).expand_as(pre))


def first_weight_frozen(self):
    w1, b1, w2, b2 = Layers.weights(self) if hasattr(self, "one") else Vector.weights(self)
    return w1.detach(), b1, w2, b2


def second_bias_frozen(self):
    w1, b1, w2, b2 = Layers.weights(self) if hasattr(self, "one") else Vector.weights(self)
    return w1, b1, w2, b2.detach()


def one_input_left_out(self, z):
    w1, b1, _, _ = self.weights()
    return F.linear(z[:, 1:], w1[:, 1:], b1)


def cached(self, x):
    if not hasattr(self, "kept") or self.kept.shape[0] != x.shape[0]:
        self.kept = Layers.gate(self, x).detach()
    return self.kept.to(x.dtype)


def training_noise(self, u):
    return torch.sigmoid(u + torch.randn_like(u) * 0.1 * self.training)


def centre(x):
    return x[:, :, x.shape[2] // 2, x.shape[3] // 2]


ONE_PART: dict[str, dict] = {
    # the hidden activation
    "leaky relu": {"activation": lambda self, p: F.leaky_relu(p, 0.01)},
    "elu": {"activation": lambda self, p: F.elu(p)},
    "gelu": {"activation": lambda self, p: F.gelu(p)},
    "silu inside": {"activation": lambda self, p: F.silu(p)},
    "softplus": {"activation": lambda self, p: F.softplus(p)},
    "relu6": {"activation": lambda self, p: F.relu6(p)},
    "absolute value": {"activation": lambda self, p: p.abs()},
    "relu squared": {"activation": lambda self, p: p.relu().square()},
    "tanh inside": {"activation": lambda self, p: p.tanh()},
    "hardtanh inside": {"activation": lambda self, p: F.hardtanh(p)},
    "hardswish inside": {"activation": lambda self, p: F.hardswish(p)},
    "softmax inside": {"activation": lambda self, p: p.relu().softmax(1)},
    "all or none": {"activation": lambda self, p: halves(p)},
    "strongest hidden only": {"activation": lambda self, p: p.relu() * (p == p.amax(1, keepdim=True))},
    "hidden doubled": {"activation": lambda self, p: 2 * p.relu()},
    "hidden averaged": {"logits": averaged_hidden},
    "relu with a threshold": {"activation": lambda self, p: F.threshold(p, 0.1, 0.0)},
    # the squash
    "temperature 2": {"squash": lambda self, u: torch.sigmoid(u / 2)},
    "sharpened": {"squash": lambda self, u: torch.sigmoid(3 * u)},
    "divided by the root of C": {"squash": lambda self, u: torch.sigmoid(u / u.shape[1] ** 0.5)},
    "one minus the gate": {"squash": lambda self, u: 1 - torch.sigmoid(u)},
    "doubled gate": {"squash": lambda self, u: 2 * torch.sigmoid(u)},
    "shifted gate": {"squash": lambda self, u: torch.sigmoid(u) + 0.1},
    "squared gate": {"squash": lambda self, u: torch.sigmoid(u) ** 2},
    "root of the gate": {"squash": lambda self, u: torch.sigmoid(u).sqrt()},
    "error function": {"squash": lambda self, u: (1 + torch.erf(u)) / 2},
    "arc tangent": {"squash": lambda self, u: torch.atan(u) / torch.pi + 0.5},
    "softsign": {"squash": lambda self, u: (F.softsign(u) + 1) / 2},
    "clamped": {"squash": lambda self, u: u.clamp(0, 1)},
    "half and half tanh": {"squash": lambda self, u: (u.tanh() + 1) / 2},
    "exponential": {"squash": lambda self, u: torch.exp(-torch.relu(u))},
    "shifted logit": {"squash": lambda self, u: torch.sigmoid(u - 1)},
    "centred logits": {"squash": lambda self, u: torch.sigmoid(u - u.mean(1, keepdim=True))},
    "gates over their maximum": {"squash": lambda self, u: u.sigmoid() / u.sigmoid().amax(1, keepdim=True)},
    "one gate for all": {"squash": lambda self, u: u.sigmoid().mean(1, keepdim=True).expand_as(u)},
    "floor of a tenth": {"squash": lambda self, u: 0.1 + 0.9 * torch.sigmoid(u)},
    "rounded gate": {"squash": lambda self, u: u.sigmoid().round()},
    "logits clipped": {"squash": lambda self, u: u.clamp(-1, 1).sigmoid()},
    "wrong backward": {"squash": lambda self, u: StraightThrough.apply(u)},
    "noise in training": {"squash": training_noise},
    # the squeeze
    "minimum": {"squeeze": lambda self, x: x.amin((2, 3))},
    "median": {"squeeze": lambda self, x: x.flatten(2).median(2)[0]},
    "root mean square": {"squeeze": lambda self, x: x.square().mean((2, 3)).sqrt()},
    "standard deviation": {"squeeze": lambda self, x: x.flatten(2).std(2, correction=0)},
    "mean of magnitudes": {"squeeze": lambda self, x: x.abs().mean((2, 3))},
    "magnitude of the mean": {"squeeze": lambda self, x: x.mean((2, 3)).abs()},
    "mean of the positive": {"squeeze": lambda self, x: x.relu().mean((2, 3))},
    "the centre only": {"squeeze": lambda self, x: centre(x)},
    "the first place": {"squeeze": lambda self, x: x[:, :, 0, 0]},
    "mean and maximum halved": {"squeeze": lambda self, x: (x.mean((2, 3)) + x.amax((2, 3))) / 2},
    "mean then maximum": {"squeeze": lambda self, x: x.mean(2).amax(2)},
    "divided by the height squared": {"squeeze": lambda self, x: x.sum((2, 3)) / x.shape[2] ** 2},
    "one too few": {"squeeze": lambda self, x: x.sum((2, 3)) / max(1, x.shape[2] * x.shape[3] - 1)},
    "minus the batch's mean": {"squeeze": lambda self, x: x.mean((2, 3)) - x.mean((0, 2, 3))},
    "minus the channels' mean": {"squeeze": lambda self, x: x.mean((2, 3)) - x.mean((1, 2, 3), keepdim=False)[:, None]},
    "normalised": {"squeeze": lambda self, x: F.layer_norm(x.mean((2, 3)), x.shape[1:2])},
    "unit length": {"squeeze": lambda self, x: F.normalize(x.mean((2, 3)), dim=1)},
    "squeeze detached": {"squeeze": lambda self, x: x.mean((2, 3)).detach()},
    "squeeze doubled": {"squeeze": lambda self, x: 2 * x.mean((2, 3))},
    "first sample for all": {"squeeze": lambda self, x: x.mean((2, 3))[:1].expand(len(x), -1)},
    "dropout": {"squeeze": lambda self, x: F.dropout(x.mean((2, 3)), 0.3, self.training)},
    "dropout always": {"squeeze": lambda self, x: F.dropout(x.mean((2, 3)), 0.3)},
    "batch statistics in training": {
        "squeeze": lambda self, x: x.mean((2, 3)) - (x.mean((0, 2, 3)) if self.training else 0)
    },
    "whole numbers": {"squeeze": lambda self, x: x.mean((2, 3)).round()},
    "clipped means": {"squeeze": lambda self, x: x.mean((2, 3)).clamp(-1, 1)},
    # the layers
    "skip around the layers": {"logits": lambda self, z: z + self.outer(self.inner(z).relu())},
    "first bias left out": {"inner": lambda self, z: F.linear(z, self.weights()[0])},
    "second bias left out": {"outer": lambda self, h: F.linear(h, self.weights()[2])},
    "second bias twice": {"outer": lambda self, h: F.linear(h, self.weights()[2]) + 2 * self.weights()[3]},
    "bias before the relu too": {"inner": lambda self, z: F.linear(z, *self.weights()[:2]) + self.weights()[1]},
    "one matrix used twice": {"weights": rolled_weights},
    "first matrix frozen": {"weights": first_weight_frozen},
    "second bias frozen": {"weights": second_bias_frozen},
    "one channel left out": {"inner": one_input_left_out},
    "hidden detached": {"activation": lambda self, p: p.relu().detach()},
    # the width
    "one hidden more": {"width": lambda self, c, r: max(1, c // r) + 1},
    "rounded width": {"width": lambda self, c, r: max(1, round(c / r))},
    "at least two": {"width": lambda self, c, r: max(2, c // r)},
    "at least four": {"width": lambda self, c, r: max(4, c // r)},
    "half the reduction": {"width": lambda self, c, r: max(1, 2 * c // r)},
    "the reduction itself": {"width": lambda self, c, r: r},
    # the scale
    "square of x": {"scale": lambda self, x, g: x.square() * g[:, :, None, None]},
    "relu of x": {"scale": lambda self, x, g: x.relu() * g[:, :, None, None]},
    "a little residual": {"scale": lambda self, x, g: x * g[:, :, None, None] + 0.1 * x},
    "half of the channels": {"scale": lambda self, x, g: torch.cat([x[:, ::2] * g[:, ::2, None, None], x[:, 1::2]], 1)},
    "plus the mean": {"scale": lambda self, x, g: x * g[:, :, None, None] + x.mean((2, 3), keepdim=True)},
    "centred x": {"scale": lambda self, x, g: (x - x.mean((2, 3), keepdim=True)) * g[:, :, None, None]},
    "power": {"scale": lambda self, x, g: x.sign() * x.abs() ** g[:, :, None, None]},
    "divided by the gate": {"scale": lambda self, x, g: x / g[:, :, None, None]},
    "gate squared by two calls": {"forward": lambda self, x: Layers.forward(self, Layers.forward(self, x))},
    "gate along the width": {
        "scale": lambda self, x, g: x * (g[:, :, None, None] if x.shape[3] < 5 else g.flip(1)[:, :, None, None])
    },
    "a tuple": {"scale": lambda self, x, g: (x * g[:, :, None, None], g)},
    "float32 out": {"scale": lambda self, x, g: (x * g[:, :, None, None]).float()},
    "detached x": {"scale": lambda self, x, g: x.detach() * g[:, :, None, None]},
    "nothing flows": {"scale": lambda self, x, g: (x * g[:, :, None, None]).detach()},
    "relu on the input in place": {"forward": lambda self, x: Layers.forward(self, x.relu_())},
    "cached gate": {"gate": cached},
    "maps halved": {"scale": lambda self, x, g: F.max_pool2d(x, 2, ceil_mode=True) * g[:, :, None, None]},
    "flattened": {"scale": lambda self, x, g: (x * g[:, :, None, None]).flatten(2)},
}


class ConvolutionAcrossChannels(nn.Module):
    """ECA: three neighbours, no hidden layer."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        self.conv = nn.Conv1d(1, 1, 3, padding=1, bias=False)

    def forward(self, x):
        return x * self.conv(x.mean((2, 3))[:, None]).sigmoid()[:, 0, :, None, None]


class GroupedLayers(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        groups = 2 if hidden % 2 == 0 and channels % 2 == 0 else 1
        self.one = nn.Conv2d(channels, hidden, 1, groups=groups)
        self.two = nn.Conv2d(hidden, channels, 1, groups=groups)

    def forward(self, x):
        return x * self.two(self.one(x.mean((2, 3), keepdim=True)).relu()).sigmoid()


class ThreeLayers(Layers):
    def store(self):
        super().store()
        self.middle = nn.Linear(self.h, self.h)

    def activation(self, p):
        return self.middle(p.relu()).relu()


class BatchNormalised(Layers):
    def store(self):
        super().store()
        self.norm = nn.BatchNorm1d(self.h)

    def inner(self, z):
        return self.norm(super().inner(z))


class LearnedSlope(Layers):
    def store(self):
        super().store()
        self.slope = nn.PReLU()

    def activation(self, p):
        return self.slope(p)


class LearnedTemperature(Layers):
    def store(self):
        super().store()
        self.temperature = nn.Parameter(torch.ones(1))

    def squash(self, u):
        return torch.sigmoid(u * self.temperature)


class LeftOverLayer(Layers):
    def store(self):
        super().store()
        self.unused = nn.Linear(self.c, self.h)


class Frozen(Layers):
    def store(self):
        super().store()
        self.two.weight.requires_grad_(False)


class MadeAtTheFirstCall(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        self.c, self.h, self.one = channels, max(1, channels // reduction), None

    def forward(self, x):
        if self.one is None:
            self.one, self.two = nn.Linear(self.c, self.h).to(x), nn.Linear(self.h, self.c).to(x)
        return x * self.two(self.one(x.mean((2, 3))).relu()).sigmoid()[:, :, None, None]


class InAPlainList(nn.Module):
    """The layers are hidden in a list: they are no parameters of the module."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        h = max(1, channels // reduction)
        self.layers = [nn.Linear(channels, h), nn.Linear(h, channels)]

    def forward(self, x):
        one, two = (layer.to(x) for layer in self.layers)
        return x * two(one(x.mean((2, 3))).relu()).sigmoid()[:, :, None, None]


class ThroughNumpy(Layers):
    def squeeze(self, x):
        return torch.from_numpy(x.detach().float().numpy().mean(axis=(2, 3))).to(x.dtype)


class AlwaysDouble(Layers):
    def forward(self, x):
        return super().forward(x).double()


class DefaultFifteen(Layers):
    def __init__(self, channels, reduction=15):
        super().__init__(channels, reduction)


class NoDefault(Layers):
    def __init__(self, channels, reduction):
        super().__init__(channels, reduction)


class RequiresDivisibility(Layers):
    def width(self, channels, reduction):
        assert channels % reduction == 0
        return channels // reduction


class NoSuper(nn.Module):
    def __init__(self, channels, reduction=16):
        self.one = nn.Linear(channels, channels // reduction)


class NotAModule:
    def __init__(self, channels, reduction=16):
        pass

    def __call__(self, x):
        return x


class DoubledByAHook(Layers):
    def store(self):
        super().store()
        self.register_forward_hook(lambda module, inputs, output: output * 1.01)


WHOLE = [
    ConvolutionAcrossChannels,
    GroupedLayers,
    ThreeLayers,
    BatchNormalised,
    LearnedSlope,
    LearnedTemperature,
    LeftOverLayer,
    Frozen,
    MadeAtTheFirstCall,
    InAPlainList,
    ThroughNumpy,
    AlwaysDouble,
    DefaultFifteen,
    NoDefault,
    RequiresDivisibility,
    NoSuper,
    NotAModule,
    DoubledByAHook,
]


def variant(name, base, methods):
    return type(name.title().replace(" ", "") + base.__name__, (base,), dict(methods))


WRONG = {
    **{f"{name}, layers": variant(name, Layers, methods) for name, methods in ONE_PART.items()},
    **{f"{name}, vector": variant(name, Vector, methods) for name, methods in ONE_PART.items()},
    **{thing.__name__: thing for thing in WHOLE},
}
