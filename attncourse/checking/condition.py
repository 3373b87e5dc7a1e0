"""The condition of a network before a call and after it: what an answer has left behind.

A right result is not all that is asked of code that borrows a network: a hook that stays runs in every later call, a
mode that was changed spoils the training that goes on. Whoever runs the answer looks at both ends of the call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

# What can be left behind, with the sentence about it; in the order in which it is told.
SENTENCES = {
    "parts": "the network has other parts than before the call",
    "hooks": "the network has other hooks than before the call",
    "asleep": "a part of the network that was in train mode is in eval mode after the call",
    "awake": "a part of the network that was in eval mode is in train mode after the call",
    "gradients": "a parameter has another .grad than before the call",
    "requires_grad": "a parameter's requires_grad is not what it was before the call",
    "values": "a parameter or a running statistic is not what it was before the call",
}

Condition = dict[str, Any]


def conditions(arguments: Sequence[Any]) -> list[tuple[nn.Module, Condition]]:
    """Each network among the arguments, with its condition now."""
    return [(one, _condition(one)) for one in arguments if isinstance(one, nn.Module)]


def left_behind(before: Sequence[tuple[nn.Module, Condition]]) -> tuple[str, ...]:
    """The keys of ``SENTENCES`` in which a network is not as it was."""
    pairs = [(condition, _condition(network)) for network, condition in before]
    return tuple(what for what in SENTENCES if any(_differs(what, was[what], now[what]) for was, now in pairs))


def told(left: Sequence[str]) -> str:
    """The sentence about what was left behind."""
    return "; ".join(SENTENCES[what] for what in left if what in SENTENCES)


def _condition(network: nn.Module) -> Condition:
    # Checks do this often: the walks of parameters() and buffers() would take most of the time.
    parts = list(network.modules())
    parameters = [one for part in parts for one in part._parameters.values() if one is not None]
    buffers = [one for part in parts for one in part._buffers.values() if one is not None]
    return {
        "parts": parts,
        "hooks": [hook for part in parts for hook in _hooks(part)],
        "asleep": [not part.training for part in parts],
        "awake": [part.training for part in parts],
        "gradients": [_copy(parameter.grad) for parameter in parameters],
        "requires_grad": [parameter.requires_grad for parameter in parameters],
        "values": [_copy(value) for value in (*parameters, *buffers)],
    }


def _hooks(part: nn.Module) -> list[Any]:
    """All hooks of one part, and a ``forward`` that was put in the place of its class's: if there is one."""
    held = [value for name, value in vars(part).items() if name.endswith("_hooks") and isinstance(value, dict)]
    replaced = [vars(part)["forward"]] if "forward" in vars(part) else []
    return [hook for hooks in held for hook in hooks.values()] + replaced


def _copy(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.detach().clone()


def _differs(what: str, was: Sequence[Any], now: Sequence[Any]) -> bool:
    if what in ("asleep", "awake"):
        # Each tells of one direction; parts that came or went are told of as parts.
        return any(one and not before for before, one in zip(was, now, strict=False))
    return len(was) != len(now) or not all(map(_same, was, now))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return torch.equal(one, other)
    return one is other or (not isinstance(one, nn.Module) and one == other)
