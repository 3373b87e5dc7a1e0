"""Does the map depend on what the network has learnt? Its weights are replaced by noise, from the head down.

Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim: "Sanity Checks for Saliency Maps", NeurIPS 2018 (cascading
randomisation). A map that stays as it was, while the weights become noise, shows the image and not the network: it
looks convincing whatever the network does. Edge detectors do that, and so do some published methods.

Deviations: each weight tensor is drawn anew from a normal distribution with its own mean and deviation, where the paper
draws from the layers' initial distributions; so activations keep their size, whatever the network. The similarity is
Spearman's rank correlation of the maps alone. The class that is explained stays that of the network as it was.

What stays: the mean and deviation of each tensor (one whose numbers are all alike, or that has one number alone, is as
it was), and the running statistics of batch norms, which are no weights. These do not fit the noise, so the activations
of a deep network may come out far too large or too small; a rank correlation does not see a factor.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from attncourse.explain import layers
from attncourse.explain.cam import CAM
from attncourse.explain.errors import ExplainError
from attncourse.explain.layers import InputOf
from attncourse.explain.methods import Method
from attncourse.explain.rank_correlation import rank_correlation
from attncourse.explain.target import Target, classes_of


@dataclass(frozen=True)
class Randomisation:
    """Attributes:
    parts: what became noise, in this order; each step keeps the noise of those before.
    maps: ``(1 + steps, B, h, w)``, the first of the whole network.
    correlations: ``(steps, B)``, with the first map; NaN where a map is the same everywhere.
    """

    parts: tuple[str, ...]
    maps: Tensor
    correlations: Tensor

    @property
    def means(self) -> Tensor:
        """``(steps,)``: the mean over the images whose correlation is defined; NaN where none is."""
        return self.correlations.nanmean(1)

    @property
    def undefined(self) -> int:
        """Correlations that are not defined."""
        return int(self.correlations.isnan().sum())

    @property
    def last(self) -> float:
        """The mean with all weights replaced: near 0 the map was the network's, near 1 it was the image's."""
        return float(self.means[-1])


def randomisation(
    model: nn.Module,
    layer: str | nn.Module | InputOf,
    images: Tensor,
    target: Target = None,
    method: str | Method = "grad_cam",
    *,
    seed: int = 0,
    parts: Sequence[str] | None = None,
) -> Randomisation:
    """Maps of a copy whose parts become noise one after another; the network itself stays as it is.

    Args:
        model, layer, images, target, method: as for ``CAM``.
        seed: of the noise.
        parts: names of modules in the order in which they become noise. By default the network's parts from its end to
            its beginning: its children, and the children of those of them that are containers.

    Raises:
        ExplainError: as ``CAM``; an unknown part; a network without weights.
    """
    place = layers.find(model, layer)
    copied = copy.deepcopy(model)
    where = InputOf(place.name) if place.before else place.name
    names = tuple(_parts(model) if parts is None else parts)
    if not names:
        raise ExplainError(f"{type(model).__name__} has no weights that could become noise")
    modules = [layers.find(copied, name).module for name in names]
    draw = torch.Generator().manual_seed(seed)
    with CAM(copied, where, method) as cam:
        maps = [cam(images, target)]
        if target is None:
            target = classes_of(cam.outputs, None, len(images))
        done: set[int] = set()
        for module in modules:
            _replace(module, draw, done)
            maps.append(cam(images, target))
    correlations = torch.stack([rank_correlation(maps[0], one) for one in maps[1:]])
    return Randomisation(names, torch.stack(maps), correlations)


def _parts(model: nn.Module) -> list[str]:
    """From the end to the beginning; each holds weights, and together they hold all of them but the network's own."""
    names: list[str] = []
    for name, child in model.named_children():
        opened = isinstance(child, nn.Sequential | nn.ModuleList) and not any(
            True for _ in child.parameters(recurse=False)
        )
        inner = [(f"{name}.{one}", part) for one, part in child.named_children()] if opened else [(name, child)]
        names += [one for one, part in inner if next(part.parameters(), None) is not None]
    if next(model.parameters(recurse=False), None) is not None:
        names.insert(0, "")
    return names[::-1]


@torch.no_grad()
def _replace(module: nn.Module, draw: torch.Generator, done: set[int]) -> None:
    """Noise of each tensor's own mean and deviation; a weight that two parts share becomes noise once."""
    for parameter in module.parameters():
        if id(parameter) in done or not parameter.is_floating_point():
            continue
        done.add(id(parameter))
        noise = torch.randn(parameter.shape, generator=draw).to(parameter)
        parameter.copy_(parameter.mean() + parameter.std(correction=0) * noise)
