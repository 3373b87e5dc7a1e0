"""Answers to the modules of lessons 02 to 04 that served to look for holes in the judging; none tuned what it passes.

Each is one change to a right module. The wrong ones come with what the judge must say: a mistake's name, or words of
the property that fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional


def descriptors(x):
    return torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)


class Channel(nn.Module):
    """A right channel half."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        self.c, self.h = channels, self.width(channels, reduction)
        self.make()

    def width(self, c, r):
        return max(1, c // r)

    def make(self):
        self.a, self.b = nn.Linear(self.c, self.h), nn.Linear(self.h, self.c)

    def mlp(self, z):
        return self.b(self.a(z).relu())

    def mean(self, x):
        return x.mean((2, 3))

    def maximum(self, x):
        return x.amax((2, 3))

    def u(self, x):
        return self.mlp(self.mean(x)) + self.mlp(self.maximum(x))

    def gate(self, x):
        return self.u(x).sigmoid()

    def forward(self, x):
        return x * self.gate(x)[:, :, None, None]


class Spatial(nn.Module):
    """A right spatial half."""

    def __init__(self, kernel_size=7):
        super().__init__()
        self.k = kernel_size
        self.make()

    def make(self):
        self.conv = nn.Conv2d(2, 1, self.k, padding=self.k // 2, bias=False)

    def maps(self, x):
        return descriptors(x)

    def u(self, x):
        return self.conv(self.maps(x))

    def gate(self, x):
        return self.u(x).sigmoid()

    def forward(self, x):
        return x * self.gate(x)


class Whole(nn.Module):
    """A right CBAM of two halves."""

    first: type[Channel] = Channel
    second: type[Spatial] = Spatial

    def __init__(self, channels, reduction=16, kernel_size=7):
        super().__init__()
        self.ca, self.sa = self.first(channels, reduction), self.second(kernel_size)

    def forward(self, x):
        return self.sa(self.ca(x))


def changed(base: type[nn.Module], **members: Any) -> type[nn.Module]:
    return type(f"Changed{base.__name__}", (base,), members)


def channel(**members: Any) -> type[nn.Module]:
    return changed(Channel, **members)


def spatial(**members: Any) -> type[nn.Module]:
    return changed(Spatial, **members)


def layer(make: Callable[[int], nn.Module]) -> Callable[[Any], None]:
    """``make`` for a spatial half with another layer in place of its convolution."""

    def of(self):
        self.conv = make(self.k)

    return of


def whole(first: type[nn.Module] = Channel, second: type[nn.Module] = Spatial, **members: Any) -> type[nn.Module]:
    return changed(Whole, first=first, second=second, **members)


class Mapped(Channel):
    """Sample by sample, by torch.vmap."""

    def forward(self, x):
        def one(picture):
            u = self.mlp(picture.mean((1, 2))) + self.mlp(picture.amax((1, 2)))
            return picture * u.sigmoid()[:, None, None]

        return torch.vmap(one)(x)


class InThreeDimensions(Channel):
    def make(self):
        self.a, self.b = nn.Conv3d(self.c, self.h, 1), nn.Conv3d(self.h, self.c, 1)

    def forward(self, x):
        z = x.unsqueeze(2)
        gate = self.mlp(functional.adaptive_avg_pool3d(z, 1)) + self.mlp(functional.adaptive_max_pool3d(z, 1))
        return (z * gate.sigmoid()).squeeze(2)


def pooled_by_a_convolution(self, x):
    places = x.shape[2] * x.shape[3]
    return functional.conv2d(x, x.new_full((self.c, 1, *x.shape[2:]), 1 / places), groups=self.c).flatten(1)


def of_a_shared_child(self):
    Channel.make(self)
    self.avg_mlp = self.max_mlp = nn.Sequential(self.a, nn.ReLU(), self.b)


def by_fourier(self, x):
    k, (height, width) = self.k, x.shape[2:]
    size = (height + k - 1, width + k - 1)
    product = torch.fft.rfft2(descriptors(x), size) * torch.fft.rfft2(self.conv.weight.flip(2, 3), size)
    whole_map = torch.fft.irfft2(product, size).sum(1, keepdim=True)
    return whole_map[:, :, k // 2 : k // 2 + height, k // 2 : k // 2 + width]


def pooled_as_a_depth(self, x):
    deep, column = x[:, None], (x.shape[1], 1, 1)
    return torch.cat([functional.avg_pool3d(deep, column), functional.max_pool3d(deep, column)], 1)[:, :, 0]


def in_one_matrix(self, x):
    windows = functional.unfold(descriptors(x), self.k, padding=self.k // 2).transpose(1, 2)
    return self.conv(windows).transpose(1, 2).reshape(len(x), 1, *x.shape[2:])


RIGHT = [
    ("cbam-channel-module", "vmap", Mapped),
    ("cbam-channel-module", "in three dimensions", InThreeDimensions),
    ("cbam-channel-module", "mean by a convolution", channel(mean=pooled_by_a_convolution)),
    ("cbam-channel-module", "one MLP of two names", channel(make=of_a_shared_child)),
    ("cbam-channel-module", "log-sigmoid", channel(gate=lambda self, x: functional.logsigmoid(self.u(x)).exp())),
    ("cbam-channel-module", "relu of halves", channel(mlp=lambda s, z: s.b((s.a(z) + s.a(z).abs()) / 2))),
    ("cbam-spatial-module", "a product of Fourier transforms", spatial(u=by_fourier)),
    ("cbam-spatial-module", "pooling without bfloat16", spatial(maps=pooled_as_a_depth)),
    (
        "cbam-spatial-module",
        "a matrix",
        spatial(make=layer(lambda k: nn.Linear(2 * k * k, 1)), u=in_one_matrix),
    ),
    (
        "cbam-spatial-module",
        "channel by channel",
        spatial(forward=lambda s, x: s.gate(x).repeat(1, x.shape[1], 1, 1) * x),
    ),
    ("cbam-module", "vmap and Fourier", whole(Mapped, spatial(u=by_fourier))),
    (
        "cbam-module",
        "a matrix",
        whole(InThreeDimensions, spatial(make=layer(lambda k: nn.Linear(2 * k * k, 1)), u=in_one_matrix)),
    ),
]


def crop(x):
    return x[:, :, :16, :16]


def large(x):
    return x.shape[2] * x.shape[3] > 1000


def shuts_gradients_in_training(self, x):
    gate = self.u(x).sigmoid()
    return gate.detach() if self.training else gate


def mixes_large_batches(self, x):
    gate = self.u(x).sigmoid()
    return gate if len(x) <= 8 else gate.mean(0, keepdim=True).expand_as(gate)


class FreshLayers(nn.Module):
    """As in many texts: nothing fits the new layers to the dtype of x."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        self.c, self.h = channels, max(1, channels // reduction)

    def forward(self, x):
        down, up = nn.Conv2d(self.c, self.h, 1, bias=False), nn.Conv2d(self.h, self.c, 1, bias=False)
        pools = functional.adaptive_avg_pool2d(x, 1), functional.adaptive_max_pool2d(x, 1)
        return x * sum(up(down(z).relu()) for z in pools).sigmoid()


class FreshConvolution(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        self.k = kernel_size

    def forward(self, x):
        return x * nn.Conv2d(2, 1, self.k, padding=self.k // 2)(descriptors(x)).sigmoid()


class FreshHalves(nn.Module):
    def __init__(self, *arguments):
        super().__init__()
        self.arguments = arguments

    def forward(self, x):
        return FreshConvolution(*self.arguments[2:])(FreshLayers(*self.arguments[:2])(x))


def with_both_in_front(self):
    self.a, self.b = nn.Linear(2 * self.c, self.h), nn.Linear(self.h, self.c)


def maximum_in_front(self, x):
    return self.mlp(torch.cat([self.maximum(x), self.mean(x)], 1))


def a_matrix_and_its_transpose(self, z):
    return functional.linear(self.a(z).relu(), self.a.weight.T, self.b.bias)


def for_three_and_seven(k):
    return nn.Conv2d(2, 1, k, padding=3 if k == 7 else 1)


CHANNEL_WRONG = {
    "a corner of a large map": (channel(maximum=lambda s, x: crop(x).amax((2, 3))), "means and the same maxima"),
    "another maximum on large maps": (
        channel(maximum=lambda s, x: s.mean(x) if large(x) else x.amax((2, 3))),
        "means and the same maxima",
    ),
    "a capped width": (channel(width=lambda s, c, r: min(32, max(1, c // r))), "528 channels"),
    "clamped logits": (channel(gate=lambda s, x: s.u(x).clamp(-10, 10).sigmoid()), "something cuts it off"),
    "another activation": (channel(mlp=lambda s, z: s.b(functional.gelu(s.a(z)))), "stands a GELU"),
    "a temperature": (channel(gate=lambda s, x: (1.5 * s.u(x)).sigmoid()), "1.5 times the right logit"),
    "detached in training": (channel(gate=shuts_gradients_in_training), "In training mode no gradient"),
    "large batches mixed": (channel(gate=mixes_large_batches), "samples are mixed"),
    "tied weights": (channel(mlp=a_matrix_and_its_transpose), "an effect of their own"),
    "relu behind the second layer": (channel(mlp=lambda s, z: s.b(s.a(z)).relu()), "relu-behind-the-second-layer"),
    "maximum in front": (channel(make=with_both_in_front, u=maximum_in_front), "concatenates-the-descriptors"),
    "fresh layers": (FreshLayers, "layers-made-in-forward"),
    "float32 out": (channel(forward=lambda s, x: Channel.forward(s, x).float()), "returns float32"),
    "sharpened maximum": (channel(maximum=lambda s, x: (10 * x).logsumexp((2, 3)) / 10), "the same maxima"),
}
SPATIAL_WRONG = {
    "a corner of a large map": (
        spatial(
            u=lambda s, x: functional.pad(
                s.conv(descriptors(crop(x))), (0, max(0, x.shape[3] - 16), 0, max(0, x.shape[2] - 16))
            )
        ),
        "one known value",
    ),
    "the first channels": (spatial(maps=lambda s, x: descriptors(x[:, :64])), "129 channels"),
    "means alone on large maps": (
        spatial(maps=lambda s, x: x.mean(1, True).expand(-1, 2, -1, -1) if large(x) else descriptors(x)),
        "one known value",
    ),
    "detached in training": (spatial(gate=shuts_gradients_in_training), "In training mode no gradient"),
    "large batches mixed": (spatial(gate=mixes_large_batches), "samples are mixed"),
    "fresh convolution": (FreshConvolution, "convolution-made-in-forward"),
    "padded for 3 and 7": (spatial(make=layer(for_three_and_seven)), "only-three-and-seven"),
    "softmax over one channel": (spatial(gate=lambda s, x: s.u(x).softmax(1)), "gate-never-used"),
    "rows and columns swapped": (
        spatial(u=lambda s, x: s.conv(descriptors(x).transpose(2, 3)).reshape(len(x), 1, *x.shape[2:])),
        "its window holds",
    ),
    "knows its column": (
        spatial(u=lambda s, x: Spatial.u(s, x) + 0.01 * torch.linspace(0, 1, x.shape[3]).to(x)),
        "elsewhere in the picture",
    ),
}
WHOLE_WRONG = {
    "channel half: a corner": (whole(CHANNEL_WRONG["a corner of a large map"][0]), "the channel half"),
    "channel half: a capped width": (whole(CHANNEL_WRONG["a capped width"][0]), "CBAM(528)"),
    "channel half: large batches": (whole(CHANNEL_WRONG["large batches mixed"][0]), "samples are mixed"),
    "spatial half: the first channels": (whole(second=SPATIAL_WRONG["the first channels"][0]), "129 channels"),
    "fresh halves": (FreshHalves, "halves-made-in-forward"),
    "channels to the end": (whole(forward=lambda s, x: s.ca(x) + s.sa(s.ca(x))), "residual-after-the-places"),
    "the smaller half": (whole(forward=lambda s, x: torch.min(s.ca(x), s.sa(x))), "0.5 in place of 0.25"),
    "order in training": (
        whole(forward=lambda s, x: s.ca(s.sa(x)) if s.training else s.sa(s.ca(x))),
        "in evaluation mode it is right",
    ),
}
WRONG = [
    *(("cbam-channel-module", name, *found) for name, found in CHANNEL_WRONG.items()),
    *(("cbam-spatial-module", name, *found) for name, found in SPATIAL_WRONG.items()),
    *(("cbam-module", name, *found) for name, found in WHOLE_WRONG.items()),
]
