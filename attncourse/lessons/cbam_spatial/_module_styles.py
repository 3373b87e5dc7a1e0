"""Right answers to cbam-spatial-module: other styles, and the variants that pass with a remark."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional


class PlainConvolution(nn.Module):
    """The layout that most blog posts copy, with the padding made general."""

    def __init__(self, kernel_size=7):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        avg_out = torch.mean(x, dim=1, keepdim=True)
        max_out, _ = torch.max(x, dim=1, keepdim=True)
        return x * self.sigmoid(self.conv1(torch.cat([avg_out, max_out], dim=1)))


class SamePaddingWithBias(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size, padding="same")

    def forward(self, x):
        return self.conv(torch.stack((x.mean(1), x.amax(1)), dim=1)).sigmoid() * x


class PaddedByHand(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        self.net = nn.Sequential(nn.ZeroPad2d(kernel_size // 2), nn.Conv2d(2, 1, kernel_size, bias=False), nn.Sigmoid())

    def forward(self, x):
        maps = x.new_empty(x.shape[0], 2, *x.shape[2:])
        maps[:, 0], maps[:, 1] = x.sum(1) / x.shape[1], x.max(1).values
        return torch.einsum("bchw,bhw->bchw", x, self.net(maps)[:, 0])


class FunctionalCall(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, 2, kernel_size, kernel_size) * 0.1)
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        maps = torch.cat([x.mean(1, True), x.max(1, True)[0]], 1)
        u = functional.conv2d(maps, self.weight, padding=(self.weight.shape[2] // 2, self.weight.shape[3] // 2))
        return x * torch.sigmoid(u + self.bias)


class WindowsUnfolded(nn.Module):
    """Every window as a row of numbers: the convolution is a matrix product."""

    def __init__(self, kernel_size=7):
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(2, kernel_size, kernel_size) * 0.1)

    def forward(self, x):
        side = self.kernel.shape[-1]
        maps = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        windows = functional.unfold(maps, side, padding=side // 2)
        return x * torch.sigmoid(self.kernel.flatten() @ windows).view(x.shape[0], 1, *x.shape[2:])


class TwoConvolutions(nn.Module):
    """One convolution for each map, their results added: the same as one over both."""

    def __init__(self, kernel_size=7):
        super().__init__()
        self.of_mean = nn.Conv2d(1, 1, kernel_size, padding=kernel_size // 2, bias=False)
        self.of_maximum = nn.Conv2d(1, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x):
        u = self.of_mean(x.mean(dim=1, keepdim=True)) + self.of_maximum(x.amax(dim=1, keepdim=True))
        return x * u.sigmoid()


class TwoConvolutionsWithBias(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        self.both = nn.ModuleList(nn.Conv2d(1, 1, kernel_size, 1, kernel_size // 2) for _ in range(2))

    def forward(self, x):
        maps = x.mean(1, keepdim=True), x.sort(dim=1, descending=True).values[:, :1]
        return x * sum(layer(one) for layer, one in zip(self.both, maps, strict=True)).sigmoid()


class TwoConvolutionsOneBias(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        self.first = nn.Conv2d(1, 1, kernel_size, padding=kernel_size // 2, bias=False)
        self.second = nn.Conv2d(1, 1, kernel_size, padding=kernel_size // 2)

    def forward(self, x):
        strongest = x.topk(1, dim=1).values
        return x * (self.second(strongest) + self.first(x.mean(dim=1, keepdim=True))).sigmoid()


class LazyConvolution(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        self.convolution = nn.LazyConv2d(1, kernel_size, padding=kernel_size // 2)

    def forward(self, x):
        maps = torch.cat([x.mean(dim=-3, keepdim=True), x.amax(dim=-3, keepdim=True)], dim=-3)
        return torch.mul(x, torch.sigmoid(self.convolution(maps)).expand_as(x))


class ThroughThreeDimensions(nn.Module):
    """The two maps as a depth of 2."""

    def __init__(self, kernel_size=7):
        super().__init__()
        half = kernel_size // 2
        self.convolution = nn.Conv3d(1, 1, (2, kernel_size, kernel_size), padding=(0, half, half), bias=False)

    def forward(self, x):
        maps = torch.stack([x.mean(dim=1), x.amax(dim=1)], dim=1)[:, None]
        return x * self.convolution(maps).squeeze(2).sigmoid()


STYLES = (
    PlainConvolution,
    SamePaddingWithBias,
    PaddedByHand,
    FunctionalCall,
    WindowsUnfolded,
    TwoConvolutions,
    TwoConvolutionsWithBias,
    TwoConvolutionsOneBias,
    LazyConvolution,
    ThroughThreeDimensions,
)

MAXIMUM_FIRST = (
    "You stack the maximum first, as the authors' code does; equation 3 writes the mean first. Both are right: each "
    "map has its own kernel. But weights trained in one order need their two kernels swapped for the other."
)
BATCH_NORM = (
    "You put a batch norm behind the convolution, as the authors' code does; equation 3 writes none. It brings two "
    "parameters, and in training mode the gates depend on the whole batch."
)


class _Variant(nn.Module):
    """The right module in either order, with or without bias and batch norm."""

    maximum_first = False
    bias = False
    norm: bool | None = None  # affine or not; None for no batch norm

    def __init__(self, kernel_size=7):
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=self.bias)]
        if self.norm is not None:
            layers.append(nn.BatchNorm2d(1, momentum=0.01, affine=self.norm))
        self.layers = nn.Sequential(*layers, nn.Sigmoid())

    def forward(self, x):
        maps = [x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)]
        return x * self.layers(torch.cat(maps[::-1] if self.maximum_first else maps, dim=1))


def _variants() -> Iterator[tuple[type[nn.Module], str]]:
    for maximum_first in (False, True):
        for norm, norm_words in ((None, ""), (True, "BatchNorm"), (False, "BatchNormWithoutAffine")):
            for bias in (False, True):
                if not maximum_first and norm is None:
                    continue  # these are no variants: styles above
                name = ("MaximumFirst" if maximum_first else "") + norm_words + ("WithBias" if bias else "")
                members = {"maximum_first": maximum_first, "bias": bias, "norm": norm}
                said = [MAXIMUM_FIRST] * maximum_first + [BATCH_NORM] * (norm is not None)
                yield type(name, (_Variant,), members), " ".join(said)


VARIANTS = tuple(_variants())
