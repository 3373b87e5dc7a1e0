"""Right answers to se-module, as strange as they may be. None of them served to tune a probe."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint


def width(channels, reduction):
    return max(1, channels // reduction)


class FlatVector(nn.Module):
    """All weights in one vector: no tensor fits the reference's."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        self.c, self.h = channels, width(channels, reduction)
        self.theta = nn.Parameter(torch.randn(2 * self.c * self.h + self.c + self.h) * 0.1)

    def parts(self):
        w1, w2, b1, b2 = self.theta.split([self.c * self.h, self.c * self.h, self.h, self.c])
        return w1.view(self.h, self.c), b1, w2.view(self.c, self.h), b2

    def forward(self, x):
        w1, b1, w2, b2 = self.parts()
        hidden = F.linear(x.mean((2, 3)), w1, b1).relu()
        return x * F.linear(hidden, w2, b2).sigmoid()[..., None, None]


class FlatVectorWithoutBias(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        self.shape = (width(channels, reduction), channels)
        self.theta = nn.Parameter(torch.randn(2 * channels * self.shape[0]))

    def forward(self, x):
        one, two = self.theta.chunk(2)
        z = x.mean((2, 3)) @ one.view(self.shape).T
        return x * (z.clamp_min(0) @ two.view(self.shape)).sigmoid()[..., None, None]


class StackedWeights(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        self.weights = nn.Parameter(torch.randn(2, channels, width(channels, reduction)))

    def forward(self, x):
        hidden = torch.relu(x.mean((2, 3)) @ self.weights[0])
        return x * torch.sigmoid(hidden @ self.weights[1].T)[:, :, None, None]


class BiasAsAColumn(nn.Module):
    """Each matrix has one more column, which meets a constant 1."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.one = nn.Parameter(torch.randn(h, channels + 1))
        self.two = nn.Parameter(torch.randn(channels, h + 1))

    def forward(self, x):
        z = F.pad(x.mean((2, 3)), (0, 1), value=1.0)
        h = F.pad(torch.relu(z @ self.one.T), (0, 1), value=1.0)
        return x * torch.sigmoid(h @ self.two.T)[:, :, None, None]


class PoolsInFloat32(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.one, self.two = nn.Linear(channels, h), nn.Linear(h, channels)

    def forward(self, x):
        z = x.float().mean((2, 3)).to(x.dtype)
        return x * self.two(self.one(z).relu()).sigmoid()[:, :, None, None]


class FlatAndFloat32(FlatVector):
    def forward(self, x):
        w1, b1, w2, b2 = (part.float() for part in self.parts())
        gate = F.linear(F.linear(x.float().mean((2, 3)), w1, b1).relu(), w2, b2).sigmoid()
        return x * gate[..., None, None].to(x.dtype)


class ForcedOntoTheCPU(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.net = nn.Sequential(nn.Linear(channels, h), nn.ReLU(), nn.Linear(h, channels), nn.Sigmoid()).to("cpu")

    def forward(self, x):
        return x * self.net(x.mean((2, 3)).cpu()).view(x.shape[0], -1, 1, 1)


class FirstWeightStoredNegated(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.one, self.two = nn.Linear(channels, h), nn.Linear(h, channels)

    def forward(self, x):
        h = F.linear(x.mean((2, 3)), -self.one.weight, self.one.bias).relu()
        return x * self.two(h).sigmoid()[:, :, None, None]


class SecondWeightStoredNegated(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.one, self.two = nn.Linear(channels, h), nn.Linear(h, channels)

    def forward(self, x):
        h = self.one(x.mean((2, 3))).relu()
        return x * (self.two.bias - h @ self.two.weight.T).sigmoid()[:, :, None, None]


class BiasesStoredNegated(FlatVector):
    def forward(self, x):
        w1, b1, w2, b2 = self.parts()
        hidden = (x.mean((2, 3)) @ w1.T - b1).relu()
        return x * (hidden @ w2.T - b2).sigmoid()[..., None, None]


class MirroredOrder(nn.Module):
    """Hidden values and channels are stored in the reverse order."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.one = nn.Parameter(torch.randn(h, channels))
        self.two = nn.Parameter(torch.randn(channels, h))

    def forward(self, x):
        z = x.mean((2, 3)).flip(1)
        return x * ((z @ self.one.T).relu() @ self.two.T).sigmoid().flip(1)[:, :, None, None]


class EverythingHiddenNegated(FlatVector):
    """W2 (-relu(-p)): with W1, b1 and W2 negated it is the plain block."""

    def forward(self, x):
        w1, b1, w2, b2 = self.parts()
        hidden = -torch.relu(-F.linear(x.mean((2, 3)), w1, b1))
        return x * F.linear(hidden, w2, b2).sigmoid()[..., None, None]


class ConvolutionsInOneDimension(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.net = nn.Sequential(
            nn.AdaptiveAvgPool1d(1), nn.Conv1d(channels, h, 1), nn.ReLU(), nn.Conv1d(h, channels, 1), nn.Sigmoid()
        )

    def forward(self, x):
        flat = x.reshape(*x.shape[:2], -1)
        return (flat * self.net(flat)).view_as(x)


class ConvolutionOverTheChannels(nn.Module):
    """The vector of means as a one-channel signal; one kernel of length C for each hidden value."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.one = nn.Conv1d(1, h, channels)
        self.two = nn.ConvTranspose1d(h, 1, channels, bias=False)

    def forward(self, x):
        z = x.mean((2, 3)).unsqueeze(1)
        return x * self.two(self.one(z).relu()).sigmoid().squeeze(1)[:, :, None, None]


class ConvolutionsInThreeDimensions(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.one, self.two = nn.Conv3d(channels, h, 1, bias=False), nn.Conv3d(h, channels, 1)

    def forward(self, x):
        z = F.adaptive_avg_pool3d(x.unsqueeze(2), 1)
        return x * self.two(self.one(z).relu_()).sigmoid().squeeze(2)


class OneLinearForEachChannel(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.one = nn.Linear(channels, h)
        self.outs = nn.ModuleList(nn.Linear(h, 1) for _ in range(channels))

    def forward(self, x):
        h = F.relu(self.one(x.mean((2, 3))))
        return x * torch.cat([out(h) for out in self.outs], 1).sigmoid()[:, :, None, None]


class HiddenValuesOneByOne(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        self.units = nn.ParameterList(torch.randn(2, channels) for _ in range(width(channels, reduction)))

    def forward(self, x):
        z = x.mean((2, 3))
        u = sum(torch.relu(z @ unit[0])[:, None] * unit[1] for unit in self.units)
        return x * torch.sigmoid(u)[:, :, None, None]


class LoopOverTheSamples(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.one, self.two = nn.Linear(channels, h), nn.Linear(h, channels)

    def forward(self, x):
        return torch.stack([sample * self.gate(sample).view(-1, 1, 1) for sample in x])

    def gate(self, sample):
        return torch.sigmoid(self.two(F.relu(self.one(torch.stack([channel.mean() for channel in sample])))))


class SigmoidByTanh(FlatVector):
    def forward(self, x):
        w1, b1, w2, b2 = self.parts()
        u = F.linear(F.threshold(F.linear(x.mean((2, 3)), w1, b1), 0, 0), w2, b2)
        return x * (0.5 * (torch.tanh(u / 2) + 1))[..., None, None]


class SigmoidBySoftmaxOfTwo(FlatVector):
    """softmax over (u, 0) is sigmoid(u)."""

    def forward(self, x):
        w1, b1, w2, b2 = self.parts()
        pre = F.linear(x.mean((2, 3)), w1, b1)
        u = F.linear((pre + pre.abs()) / 2, w2, b2)
        gate = torch.stack([u, torch.zeros_like(u)]).softmax(0)[0]
        return x * gate[..., None, None]


class SigmoidByLogarithm(StackedWeights):
    def forward(self, x):
        u = torch.relu(x.mean((2, 3)) @ self.weights[0]) @ self.weights[1].T
        return torch.exp(F.logsigmoid(u))[:, :, None, None] * x


class MeanByConvolution(FlatVector):
    def forward(self, x):
        kernel = torch.full((x.shape[1], 1, *x.shape[2:]), 1 / math.prod(x.shape[2:]), dtype=x.dtype)
        w1, b1, w2, b2 = self.parts()
        z = F.conv2d(x, kernel, groups=x.shape[1]).flatten(1)
        return x * F.linear(F.linear(z, w1, b1).relu(), w2, b2).sigmoid()[..., None, None]


class MeanInTwoSteps(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.layers = nn.ParameterDict({"a": torch.randn(h, channels), "b": torch.randn(channels, h)})

    def forward(self, x):
        z = x.mean(3).mean(2)
        return x * torch.sigmoid(F.linear(F.relu(F.linear(z, self.layers["a"])), self.layers["b"]))[:, :, None, None]


class BatchedMatrixProducts(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.a, self.b = nn.Parameter(torch.randn(1, h, channels)), nn.Parameter(torch.randn(1, channels, h))
        self.c = nn.Parameter(torch.randn(1, channels, 1))

    def forward(self, x):
        z = x.flatten(2).mean(2, keepdim=True)
        u = torch.baddbmm(self.c.expand(len(x), -1, -1), self.b.expand(len(x), -1, -1), (self.a @ z).relu())
        return (x.flatten(2) * u.sigmoid()).reshape(x.shape)


class OwnBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, gate):
        ctx.save_for_backward(x, gate)
        return x * gate

    @staticmethod
    def backward(ctx, slope):
        x, gate = ctx.saved_tensors
        return slope * gate, (slope * x).sum((2, 3), keepdim=True)


class WithItsOwnBackward(FlatVector):
    def forward(self, x):
        w1, b1, w2, b2 = self.parts()
        gate = F.linear(F.linear(x.mean((2, 3)), w1, b1).relu(), w2, b2).sigmoid()
        return OwnBackward.apply(x, gate[..., None, None])


class Checkpointed(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.net = nn.Sequential(nn.Linear(channels, h), nn.ReLU(True), nn.Linear(h, channels), nn.Sigmoid())

    def forward(self, x):
        return x * checkpoint(self.net, x.mean((2, 3)), use_reentrant=False)[:, :, None, None]


class NestedBlocks(nn.Module):
    class Squeeze(nn.Module):
        def forward(self, x):
            return torch.var_mean(x, dim=(2, 3), keepdim=True)[1]

    class Excite(nn.Sequential):
        def __init__(self, channels, hidden):
            super().__init__(nn.Conv2d(channels, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, channels, 1, bias=False))

    def __init__(self, channels, reduction=16):
        super().__init__()
        self.squeeze, self.excite = self.Squeeze(), self.Excite(channels, width(channels, reduction))

    def forward(self, x):
        return torch.mul(x, torch.sigmoid(self.excite(self.squeeze(x))))


class WithABuffer(FlatVector):
    def __init__(self, channels, reduction=16):
        super().__init__(channels, reduction)
        self.register_buffer("one", torch.ones(1))

    def forward(self, x):
        return self.one * super().forward(x)


class GateByMultiplyingLogits(FlatVector):
    """exp(log x ...) no: the product written as an einsum over a diagonal."""

    def forward(self, x):
        w1, b1, w2, b2 = self.parts()
        gate = F.linear(F.linear(x.mean((2, 3)), w1, b1).relu(), w2, b2).sigmoid()
        return torch.einsum("bcd,bdhw->bchw", torch.diag_embed(gate), x)


class LazyLinears(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        self.one = nn.LazyLinear(width(channels, reduction), bias=False)
        self.two = nn.LazyLinear(channels)

    def forward(self, x):
        return x * self.two(self.one(x.mean((-1, -2))).relu()).sigmoid().reshape(*x.shape[:2], 1, 1)


def a_function_that_builds_it(channels, reduction=16):
    return FlatVector(channels, reduction)


class Scripted(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        h = width(channels, reduction)
        self.net = nn.Sequential(nn.Linear(channels, h), nn.ReLU(), nn.Linear(h, channels), nn.Sigmoid())

    def forward(self, x):
        b, c = x.size()[:2]
        return self.net(x.view(b, c, -1).mean(2)).view(b, c, 1, 1).expand_as(x) * x


RIGHT = {
    name: thing
    for name, thing in list(vars().items())
    if (name == "a_function_that_builds_it" or isinstance(thing, type) and issubclass(thing, nn.Module))
    and getattr(thing, "__module__", "") == __name__
}
