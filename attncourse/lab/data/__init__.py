"""Data for the lab: ``load`` gives a ``Dataset``, whole and checked, or says in one line why not."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from attncourse.lab.data.archive import TEST, TRAIN, archive, unpacked
from attncourse.lab.data.cifar10 import cifar10
from attncourse.lab.data.dataset import DataError, Dataset
from attncourse.lab.data.folder import SIZE, folder
from attncourse.lab.data.generated import generated
from attncourse.lab.data.pack import pack
from attncourse.lab.tasks import TASKS

# What has a name of its own. Anything else is a path.
SOURCES: dict[str, Callable[[Path | None], Dataset]] = {
    **{f"tasks:{name}": partial(generated, name) for name in TASKS},
    "cifar10": cifar10,
}

# What the files begin with.
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
TAR_MARK, TAR_MARK_AT = b"ustar", 257


def load(what: str, *, cache: Path | None = None, size: int | None = None) -> Dataset:
    """The data set of this name, or at this path.

    Args:
        what: a name of ``SOURCES``: "tasks:xor", "tasks:near", "tasks:row" (drawn here, without files or network) or
            "cifar10" (downloaded once). Or a path: the archive cifar-10-python.tar.gz, the folder cifar-10-batches-py
            that lies in it, a pack of JPEGs (pack.py), or a folder of your own pictures (folder.py).
        cache: the folder for what is downloaded or decoded; by default the one that ATTNCOURSE_DATA names, or the
            system's. Of what is deleted there, nothing is lost.
        size: the side in pixels that your own pictures get; 32 by default. All else has the size that it has.

    Raises:
        DataError: there is no such name or path, or what is there is not whole, or cannot be had.
    """
    if what in SOURCES:
        _refuse_size(what, size)
        return SOURCES[what](cache)
    path = Path(what).expanduser()
    if not path.exists():
        near = difflib.get_close_matches(what, SOURCES, n=1)
        hint = f"did you mean {near[0]}?" if near else "check the spelling and the folder"
        raise DataError(
            f"There is no data {what!r}; expected {', '.join(SOURCES)}, or the path of a file or folder: {hint}"
        )
    if path.is_dir() and not any((path / name).is_file() for name in (*TRAIN, TEST)):
        return folder(path, size=SIZE if size is None else size)
    _refuse_size(what, size)
    if path.is_dir():
        return unpacked(path)
    beginning = _beginning(path)
    if beginning.startswith(ZIP):
        return pack(path, cache=cache)
    if beginning.startswith(GZIP) or beginning[TAR_MARK_AT:].startswith(TAR_MARK):
        return archive(path)
    raise DataError(
        f"{path} is none of the files that the lab reads; expected cifar-10-python.tar.gz or a pack of JPEGs (.npz), "
        "or a folder with one sub-folder of pictures for each class"
    )


def _beginning(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(TAR_MARK_AT + len(TAR_MARK))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): check its permissions") from error


def _refuse_size(what: str, size: int | None) -> None:
    if size is not None:
        raise DataError(f"{what} has pictures of one size; a size ({size}) is for a folder of your own: leave it out")


__all__ = ["SOURCES", "DataError", "Dataset", "load"]
