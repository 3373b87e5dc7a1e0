"""What was seen when an answer ran, and where two such sights differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from attncourse.checking.condition import told

RELATIVE = 1e-4
ABSOLUTE = 1e-5
# What float arithmetic may leave of a whole number.
ROUNDING = 1e-12
# The kind of an AnswerError that nobody raised: the code came to its end, and what it gave cannot be judged.
UNUSABLE = "UnusableResult"


class AnswerError(Exception):
    """The learner's code raised: what, with which words, and where in the learner's own lines.

    Also where it gave something that cannot be judged, such as a dict: ``kind`` is then ``UNUSABLE``.
    """

    def __init__(self, kind: str, message: str, where: str = "") -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message
        self.where = where

    @property
    def told(self) -> str:
        """The sentence about it, to a learner."""
        return self.message if self.kind == UNUSABLE else f"your code raised {self.kind}: {self.message}"

    def __reduce__(self) -> tuple[type[AnswerError], tuple[str, str, str]]:
        # An exception is pickled with what ``Exception`` was given, which is the one sentence made of them.
        return AnswerError, (self.kind, self.message, self.where)

    def same_as(self, other: AnswerError) -> bool:
        """Whether two answers failed in the same way, wherever that was in their text."""
        return (self.kind, self.message) == (other.kind, other.message)


def lacks_bfloat16(error: AnswerError) -> bool:
    """Whether torch itself has no such operation for bfloat16, as for pooling in three dimensions on a CPU."""
    return "not implemented for 'BFloat16'" in error.message or "Unsupported dtype BFloat16" in error.message


@dataclass(frozen=True)
class Outcome:
    """One run. ``value`` and ``gradients`` are meaningless where ``raised`` is set.

    ``left``: what it left behind on the networks that it was given, in the words of ``condition.SENTENCES``.
    """

    value: Any = None
    raised: AnswerError | None = None
    gradients: tuple[Tensor | None, ...] | None = None
    changed: tuple[int, ...] = ()
    stable: bool = True
    left: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observation:
    """One run with the words for it and what went in, as a witness shows it."""

    label: str
    inputs: tuple[tuple[str, Any], ...]
    outcome: Outcome


@dataclass(frozen=True)
class Difference:
    """Where two outcomes part: the ``aspect`` and a sentence about it, yours against the expected."""

    aspect: str
    sentence: str


def difference(expected: Outcome, got: Outcome, *, values: bool = True) -> Difference | None:
    """The first aspect in which ``got`` is not ``expected``; None where they agree.

    Aspects, in order: raised, unstable, type, shape, dtype, value, changed, left, gradient. Without ``values`` what
    tensors hold may be anything, and so may gradients.
    """
    if expected.raised or got.raised:
        return _raised(expected.raised, got.raised) or _left(expected, got)
    if expected.stable != got.stable:
        return Difference("unstable", "two calls with the same input gave two different answers")
    found = compare(expected.value, got.value, values=values and expected.stable)
    if found:
        return found
    if expected.changed != got.changed:
        return Difference("changed", "the input tensor itself was changed; the answer must leave it as it was")
    left = _left(expected, got)
    return left or (_gradients(expected, got) if values and expected.stable else None)


def compare(expected: Any, got: Any, *, values: bool = True) -> Difference | None:
    """Compare plain values: tensors, numbers, words, and sequences of them."""
    if isinstance(expected, Tensor):
        return _tensors(expected, got, values)
    if isinstance(got, Tensor) and got.numel() == 1:
        got = got.item()
    if isinstance(expected, list | tuple):
        return _sequences(expected, got, values)
    if isinstance(expected, str) and isinstance(got, str):
        same = _bare(expected) == _bare(got)
        return None if same else Difference("value", f"expected {expected!r}, got {got!r}")
    if isinstance(expected, bool) or isinstance(got, bool) or expected is None or got is None:
        same = type(expected) is type(got) and expected == got
        return None if same else Difference("value", f"expected {expected!r}, got {got!r}")
    if isinstance(expected, int | float) and isinstance(got, int | float):
        return None if _near(expected, got) else Difference("value", f"expected {expected}, got {got}")
    return Difference("type", f"expected {describe(expected)}, got {describe(got)}")


def _near(expected: int | float, got: int | float) -> bool:
    """Whether two numbers are one. Whole numbers are counted: of millions of parameters none may be missing."""
    if isinstance(expected, int):
        return expected == got or isinstance(got, float) and abs(expected - got) <= ROUNDING * max(1, abs(expected))
    return abs(expected - got) <= ABSOLUTE + RELATIVE * abs(expected)


def _bare(text: str) -> str:
    """``"(B)"``, ``"b."`` and ``" B "`` are one answer."""
    return text.strip(" \t\r\n.,;:()[]*'\"").lower()


def withheld(found: Difference, expected: Any, got: Any) -> Difference:
    """The same difference without the expected value: only its kind, or how many entries are right."""
    if isinstance(expected, tuple) and isinstance(got, tuple) and len(expected) == len(got):
        right = sum(compare(one, other) is None for one, other in zip(expected, got, strict=True))
        return Difference("value", f"{right} of {len(expected)} entries are right")
    kinds = {"str": "a text in quotes", "int": "a number", "float": "a number"}
    kind = kinds.get(type(expected).__name__, f"a {type(expected).__name__}")
    sentences = {"value": "that is not it", "type": f"expected {kind}, got {describe(got)}"}
    return Difference(found.aspect, sentences.get(found.aspect, found.sentence))


def describe(value: Any) -> str:
    """``a float32 tensor of shape (2, 3)``, ``None``, ``the text 'b'``: for sentences."""
    if isinstance(value, Tensor):
        return f"a {str(value.dtype).removeprefix('torch.')} tensor of shape {tuple(value.shape)}"
    if value is None:
        return "None (nothing was returned)"
    if isinstance(value, str):
        return f"the text {value!r}"
    if isinstance(value, list | tuple):
        return f"a sequence of {len(value)} value{'s' if len(value) != 1 else ''}"
    return f"{type(value).__name__} {value!r}"


def _raised(expected: AnswerError | None, got: AnswerError | None) -> Difference | None:
    if expected and got:
        return None if expected.same_as(got) else Difference("raised", f"{got.kind}: {got.message}")
    if got:
        return Difference("type" if got.kind == UNUSABLE else "raised", got.told)
    assert expected is not None
    return Difference("raised", f"expected {expected.kind}: {expected.message}")


def _left(expected: Outcome, got: Outcome) -> Difference | None:
    if expected.left == got.left:
        return None
    further = [what for what in got.left if what not in expected.left]
    return Difference("left", told(further) or "the network was left as it was")


def _tensors(expected: Tensor, got: Any, values: bool) -> Difference | None:
    if not isinstance(got, Tensor):
        return Difference("type", f"expected {describe(expected)}, got {describe(got)}")
    if expected.shape != got.shape:
        return Difference("shape", f"expected shape {tuple(expected.shape)}, got {tuple(got.shape)}")
    if expected.is_floating_point() != got.is_floating_point() or expected.is_complex() != got.is_complex():
        return Difference("dtype", f"expected dtype {expected.dtype}, got {got.dtype}")
    if values and not _close(expected, got):
        return Difference("value", f"{_wrong_entries(expected, got)} of {expected.numel()} values differ")
    return None


def _close(expected: Tensor, got: Tensor) -> bool:
    return not bool(wrong(expected, got).any())


def _wrong_entries(expected: Tensor, got: Tensor) -> int:
    return int(wrong(expected, got).sum())


def wrong(expected: Tensor, got: Tensor) -> Tensor:
    """bool tensor: where two tensors of one shape differ; whole numbers must be the same."""
    if not any(one.is_floating_point() or one.is_complex() for one in (expected, got)):
        return expected != got
    # As float64, complex values would lose a part, and torch would warn of it on stderr.
    dtype = torch.complex128 if expected.is_complex() or got.is_complex() else torch.float64
    return ~torch.isclose(expected.to(dtype), got.detach().to(dtype), rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)


def _sequences(expected: list[Any] | tuple[Any, ...], got: Any, values: bool) -> Difference | None:
    if isinstance(got, Tensor) and got.ndim == 1:
        got = tuple(got.tolist())
    if not isinstance(got, list | tuple):
        return Difference("type", f"expected {describe(tuple(expected))}, got {describe(got)}")
    if len(expected) != len(got):
        return Difference("shape", f"expected {len(expected)} values, got {len(got)}")
    for index, (one, other) in enumerate(zip(expected, got, strict=True)):
        found = compare(one, other, values=values)
        if found:
            return Difference(found.aspect, f"value {index}: {found.sentence}")
    return None


def _gradients(expected: Outcome, got: Outcome) -> Difference | None:
    if expected.gradients is None:
        return None
    if got.gradients is None or len(got.gradients) != len(expected.gradients):
        return Difference("gradient", "no gradient flows back through the answer")
    for one, other in zip(expected.gradients, got.gradients, strict=True):
        if one is None and other is None:
            continue
        if other is None and one is not None and bool((one != 0).any()):
            return Difference("gradient", "the values are right, but no gradient flows back through the answer")
        left = torch.zeros_like(other) if one is None and other is not None else one
        right = torch.zeros_like(one) if other is None and one is not None else other
        assert left is not None and right is not None
        if left.shape != right.shape or not _close(left, right):
            return Difference("gradient", "the values are right, but the gradient is not")
    return None
