"""What runs on the untrusted side: the submission's cells, and the verbs of a Candidate on its answers.

It is started by ``process.start_child`` and thrown away with its submission. Nothing that it says is believed
beyond being an answer: the verdict is made on the other side. Frames come and go through ``wire``.
"""

from __future__ import annotations

import ast
import builtins
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

import torch
from torch import Tensor

from attncourse import cell
from attncourse.checking.candidate import Workbench, plain
from attncourse.checking.observation import AnswerError
from grading.sandbox.confinement import CappedOutput, TooMuchOutput, confine
from grading.sandbox.wire import LARGEST_FRAME, WireError, decode, encode


def main(connection: Connection, folder: str, memory: int, cpu_seconds: int) -> None:
    """Confine this process, then answer requests until the pipe closes."""
    confine(folder, memory, cpu_seconds)
    desk = Desk(connection)
    desk.say("ready", None)
    while True:
        try:
            request = decode(connection.recv_bytes(LARGEST_FRAME))
        except (EOFError, OSError):
            return
        desk.serve(request)


class Desk:
    """Holds the submission's namespace and its answers, and serves one request after the other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._process = os.getpid()
        self._output = CappedOutput()
        self._names = cell.fresh_names()
        self._answers: dict[str, Workbench] = {}

    def say(self, what: str, value: Any) -> None:
        """Send one frame; a value that cannot be sent becomes an error."""
        self._end_copies()
        try:
            frame = encode((what, value))
        except WireError as error:
            frame = encode(("raised", AnswerError("TypeError", str(error))))
        self._connection.send_bytes(frame)

    def serve(self, request: tuple[str, Sequence[Any]]) -> None:
        """Answer one request: ``("done", value)`` or ``("raised", AnswerError)``."""
        verb, arguments = request
        self._output.renew()
        sys.stdout = sys.stderr = self._output
        try:
            verbs: dict[str, Callable[..., Any]] = {"run": self._run, "select": self._select, "on": self._on}
            value = verbs[verb](*arguments)
        except AnswerError as error:
            self.say("raised", error)
        except BaseException as error:
            self.say("raised", _described(error))
        else:
            self.say("done", value)

    def _run(self, label: str, source: str, names: Sequence[str], piecewise: bool) -> None:
        """Run a cell. ``names`` are forgotten first, so that they are bound by this cell or not at all.

        ``piecewise``: statement by statement, passing over those that fail.
        """
        for name in names:
            self._names.pop(name, None)
        if not piecewise:
            cell.run(source, label, self._names)
            return
        cell.remember(source, label)
        for statement in ast.parse(source).body:
            try:
                cell.run_tree(ast.Module([statement], []), label, self._names)
            except (MemoryError, TooMuchOutput):
                raise
            except BaseException:
                continue

    def _select(self, exercise_id: str, name: str) -> bool:
        """Keep what ``name`` is bound to as the answer; False where it is not bound."""
        if name not in self._names:
            return False
        self._answers[exercise_id] = Workbench(self._names[name])
        return True

    def _on(self, exercise_id: str, verb: str, arguments: Sequence[Any]) -> Any:
        bench = self._answers[exercise_id]
        if verb == "examine":
            return bench.examine(Remote(self).call)
        return getattr(bench, verb)(*arguments)

    def ask(self, what: str, value: Any) -> Any:
        """Ask the other side for something while a verb is served."""
        self._end_copies()
        self._connection.send_bytes(encode((what, value)))
        kind, reply = decode(self._connection.recv_bytes(LARGEST_FRAME))
        if kind == "raised":
            raise _as_exception(reply)
        return reply

    def _end_copies(self) -> None:
        """A process that the answer forked comes back here as well, and must not answer in this one's place."""
        if os.getpid() != self._process:
            os._exit(0)


class Remote:
    """An implementation that runs on the other side, as the learner's test sees it: a function of tensors."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def call(self, *arguments: Any) -> Any:
        """Send the arguments, get the result; gradients flow through both."""
        given = [argument if isinstance(argument, Tensor) else plain(argument) for argument in arguments]
        leaves = [a for a in given if isinstance(a, Tensor) and a.requires_grad] if torch.is_grad_enabled() else []
        if not leaves:
            reply = _asked(self._desk, given, ())
            return _put_back(reply["value"], iter(()), given)
        shape: list[Any] = []
        tensors = _Call.apply(self._desk, given, shape, *leaves)
        return _put_back(shape[0], iter(tensors), given)


class _Call(torch.autograd.Function):
    """One call across the wall; the way back asks the other side for the vector-Jacobian product."""

    @staticmethod
    def forward(ctx: Any, desk: Desk, given: list[Any], shape: list[Any], *leaves: Tensor) -> Any:
        wanted = tuple(i for i, a in enumerate(given) if isinstance(a, Tensor) and a.requires_grad)
        reply = _asked(desk, given, wanted)
        tensors: list[Tensor] = []
        shape.append(_take_apart(reply["value"], tensors))
        ctx.desk, ctx.number, ctx.flows = desk, reply["number"], reply["flows"]
        ctx.mark_non_differentiable(*(t for t, flow in zip(tensors, ctx.flows, strict=True) if not flow))
        return tuple(tensors)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        sent = tuple(g for g, flow in zip(gradients, ctx.flows, strict=True) if flow)
        found = ctx.desk.ask("slopes", (ctx.number, sent)) if sent else ()
        return (None, None, None, *(found or (None,) * len(ctx.needs_input_grad[3:])))


def _asked(desk: Desk, given: Sequence[Any], wanted: Sequence[int]) -> dict[str, Any]:
    """Have the implementation called, and do to the arguments what it did to its own."""
    reply: dict[str, Any] = desk.ask("call", (tuple(given), tuple(wanted)))
    for place, value in reply["changed"].items():
        with torch.no_grad():
            given[int(place)].copy_(value)
    return reply


def _described(error: BaseException) -> AnswerError:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith("<cell")]
    where = f"line {frames[-1].lineno}, in {frames[-1].name}: {frames[-1].line}" if frames else ""
    try:
        message = str(error)[:500]
    except Exception:
        message = "(the error's own message could not be read)"
    return AnswerError(type(error).__name__, message, where)


def _take_apart(value: Any, tensors: list[Tensor]) -> Any:
    """Move the tensors of a value into a list, leaving Ellipsis in their places."""
    if isinstance(value, Tensor):
        tensors.append(value)
        return ...
    return tuple(_take_apart(item, tensors) for item in value) if isinstance(value, tuple) else value


def _put_back(shape: Any, tensors: Any, given: Sequence[Any]) -> Any:
    if shape is ...:
        return next(tensors)
    if isinstance(shape, dict):
        return given[int(shape["same"])]
    return tuple(_put_back(item, tensors, given) for item in shape) if isinstance(shape, tuple) else shape


def _as_exception(error: AnswerError) -> Exception:
    """The exception that the implementation raised, so that a test may expect it."""
    kind = getattr(builtins, error.kind, None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        try:
            return kind(error.message)
        except TypeError:
            pass
    return RuntimeError(f"{error.kind}: {error.message}")
