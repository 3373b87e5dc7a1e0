"""A bag of local features, for the lab's tasks: one 3x3 convolution, a slot, the mean of all places, a linear layer.

Ours, after no paper. Without attention a logit is a sum over places, and each summand sees 3x3 pixels: no arrangement
of things farther apart can move it. Whatever the network knows beyond that, the module in the slot has told it.

Pixels are taken against the corner's, and no layer before the slot has a bias, so that a plain background is 0 in every
channel, like the padding: neither the background's colour nor the picture's edge tells anything.

Sixteen channels, and a reduction of 4: the papers' 16 would leave one hidden unit. It is given to every class that
takes a ``reduction``, ours and a learner's, unless it comes with its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import TypeGuard

import torch
from torch import Tensor, nn

from attncourse.attention import ATTENTION
from attncourse.hosts.layers import Host, classifier
from attncourse.hosts.options import at_least_one
from attncourse.hosts.slot import Attention, Slot

REDUCTION = 4
# The first weights are larger than usual by this much: what the tasks ask about covers little of a picture, and moves a
# mean over all places as little. With 1, SE learns too slowly for a lesson.
GAIN = 2.0


class AgainstCorner(nn.Module):
    """Each pixel less the one in the upper left corner: ``(B, C, H, W) -> (B, C, H, W)``."""

    def forward(self, x: Tensor) -> Tensor:
        return x - x[:, :, :1, :1]


class ChannelsFirst(nn.Module):
    """The same numbers, stored map by map: ``(B, C, H, W) -> (B, C, H, W)``.

    Stored place by place, as training likes it for convolutions, CBAM's maxima over places and over channels take 1.6
    times as long for a step (bfloat16, 32 pictures, one thread of an AMD EPYC, torch 2.13).
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.contiguous()


def bag(attention: Attention = None, *, classes: int = 2, channels: int = 16, place: str | None = None) -> Host:
    """``channels`` of the one convolution; every module stands after it (``place="stage"``)."""
    at_least_one("classes", classes)
    at_least_one("channels", channels)
    options = {name: {"reduction": REDUCTION} for name, module in ATTENTION.items() if _lacks_reduction(module)}
    if _lacks_reduction(attention):
        attention = partial(attention, reduction=REDUCTION)
    slot = Slot(attention, place, places=("stage",), options=options)
    local = nn.Conv2d(3, channels, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(local.weight, mode="fan_in", nonlinearity="relu")
    with torch.no_grad():
        local.weight.mul_(GAIN)
    stem = nn.Sequential(AgainstCorner(), local, nn.ReLU(), ChannelsFirst())
    return Host(stem, [nn.Sequential(slot.at("stage", channels))], classifier(channels, classes))


def _lacks_reduction(attention: object) -> TypeGuard[Callable[..., nn.Module]]:
    """Whether this can be built with a reduction, and has none yet."""
    if isinstance(attention, nn.Module) or not callable(attention):
        return False
    given = attention.keywords if isinstance(attention, partial) else {}
    return "reduction" not in given and "reduction" in inspect.signature(attention).parameters
