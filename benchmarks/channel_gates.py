"""Does an attention gate turn a channel up for cats? The channel before and behind the last block of a stage."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from scipy import stats
from torch import Tensor, nn

from attncourse.attention import ATTENTION
from attncourse.explain import ANSWERS, InputOf, area_difference, ranking
from attncourse.explain.activations import changing
from benchmarks.channel_readings import interval


@dataclass(frozen=True)
class Gate:
    """Attributes:
    block: its name in the network.
    before, after: ``(N, C)``, each channel's largest answer on both sides of it.
    gates: ``(N, C)``, the mean over places of what each channel is multiplied by (BAM: 1 + this).
    """

    block: str
    before: Tensor
    after: Tensor
    gates: Tensor


@contextmanager
def watching(model: nn.Module, layer: str) -> Iterator[Callable[[], Gate | None]]:
    """The last attention block within ``layer``; what it did with all pictures so far, or None where there is none."""
    kinds = tuple(ATTENTION.values())
    inside = [name for name, part in model.named_modules() if name.startswith(f"{layer}.") and isinstance(part, kinds)]
    # CBAM's halves are such modules too.
    blocks = [name for name in inside if name.rpartition(".")[0] not in inside]
    if not blocks:
        yield lambda: None
        return
    block: Any = model.get_submodule(blocks[-1])
    before, after, gates = [], [], []

    def comes(maps: Tensor) -> Tensor:
        before.append(ANSWERS["largest"](maps))
        gates.append(block.gate(maps).expand_as(maps).mean((2, 3)))
        return maps

    def goes(maps: Tensor) -> Tensor:
        after.append(ANSWERS["largest"](maps))
        return maps

    with changing(model, InputOf(blocks[-1]), comes), changing(model, blocks[-1], goes):
        yield lambda: Gate(blocks[-1], torch.cat(before), torch.cat(after), torch.cat(gates))


def turned_up(found: Gate, channel: int, cats: Tensor) -> dict[str, Any]:
    """Is the gate higher for cats, and do cats stand out more behind it than before it?

    ``over_channels`` is the rank correlation, over all channels of the layer, of how well a channel tells cats before
    the gate and how much higher its gate is for cats.
    """
    before, after, own = (one[:, channel] for one in (found.before, found.after, found.gates))
    welch = stats.ttest_ind(own[cats].double(), own[~cats].double(), equal_var=False).confidence_interval()
    change, paired = area_difference(before, after, cats)
    told = torch.tensor([ranking(one, cats).area for one in found.before.unbind(1)])
    risen = found.gates[cats].mean(0) - found.gates[~cats].mean(0)
    return {
        "block": found.block,
        "channel": channel,
        "before": interval(ranking(before, cats)),
        "after": interval(ranking(after, cats)),
        "difference": {"value": change, "interval": paired},
        "gate_cats": float(own[cats].mean()),
        "gate_others": float(own[~cats].mean()),
        "gate_deviation": float(own.std()),
        "gate_difference": {
            "value": float(own[cats].mean() - own[~cats].mean()),
            "interval": None if math.isnan(welch.low) else (float(welch.low), float(welch.high)),
        },
        "gate_area": interval(ranking(own, cats)),
        "over_channels": float(stats.spearmanr(told, risen).statistic),
    }
