"""What a child may see and use: no lessons, no surroundings of the grader's, bounded memory, time and output."""

from __future__ import annotations

import importlib.abc
import io
import os
import sys
from typing import Any

import torch

import attncourse
from attncourse.checking.report import NOT_ATTEMPTED, Report

ABSENT = ("attncourse.lessons", "grading", "nbgrader")
MOST_OUTPUT = 1_000_000
LARGEST_WRITTEN_FILE = 32 * 2**20


class TooMuchOutput(BaseException):
    """Raised where the answer prints without end; no ``except Exception`` of the answer's stops it."""


class CappedOutput(io.TextIOBase):
    """Swallows what is printed, up to a limit."""

    def __init__(self) -> None:
        self._left = MOST_OUTPUT

    def renew(self) -> None:
        """Start counting anew."""
        self._left = MOST_OUTPUT

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Count and forget."""
        self._left -= len(text)
        if self._left < 0:
            raise TooMuchOutput(f"more than {MOST_OUTPUT} characters were printed")
        return len(text)


class Absence(importlib.abc.MetaPathFinder):
    """Hides what holds the answers."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Raises ModuleNotFoundError for what is hidden; leaves the rest to others."""
        if _hidden(name):
            raise ModuleNotFoundError(f"{name} is not there while answers are graded", name=name)


def _hidden(name: str) -> bool:
    return any(name == one or name.startswith(one + ".") for one in ABSENT)


def _silent(exercise_id: str = "", answer: Any = None, *_: Any) -> Report:
    """Stands in for ``attncourse.check`` and ``hint``: judging is done outside."""
    return Report(str(exercise_id), "", NOT_ATTEMPTED, 0.0, 0.0)


def confine(folder: str, memory: int, cpu_seconds: int) -> None:
    if hasattr(os, "setsid"):
        os.setsid()
    os.chdir(folder)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.argv = ["notebook"]
    path = os.environ.get("PATH", os.defpath)
    os.environ.clear()
    os.environ.update(PATH=path, HOME=folder, TMPDIR=folder, MPLCONFIGDIR=folder, MPLBACKEND="agg", OMP_NUM_THREADS="1")
    sys.path[:] = [entry for entry in sys.path if os.path.isabs(entry)]
    torch.set_num_threads(1)
    attncourse.check = attncourse.hint = _silent  # type: ignore[assignment]
    for name in [name for name in sys.modules if _hidden(name)]:
        del sys.modules[name]
    vars(attncourse).pop("lessons", None)
    sys.meta_path.insert(0, Absence())
    _limit(memory, cpu_seconds)


def _limit(memory: int, cpu_seconds: int) -> None:
    """Limit memory, CPU time and the size of written files, where the system knows how."""
    try:
        import resource
    except ImportError:
        return
    wanted: list[tuple[int, int]] = [
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, LARGEST_WRITTEN_FILE),
        (resource.RLIMIT_CORE, 0),
    ]
    used = _address_space()
    if used:
        wanted.append((resource.RLIMIT_AS, used + memory * 2**20))
    for what, limit in wanted:
        try:
            resource.setrlimit(what, (limit, limit))
        except (ValueError, OSError):
            # Some systems refuse a limit, or have a lower one already.
            continue


def _address_space() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as pages:
            return int(pages.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
