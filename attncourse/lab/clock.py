"""How long a training has worked, interruptions left out."""

from __future__ import annotations

import time


class Clock:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._start, self._cpu_start = time.perf_counter(), time.process_time()

    @property
    def seconds(self) -> float:
        """That passed."""
        return time.perf_counter() - self._start

    @property
    def cpu_seconds(self) -> float:
        """Of the processor's time in this process, all threads together."""
        return time.process_time() - self._cpu_start

    def add(self, seconds: float, cpu_seconds: float) -> None:
        """Count what was spent before an interruption as well."""
        self._start -= seconds
        self._cpu_start -= cpu_seconds
