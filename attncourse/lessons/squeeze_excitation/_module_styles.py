"""Right answers to se-module in other styles; those with fewer biases are the allowed bias patterns."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class LinearLayers(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.reduce = nn.Linear(channels, hidden)
        self.expand = nn.Linear(hidden, channels)

    def forward(self, x):
        gate = torch.sigmoid(self.expand(torch.relu(self.reduce(x.mean(dim=(2, 3))))))
        return x * gate[:, :, None, None]


class LinearWithoutBias(nn.Module):
    """The layout that most blog posts copy (moskomule's), with the floor of 1."""

    def __init__(self, channel, reduction=16):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(channel, max(1, channel // reduction), bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(max(1, channel // reduction), channel, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x):
        b, c, _, _ = x.size()
        y = self.avg_pool(x).view(b, c)
        y = self.fc(y).view(b, c, 1, 1)
        return x * y.expand_as(x)


class ConvolutionsWithoutBias(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.one = nn.Conv2d(channels, hidden, 1, bias=False)
        self.two = nn.Conv2d(hidden, channels, 1, bias=False)

    def forward(self, x):
        pooled = functional.adaptive_avg_pool2d(x, 1)
        return self.two(self.one(pooled).relu()).sigmoid() * x


class BiasInTheFirstLayerOnly(nn.Sequential):
    def __init__(self, channels, reduction=16):
        hidden = max(1, channels // reduction)
        super().__init__(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, hidden, 1),
            nn.ReLU(),
            nn.Conv2d(hidden, channels, 1, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return x * super().forward(x)


class BiasInTheSecondLayerOnly(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.layers = nn.ModuleDict({"out": nn.Linear(hidden, channels), "in": nn.Linear(channels, hidden, bias=False)})

    def forward(self, x):
        squeezed = x.flatten(2).mean(-1)
        excited = self.layers["out"](functional.relu(self.layers["in"](squeezed)))
        return torch.einsum("bchw,bc->bchw", x, functional.sigmoid(excited))


class RawParametersAndEinsum(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.into = nn.Parameter(torch.randn(channels, hidden) * channels**-0.5)
        self.back = nn.Parameter(torch.randn(hidden, channels) * hidden**-0.5)

    def forward(self, x):
        z = torch.einsum("bchw->bc", x) / (x.shape[2] * x.shape[3])
        h = torch.einsum("bc,ch->bh", z, self.into).clamp(min=0)
        return x * torch.sigmoid(torch.einsum("bh,hc->bc", h, self.back))[..., None, None]


class TransposedMatrices(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.w2 = nn.Parameter(torch.randn(hidden, channels))
        self.b2 = nn.Parameter(torch.zeros(channels))
        self.w1 = nn.Parameter(torch.randn(channels, hidden))
        self.b1 = nn.Parameter(torch.zeros(hidden))

    def forward(self, x):
        h = torch.maximum(x.mean((-2, -1)) @ self.w1 + self.b1, torch.zeros(()).to(x))
        return x * (1 / (1 + torch.exp(-(h @ self.w2 + self.b2)))).unsqueeze(-1).unsqueeze(-1)


class FunctionalCalls(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.first = nn.Parameter(torch.randn(hidden, channels, 1, 1))
        self.second = nn.Parameter(torch.randn(channels, hidden, 1, 1))
        self.first_bias = nn.Parameter(torch.zeros(hidden))
        self.second_bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        s = functional.avg_pool2d(x, kernel_size=x.shape[2:])
        s = functional.conv2d(functional.relu(functional.conv2d(s, self.first, self.first_bias)), self.second)
        return x.mul(torch.sigmoid(s + self.second_bias.view(1, -1, 1, 1)))


class LazyLayers(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.LazyConv2d(max(1, channels // reduction), 1),
            nn.ReLU(),
            nn.LazyConv2d(channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return x * self.gate(x)


class ChannelsLast(nn.Module):
    """The layers work on the last axis, so the channels go there first."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(channels, max(1, channels // reduction)),
            nn.ReLU(),
            nn.Linear(max(1, channels // reduction), channels),
        )

    def forward(self, x):
        last = x.movedim(1, -1)
        return (last * self.layers(last.mean(dim=(1, 2), keepdim=True)).sigmoid()).movedim(-1, 1)


STYLES = (
    LinearLayers,
    LinearWithoutBias,
    ConvolutionsWithoutBias,
    BiasInTheFirstLayerOnly,
    BiasInTheSecondLayerOnly,
    RawParametersAndEinsum,
    TransposedMatrices,
    FunctionalCalls,
    LazyLayers,
    ChannelsLast,
)
