"""Right answers to cbam-channel-module in other styles; those with fewer biases are the allowed bias patterns."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class OfficialLayout(nn.Module):
    """Linear layers with biases behind a flatten, one list of poolings: the layout of the authors' code."""

    def __init__(self, gate_channels, reduction_ratio=16, pool_types=("avg", "max")):
        super().__init__()
        hidden = max(1, gate_channels // reduction_ratio)
        self.mlp = nn.Sequential(
            nn.Flatten(), nn.Linear(gate_channels, hidden), nn.ReLU(), nn.Linear(hidden, gate_channels)
        )
        self.pool_types = pool_types

    def forward(self, x):
        total = None
        for pool_type in self.pool_types:
            pool = {"avg": functional.avg_pool2d, "max": functional.max_pool2d}[pool_type]
            raw = self.mlp(pool(x, (x.size(2), x.size(3)), stride=(x.size(2), x.size(3))))
            total = raw if total is None else total + raw
        return x * torch.sigmoid(total).unsqueeze(2).unsqueeze(3).expand_as(x)


class ConvolutionsWithoutBias(nn.Module):
    """The layout that most blog posts copy (luuuyi's), with the ratio honoured and the product inside."""

    def __init__(self, in_planes, ratio=16):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.max_pool = nn.AdaptiveMaxPool2d(1)
        self.fc1 = nn.Conv2d(in_planes, max(1, in_planes // ratio), 1, bias=False)
        self.relu1 = nn.ReLU()
        self.fc2 = nn.Conv2d(max(1, in_planes // ratio), in_planes, 1, bias=False)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        avg_out = self.fc2(self.relu1(self.fc1(self.avg_pool(x))))
        max_out = self.fc2(self.relu1(self.fc1(self.max_pool(x))))
        return self.sigmoid(avg_out + max_out) * x


class BothAtOnce(nn.Module):
    """The descriptors as two places of one map: the 1x1 convolutions see each by itself."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.layers = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, channels, 1))

    def forward(self, x):
        both = torch.cat([x.mean((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)], dim=3)
        return x * self.layers(both).sum(dim=3, keepdim=True).sigmoid()


class OneBatchOfBoth(nn.Module):
    """The descriptors one behind the other along the batch."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.mlp = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))

    def forward(self, x):
        flat = x.flatten(2)
        mean, maximum = self.mlp(torch.cat([flat.mean(-1), flat.max(-1).values])).chunk(2)
        return torch.einsum("bchw,bc->bchw", x, torch.sigmoid(mean + maximum))


class HiddenValuesAddedFirst(nn.Module):
    """Without a second bias it is the same to add before the second layer: W2 a + W2 b = W2 (a + b)."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.down = nn.Linear(channels, hidden)
        self.up = nn.Linear(hidden, channels, bias=False)

    def forward(self, x):
        awake = self.down(x.mean((2, 3))).relu() + self.down(x.amax((2, 3))).relu()
        return x * self.up(awake).sigmoid()[..., None, None]


class BiasInTheSecondLayerOnly(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.layers = nn.ModuleDict({"out": nn.Linear(hidden, channels), "in": nn.Linear(channels, hidden, bias=False)})

    def forward(self, x):
        def mlp(z):
            return self.layers["out"](functional.relu(self.layers["in"](z)))

        maximum = x.max(dim=3).values.max(dim=2).values
        return x * functional.sigmoid(mlp(maximum) + mlp(x.mean((-2, -1)))).view(*x.shape[:2], 1, 1)


class RawParametersAndEinsum(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.into = nn.Parameter(torch.randn(channels, hidden) * channels**-0.5)
        self.back = nn.Parameter(torch.randn(hidden, channels) * hidden**-0.5)

    def forward(self, x):
        z = torch.stack([torch.einsum("bchw->bc", x) / (x.shape[2] * x.shape[3]), x.amax((2, 3))])
        h = torch.einsum("dbc,ch->dbh", z, self.into).clamp(min=0)
        return x * torch.sigmoid(torch.einsum("dbh,hc->bc", h, self.back))[..., None, None]


class TransposedMatrices(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.w2 = nn.Parameter(torch.randn(hidden, channels))
        self.b2 = nn.Parameter(torch.zeros(channels))
        self.w1 = nn.Parameter(torch.randn(channels, hidden))
        self.b1 = nn.Parameter(torch.zeros(hidden))

    def forward(self, x):
        u = 2 * self.b2
        for z in (x.mean((-2, -1)), x.amax((-2, -1))):
            u = u + torch.maximum(z @ self.w1 + self.b1, torch.zeros(()).to(x)) @ self.w2
        return x * (1 / (1 + torch.exp(-u))).unsqueeze(-1).unsqueeze(-1)


class FunctionalCalls(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.first = nn.Parameter(torch.randn(hidden, channels, 1, 1))
        self.second = nn.Parameter(torch.randn(channels, hidden, 1, 1))
        self.first_bias = nn.Parameter(torch.zeros(hidden))
        self.second_bias = nn.Parameter(torch.zeros(channels))

    def branch(self, z):
        hidden = functional.relu(functional.conv2d(z, self.first, self.first_bias))
        return functional.conv2d(hidden, self.second, self.second_bias)

    def forward(self, x):
        pools = (functional.avg_pool2d, functional.max_pool2d)
        u = sum(self.branch(pool(x, kernel_size=tuple(x.shape[2:]))) for pool in pools)
        return x.mul(torch.sigmoid(u))


class LazyLayers(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        self.mlp = nn.Sequential(nn.LazyConv2d(max(1, channels // reduction), 1), nn.ReLU(), nn.LazyConv2d(channels, 1))

    def forward(self, x):
        mean, maximum = functional.adaptive_avg_pool2d(x, 1), functional.adaptive_max_pool2d(x, 1)
        return x * (self.mlp(mean) + self.mlp(maximum)).sigmoid()


class ChannelsLast(nn.Module):
    """The layers work on the last axis, so the channels go there first."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.layers = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))

    def forward(self, x):
        last = x.movedim(1, -1)
        descriptors = (last.mean(dim=(1, 2), keepdim=True), last.amax(dim=(1, 2), keepdim=True))
        return (last * torch.stack([self.layers(z) for z in descriptors]).sum(0).sigmoid()).movedim(-1, 1)


class SecondBiasOnce(nn.Module):
    """The hidden values are added before the second layer, so that its bias counts once."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.down = nn.Linear(channels, hidden)
        self.up = nn.Linear(hidden, channels)

    def forward(self, x):
        awake = self.down(x.mean((2, 3))).relu() + self.down(x.amax((2, 3))).relu()
        return x * self.up(awake).sigmoid()[..., None, None]


class SecondBiasOnceWithoutTheFirst(SecondBiasOnce):
    """The same, without a bias in the first layer."""

    def __init__(self, channels, reduction=16):
        super().__init__(channels, reduction)
        self.down = nn.Linear(channels, max(1, channels // reduction), bias=False)


STYLES = (
    OfficialLayout,
    ConvolutionsWithoutBias,
    BothAtOnce,
    OneBatchOfBoth,
    HiddenValuesAddedFirst,
    BiasInTheSecondLayerOnly,
    RawParametersAndEinsum,
    TransposedMatrices,
    FunctionalCalls,
    LazyLayers,
    ChannelsLast,
)

BIAS_ONCE = (
    "You add before the last bias, so that it counts once; where the MLP is called twice, it counts twice. A learned "
    "bias takes care of that, but weights from another implementation need theirs doubled."
)
VARIANTS = ((SecondBiasOnce, BIAS_ONCE), (SecondBiasOnceWithoutTheFirst, BIAS_ONCE))
