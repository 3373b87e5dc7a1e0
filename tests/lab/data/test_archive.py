"""CIFAR-10's own format: read safely, whole or not at all. Tiny archives, pickled as Python 2 did."""

from __future__ import annotations

import io
import os
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from attncourse.lab.data import load
from attncourse.lab.data.archive import TEST, TRAIN
from attncourse.lab.data.dataset import DataError
from attncourse.lab.data.unpickling import unpickle

ROWS = 7


def batch(number: int) -> dict[bytes, Any]:
    draw = np.random.default_rng(number)
    pixels = draw.integers(0, 256, (ROWS, 3072), dtype=np.uint8)
    return {b"batch_label": b"", b"data": pixels, b"labels": [(number + row) % 10 for row in range(ROWS)]}


def pickles(change: Callable[[dict[bytes, Any]], None] = lambda _: None) -> dict[str, bytes]:
    """All six; ``change`` is done to the third."""
    every = {name: batch(number) for number, name in enumerate((*TRAIN, TEST))}
    change(every["data_batch_3"])
    return {name: pickle.dumps(content, protocol=2) for name, content in every.items()}


def archived(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, content in {**files, "readme.html": b"<html>"}.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def unpacked(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("mode", ["w:gz", "w"])
def test_an_archive_and_its_folder_hold_the_same(tmp_path: Path, mode: str) -> None:
    packed = load(str(archived(tmp_path / "cifar-10-python.tar.gz", pickles(), mode)))
    data = load(str(unpacked(tmp_path / "cifar-10-batches-py", pickles())))
    assert packed.fingerprint == data.fingerprint
    assert data.train_images.shape == (5 * ROWS, 3, 32, 32) and data.train_images.dtype == torch.uint8
    assert data.test_labels.tolist() == [(5 + row) % 10 for row in range(ROWS)]
    # Picture 2 of the second batch: the red plane first, row by row.
    expected = batch(1)[b"data"][2]
    assert data.train_images[ROWS + 2, 1, 3, 4] == expected[1024 + 3 * 32 + 4]
    assert data.train_labels[ROWS + 2] == 3
    assert data.mirrored


def test_other_pictures_are_not_called_cifar10(tmp_path: Path) -> None:
    data = load(str(unpacked(tmp_path / "batches", pickles())))
    assert data.name == "cifar10-other"
    assert data.title != "CIFAR-10"


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_truncated_archive_is_refused(tmp_path: Path, share: float) -> None:
    path = archived(tmp_path / "cifar.tar.gz", pickles())
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(DataError, match="fetch it anew"):
        load(str(path))


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    path = archived(tmp_path / "cifar.tar.gz", pickles())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match="cifar.tar.gz"):
        load(str(path))


@pytest.mark.parametrize("missing", ["data_batch_4", "test_batch"])
def test_a_missing_batch_is_named(tmp_path: Path, missing: str) -> None:
    files = pickles()
    del files[missing]
    with pytest.raises(DataError, match=f"lacks {missing}"):
        load(str(archived(tmp_path / "cifar.tar.gz", files)))
    with pytest.raises(DataError, match=f"lacks {missing}"):
        load(str(unpacked(tmp_path / "batches", files)))


def set_to(key: bytes, value: object) -> Callable[[dict[bytes, Any]], None]:
    return lambda content: content.__setitem__(key, value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (set_to(b"labels", [1] * (ROWS - 1)), "6 labels for 7 pictures"),
        (set_to(b"labels", [10] * ROWS), "labels other than 0 to 9"),
        (set_to(b"labels", "none"), "str for 7 pictures"),
        (set_to(b"data", np.zeros((ROWS, 3072), np.float32)), r"float32 \(7, 3072\) for data"),
        (set_to(b"data", np.zeros((ROWS, 3000), np.uint8)), r"uint8 \(7, 3000\) for data"),
        (set_to(b"data", None), "NoneType for data"),
    ],
)
def test_a_batch_that_contradicts_itself_is_refused(
    tmp_path: Path, change: Callable[[dict[bytes, Any]], None], said: str
) -> None:
    with pytest.raises(DataError, match=said) as caught:
        load(str(unpacked(tmp_path / "batches", pickles(change))))
    assert "data_batch_3" in str(caught.value)


class Attack:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_a_pickle_that_runs_something_is_refused_before_it_runs(tmp_path: Path) -> None:
    target = tmp_path / "ran"
    with pytest.raises(DataError, match="mkdir; expected plain data"):
        load(str(unpacked(tmp_path / "batches", pickles(set_to(b"extra", Attack(target))))))
    assert not target.exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_is_read(protocol: int) -> None:
    given = {"a": [1, 2.5, None, True], b"b": (b"\x00\xff", "c"), "n": np.arange(6, dtype=np.int16).reshape(2, 3)}
    if protocol == 5:
        given.pop("n")  # numpy writes protocol 5 in another way, which no CIFAR-10 has
    found = unpickle(io.BytesIO(pickle.dumps(given, protocol=protocol)), "it")
    assert {key: value for key, value in found.items() if key != "n"} == {k: v for k, v in given.items() if k != "n"}
    if "n" in given:
        assert found["n"].dtype == np.int16 and found["n"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_strings_of_python_2_are_bytes() -> None:
    # {'data': '\xff'} as Python 2 pickled it.
    assert unpickle(io.BytesIO(b"\x80\x02}U\x04dataU\x01\xffs."), "it") == {b"data": b"\xff"}
