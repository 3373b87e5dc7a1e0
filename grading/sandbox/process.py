"""Starts the process in which a submission's code runs: ``start_child`` is the seam for stronger walls.

Today's wall is a process with limits: forked from a server that has torch loaded already (spawned where there is no
fork), in an empty folder, without standard input and output. It keeps accidents in. Who wants to keep malice in
(a network-less, file-less namespace, say through bubblewrap) changes ``start_child`` alone: it must hand back a
``Connection`` whose far end runs ``child.main``.

There is no limit on the number of processes: RLIMIT_NPROC counts all that the user runs, not the child's alone.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess

from grading.sandbox import child

# Loaded once by the server, so that no submission waits for it.
PRELOAD = [
    "torch",
    "attncourse.checking.candidate",
    "attncourse.attention",
    "attncourse.figures",
    "grading.sandbox.child",
]
START_ATTEMPTS = 5


@dataclass(frozen=True)
class Limits:
    """What one child may use: seconds of waiting an exercise, MiB of memory beyond what torch takes, CPU seconds."""

    seconds: float = 10.0
    memory: int = 2048
    cpu_seconds: int = 600


@dataclass
class Started:
    """A running child: the pipe to it, its process, and its folder."""

    connection: Connection
    process: BaseProcess
    folder: str

    def kill(self) -> None:
        """End the child and whatever it started in its process group; safe to call twice.

        It asks nobody whether the child still lives: an answer may have cut the wires by which that is told.
        """
        pid = self.process.pid
        if pid and hasattr(os, "killpg"):
            for end in (os.killpg, os.kill):
                with contextlib.suppress(OSError):
                    end(pid, signal.SIGKILL)
        else:
            self.process.kill()

    def forget(self) -> None:
        """Kill it, wait for its end, and remove its folder."""
        self.kill()
        self.process.join(10)
        self.connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def start_child(limits: Limits) -> Started:
    """Start one child. The far end of the pipe runs ``child.main``."""
    for attempt in range(START_ATTEMPTS):
        try:
            return _start(limits)
        except (OSError, EOFError):
            # The answer before this one killed the server; a new one comes up with the next attempt.
            if attempt == START_ATTEMPTS - 1:
                raise
            time.sleep(0.2)
    raise AssertionError("unreachable")


def _start(limits: Limits) -> Started:
    context = _context()
    near, far = context.Pipe()
    folder = tempfile.mkdtemp(prefix="attncourse-")
    process = context.Process(  # type: ignore[attr-defined]
        target=child.main, args=(far, folder, limits.memory, limits.cpu_seconds), daemon=True
    )
    try:
        process.start()
    except BaseException:
        near.close()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        far.close()
    return Started(near, process, folder)


def _context() -> BaseContext:
    if sys.platform == "win32" or "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    return context
