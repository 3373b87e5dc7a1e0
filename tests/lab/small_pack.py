"""A pack of a few pictures, for tests that train in other processes: those cannot be handed a dataset."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image


def write_small_pack(path: Path, train: int = 64, test: int = 40) -> Path:
    """Pictures of noise, those of the odd classes darker, in the format of ``lab.data.pack``."""
    draw = np.random.default_rng(0)
    files = []
    labels = np.arange(train + test) % 10
    for label in labels:
        pixels = draw.integers(0, 256, (32, 32, 3)) // (1 + label % 2)
        stream = io.BytesIO()
        Image.fromarray(pixels.astype(np.uint8)).save(stream, format="JPEG")
        files.append(stream.getvalue()[:-2])
    np.savez(
        path,
        header=np.empty(0, np.uint8),
        payload=np.frombuffer(b"".join(files), np.uint8),
        offsets=np.cumsum([0, *map(len, files)]).astype(np.uint32),
        labels=labels.astype(np.uint8),
        n_train=np.int64(train),
    )
    return path
