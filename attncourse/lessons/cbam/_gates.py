"""CBAM's two gates as functions of the weights they are given, for the exercise on the residual block."""

from __future__ import annotations

import torch
from torch.nn import functional


def channel_logits(x, first, second):
    """``(B, C, H, W) -> (B, C, 1, 1)``, by an MLP of these weights without biases."""
    z = torch.stack([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))])
    return functional.linear(functional.linear(z, first).relu(), second).sum(dim=0)[:, :, None, None]


def channel_gate(x, first, second):
    """``(B, C, H, W) -> (B, C, 1, 1)``."""
    return torch.sigmoid(channel_logits(x, first, second))


def spatial_logits(x, kernel):
    """``(B, C, H, W) -> (B, 1, H, W)``, by this kernel of two maps."""
    maps = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
    return functional.conv2d(maps, kernel, padding=kernel.shape[-1] // 2)


def spatial_gate(x, kernel):
    """``(B, C, H, W) -> (B, 1, H, W)``."""
    return torch.sigmoid(spatial_logits(x, kernel))
