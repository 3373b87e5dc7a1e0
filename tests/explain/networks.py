"""Tiny networks whose gradients are known, for the tests of explain."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Tiny(nn.Module):
    """Convolution, ReLU, pooling, linear; H != W all the way, and a batch norm that train mode would show."""

    def __init__(self, classes: int = 4, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.first = nn.Conv2d(3, 5, 3, padding=1)
        self.norm = nn.BatchNorm2d(5)
        self.second = nn.Conv2d(5, 6, 3, stride=2, padding=1)
        self.relu = nn.ReLU()
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(6, classes)
        self.norm.running_mean = torch.full((5,), 0.1)
        self.norm.running_var = torch.full((5,), 1.3)

    def features(self, x: Tensor) -> Tensor:
        return self.relu(self.second(torch.relu(self.norm(self.first(x)))))

    def forward(self, x: Tensor) -> Any:
        return self.head(self.drop(self.features(x).square().mean((2, 3))))


def images(batch: int = 3, seed: int = 1) -> Tensor:
    return torch.randn(batch, 3, 9, 14, generator=torch.Generator().manual_seed(seed))
