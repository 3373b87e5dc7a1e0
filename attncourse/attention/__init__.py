"""The references: one paper, or one part of it, a file. ``ATTENTION`` chooses by name."""

from __future__ import annotations

from torch import nn

from attncourse.attention.squeeze_excitation import SqueezeExcitation

ATTENTION: dict[str, type[nn.Module]] = {"se": SqueezeExcitation}

__all__ = ["ATTENTION", "SqueezeExcitation"]
