"""Seeded random tensors for cases and fills; the same seed gives the same tensors on any machine."""

from __future__ import annotations

import torch
from torch import Tensor


class Draw:
    """A stream of random tensors."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def integers(self, *shape: int, low: int = -4, high: int = 9) -> Tensor:
        """float32 tensor of whole numbers in ``[low, high]``: small enough to check by hand."""
        return torch.randint(low, high + 1, shape, generator=self._generator).float()

    def normal(self, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """Standard normal tensor."""
        return torch.randn(shape, generator=self._generator, dtype=torch.float64).to(dtype)

    def signed(self, *shape: int, low: float, high: float) -> Tensor:
        """float64 tensor of magnitudes uniform in ``[low, high]`` with random signs: nothing near zero."""
        magnitude = torch.rand(shape, generator=self._generator, dtype=torch.float64) * (high - low) + low
        sign = torch.randint(0, 2, shape, generator=self._generator, dtype=torch.float64) * 2 - 1
        return magnitude * sign

    def integer(self, low: int, high: int) -> int:
        """One whole number in ``[low, high]``."""
        return int(torch.randint(low, high + 1, (), generator=self._generator))
