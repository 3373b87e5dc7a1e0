"""A pack of JPEGs: decoded as each file alone would be, kept in the cache, whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from attncourse.lab.data import load
from attncourse.lab.data.dataset import DataError

COUNT, TRAIN = 30, 20


def jpegs() -> list[bytes]:
    """Pictures with one and the same header, as one encoder with one setting writes them."""
    draw = np.random.default_rng(0)
    found = []
    for _ in range(COUNT):
        file = io.BytesIO()
        coarse = draw.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((32, 32)).save(file, "JPEG", quality=75)
        found.append(file.getvalue())
    return found


def header_of(files: list[bytes]) -> bytes:
    """Up to the end of the start of scan: what all of them share."""
    start = files[0].index(b"\xff\xda")
    size = start + 2 + int.from_bytes(files[0][start + 2 : start + 4], "big")
    assert len({file[:size] for file in files}) == 1
    return files[0][:size]


def arrays() -> dict[str, Any]:
    files = jpegs()
    header = header_of(files)
    parts = [file[len(header) : -2] for file in files]
    return {
        "header": np.frombuffer(header, np.uint8),
        "payload": np.frombuffer(b"".join(parts), np.uint8),
        "offsets": np.cumsum([0, *map(len, parts)]).astype(np.uint32),
        "labels": (np.arange(COUNT) % 10).astype(np.uint8),
        "n_train": np.int32(TRAIN),
    }


def packed(folder: Path, **changes: Any) -> str:
    path = folder / "pack.npz"
    np.savez(path, **{name: value for name, value in {**arrays(), **changes}.items() if value is not None})
    return str(path)


def test_every_picture_is_what_its_file_alone_gives(tmp_path: Path) -> None:
    data = load(packed(tmp_path), cache=tmp_path / "cache")
    expected = np.stack([np.asarray(Image.open(io.BytesIO(file))).transpose(2, 0, 1) for file in jpegs()])
    assert (data.train_images.numpy() == expected[:TRAIN]).all()
    assert (data.test_images.numpy() == expected[TRAIN:]).all()
    assert data.test_labels.tolist() == [label % 10 for label in range(TRAIN, COUNT)]
    assert (data.name, data.title, data.mirrored) == ("cifar10-jpeg", "CIFAR-10 (JPEG copy)", True)
    assert data.classes[0] == "airplane" and data.classes[9] == "truck"


def test_pixels_are_kept_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    first = load(packed(tmp_path), cache=cache)
    assert len(list(cache.iterdir())) == 1

    def never(*_: object, **__: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(Image, "open", never)
    assert load(packed(tmp_path), cache=cache).fingerprint == first.fingerprint


def test_half_a_kept_file_is_not_taken_for_whole(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = load(packed(tmp_path), cache=cache)
    kept = next(cache.iterdir())
    kept.write_bytes(kept.read_bytes()[:-1000])
    assert load(packed(tmp_path), cache=cache).fingerprint == first.fingerprint
    assert len(np.load(kept)) == COUNT


def test_other_labels_do_not_come_from_the_cache(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = load(packed(tmp_path), cache=cache)
    other = load(packed(tmp_path, labels=np.ones(COUNT, np.uint8)), cache=cache)
    assert other.test_labels.tolist() == [1] * (COUNT - TRAIN) != first.test_labels.tolist()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels": None}, "lacks labels"),
        ({"n_train": np.int32(COUNT)}, "contradict"),
        ({"labels": np.full(COUNT, 10, np.uint8)}, "contradict"),
        ({"labels": np.zeros(COUNT - 1, np.uint8)}, "contradict"),
        ({"payload": arrays()["payload"][:-5]}, "contradict"),
        ({"header": np.zeros(4, np.uint8)}, "Picture 0 of .* cannot be decoded"),
        ({"labels": np.array([{}] * COUNT)}, "cannot be read as a pack"),
    ],
)
def test_a_pack_that_contradicts_itself_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        load(packed(tmp_path, **changes), cache=tmp_path / "cache")


def test_a_truncated_pack_is_refused(tmp_path: Path) -> None:
    path = Path(packed(tmp_path))
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(DataError, match="copy it anew"):
        load(str(path), cache=tmp_path / "cache")


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(DataError, match="Cannot write into the cache folder .*cache.* ATTNCOURSE_DATA"):
        load(packed(tmp_path), cache=tmp_path / "cache")
