"""What a name or a path leads to, the cache folder, and the errors that need no data at all."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import BinaryIO

import pytest
import torch

from attncourse.lab.data import SOURCES, load
from attncourse.lab.data.cache import cache_folder, place
from attncourse.lab.data.cifar10 import CIFAR10_ARCHIVE, cifar10
from attncourse.lab.data.dataset import DataError, dataset, fingerprint_of
from attncourse.lab.data.download import Remote
from tests.lab.data.test_archive import archived, pickles


def test_every_name_is_a_task_or_cifar10() -> None:
    assert set(SOURCES) == {"tasks:xor", "tasks:near", "tasks:row", "cifar10"}


def test_cifar10_comes_from_the_cache_where_it_is_there(tmp_path: Path) -> None:
    """No mirror is asked: there is none."""
    path = archived(tmp_path / "cifar-10-python.tar.gz", pickles())
    remote = Remote(path.name, (), hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size)
    assert cifar10(tmp_path, remote).fingerprint == load(str(path)).fingerprint


def test_what_was_damaged_in_the_cache_is_to_be_deleted(tmp_path: Path) -> None:
    path = archived(tmp_path / CIFAR10_ARCHIVE.name, pickles())
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(DataError, match="Delete .*cifar-10-python.tar.gz"):
        load("cifar10", cache=tmp_path)


def test_the_archive_is_known_by_its_checksum() -> None:
    assert CIFAR10_ARCHIVE.sha256 == "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
    assert CIFAR10_ARCHIVE.size == 170498071
    assert CIFAR10_ARCHIVE.mirrors[-1].startswith("https://www.cs.toronto.edu/")
    assert all(address.startswith("https://") for address in CIFAR10_ARCHIVE.mirrors)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("tasks:rows", "did you mean tasks:row?"),
        ("no/such/place", "There is no data 'no/such/place'; expected tasks:xor, tasks:near, tasks:row, cifar10"),
    ],
)
def test_a_name_or_path_that_is_not_there(what: str, said: str) -> None:
    with pytest.raises(DataError) as caught:
        load(what)
    assert said in str(caught.value)


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    for content in (b"", b"some text, and more of it"):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(DataError, match="none of the files that the lab reads"):
            load(str(tmp_path / "file"))


def test_a_size_is_not_swallowed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="leave it out"):
        load("tasks:row", size=64)
    with pytest.raises(DataError, match="leave it out"):
        load(str(archived(tmp_path / "a.tar.gz", pickles())), size=64)


def test_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder(tmp_path, {"ATTNCOURSE_DATA": "/elsewhere"}) == tmp_path
    assert cache_folder(None, {"ATTNCOURSE_DATA": "/elsewhere", "XDG_CACHE_HOME": "/x"}) == Path("/elsewhere")
    for platform, environment, expected in (
        ("linux", {"XDG_CACHE_HOME": "/x"}, Path("/x/attncourse")),
        ("linux", {}, Path.home() / ".cache" / "attncourse"),
        ("darwin", {}, Path.home() / "Library" / "Caches" / "attncourse"),
        ("win32", {"LOCALAPPDATA": "/local"}, Path("/local/attncourse")),
    ):
        monkeypatch.setattr(sys, "platform", platform)
        assert cache_folder(None, environment) == expected


def test_a_file_is_placed_whole_or_not_at_all(tmp_path: Path) -> None:
    def writes(file: BinaryIO) -> None:
        file.write(b"old")

    def fails(file: BinaryIO) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    place(tmp_path / "a" / "b", writes)
    with pytest.raises(KeyboardInterrupt):
        place(tmp_path / "a" / "b", fails)
    assert [path.read_bytes() for path in (tmp_path / "a").iterdir()] == [b"old"]


def test_the_fingerprint_sees_every_pixel_label_and_class() -> None:
    images, labels = torch.zeros(2, 3, 4, 5, dtype=torch.uint8), torch.tensor([0, 1])
    other = images.clone()
    other[1, 2, 3, 4] = 1
    found = {
        fingerprint_of("ab", images, labels),
        fingerprint_of("ab", other, labels),
        fingerprint_of("ab", images, labels.flip(0)),
        fingerprint_of("ac", images, labels),
        fingerprint_of("ab", images.transpose(2, 3), labels),
    }
    assert len(found) == 5
    assert fingerprint_of("ab", images, labels) == fingerprint_of(["a", "b"], images.clone(), labels)
    assert all(len(one) == 16 for one in found)


def test_a_dataset_needs_pictures_in_both_halves() -> None:
    some = torch.zeros(2, 3, 4, 4, dtype=torch.uint8), torch.tensor([0, 1])
    none = some[0][:0], some[1][:0]
    with pytest.raises(DataError, match="no test pictures"):
        dataset("a", "A", "ab", some, none, mirrored=True)
    with pytest.raises(DataError, match="one class"):
        dataset("a", "A", "a", some, some, mirrored=True)
    with pytest.raises(DataError, match="2 training pictures and 0 labels"):
        dataset("a", "A", "ab", (some[0], none[1]), some, mirrored=True)
