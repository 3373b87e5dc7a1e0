"""Files that are whole or absent: written beside their place and moved there, and set aside instead of deleted."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from pathlib import Path


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write ``content`` to ``path``; whoever is killed on the way leaves the old file or the new one, never half a one.

    Raises OSError where the folder cannot be written or the disk is full; the old file is then as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with open(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode(path))
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def free_name(folder: Path, stem: str, ending: str, now: datetime | None = None) -> Path:
    """A path in ``folder`` that is not taken, with the time in its name: ``stem.2026-05-01_14-30-59.ending``."""
    time = (now or datetime.now()).strftime("%Y-%m-%d_%H-%M-%S")
    path, number = folder / f"{stem}.{time}{ending}", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}.{time}_{number}{ending}"
    return path


def copy_aside(path: Path, folder: Path) -> Path:
    """Copy a file into ``folder`` under a name with the time in it; returns the copy. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    target = free_name(folder, path.stem, path.suffix)
    part = target.with_name(f".{target.name}.tmp")
    try:
        part.write_bytes(path.read_bytes())
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return target


def move_aside(path: Path, folder: Path) -> Path:
    """Move a file into ``folder`` under a name with the time in it; returns where it lies. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    target = free_name(folder, path.stem, path.suffix)
    os.replace(path, target)
    return target


def _mode(path: Path) -> int:
    """The mode that an ordinary ``open`` would give: mkstemp's files are the owner's alone."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk as well, where the system lets a folder be opened."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
