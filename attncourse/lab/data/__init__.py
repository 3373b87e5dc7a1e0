"""Data for the lab: ``load`` gives a ``Dataset``, whole and checked, or says in one line why not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from attncourse.lab.data.dataset import DataError, Dataset
from attncourse.lab.data.generated import generated
from attncourse.lab.data.pack import pack
from attncourse.lab.tasks import TASKS

# What has a name of its own. Anything else is a path.
SOURCES: dict[str, Callable[[Path | None], Dataset]] = {
    **{f"tasks:{name}": partial(generated, name) for name in TASKS},
}


def load(what: str, *, cache: Path | None = None) -> Dataset:
    """The data set of this name, or at this path.

    Args:
        what: a name of ``SOURCES`` ("tasks:row"), or the path of a pack of pictures.
        cache: the folder for what is downloaded or decoded; by default ATTNCOURSE_DATA, or the system's.

    Raises:
        DataError: there is no such name or path, or what is there is not whole.
    """
    if what in SOURCES:
        return SOURCES[what](cache)
    path = Path(what).expanduser()
    if not path.exists():
        raise DataError(f"There is no data {what!r}: expected {', '.join(SOURCES)}, or the path of a file or folder")
    return pack(path, cache=cache)


__all__ = ["SOURCES", "DataError", "Dataset", "load"]
