"""The trusted side of the wall: the Candidate that the judge talks to."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from attncourse.checking.observation import AnswerError, Outcome
from grading.sandbox.dialogue import CRASHED, Child, Died, fatal
from grading.sandbox.served import Served
from grading.sandbox.wire import is_plain

WHATS = {"nothing", "module class", "class", "module", "function", "value", "other"}
MOST_PARAMETERS = 2**22


class RemoteCandidate:
    """A Candidate whose answer runs in a child. What comes back is held to its types and sizes."""

    def __init__(self, child: Child, exercise_id: str) -> None:
        self._child = child
        self._exercise_id = exercise_id
        self._shapes: dict[int, list[tuple[int, ...]]] = {}
        self._run_once: set[int] = set()
        self.missed_a_name = False

    def describe(self) -> dict[str, Any]:
        """See Candidate."""
        try:
            found = self._ask("describe")
        except AnswerError:
            return {"what": "other", "type": "object that cannot be described", "ours": False}
        if not isinstance(found, dict) or found.get("what") not in WHATS:
            raise Died(CRASHED, "it described its answer in no known way")
        return {"what": found["what"], "type": str(found.get("type"))[:80], "ours": found.get("ours") is True}

    def value(self) -> Any:
        """See Candidate."""
        found = self._ask("value")
        if not is_plain(found):
            raise AnswerError("TypeError", "the result is no plain value; expected tensors, numbers or words")
        return found

    def call(self, arguments: Sequence[Any], seed: int, gradients: bool = True, records: bool = False) -> Outcome:
        """See Candidate."""
        outcome = self._outcome("call", tuple(arguments), seed, gradients, records)
        leaves = [a.shape for a in arguments if isinstance(a, Tensor) and a.is_floating_point()]
        return _with_gradients(outcome, leaves)

    def build(self, arguments: Sequence[Any]) -> int:
        """See Candidate."""
        handle = self._ask("build", tuple(arguments))
        if not isinstance(handle, int):
            raise Died(CRASHED, "it built something without a handle")
        return handle

    def shapes(self, handle: int) -> list[tuple[int, ...]]:
        """See Candidate. AnswerError where the parameters are far too large to be filled."""
        found = self._ask("shapes", handle)
        if isinstance(found, tuple) and (-1,) in found and handle in self._run_once:
            raise AnswerError("ValueError", "a parameter has no shape yet, even after a call")
        if not isinstance(found, tuple) or not all(shape == (-1,) or _is_shape(shape) for shape in found):
            raise Died(CRASHED, "it has parameters without shapes")
        if sum(math.prod(max(size, 1) for size in shape) for shape in found) > MOST_PARAMETERS:
            raise AnswerError("ValueError", f"the module has more than {MOST_PARAMETERS} parameters")
        self._shapes[handle] = list(found)
        return list(found)

    def trainable(self, handle: int) -> list[bool]:
        """See Candidate."""
        found = self._ask("trainable", handle)
        return [one is True for one in found] if isinstance(found, tuple) else []

    def cast(self, handle: int, dtype: str) -> None:
        """See Candidate."""
        self._ask("cast", handle, dtype)

    def fill(self, handle: int, values: Sequence[Tensor]) -> None:
        """See Candidate."""
        self._ask("fill", handle, tuple(values))

    def run(
        self, handle: int, x: Tensor, seed: int, train: bool = False, gradients: bool = True, twice: bool = True
    ) -> Outcome:
        """See Candidate."""
        outcome = self._outcome("run", handle, x, seed, train, gradients, twice)
        self._run_once.add(handle)
        shapes = self._shapes.get(handle)
        return outcome if shapes is None else _with_gradients(outcome, [x.shape, *shapes])

    def release(self, handle: int) -> None:
        """See Candidate."""
        self._ask("release", handle)

    def examine(self, implementation: Callable[..., Any]) -> dict[str, Any]:
        """See Candidate. The implementation runs on this side; the learner's test gets its results only."""
        served = Served(implementation)
        try:
            found = self._ask("examine", serve=served)
        except AnswerError as error:
            return {"accepts": False, "called": served.calls, "said": f"{error.kind}: {error.message}"[:500]}
        if not isinstance(found, dict):
            raise Died(CRASHED, "its test gave no verdict")
        said = str(found.get("said", ""))[:500]
        fatal(AnswerError(said.partition(":")[0], said))
        self.missed_a_name |= said.startswith("NameError")
        # A call with named arguments is one too, though it does not come through.
        called = served.calls or int(found.get("called") not in (0, None))
        return {"accepts": found.get("accepts") is True, "called": called, "said": said}

    def _outcome(self, verb: str, *arguments: Any) -> Outcome:
        try:
            found = self._ask(verb, *arguments)
        except AnswerError as error:
            return Outcome(raised=error)
        if not isinstance(found, Outcome):
            raise Died(CRASHED, "it ran without an outcome")
        if found.raised:
            fatal(found.raised)
            self.missed_a_name |= found.raised.kind == "NameError"
        return found

    def _ask(self, verb: str, *arguments: Any, serve: Callable[[str, Any], Any] | None = None) -> Any:
        try:
            return self._child.ask("on", self._exercise_id, verb, arguments, serve=serve)
        except AnswerError as error:
            self.missed_a_name |= error.kind == "NameError"
            raise


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, tuple) and len(shape) <= 8 and all(isinstance(s, int) and 0 <= s < 2**31 for s in shape)


def _with_gradients(outcome: Outcome, shapes: Sequence[Sequence[int]]) -> Outcome:
    """Gradients that do not fit what they are gradients of count as none."""
    if outcome.gradients is None or len(outcome.gradients) != len(shapes):
        return outcome
    fitting = tuple(
        one if one is not None and one.is_floating_point() and tuple(one.shape) == tuple(shape) else None
        for one, shape in zip(outcome.gradients, shapes, strict=True)
    )
    return dataclasses.replace(outcome, gradients=fitting)
