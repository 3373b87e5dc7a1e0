"""The parameter-matched control: is it the attention, or is it only more parameters?

``control(se)`` stands where the host puts SE and has as many parameters, but nothing of attention: two plain 1x1
convolutions with a ReLU between them, added to their input. No pooling, no gate, and no place learns of another. If
``se`` beats ``none`` and not ``control(se)``, the parameters may explain it.

    y = x + W2 relu(W1 x),    W1: C -> m,  W2: m -> C

At each place m, and whether W2 has a bias, are chosen to come nearest to the number of parameters. SE's own two layers
are matched exactly. It is no match in multiply-adds: these layers work at every pixel, and the table shows both.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from attncourse.costs.measure import evaluating, example
from attncourse.lab.errors import LabError

# The control of a whole network may differ by this share of the parameters that the attention adds.
TOLERANCE = 0.1


class PlainLayers(nn.Module):
    """Two 1x1 convolutions beside a shortcut: ``(B, C, H, W) -> (B, C, H, W)``.

    Args:
        channels: C.
        hidden: m, the channels between the two.
        bias: whether the second has a bias.
    """

    def __init__(self, channels: int, hidden: int, bias: bool) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, hidden, 1)
        self.expand = nn.Conv2d(hidden, channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """The input and what the two layers add."""
        return x + self.expand(torch.relu(self.reduce(x)))


def put_controls(model: nn.Module, bare: nn.Module) -> None:
    """Put a control in place of each attention module of ``model``; ``bare`` is the same host without attention.

    A slot is what passes its input on in ``bare``, and does not in ``model``. So the control stands where the host put
    the attention, and counts what the host really built.
    """
    slots = {name for name, module in bare.named_modules() if isinstance(module, nn.Identity)}
    found = {name: module for name, module in model.named_modules() if name in slots}
    found = {name: module for name, module in found.items() if not isinstance(module, nn.Identity)}
    for name, channels in _channels(model, found).items():
        target = sum(parameter.numel() for parameter in found[name].parameters())
        place, _, part = name.rpartition(".")
        setattr(model.get_submodule(place), part, PlainLayers(channels, *nearest(channels, target)))


def _channels(model: nn.Module, modules: dict[str, nn.Module]) -> dict[str, int]:
    """How many channels each of these parts of a model is given, in the order in which they run."""
    seen: dict[str, int] = {}

    def watch(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        return lambda module, given: seen.update({name: given[0].shape[1]})

    hooks = [module.register_forward_pre_hook(watch(name)) for name, module in modules.items()]
    try:
        with evaluating(model):
            model(example(model, (1, 3, 32, 32)))
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def nearest(channels: int, target: int) -> tuple[int, bool]:
    """The hidden width, at least 1, and the bias that come nearest to ``target`` parameters."""
    offers = []
    for bias in (False, True):
        exact = (target - channels * bias) / (2 * channels + 1)
        offers += [(max(1, hidden), bias) for hidden in (int(exact), int(exact) + 1)]
    return min(offers, key=lambda offer: abs(parameters(channels, *offer) - target))


def parameters(channels: int, hidden: int, bias: bool) -> int:
    """How many parameters ``PlainLayers`` have."""
    return hidden * (2 * channels + 1) + channels * bias


def require_match(text: str, added: int, by_control: int) -> None:
    """Raises LabError unless a control adds as many parameters as the attention ``text``, up to ``TOLERANCE``."""
    if abs(by_control - added) > TOLERANCE * added:
        raise LabError(
            f"{text} adds {added} parameters, and the nearest control {by_control}: no match within {TOLERANCE:.0%}. "
            "So few parameters explain little: leave this control out, and name the others, as in control(se)"
        )
