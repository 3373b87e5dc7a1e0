"""The trusted side of the wall: a child with a deadline, and the Candidate that the judge talks to."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from attncourse.checking.observation import AnswerError, Outcome
from grading.sandbox.process import Limits, Started, start_child
from grading.sandbox.wire import LARGEST_FRAME, WireError, decode, encode, is_plain

TIMED_OUT = "timed out"
CRASHED = "crashed"
OUT_OF_MEMORY = "out of memory"
TOO_MUCH_OUTPUT = "too much output"

FATAL = {"MemoryError": OUT_OF_MEMORY, "TooMuchOutput": TOO_MUCH_OUTPUT}
START_SECONDS = 120
WHATS = {"nothing", "module class", "class", "module", "function", "value", "other"}
MOST_PARAMETERS = 2**22
MOST_CALLS = 5_000
MOST_ELEMENTS = 2**20
LARGEST_NUMBER = 4096
MOST_GRAPHS = 256


class Died(Exception):
    """The child ended, or had to be ended: ``state`` is one of the words above, ``detail`` says more."""

    def __init__(self, state: str, detail: str = "") -> None:
        super().__init__(f"{state}: {detail}")
        self.state = state
        self.detail = detail


class Child:
    """One process that holds one submission. Every verb raises Died where it does not come back as it should."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._started: Started = start_child(limits)
        self._left = float(START_SECONDS)
        self._death: Died | None = None
        try:
            kind, _ = self._receive()
            if kind != "ready":
                raise Died(CRASHED, "the process did not start as it should")
        except Died:
            self._started.forget()
            raise
        self.renew()

    def renew(self) -> None:
        """Start the time of the next exercise."""
        self._left = self.limits.seconds

    def close(self) -> None:
        """Throw the process away."""
        self._started.forget()

    def run(self, label: str, source: str, names: Sequence[str] = (), piecewise: bool = False) -> None:
        """Run a cell; AnswerError where it raises."""
        self.ask("run", label, source, tuple(names), piecewise)

    def select(self, exercise_id: str, name: str) -> bool:
        """Take what ``name`` is bound to as the answer; False where it is unbound."""
        return self.ask("select", exercise_id, name) is True

    def ask(self, verb: str, *arguments: Any, serve: Callable[[str, Any], Any] | None = None) -> Any:
        """Send a request and wait for its result; ``serve`` answers what the child asks meanwhile."""
        self._send((verb, arguments))
        while True:
            kind, value = self._receive()
            if kind == "done":
                return value
            if kind == "raised" and isinstance(value, AnswerError):
                _fatal(value)
                raise value
            if serve is None or kind not in ("call", "slopes"):
                raise Died(CRASHED, "it answered what was not asked")
            self._send(_served(serve, kind, value))

    def _send(self, message: Any) -> None:
        self._timed(self._started.connection.send_bytes, encode(message))

    def _receive(self) -> tuple[str, Any]:
        frame = self._timed(self._started.connection.recv_bytes, LARGEST_FRAME)
        try:
            kind, value = decode(frame)
        except (WireError, TypeError, ValueError) as error:
            raise self._dead(CRASHED, str(error)) from None
        return str(kind), value

    def _timed(self, step: Callable[[Any], Any], argument: Any) -> Any:
        """Do one step on the pipe; end the child when the time is up, which ends the step."""
        if self._death:
            raise self._death
        if self._left <= 0:
            raise self._dead(TIMED_OUT)
        late = threading.Event()

        def expire() -> None:
            late.set()
            self._started.kill()

        timer = threading.Timer(self._left, expire)
        timer.daemon = True
        begun = time.monotonic()
        timer.start()
        try:
            return step(argument)
        except (OSError, EOFError):
            raise (self._dead(TIMED_OUT) if late.is_set() else self._dead(CRASHED, self._exit())) from None
        finally:
            timer.cancel()
            self._left -= time.monotonic() - begun

    def _dead(self, state: str, detail: str = "") -> Died:
        """The first death is the one that counts: whoever cleans up afterwards meets it again."""
        self._death = Died(state, detail)
        return self._death

    def _exit(self) -> str:
        # It may have closed the pipe and gone on.
        self._started.kill()
        self._started.process.join(5)
        code = self._started.process.exitcode
        return "" if code is None else f"it ended by signal {-code}" if code < 0 else f"it ended with code {code}"


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

    def call(self, arguments: Sequence[Any], seed: int, gradients: bool = True) -> Outcome:
        """See Candidate."""
        outcome = self._outcome("call", tuple(arguments), seed, gradients)
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

    def run(self, handle: int, x: Tensor, seed: int, train: bool = False, gradients: bool = True) -> Outcome:
        """See Candidate."""
        outcome = self._outcome("run", handle, x, seed, train, gradients)
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
        _fatal(AnswerError(said.partition(":")[0], said))
        self.missed_a_name |= said.startswith("NameError")
        untouched = found.get("called") == 0 and served.calls == 0
        return {"accepts": found.get("accepts") is True, "called": 0 if untouched else served.calls, "said": said}

    def _outcome(self, verb: str, *arguments: Any) -> Outcome:
        try:
            found = self._ask(verb, *arguments)
        except AnswerError as error:
            return Outcome(raised=error)
        if not isinstance(found, Outcome):
            raise Died(CRASHED, "it ran without an outcome")
        if found.raised:
            _fatal(found.raised)
            self.missed_a_name |= found.raised.kind == "NameError"
        return found

    def _ask(self, verb: str, *arguments: Any, serve: Callable[[str, Any], Any] | None = None) -> Any:
        try:
            return self._child.ask("on", self._exercise_id, verb, arguments, serve=serve)
        except AnswerError as error:
            self.missed_a_name |= error.kind == "NameError"
            raise


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


def _served(serve: Callable[[str, Any], Any], kind: str, value: Any) -> tuple[str, Any]:
    try:
        reply = ("done", serve(kind, value))
        encode(reply)
        return reply
    except AnswerError as error:
        return "raised", error
    except Exception as error:  # the implementation, on arguments that it is not made for
        return "raised", AnswerError(type(error).__name__, str(error)[:500])


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
    return Outcome(outcome.value, outcome.raised, fitting, outcome.changed, outcome.stable)


def _fatal(error: AnswerError) -> None:
    """A child that ran out of memory or printed without end is not to be trusted with another exercise."""
    if error.kind in FATAL:
        raise Died(FATAL[error.kind], error.message)
    if error.kind == "RuntimeError" and "DefaultCPUAllocator" in error.message:
        raise Died(OUT_OF_MEMORY, error.message)
