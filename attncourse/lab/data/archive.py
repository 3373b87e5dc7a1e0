"""CIFAR-10 as its authors give it: cifar-10-python.tar.gz, or the folder cifar-10-batches-py that lies in it.

Krizhevsky: "Learning Multiple Layers of Features from Tiny Images", 2009. Five batches for training and one for
testing, pickled by Python 2, each a dict with b"data", uint8 ``(N, 3072)``, and b"labels".
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attncourse.lab.data.classes import CIFAR10
from attncourse.lab.data.dataset import DataError, Dataset, dataset
from attncourse.lab.data.unpickling import unpickle

TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST = "test_batch"
# The md5 of the authors' files. Others of the same format are read too, but are not called CIFAR-10.
OFFICIAL = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
SIDE = 32


def archive(path: Path) -> Dataset:
    """The pictures of ``cifar-10-python.tar.gz``. Nothing of it is unpacked to the disk.

    Raises DataError where it is no such archive, is cut off or damaged, or lacks a batch.
    """
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:*") as tar:
            for member in tar:
                name = PurePosixPath(member.name).name
                if name in OFFICIAL and member.isfile():
                    content = tar.extractfile(member)
                    files[name] = content.read() if content else b""
                    if len(files[name]) != member.size:
                        raise EOFError(f"{name} is cut off")
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path} cannot be read as an archive ({error}): it is not whole; fetch it anew") from error
    return _batches(path, files)


def unpacked(folder: Path) -> Dataset:
    """The pictures of the folder ``cifar-10-batches-py``. Raises DataError where it lacks a batch or one is damaged."""
    try:
        files = {name: (folder / name).read_bytes() for name in OFFICIAL if (folder / name).is_file()}
    except OSError as error:
        raise DataError(f"{error.filename} cannot be read ({error.strerror}): unpack the archive anew") from error
    return _batches(folder, files)


def _batches(path: Path, files: Mapping[str, bytes]) -> Dataset:
    missing = [name for name in OFFICIAL if name not in files]
    if missing:
        raise DataError(
            f"{path} lacks {', '.join(missing)}; expected the whole of cifar-10-python.tar.gz: fetch it anew"
        )
    splits = {name: _batch(f"{name} of {path}", content) for name, content in files.items()}
    official = all(hashlib.md5(content).hexdigest() == OFFICIAL[name] for name, content in files.items())
    images, labels = zip(*(splits[name] for name in TRAIN), strict=True)
    return dataset(
        "cifar10" if official else "cifar10-other",
        "CIFAR-10" if official else "pictures in CIFAR-10's format",
        CIFAR10,
        (torch.cat(images), torch.cat(labels)),
        splits[TEST],
        mirrored=True,
    )


def _batch(called: str, content: bytes) -> tuple[Tensor, Tensor]:
    """Images ``(N, 3, 32, 32)`` and labels ``(N,)`` of one batch."""
    found = unpickle(io.BytesIO(content), called)
    entries: Mapping[Any, Any] = found if isinstance(found, dict) else {}
    pixels, labels = (entries.get(key.encode(), entries.get(key)) for key in ("data", "labels"))
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape[1:] != (3 * SIDE * SIDE,):
        got = f"{pixels.dtype} {pixels.shape}" if isinstance(pixels, np.ndarray) else type(pixels).__name__
        raise DataError(f"{called} has {got} for data; expected uint8 (N, 3072): fetch it anew")
    if not isinstance(labels, list) or len(labels) != len(pixels):
        got = f"{len(labels)} labels" if isinstance(labels, list) else type(labels).__name__
        raise DataError(f"{called} has {got} for {len(pixels)} pictures; expected one each: fetch it anew")
    if not all(isinstance(label, int) and 0 <= label < len(CIFAR10) for label in labels):
        raise DataError(f"{called} has labels other than 0 to {len(CIFAR10) - 1}: fetch it anew")
    images = torch.from_numpy(pixels.reshape(-1, 3, SIDE, SIDE).copy())
    return images, torch.tensor(labels, dtype=torch.int64)
