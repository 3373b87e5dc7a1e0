"""The folder that keeps what was downloaded or decoded. All in it can be had again: it may be deleted at any time."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from attncourse.lab.data.dataset import DataError

VARIABLE = "ATTNCOURSE_DATA"


def cache_folder(cache: Path | None = None, environment: Mapping[str, str] = os.environ) -> Path:
    """``cache``; else what ATTNCOURSE_DATA names; else the place that this system has for such things.

    It need not exist yet.
    """
    if cache is not None:
        return Path(cache).expanduser()
    if named := environment.get(VARIABLE):
        return Path(named).expanduser()
    if sys.platform == "darwin":
        usual = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        usual = Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        usual = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return usual / "attncourse"


def no_room(folder: Path, error: OSError) -> DataError:
    """The error for a folder that cannot be written."""
    reason = error.strerror or str(error)
    return DataError(
        f"Cannot write into the cache folder {folder} ({reason}): make room there, or name another folder in {VARIABLE}"
    )


def place(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Let ``write`` fill a file that then becomes ``path``; whoever is killed on the way leaves no ``path``.

    Raises DataError where the folder cannot be written or the disk is full; nothing is left there then.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not tempfile's, which nobody else may read: a class may share one folder.
        with open(part, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise no_room(path.parent, error) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
