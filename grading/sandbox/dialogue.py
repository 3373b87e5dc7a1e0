"""One child and the talk with it: a request, a deadline, and the death of the child where it does not keep it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from attncourse.checking.observation import AnswerError
from grading.sandbox.process import Limits, Started, start_child
from grading.sandbox.wire import LARGEST_FRAME, WireError, decode, encode

TIMED_OUT = "timed out"
CRASHED = "crashed"
OUT_OF_MEMORY = "out of memory"
TOO_MUCH_OUTPUT = "too much output"

FATAL = {"MemoryError": OUT_OF_MEMORY, "TooMuchOutput": TOO_MUCH_OUTPUT}
START_SECONDS = 120


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
                fatal(value)
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


def _served(serve: Callable[[str, Any], Any], kind: str, value: Any) -> tuple[str, Any]:
    try:
        reply = ("done", serve(kind, value))
        encode(reply)
        return reply
    except AnswerError as error:
        return "raised", error
    except Exception as error:  # the implementation, on arguments that it is not made for
        return "raised", AnswerError(type(error).__name__, str(error)[:500])


def fatal(error: AnswerError) -> None:
    """A child that ran out of memory or printed without end is not to be trusted with another exercise."""
    if error.kind in FATAL:
        raise Died(FATAL[error.kind], error.message)
    if error.kind == "RuntimeError" and "DefaultCPUAllocator" in error.message:
        raise Died(OUT_OF_MEMORY, error.message)
