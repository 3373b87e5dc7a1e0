"""A pack of JPEGs: CIFAR-10 in 18 MB, lossy. One .npz file with the arrays

    header   uint8 (bytes,)     what all the files begin with
    payload  uint8 (bytes,)     what follows in each of them, one after the other, without the last two bytes (FF D9)
    offsets  uint32 (N + 1,)    picture i is header + payload[offsets[i]:offsets[i + 1]] + FF D9
    labels   uint8 (N,)         0..9
    n_train  a number           the first n_train pictures are for training, the others for testing

Decoded once, the pixels are kept in the cache folder, under the sha256 of the pack.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from attncourse.lab.data.cache import cache_folder, place
from attncourse.lab.data.classes import CIFAR10
from attncourse.lab.data.dataset import DataError, Dataset, dataset

ARRAYS = ("header", "payload", "offsets", "labels", "n_train")
END_OF_JPEG = b"\xff\xd9"
SIDE = 32


def pack(path: Path, *, cache: Path | None = None) -> Dataset:
    """CIFAR-10 as JPEGs, from such a file.

    Raises DataError where the file cannot be read, lacks an array, contradicts itself, or holds a picture that cannot
    be decoded.
    """
    arrays = _read(path)
    labels, train = arrays["labels"].astype(np.int64), int(arrays["n_train"])
    pixels = _decoded(path, arrays, cache)
    images = torch.from_numpy(pixels)
    answers = torch.from_numpy(labels)
    return dataset(
        "cifar10-jpeg",
        "CIFAR-10 (JPEG copy)",
        CIFAR10,
        (images[:train], answers[:train]),
        (images[train:], answers[train:]),
        mirrored=True,
    )


def _read(path: Path) -> Mapping[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in ARRAYS if name not in file]
            if missing:
                raise DataError(
                    f"{path} lacks {', '.join(missing)}: a pack of pictures has {', '.join(ARRAYS)}; copy it anew"
                )
            arrays = {name: file[name] for name in ARRAYS}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read as a pack of pictures ({error}): copy it anew") from error
    offsets, labels = arrays["offsets"].astype(np.int64), arrays["labels"]
    whole = (
        offsets.ndim == labels.ndim == 1
        and len(offsets) == len(labels) + 1
        and (np.diff(offsets) > 0).all()
        and offsets[0] == 0
        and offsets[-1] == len(arrays["payload"])
        and 0 < int(arrays["n_train"]) < len(labels)
        and labels.max(initial=0) < len(CIFAR10)
    )
    if not whole:
        raise DataError(f"The arrays of {path} contradict one another: expected offsets, labels and payload that fit")
    return {**arrays, "offsets": offsets}


def _decoded(path: Path, arrays: Mapping[str, NDArray[Any]], cache: Path | None) -> NDArray[np.uint8]:
    """All pictures, ``(N, 3, 32, 32)``: from the cache folder, or decoded and put there."""
    digest = hashlib.sha256()
    for name in ("header", "payload", "offsets"):
        digest.update(np.ascontiguousarray(arrays[name]).data)
    kept = cache_folder(cache) / f"decoded-{digest.hexdigest()[:32]}.npy"
    shape = (len(arrays["labels"]), 3, SIDE, SIDE)
    try:
        pixels = np.load(kept, allow_pickle=False)
        if pixels.shape == shape and pixels.dtype == np.uint8:
            return pixels
    except (OSError, ValueError, EOFError):
        pass  # not there, or not whole: decode
    pixels = _decode(path, arrays, shape)
    place(kept, lambda file: np.save(file, pixels))
    return pixels


def _decode(path: Path, arrays: Mapping[str, NDArray[Any]], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    header, payload, offsets = arrays["header"].tobytes(), arrays["payload"].tobytes(), arrays["offsets"]
    pixels = np.empty(shape, np.uint8)
    for number in tqdm(range(len(pixels)), desc=f"decoding {path.name}", unit=" pictures", mininterval=1, leave=False):
        jpeg = header + payload[offsets[number] : offsets[number + 1]] + END_OF_JPEG
        try:
            with Image.open(io.BytesIO(jpeg)) as picture:
                found = np.asarray(picture.convert("RGB"))
        except (OSError, SyntaxError, ValueError) as error:
            raise DataError(f"Picture {number} of {path} cannot be decoded ({error}): copy the file anew") from error
        if found.shape != (SIDE, SIDE, 3):
            raise DataError(f"Picture {number} of {path} has shape {found.shape}; expected ({SIDE}, {SIDE}, 3)")
        pixels[number] = found.transpose(2, 0, 1)
    return pixels
