"""Where in a network to look: a module, its dotted name, or what goes into it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from attncourse.explain.errors import ExplainError
from attncourse.explain.modes import evaluating


@dataclass(frozen=True)
class InputOf:
    """What goes into a layer, where its output is usually meant: what stands before an attention block.

    Only what the layer makes of it counts: a shortcut around the layer does not.
    """

    layer: str | nn.Module


Layer = str | nn.Module | InputOf


@dataclass(frozen=True)
class Place:
    """A layer that was found.

    Attributes:
        name: its dotted name in the network; "" is the network itself.
        module: the layer.
        before: whether its input is meant.
    """

    name: str
    module: nn.Module
    before: bool

    def __str__(self) -> str:
        return f"{'the input of ' if self.before else ''}layer {self.name!r}"


def find(model: nn.Module, layer: Layer) -> Place:
    """The place in ``model``. Raises ExplainError where it has no such layer; the nearest names are suggested."""
    before = isinstance(layer, InputOf)
    if isinstance(layer, InputOf):
        layer = layer.layer
    named = dict(model.named_modules())
    if isinstance(layer, nn.Module):
        for name, module in named.items():
            if module is layer:
                return Place(name, module, before)
        raise ExplainError(
            f"this {type(layer).__name__} is no layer of the {type(model).__name__} that was given; take it from that "
            "very network (a copy has other layers), or give its name"
        )
    if not isinstance(layer, str):
        raise ExplainError(f"layer must be a name or a module, got {type(layer).__name__}; for example 'stages.2'")
    if layer not in named:
        near = difflib.get_close_matches(layer, named, n=3, cutoff=0.4) or [name for name in named if name][-3:]
        raise ExplainError(
            f"there is no layer {layer!r}; near it: {', '.join(near) or 'none, for the network has no layers'}. "
            "All names: dict(model.named_modules())"
        )
    return Place(layer, named[layer], before)


def spatial(model: nn.Module, images: Tensor) -> dict[str, tuple[int, int]]:
    """The layers whose output has height and width, in the order in which they run, with these two.

    One forward pass in eval mode without gradients. Layers whose output is 1x1 are left out.
    """
    found: dict[str, tuple[int, int]] = {}
    handles = []

    def look(name: str) -> None:
        def keep(module: nn.Module, inputs: object, output: object) -> None:
            if isinstance(output, Tensor) and output.ndim == 4 and output.shape[2] * output.shape[3] > 1:
                found[name] = (output.shape[2], output.shape[3])

        handles.append(named[name].register_forward_hook(keep))

    named = {name: module for name, module in model.named_modules() if name}
    try:
        for name in named:
            look(name)
        with evaluating(model), torch.no_grad():
            model(images)
    finally:
        for handle in handles:
            handle.remove()
    return found
