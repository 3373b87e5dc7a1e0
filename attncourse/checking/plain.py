"""What a learner's code gave, as something that can be compared, shown and sent: or the reason why it cannot."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from attncourse.checking.observation import UNUSABLE, AnswerError

# Inputs are small. A result of more values is a mistake, and comparing it would take longer than a learner waits.
MOST_VALUES = 1_000_000
LONGEST_TEXT = 10_000
MOST_BITS = 1000


def plain(value: Any) -> Any:
    """Tensors, numbers, words and sequences of them, detached and of torch's and Python's own types.

    AnswerError for anything else, and for what is too large to be an answer.
    """
    if isinstance(value, Tensor):
        return _plain_tensor(value)
    if value is None or value is Ellipsis:
        return None
    if value is True or value is False:
        return value
    if isinstance(value, int | float):
        return _plain_number(value)
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise AnswerError(UNUSABLE, f"the result is a text of {len(value):,} characters")
        return str.__str__(value)
    if isinstance(value, list | tuple):
        if len(value) > MOST_VALUES:
            raise AnswerError(UNUSABLE, f"the result is a sequence of {len(value):,} values: far too many")
        return tuple(plain(item) for item in value)
    if type(value).__module__ == "numpy":
        if getattr(value, "size", 0) == 1 and hasattr(value, "item"):
            return plain(value.item())
        raise AnswerError(UNUSABLE, "the result is a numpy array; keep it a torch tensor, so that gradients flow")
    found = type(value).__name__
    raise AnswerError(UNUSABLE, f"the result is of type {found}; expected tensors, numbers or words{_lazy(found)}")


def dense(gradient: Tensor | None) -> Tensor | None:
    """A gradient in the ordinary layout: some operations give sparse ones."""
    return gradient if gradient is None or gradient.layout is torch.strided else gradient.to_dense()


def _lazy(found: str) -> str:
    return " (yield makes a generator: use return)" if found == "generator" else ""


def _plain_tensor(value: Tensor) -> Tensor:
    # A learner's subclass may answer its own methods: here torch's are meant.
    with torch._C.DisableTorchFunctionSubclass():
        if value.numel() > MOST_VALUES:
            raise AnswerError(
                UNUSABLE, f"the result has {value.numel():,} values, shape {tuple(value.shape)}: far too many"
            )
        if value.device.type != "cpu":
            raise AnswerError(
                UNUSABLE, f"the result is on {value.device}; leave tensors where the input is, on the CPU"
            )
        if value.layout is not torch.strided or value.is_quantized or value.is_nested:
            raise AnswerError(UNUSABLE, "the result is a sparse, nested or quantized tensor; expected an ordinary one")
        found = value.detach().as_subclass(Tensor).resolve_conj().resolve_neg().clone()
        if type(found) is not Tensor:
            raise AnswerError(UNUSABLE, f"the result is a {type(value).__name__}; expected an ordinary tensor")
        return found


def _plain_number(value: int | float) -> int | float:
    """Of Python's own type: a learner's subclass may answer its own comparisons."""
    if isinstance(value, float):
        return float.__add__(value, 0.0)
    if int.bit_length(value) > MOST_BITS:
        raise AnswerError(UNUSABLE, f"the result is a number of {int.bit_length(value):,} bits")
    return int.__add__(value, 0)
