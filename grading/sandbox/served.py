"""A trusted implementation as a learner's test may call it from the other side of the wall."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from attncourse.checking.observation import AnswerError

MOST_CALLS = 5_000
MOST_ELEMENTS = 2**20
LARGEST_NUMBER = 4096
MOST_GRAPHS = 256


class Served:
    """Runs a trusted implementation for the child, and its way back for gradients."""

    def __init__(self, implementation: Callable[..., Any]) -> None:
        self._implementation = implementation
        self._graphs: dict[int, tuple[list[Tensor], list[Tensor]]] = {}
        self.calls = 0

    def __call__(self, what: str, value: Any) -> Any:
        """Answer ``call`` or ``slopes``. Raises AnswerError for arguments that no test needs."""
        return self._call(*value) if what == "call" else self._slopes(*value)

    def _call(self, arguments: tuple[Any, ...], wanted: tuple[int, ...]) -> dict[str, Any]:
        self.calls += 1
        if self.calls > MOST_CALLS:
            raise AnswerError("RuntimeError", f"a test may call the implementation {MOST_CALLS} times at most")
        _check_arguments(arguments)
        leaves = [arguments[i].detach().clone().requires_grad_() for i in wanted]
        given = [a.detach().clone() if isinstance(a, Tensor) else a for a in arguments]
        for place, leaf in zip(wanted, leaves, strict=True):
            given[place] = leaf.clone()
        with torch.set_grad_enabled(bool(leaves)):
            result = self._implementation(*given)
        outputs = _tensors(result)
        self._graphs[self.calls] = (leaves, [output for output in outputs if output.requires_grad])
        self._graphs.pop(self.calls - MOST_GRAPHS, None)
        changed = {
            str(i): after.detach()
            for i, (before, after) in enumerate(zip(arguments, given, strict=True))
            if isinstance(before, Tensor) and not torch.equal(before.nan_to_num(), after.detach().nan_to_num())
        }
        same = next((i for i, one in enumerate(given) if one is result and isinstance(one, Tensor)), None)
        value = {"same": same} if same is not None and not leaves else _detached(result)
        flows = tuple(output.requires_grad for output in (() if isinstance(value, dict) else outputs))
        return {"value": value, "flows": flows, "changed": changed, "number": self.calls}

    def _slopes(self, number: int, gradients: tuple[Tensor, ...]) -> tuple[Tensor | None, ...]:
        if number not in self._graphs:
            raise AnswerError("RuntimeError", "this result is too old for backward")
        leaves, outputs = self._graphs[number]
        return torch.autograd.grad(outputs, leaves, gradients, allow_unused=True, retain_graph=True)


def _check_arguments(arguments: Sequence[Any]) -> None:
    for argument in arguments:
        if isinstance(argument, tuple):
            _check_arguments(argument)
        elif isinstance(argument, Tensor):
            if math.prod(max(size, 1) for size in argument.shape) > MOST_ELEMENTS:
                raise AnswerError("ValueError", f"a test's tensors may have {MOST_ELEMENTS} values at most")
        elif isinstance(argument, int | float) and abs(argument) > LARGEST_NUMBER:
            raise AnswerError("ValueError", f"a test's numbers may be {LARGEST_NUMBER} at most")


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in _tensors(item)]
    return [value] if isinstance(value, Tensor) else []


def _detached(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_detached(item) for item in value)
    return value.detach() if isinstance(value, Tensor) else value
