"""Right answers to cbam-module: other styles, and the variants that pass with a remark."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import torch
from torch import nn
from torch.nn import functional

from attncourse.lessons.cbam_channel import _module_styles as channel
from attncourse.lessons.cbam_spatial import _module_styles as spatial


class _Row(nn.Module):
    """Two modules that return gated features, one behind the other."""

    first: type[nn.Module]
    second: type[nn.Module]

    def __init__(self, channels, reduction=16, kernel_size=7):
        super().__init__()
        self.channel_attention = self.first(channels, reduction)
        self.spatial_attention = self.second(kernel_size)

    def forward(self, x):
        return self.spatial_attention(self.channel_attention(x))


def _row(first: type[nn.Module], second: type[nn.Module]) -> type[nn.Module]:
    return type(f"{first.__name__}Then{second.__name__}", (_Row,), {"first": first, "second": second})


class GatesOutside(nn.Module):
    """The layout of luuuyi's blocks: the halves give gates, and the whole multiplies."""

    def __init__(self, channels, reduction=16, kernel_size=7):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.fc = nn.Sequential(
            nn.Conv2d(channels, hidden, 1, bias=False), nn.ReLU(), nn.Conv2d(hidden, channels, 1, bias=False)
        )
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def ca(self, x):
        average, largest = functional.adaptive_avg_pool2d(x, 1), functional.adaptive_max_pool2d(x, 1)
        return (self.fc(average) + self.fc(largest)).sigmoid()

    def sa(self, x):
        return self.conv(torch.cat([x.mean(1, True), x.max(1, True)[0]], 1)).sigmoid()

    def forward(self, x):
        out = self.ca(x) * x
        return self.sa(out) * out


class OneSequential(nn.Sequential):
    def __init__(self, channels, reduction=16, kernel_size=7):
        super().__init__(channel.OfficialLayout(channels, reduction), spatial.SamePaddingWithBias(kernel_size))


class BothGatesInOneProduct(nn.Module):
    """x * channel gate * spatial gate, the second gate from the refined features."""

    def __init__(self, channels, reduction=16, kernel_size=7):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.down, self.up = nn.Linear(channels, hidden), nn.Linear(hidden, channels)
        self.window = nn.Conv2d(2, 1, kernel_size, 1, kernel_size // 2)

    def forward(self, x):
        u = sum(self.up(self.down(z).relu()) for z in (x.mean((2, 3)), x.amax((2, 3))))
        gate = u.sigmoid().unflatten(1, (-1, 1, 1))
        maps = torch.stack([(x * gate).mean(1), (x * gate).amax(1)], 1)
        return torch.einsum("bchw,bcij,bihw->bchw", x, gate, self.window(maps).sigmoid())


class RawParameters(nn.Module):
    def __init__(self, channels, reduction=16, kernel_size=7):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.w0 = nn.Parameter(torch.randn(hidden, channels) * channels**-0.5)
        self.w1 = nn.Parameter(torch.randn(channels, hidden) * hidden**-0.5)
        self.kernel = nn.Parameter(torch.randn(1, 2, kernel_size, kernel_size) * 0.1)

    def forward(self, x):
        flat = x.flatten(2)
        u = sum(functional.linear(functional.linear(z, self.w0).relu(), self.w1) for z in (flat.mean(2), flat.amax(2)))
        x = x * u.sigmoid()[..., None, None]
        maps = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * functional.conv2d(maps, self.kernel, padding=self.kernel.shape[-1] // 2).sigmoid()


class HelperFunctionOfAGate(nn.Module):
    """One function multiplies by any gate, for both halves."""

    def __init__(self, channels, reduction=16, kernel_size=7):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.mlp = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, channels))
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=(kernel_size - 1) // 2, bias=False)

    def of_channels(self, x):
        return (self.mlp(x.mean((-2, -1))) + self.mlp(x.flatten(2).max(-1).values))[:, :, None, None]

    def of_places(self, x):
        return self.conv(torch.cat((x.mean(1).unsqueeze(1), x.max(1)[0].unsqueeze(1)), 1))

    def forward(self, x):
        for logits in (self.of_channels, self.of_places):
            x = x * torch.sigmoid(logits(x))
        return x


_ROWS = zip(channel.STYLES, spatial.STYLES, strict=False)
STYLES: tuple[type[nn.Module], ...] = (
    GatesOutside,
    OneSequential,
    BothGatesInOneProduct,
    RawParameters,
    HelperFunctionOfAGate,
    *(_row(first, second) for first, second in _ROWS),
)


class _AnyBiases(nn.Module):
    """A right channel half with or without each bias."""

    first_bias = True
    second_bias = True

    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.down = nn.Linear(channels, hidden, bias=self.first_bias)
        self.up = nn.Linear(hidden, channels, bias=self.second_bias)

    def forward(self, x):
        u = sum(self.up(self.down(z).relu()) for z in (x.mean((2, 3)), x.amax((2, 3))))
        return x * u.sigmoid()[..., None, None]


def _channel_halves() -> Iterator[tuple[type[nn.Module], str]]:
    for first, second in product((True, False), repeat=2):
        name = f"{'' if first else 'No'}FirstBias{'' if second else 'No'}SecondBias"
        yield type(name, (_AnyBiases,), {"first_bias": first, "second_bias": second}), ""
    yield from channel.VARIANTS


def _variants() -> Iterator[tuple[type[nn.Module], str]]:
    """Every right channel half with every right spatial half; those without a remark are the allowed bias patterns."""
    spatial_halves = ((spatial.PlainConvolution, ""), (spatial.SamePaddingWithBias, ""), *spatial.VARIANTS)
    for (first, of_channels), (second, of_places) in product(_channel_halves(), spatial_halves):
        yield _row(first, second), " ".join(words for words in (of_channels, of_places) if words)


VARIANTS = tuple(_variants())
