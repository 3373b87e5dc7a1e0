"""Where runs are carried out: in this process, in several processes of this machine, or on a Dask cluster.

Each takes runs and the comparison's folder, and yields an ``Outcome`` for each as soon as it is there, in any order. A
run that fails, or whose process dies, is an outcome too, and the others go on. A run writes its own folder alone and
goes on from its checkpoint, so that a process may be killed at any moment.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any

import torch

from attncourse.lab.data import Dataset, load
from attncourse.lab.display import Display
from attncourse.lab.errors import LabError
from attncourse.lab.execution import execute
from attncourse.lab.run import Run

CLUSTER = "pip install distributed"
PATIENCE = 30
"""Seconds to wait for a scheduler, and for its first worker."""
# A run seeds the process's own generator: two runs in threads of one worker would disturb each other.
ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Outcome:
    """What became of a run: its record, or the problem in one line."""

    run: Run
    record: dict[str, Any] | None
    problem: str = ""


def in_this_process(
    runs: Sequence[Run], folder: Path, dataset: Dataset, display: Callable[[Run], Display]
) -> Iterator[Outcome]:
    """One after the other. The only way for a class of a notebook, which other processes cannot import."""
    for run in runs:
        yield _outcome(run, functools.partial(_carry_out, run, folder, dataset, display(run)))


def in_processes(runs: Sequence[Run], folder: Path, jobs: int) -> Iterator[Outcome]:
    """As many at a time as ``jobs``, each in a process with one thread.

    Each process is a pool of its own: one that dies takes its run with it and no other. They end with this one, however
    it ends, for two processes must not write one run's folder.
    """
    waiting = deque(runs)
    idle = [_Worker() for _ in range(min(jobs, len(runs)))]
    busy: dict[Future[dict[str, Any]], tuple[Run, _Worker]] = {}
    try:
        while waiting or busy:
            while waiting and idle:
                run, worker = waiting.popleft(), idle.pop()
                try:
                    future = worker.begin(run, folder)
                except BrokenProcessPool:  # killed while it waited
                    worker = _Worker()
                    future = worker.begin(run, folder)
                busy[future] = run, worker
            for future in wait(busy, return_when=FIRST_COMPLETED).done:
                run, worker = busy.pop(future)
                outcome = _outcome(run, future.result)
                if isinstance(future.exception(), BrokenProcessPool):
                    worker = _Worker()
                idle.append(worker)
                yield outcome
    finally:
        for worker in (*idle, *(worker for _, worker in busy.values())):
            worker.end()


def on_cluster(runs: Sequence[Run], folder: Path, address: str) -> Iterator[Outcome]:
    """Over the workers of a Dask scheduler, which see the same folders as this machine.

    Raises LabError where Dask is not installed, where no scheduler answers at ``address``, or where it has no worker.
    """
    try:
        distributed = importlib.import_module("distributed")
    except ModuleNotFoundError:
        raise LabError(f"--scheduler needs Dask's distributed, which is not installed. Install it: {CLUSTER}") from None
    try:
        if not address.startswith("inproc:"):  # a client that found nobody would keep this process from ending
            socket.create_connection(distributed.comm.get_address_host_port(address), PATIENCE).close()
        client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise LabError(
            f"No Dask scheduler answers at {address} ({error}). Give an address such as tcp://10.0.0.1:8786; "
            "without --scheduler the runs stay on this machine"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            raise LabError(f"The scheduler at {address} has no worker. Start one: dask worker {address}") from error
        futures = {client.submit(_on_worker, run, folder, pure=False): run for run in runs}
        try:
            for future in distributed.as_completed(futures, loop=client.loop):
                yield _outcome(futures[future], future.result)
        finally:
            client.cancel(list(futures))


class _Worker:
    """A process that carries out one run at a time, and keeps its data from one to the next."""

    def __init__(self) -> None:
        self.pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_prepare)
        self.process = self.pool.submit(os.getpid)

    def begin(self, run: Run, folder: Path) -> Future[dict[str, Any]]:
        return self.pool.submit(_in_worker, run, folder)

    def end(self) -> None:
        """At once: what it was at can go on from its checkpoint."""
        with contextlib.suppress(BrokenProcessPool, OSError):  # it had ended by itself
            os.kill(self.process.result(), signal.SIGTERM)
        self.pool.shutdown(cancel_futures=True)


def _prepare() -> None:
    """In a new process: one thread, Ctrl-C is its parent's alone, and it ends when its parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


@functools.lru_cache(maxsize=1)
def _loaded(data: str) -> Dataset:
    return load(data)


def _in_worker(run: Run, folder: Path) -> dict[str, Any]:
    return _carry_out(run, folder, _loaded(run.data), None)


def _on_worker(run: Run, folder: Path) -> dict[str, Any]:
    with ONE_AT_A_TIME:
        return _carry_out(run, folder, None, None)


def _carry_out(run: Run, folder: Path, dataset: Dataset | None, display: Display | None) -> dict[str, Any]:
    return execute(run, folder / run.folder_name, dataset=dataset, display=display)


def _outcome(run: Run, result: Callable[[], dict[str, Any]]) -> Outcome:
    try:
        return Outcome(run, result())
    except BrokenProcessPool:
        return Outcome(run, None, "its process died; was it killed, or did the memory run out?")
    except LabError as error:
        return Outcome(run, None, str(error))
    except Exception as error:  # whatever one run raises, the others go on, and it is told at the end
        return Outcome(run, None, f"{type(error).__name__}: {error}")
