"""Right answers to coordinate-module: other styles, and the variants that pass with a remark."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import torch
from torch import nn
from torch.nn import functional


class AuthorsLayout(nn.Module):
    """As the authors lay it out: adaptive pooling, h-swish from ReLU6."""

    def __init__(self, inp, reduction=32):
        super().__init__()
        self.pool_h, self.pool_w = nn.AdaptiveAvgPool2d((None, 1)), nn.AdaptiveAvgPool2d((1, None))
        mip = max(8, inp // reduction)
        self.conv1, self.bn1 = nn.Conv2d(inp, mip, kernel_size=1), nn.BatchNorm2d(mip)
        self.conv_h, self.conv_w = nn.Conv2d(mip, inp, kernel_size=1), nn.Conv2d(mip, inp, kernel_size=1)

    def forward(self, x):
        height, width = x.size(2), x.size(3)
        y = torch.cat([self.pool_h(x), self.pool_w(x).permute(0, 1, 3, 2)], dim=2)
        y = self.bn1(self.conv1(y))
        y = y * functional.relu6(y + 3) / 6
        x_h, x_w = torch.split(y, [height, width], dim=2)
        return x * self.conv_w(x_w.permute(0, 1, 3, 2)).sigmoid() * self.conv_h(x_h).sigmoid()


class RowsTurned(nn.Module):
    """The rows are turned, not the columns; that is right as well, if they are turned back."""

    def __init__(self, channels, reduction=32):
        super().__init__()
        hidden = max(8, channels // reduction)
        self.first = nn.Sequential(nn.Conv2d(channels, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.Hardswish())
        self.a, self.b = nn.Conv2d(hidden, channels, 1), nn.Conv2d(hidden, channels, 1)

    def forward(self, x):
        both = torch.cat([x.mean(3, keepdim=True).transpose(2, 3), x.mean(2, keepdim=True)], dim=3)
        inner = self.first(both)
        row = self.a(inner[..., : x.shape[2]]).sigmoid().mT
        return row * self.b(inner[..., x.shape[2] :]).sigmoid() * x


class ColumnsFirst(nn.Module):
    def __init__(self, channels, reduction=32):
        super().__init__()
        hidden = channels // reduction if channels // reduction > 8 else 8
        self.layers = nn.ModuleList([nn.Conv1d(channels, hidden, 1), nn.Conv1d(hidden, channels, 1)])
        self.layers.append(nn.Conv1d(hidden, channels, 1))
        self.norm = nn.BatchNorm1d(hidden)

    def forward(self, x):
        places = torch.cat([x.mean(2), x.mean(3)], dim=-1)
        inner = nn.functional.hardswish(self.norm(self.layers[0](places)))
        column, row = inner.split((x.shape[3], x.shape[2]), dim=-1)
        gates = self.layers[1](column).sigmoid().unsqueeze(2), self.layers[2](row).sigmoid().unsqueeze(3)
        return x * (gates[0] * gates[1])


class LinearLayers(nn.Module):
    """Channels last, so that a Linear does what a 1x1 convolution does."""

    def __init__(self, channels, reduction=32):
        super().__init__()
        hidden = max(channels // reduction, 8)
        self.squeeze = nn.Linear(channels, hidden)
        self.norm = nn.BatchNorm1d(hidden)
        self.row, self.column = nn.Linear(hidden, channels), nn.Linear(hidden, channels)

    def forward(self, x):
        last = x.permute(0, 2, 3, 1)
        inner = self.squeeze(torch.cat([last.mean(2), last.mean(1)], dim=1))
        inner = functional.hardswish(self.norm(inner.transpose(1, 2)).transpose(1, 2))
        row, column = inner[:, : x.shape[2]], inner[:, x.shape[2] :]
        gate = self.row(row).sigmoid()[:, :, None] * self.column(column).sigmoid()[:, None]
        return x * gate.permute(0, 3, 1, 2)


class Einsums(nn.Module):
    def __init__(self, channels, reduction=32):
        super().__init__()
        hidden = max(8, channels // reduction)
        self.f1 = nn.Parameter(torch.randn(hidden, channels) / channels)
        self.b1 = nn.Parameter(torch.zeros(hidden))
        self.scale, self.shift = nn.Parameter(torch.ones(hidden)), nn.Parameter(torch.zeros(hidden))
        self.fh, self.fw = (nn.Parameter(torch.randn(channels, hidden) / hidden) for _ in range(2))
        self.bh, self.bw = (nn.Parameter(torch.zeros(channels)) for _ in range(2))
        self.register_buffer("mean", torch.zeros(hidden))
        self.register_buffer("variance", torch.ones(hidden))

    def forward(self, x):
        z = torch.cat([x.sum(3) / x.shape[3], x.sum(2) / x.shape[2]], dim=2)
        a = torch.einsum("mc,bcn->bmn", self.f1, z) + self.b1[:, None]
        mean, variance = self.mean.to(a), self.variance.to(a)
        a = functional.batch_norm(a, mean, variance, self.scale, self.shift, self.training)
        f = a * (a + 3).clamp(0, 6) / 6
        gh = torch.einsum("cm,bmn->bcn", self.fh, f[:, :, : x.shape[2]]) + self.bh[:, None]
        gw = torch.einsum("cm,bmn->bcn", self.fw, f[:, :, x.shape[2] :]) + self.bw[:, None]
        return torch.einsum("bchw,bch,bcw->bchw", x, gh.sigmoid(), gw.sigmoid())


class LazyLayers(nn.Module):
    def __init__(self, channels, reduction=32):
        super().__init__()
        self.shared = nn.LazyConv2d(max(8, channels // reduction), 1)
        self.norm, self.act = nn.LazyBatchNorm2d(), nn.Hardswish()
        self.gates = nn.ModuleDict({name: nn.LazyConv2d(channels, 1) for name in ("rows", "columns")})

    def forward(self, x):
        z = torch.cat([x.mean(-1, keepdim=True), x.mean(-2, keepdim=True).swapaxes(-1, -2)], dim=-2)
        inner = self.act(self.norm(self.shared(z)))
        row = self.gates["rows"](inner.narrow(2, 0, x.shape[2]))
        column = self.gates["columns"](inner.narrow(2, x.shape[2], x.shape[3]).transpose(2, 3))
        return x.mul(row.sigmoid()).mul(column.sigmoid())


class OneLayerForBothGates(nn.Module):
    """Both second layers as one of 2C channels; of each part half of the result is used."""

    def __init__(self, channels, reduction=32):
        super().__init__()
        hidden = max(8, channels // reduction)
        self.first = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.BatchNorm2d(hidden), nn.Hardswish())
        self.second = nn.Conv2d(hidden, 2 * channels, 1)

    def forward(self, x):
        height, channels = x.shape[2], x.shape[1]
        z = torch.cat([x.mean(3, keepdim=True), x.mean(2, keepdim=True).transpose(2, 3)], dim=2)
        u = self.second(self.first(z)).sigmoid()
        return x * u[:, :channels, :height] * u[:, channels:, height:].transpose(2, 3)


class GroupedGates(nn.Module):
    """Rows and columns as two groups of one convolution, padded to one length."""

    def __init__(self, channels, reduction=32):
        super().__init__()
        hidden = max(8, channels // reduction)
        self.first = nn.Conv1d(channels, hidden, 1, bias=False)
        self.norm = nn.BatchNorm1d(hidden)
        self.second = nn.Conv1d(2 * hidden, 2 * channels, 1, groups=2)

    def forward(self, x):
        height, width = x.shape[2:]
        row, column = functional.hardswish(self.norm(self.first(torch.cat([x.mean(3), x.mean(2)], 2)))).split(
            [height, width], dim=2
        )
        longest = max(height, width)
        both = torch.cat([functional.pad(one, (0, longest - one.shape[2])) for one in (row, column)], dim=1)
        gate_h, gate_w = self.second(both).sigmoid().chunk(2, dim=1)
        return x * gate_h[:, :, :height, None] * gate_w[:, :, None, :width]


STYLES = (
    AuthorsLayout,
    RowsTurned,
    ColumnsFirst,
    LinearLayers,
    Einsums,
    LazyLayers,
    OneLayerForBothGates,
    GroupedGates,
)

OTHER_ACTIVATION = (
    'You use {} where the authors\' code has h-swish; the paper only writes "a non-linear activation function". '
    "Weights trained with one do not serve the other."
)
NO_NORM = (
    "You have no batch norm behind the shared layer. The authors have one; without it rows and columns meet in nothing "
    "but the shared weights."
)
PLAIN_NORM = "Your batch norm has no scale and shift of its own. The authors' has both."
APART = (
    "You send rows and columns through the batch norm one after the other. In evaluation mode that is the same; in "
    "training the authors' statistics are taken over both together."
)
NO_GATE_BIAS = "Your gates' layers have no bias. The authors' have, and the paper's parameter counts fit with it."

ACTIVATIONS = {
    "HSwish": nn.Hardswish,
    "Relu": nn.ReLU,
    "Silu": nn.SiLU,
    "ReluSix": nn.ReLU6,
    "Prelu": nn.PReLU,
}
SPOKEN = {"Relu": "ReLU", "Silu": "SiLU", "ReluSix": "ReLU6", "Prelu": "PReLU"}


class _Variant(nn.Module):
    """The right module with another activation, another norm, or other biases."""

    activation: type[nn.Module] = nn.Hardswish
    norm = "together"  # "together", "apart", "plain" or "none"
    first_bias = True
    gate_bias = True

    def __init__(self, channels, reduction=32):
        super().__init__()
        hidden = max(8, channels // reduction)
        self.shared = nn.Conv2d(channels, hidden, 1, bias=self.first_bias)
        affine = self.norm != "plain"
        self.behind = nn.Identity() if self.norm == "none" else nn.BatchNorm2d(hidden, affine=affine)
        self.act = self.activation()
        self.rows = nn.Conv2d(hidden, channels, 1, bias=self.gate_bias)
        self.columns = nn.Conv2d(hidden, channels, 1, bias=self.gate_bias)

    def forward(self, x):
        row, column = x.mean(dim=3, keepdim=True), x.mean(dim=2, keepdim=True).transpose(2, 3)
        if self.norm == "apart":
            row, column = (self.act(self.behind(self.shared(one))) for one in (row, column))
        else:
            inner = self.act(self.behind(self.shared(torch.cat([row, column], dim=2))))
            row, column = inner.split([x.shape[2], x.shape[3]], dim=2)
        return x * self.rows(row).sigmoid() * self.columns(column.transpose(2, 3)).sigmoid()


def _variants() -> Iterator[tuple[type[nn.Module], str]]:
    norms = {"together": "", "apart": APART, "plain": PLAIN_NORM, "none": NO_NORM}
    for activation, norm, first, gate in product(ACTIVATIONS, norms, (True, False), (True, False)):
        said = [OTHER_ACTIVATION.format(SPOKEN[activation])] if activation in SPOKEN else []
        said += [norms[norm]] * (norm != "together") + [NO_GATE_BIAS] * (not gate)
        if said:
            members = {"activation": ACTIVATIONS[activation], "norm": norm, "first_bias": first, "gate_bias": gate}
            name = f"{activation}Norm{norm.capitalize()}" + "NoFirstBias" * (not first) + "NoGateBias" * (not gate)
            yield type(name, (_Variant,), members), " ".join(said)


VARIANTS = tuple(_variants())
