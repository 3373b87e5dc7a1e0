"""Who is timed against whom: ours, ours again, timm's layer where there is one, and the plain transcription.

All of them hold the same weights and compute the same: ``disagreement`` measures it before anything is timed.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from attncourse.attention import build
from attncourse.attention.interchange import load
from benchmarks import timm_peers
from benchmarks.transcriptions import TRANSCRIPTIONS, adopt

# Ours are built with their defaults, but for the variant that timm can build too.
OPTIONS: Mapping[str, Mapping[str, Any]] = {"gather_excite": {"extent": 4, "learned": False}}
# What grows with the square of the number of places is not timed on the largest maps of a CPU.
QUADRATIC = frozenset({"non_local", "augmented_convolution"})


def contenders(name: str, channels: int, seed: int) -> dict[str, nn.Module]:
    """``ours``, ``control`` (a copy of it: its ratio is the noise), ``timm`` where there is one, ``transcription``."""
    torch.manual_seed(seed)
    ours = build(name, channels, **OPTIONS.get(name, {}))
    _draw(ours, seed)
    found: dict[str, nn.Module] = {"ours": ours, "control": copy.deepcopy(ours)}
    theirs = timm_peers.build(name, channels)
    if theirs is not None:
        layout = timm_peers.PEERS[name].layout
        if layout is not None:
            _draw(theirs, seed)
            load(ours, theirs.state_dict(), layout)
            found["control"] = copy.deepcopy(ours)
        found["timm"] = theirs
    found["transcription"] = adopt(TRANSCRIPTIONS[name](channels), ours.state_dict())
    return found


def _draw(module: nn.Module, seed: int) -> None:
    """Draw anew what starts at one value everywhere: a scale of 0 would hide the rest of the module."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, tensor in module.state_dict().items():
            if tensor.is_floating_point() and tensor.eq(tensor.flatten()[0]).all():
                values = torch.rand(tensor.shape, generator=generator) + 0.5
                tensor.copy_(values if "bias" not in key else values - 1)


def disagreement(modules: Mapping[str, nn.Module], x: Tensor) -> dict[str, float]:
    """How far the others' outputs and input gradients lie from ours, in float64, at most, over our largest value.

    In both modes, on copies, so that no running mean moves.
    """
    largest = dict.fromkeys(modules, 0.0)
    for training in (False, True):
        answers = {name: _answer(module, x, training) for name, module in modules.items()}
        for name, answer in answers.items():
            for own, other in zip(answers["ours"], answer, strict=True):
                apart = ((own - other).abs().max() / own.abs().max()).item()
                largest[name] = max(largest[name], apart)
    return {name: apart for name, apart in largest.items() if name != "ours"}


def _answer(module: nn.Module, x: Tensor, training: bool) -> tuple[Tensor, Tensor]:
    alone = copy.deepcopy(module).double().train(training)
    x = x.detach().double().requires_grad_()
    y = alone(x)
    upstream = torch.linspace(-1, 1, y.numel(), dtype=torch.float64, device=y.device).reshape(y.shape)
    (gradient,) = torch.autograd.grad(y, x, upstream)
    return y.detach(), gradient
