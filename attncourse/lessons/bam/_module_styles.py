"""Right answers to bam-module: other styles, and the variants that pass with a remark."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import torch
from torch import nn
from torch.nn import functional

from attncourse.lessons.bam._parts import BOTH, EVERYWHERE, HIDDEN, LAST, NOWHERE, WHERE_NO_NORM, Bam, branch


class LinearChannelBranch(nn.Module):
    """Linear layers and BatchNorm1d on ``(B, C)``, as in the authors' file, but with the paper's one batch norm."""

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.fc = nn.Sequential(
            nn.Flatten(), nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels), nn.BatchNorm1d(channels)
        )
        self.conv = nn.Sequential(
            nn.Conv2d(channels, hidden, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, hidden, 3, 1, dilation, dilation),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, hidden, 3, 1, dilation, dilation),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, 1, 1),
            nn.BatchNorm2d(1),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        m_c = self.fc(self.pool(x))[:, :, None, None]
        return x + x * torch.sigmoid(m_c + self.conv(x))


class SpreadOutByHand(LinearChannelBranch):
    def forward(self, x):
        m_c = self.fc(x.flatten(2).mean(-1)).unsqueeze(2).unsqueeze(3).expand_as(x)
        m_s = self.conv(x).expand_as(x)
        return (1 + torch.add(m_c, m_s).sigmoid()).mul(x)


class FunctionalCalls(nn.Module):
    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__()
        h = max(1, channels // reduction)
        self.d = dilation
        shapes = [(h, channels), (channels, h), (h, channels, 1, 1), (h, h, 3, 3), (h, h, 3, 3), (1, h, 1, 1)]
        self.w = nn.ParameterList([nn.Parameter(0.1 * torch.randn(shape)) for shape in shapes])
        self.b = nn.ParameterList([nn.Parameter(torch.zeros(shape[0])) for shape in shapes])
        self.norms = nn.ModuleList([nn.BatchNorm1d(channels), nn.BatchNorm2d(1)])

    def forward(self, x):
        w, b, d = self.w, self.b, self.d
        what = functional.linear(functional.relu(functional.linear(x.mean((2, 3)), w[0], b[0])), w[1], b[1])
        where = functional.conv2d(x, w[2], b[2]).relu()
        where = functional.conv2d(where, w[3], b[3], padding=d, dilation=d).relu()
        where = functional.conv2d(where, w[4], b[4], padding=d, dilation=d).relu()
        where = self.norms[1](functional.conv2d(where, w[5], b[5]))
        return x * (1 + (self.norms[0](what)[..., None, None] + where).sigmoid())


class PaddedByHand(nn.Module):
    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__()
        hidden = channels // reduction or 1
        self.what = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, channels, 1))
        self.what_norm = nn.BatchNorm2d(channels)
        around = nn.ZeroPad2d(dilation)
        self.where = nn.Sequential(
            nn.Conv2d(channels, hidden, 1),
            *(nn.ReLU(), around, nn.Conv2d(hidden, hidden, 3, dilation=dilation)),
            *(nn.ReLU(), around, nn.Conv2d(hidden, hidden, 3, dilation=dilation)),
            *(nn.ReLU(), nn.Conv2d(hidden, 1, 1)),
        )
        self.where_norm = nn.BatchNorm2d(1)

    def forward(self, x):
        height, width = x.shape[-2:]
        mean = functional.avg_pool2d(x, (height, width))
        u = self.what_norm(self.what(mean)) + self.where_norm(self.where(x))
        return x * (1 + 1 / (1 + torch.exp(-u)))


class SamePadding(nn.Module):
    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__()
        self.hidden = hidden = max(channels // reduction, 1)
        self.channel_att = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, hidden, kernel_size=1),
            nn.ReLU(),
            nn.Conv2d(hidden, channels, kernel_size=1),
            nn.BatchNorm2d(channels),
        )
        layers = [nn.Conv2d(channels, hidden, 1), nn.ReLU()]
        for _ in range(2):
            layers += [nn.Conv2d(hidden, hidden, 3, padding="same", dilation=dilation), nn.ReLU()]
        self.spatial_att = nn.Sequential(*layers, nn.Conv2d(hidden, 1, 1), nn.BatchNorm2d(1))

    def forward(self, x):
        gate = torch.sigmoid(self.channel_att(x) + self.spatial_att(x))
        return torch.addcmul(x, x, gate)


class LazyLayers(nn.Module):
    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__()
        h = max(1, channels // reduction)
        self.a, self.b = nn.LazyConv2d(h, 1), nn.LazyConv2d(channels, 1)
        self.c, self.f = nn.LazyConv2d(h, 1), nn.LazyConv2d(1, 1)
        self.d = nn.LazyConv2d(h, 3, padding=dilation, dilation=dilation)
        self.e = nn.LazyConv2d(h, 3, padding=dilation, dilation=dilation)
        self.m, self.n = nn.LazyBatchNorm2d(), nn.LazyBatchNorm2d()

    def forward(self, x):
        what = self.m(self.b(self.a(x.mean(dim=[2, 3], keepdim=True)).clamp(min=0)))
        where = self.n(self.f(self.e(self.d(self.c(x).relu()).relu()).relu()))
        return x * (what + where).sigmoid() + x


class TwoClasses(nn.Module):
    """A class for each branch, as the authors' file has it."""

    class What(nn.Module):
        def __init__(self, channels, hidden):
            super().__init__()
            self.reduce, self.expand = nn.Linear(channels, hidden), nn.Linear(hidden, channels)
            self.norm = nn.BatchNorm1d(channels)

        def forward(self, x):
            return self.norm(self.expand(torch.relu(self.reduce(torch.einsum("bchw->bc", x) / x[0, 0].numel()))))

    class Where(nn.Module):
        def __init__(self, channels, hidden, dilation):
            super().__init__()
            wide = {"kernel_size": 3, "padding": dilation, "dilation": dilation}
            self.layers = nn.ModuleList(
                [nn.Conv2d(channels, hidden, 1), nn.Conv2d(hidden, hidden, **wide), nn.Conv2d(hidden, hidden, **wide)]
            )
            self.last, self.norm = nn.Conv2d(hidden, 1, 1), nn.BatchNorm2d(1)

        def forward(self, x):
            for layer in self.layers:
                x = layer(x).relu()
            return self.norm(self.last(x)).squeeze(1)

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.what, self.where = self.What(channels, hidden), self.Where(channels, hidden, dilation)

    def forward(self, x):
        u = self.what(x)[:, :, None, None] + self.where(x)[:, None]
        return x * (2 - torch.sigmoid(-u))


