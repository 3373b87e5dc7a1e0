"""A wrong answer to cbam-channel-module in four forms, all seen in published code: layers made in forward."""

from __future__ import annotations

import torch
from torch import nn


class LayersMadeInForward(nn.Module):
    """You made the layers inside `forward`.

    Every call gets new random weights: nothing can be learned, and the module has no parameters at all. One of the
    texts that learners come from builds its MLPs inside the function.

    Make the layers once, in `__init__`, as `self.reduce` and `self.expand`.
    """

    def __init__(self, channels, reduction=16):
        super().__init__()
        self.channels, self.hidden = channels, max(1, channels // reduction)

    def forward(self, x):
        layers = (nn.Linear(self.channels, self.hidden), nn.ReLU(), nn.Linear(self.hidden, self.channels))
        mlp = nn.Sequential(*layers).to(x)
        return x * torch.sigmoid(mlp(x.mean(dim=(2, 3))) + mlp(x.amax(dim=(2, 3))))[:, :, None, None]


class _OfOnePrecision(LayersMadeInForward):
    """Nothing fits the new layers to x: in float64 torch complains, of each kind of layer in other words."""

    def layers(self):
        return nn.Sequential(nn.Linear(self.channels, self.hidden), nn.ReLU(), nn.Linear(self.hidden, self.channels))

    def forward(self, x):
        mlp = self.layers()
        return x * torch.sigmoid(mlp(x.mean(dim=(2, 3))) + mlp(x.amax(dim=(2, 3))))[:, :, None, None]


class _ConvolutionsOfOnePrecision(_OfOnePrecision):
    bias = True

    def layers(self):
        down = nn.Conv2d(self.channels, self.hidden, 1, bias=self.bias)
        return nn.Sequential(down, nn.ReLU(), nn.Conv2d(self.hidden, self.channels, 1, bias=self.bias))

    def forward(self, x):
        mlp = self.layers()
        return x * torch.sigmoid(mlp(x.mean(dim=(2, 3), keepdim=True)) + mlp(x.amax(dim=(2, 3), keepdim=True)))


class _BareConvolutionsOfOnePrecision(_ConvolutionsOfOnePrecision):
    bias = False


FRESH_LAYERS = (_OfOnePrecision, _ConvolutionsOfOnePrecision, _BareConvolutionsOfOnePrecision)
