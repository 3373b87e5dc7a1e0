"""One process at a time: a lock that the system lets go of when its holder ends, however it ends."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait for the lock file ``path``, hold it, let it go. The file stays: to delete it would part those who wait.

    A file system without locks lets everybody in; what is written there is checked by its checksum in any case.

    Raises OSError where the file cannot be made.
    """
    with open(path, "ab") as file:
        _lock(file)
        yield


def _lock(file: BinaryIO) -> None:
    """Until ``file`` is closed."""
    if sys.platform == "win32":
        import msvcrt

        while True:
            try:
                file.seek(0)
                return msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            except OSError:
                time.sleep(0.2)
    else:
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