class WindowsUnfolded(nn.Module):
    """Each dilated window as a row of numbers: the convolutions are matrix products."""

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__()
        h = max(1, channels // reduction)
        self.window = {"kernel_size": 3, "dilation": dilation, "padding": dilation}
        self.channel = branch([(channels, h, 1), (h, channels, 1)])
        self.reduce, self.last = nn.Conv2d(channels, h, 1), nn.Conv2d(h, 1, 1)
        self.wide = nn.ModuleList(nn.Conv2d(h, h, 3) for _ in range(2))
        self.norm = nn.BatchNorm2d(1)

    def forward(self, x):
        y = self.reduce(x).relu()
        for layer in self.wide:
            rows = layer.weight.flatten(1) @ functional.unfold(y, **self.window) + layer.bias[:, None]
            y = rows.view_as(y).relu()
        u = self.channel(x.mean(dim=(2, 3), keepdim=True)) + self.norm(self.last(y))
        return x * (1 + u.sigmoid())


STYLES = (
    LinearChannelBranch,
    SpreadOutByHand,
    FunctionalCalls,
    PaddedByHand,
    SamePadding,
    LazyLayers,
    TwoClasses,
    WindowsUnfolded,
)

CODE_NORM = (
    "Your batch norms do not stand where the paper has them, at the end of each branch and nowhere else. The authors' "
    "own code puts them behind the hidden layers. Both are accepted. The paper's CIFAR table (24.07 million "
    "parameters) fits the paper's places alone."
)
NO_BIAS = (
    "You leave out biases that the authors' code has. Right before a batch norm that changes nothing: the norm takes a "
    "bias away again. Elsewhere it is a choice; the paper's equations write biases in the channel branch."
)


class _Variant(Bam):
    """The right module with other places of the batch norms, in each branch, and other biases."""

    places = (LAST, LAST)

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__(channels, reduction, dilation)
        hidden = self.hidden(channels, reduction)
        what, where = self.places
        self.channel = branch(self.channel_layers(channels, hidden), what, self.biases)
        self.spatial = branch(self.spatial_layers(channels, hidden), where, self.biases, dilation)


def _variants() -> Iterator[tuple[type[nn.Module], str]]:
    for what, where, biases in product(
        (LAST, HIDDEN, BOTH), (LAST, HIDDEN, BOTH), (EVERYWHERE, WHERE_NO_NORM, NOWHERE)
    ):
        remarks = [CODE_NORM] * ((what, where) != (LAST, LAST)) + [NO_BIAS] * (biases != EVERYWHERE)
        if remarks:
            words = f"norms {what} and {where} with biases {biases}".title().replace(" ", "")
            yield type(words, (_Variant,), {"places": (what, where), "biases": biases}), " ".join(remarks)


VARIANTS = tuple(_variants())
