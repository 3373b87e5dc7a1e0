"""A folder of one's own pictures: one sub-folder a class, its name the class's.

    flowers/daisy/*.jpg  flowers/rose/*.jpg               split here: see below
    flowers/train/daisy/*.jpg ...  flowers/test/daisy/*.jpg ...    split by you: then both have the same classes

Pictures of any size, in any format that Pillow reads. Each is turned as its camera says, shrunk or enlarged until its
shorter side fits, and cut at the ends of the longer one.

The split: in each class the file names are ordered by their sha256, and the first fifth, at least one, is for testing.
So it is the same on every machine, and has nothing to do with the order in which you took the pictures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from tqdm import tqdm

from attncourse.lab.data.dataset import DataError, Dataset, dataset

SIZE = 32
TEST_SHARE = 5
# What systems leave behind in folders.
NO_PICTURES = {"thumbs.db", "desktop.ini"}


def folder(path: Path, *, size: int = SIZE) -> Dataset:
    """The pictures of such a folder, ``(N, 3, size, size)``.

    Raises DataError where there are fewer than two classes, a class is empty, is in one split only or has a single
    picture to be split, and where a file cannot be read as a picture; it says which.
    """
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise DataError(f"size must be a whole number of pixels, at least 1; got {size!r}")
    parts = {name: path / name for name in ("train", "test") if (path / name).is_dir()}
    if len(parts) == 1:
        have, lack = parts.popitem()[0], "test" if (path / "train").is_dir() else "train"
        raise DataError(f"{path} has a folder {have} and no folder {lack}: add it, or take the classes out of {have}")
    train, test = (_classes(parts["train"]), _classes(parts["test"])) if parts else _split(_classes(path))
    for one, other, name in ((train, test, "test"), (test, train, "train")):
        if lonely := sorted(set(one) - set(other)):
            raise DataError(f"{path}/{name} lacks the class {lonely[0]!r}; expected the same classes in train and test")
    names = sorted(train)
    if len(names) < 2:
        raise DataError(f"{path} has one class, {names[0]!r}; expected two sub-folders or more, one a class")
    every = [file for split in (train, test) for name in names for file in split[name]]
    pixels = torch.from_numpy(_read(every, size, path.name))
    labels = torch.tensor([label for split in (train, test) for label, name in enumerate(names) for _ in split[name]])
    count = sum(map(len, train.values()))
    return dataset(
        f"folder:{path.resolve().name}",
        path.resolve().name,
        names,
        (pixels[:count], labels[:count]),
        (pixels[count:], labels[count:]),
        mirrored=True,
    )


def _classes(path: Path) -> dict[str, list[Path]]:
    """Class -> its files, in the order of their names."""
    found: dict[str, list[Path]] = {}
    for entry in _entries(path):
        if entry.is_dir():
            found[entry.name] = _entries(entry)
        elif entry.suffix.lower() in Image.registered_extensions():
            raise DataError(f"{entry} is in no class; expected every picture in a sub-folder with its class's name")
    if not found:
        raise DataError(f"{path} has no sub-folders; expected one for each class, with its pictures")
    for name, files in found.items():
        if not files:
            raise DataError(f"The class {name!r} in {path} has no pictures: add some, or remove the folder")
        if inner := [file for file in files if file.is_dir()]:
            raise DataError(f"{inner[0]} is a folder within a class; expected pictures alone")
    return found


def _entries(path: Path) -> list[Path]:
    try:
        every = sorted(path.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): check the folder's permissions") from error
    return [entry for entry in every if not entry.name.startswith(".") and entry.name.lower() not in NO_PICTURES]


def _split(classes: dict[str, list[Path]]) -> tuple[dict[str, list[Path]], dict[str, list[Path]]]:
    """Training and testing, by the rule above."""
    train, test = {}, {}
    for name, files in classes.items():
        if len(files) < 2:
            raise DataError(f"The class {name!r} has one picture, {files[0]}; expected two, one of them for testing")
        order = sorted(files, key=lambda file: hashlib.sha256(file.name.encode()).digest())
        cut = max(1, len(files) // TEST_SHARE)
        test[name], train[name] = sorted(order[:cut]), sorted(order[cut:])
    return train, test


def _read(files: Sequence[Path], size: int, name: str) -> np.ndarray:
    pixels = np.empty((len(files), 3, size, size), np.uint8)
    for number, file in enumerate(tqdm(files, desc=f"reading {name}", unit=" pictures", mininterval=1, leave=False)):
        try:
            with Image.open(file) as picture:
                whole = _in_colour(ImageOps.exif_transpose(picture))
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise DataError(f"{file} cannot be read as a picture ({error}): mend it, or take it away") from error
        fitted = ImageOps.fit(whole, (size, size), Image.Resampling.BICUBIC)
        pixels[number] = np.asarray(fitted).transpose(2, 0, 1)
    return pixels


def _in_colour(picture: Image.Image) -> Image.Image:
    """RGB: grey of 16 bits is brought to 8, where Pillow would cut it off, and what is transparent shows white."""
    if picture.mode.startswith("I"):
        wide = np.asarray(picture).astype(np.int64).clip(0)
        picture = Image.fromarray((wide // 257 if wide.max() > 255 else wide).astype(np.uint8))
    if picture.has_transparency_data:
        above = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", above.size, "white"), above).convert("RGB")
    return picture.convert("RGB")
