"""A folder of one's own pictures: every one, fitted, split by a rule, or a clear word about which one is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from attncourse.lab.data import load
from attncourse.lab.data.dataset import DataError


def picture(path: Path, size: tuple[int, int] = (32, 32), colour: tuple[int, ...] = (10, 200, 30)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB" if len(colour) == 3 else "RGBA", size, colour).save(path)
    return path


def classes(folder: Path, count: int = 6) -> Path:
    for label, name in enumerate(("rose", "daisy")):
        for number in range(count):
            picture(folder / name / f"{number}.png", (40 + number, 33), (100 * label, number, 7))
    return folder


def test_every_picture_is_in_one_half(tmp_path: Path) -> None:
    data = load(str(classes(tmp_path / "flowers", 11)))
    assert (data.name, data.title, data.classes) == ("folder:flowers", "flowers", ("daisy", "rose"))
    assert data.train_images.shape == (18, 3, 32, 32) and data.train_images.dtype == torch.uint8
    assert data.train_labels.tolist() == [0] * 9 + [1] * 9
    assert data.test_labels.tolist() == [0, 0, 1, 1]
    both = torch.cat([data.train_images, data.test_images])[:, :2, 5, 6].tolist()
    assert sorted(both) == sorted([100 * label, number] for label in (0, 1) for number in range(11))


def test_the_split_is_by_the_names_alone(tmp_path: Path) -> None:
    data = load(str(classes(tmp_path / "flowers", 11)))
    first = sorted(range(11), key=lambda number: hashlib.sha256(f"{number}.png".encode()).hexdigest())[:2]
    assert sorted(data.test_images[:2, 1, 0, 0].tolist()) == sorted(first)
    assert load(str(classes(tmp_path / "elsewhere" / "flowers", 11))).fingerprint == data.fingerprint


def test_ones_own_split_is_kept(tmp_path: Path) -> None:
    classes(tmp_path / "train", 3)
    classes(tmp_path / "test", 1)
    data = load(str(tmp_path))
    assert len(data.train_labels) == 6
    assert data.test_labels.tolist() == [0, 1]


def test_pictures_are_shrunk_and_cut_in_the_middle(tmp_path: Path) -> None:
    wide = Image.new("RGB", (160, 80), (255, 0, 0))
    wide.paste((0, 0, 255), (40, 0, 120, 80))
    classes(tmp_path, 2)
    for number in (0, 1):
        wide.save(tmp_path / "rose" / f"{number}.png")
    data = load(str(tmp_path), size=20)
    assert data.train_images.shape == (2, 3, 20, 20)
    middle = data.train_images[1, :, :, 1:-1]
    assert (middle[2] > 250).all() and (middle[0] < 5).all()


def test_a_camera_that_was_turned(tmp_path: Path) -> None:
    classes(tmp_path, 2)
    half = np.zeros((32, 32, 3), np.uint8)
    half[:16] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    for number in (0, 1):
        Image.fromarray(half).save(tmp_path / "rose" / f"{number}.png", exif=exif)
    data = load(str(tmp_path))
    assert (data.train_images[1, :, :16] == 0).all() and (data.train_images[1, :, 16:] == 255).all()


def test_other_kinds_of_pictures(tmp_path: Path) -> None:
    classes(tmp_path, 2)
    Image.new("L", (9, 50), 77).save(tmp_path / "rose" / "grey.jpg")
    Image.new("P", (9, 50)).save(tmp_path / "rose" / "palette.gif")
    picture(tmp_path / "rose" / "transparent.png", colour=(1, 2, 3, 128))
    assert len(load(str(tmp_path)).train_labels) == 1 + 4


def test_grey_of_sixteen_bits_and_what_is_transparent(tmp_path: Path) -> None:
    folder = classes(tmp_path / "flowers", 2)
    for name in ("0.png", "1.png"):
        Image.fromarray(np.full((32, 32), 100 * 257, np.uint16)).save(folder / "rose" / name)
        Image.new("RGBA", (32, 32), (9, 9, 9, 0)).save(folder / "daisy" / name)
    data = load(str(folder))
    assert data.train_images[0].unique().tolist() == [255] and data.train_images[1].unique().tolist() == [100]


def test_what_systems_leave_behind_is_passed_over(tmp_path: Path) -> None:
    classes(tmp_path, 3)
    for name in (".DS_Store", "rose/.hidden", "rose/Thumbs.db", "daisy/desktop.ini"):
        (tmp_path / name).write_bytes(b"x")
    assert len(load(str(tmp_path)).train_labels) == 4


def broken_picture(folder: Path) -> str:
    path = folder / "rose" / "3.png"
    path.write_bytes(path.read_bytes()[:60])
    return "3.png cannot be read as a picture"


def text_file(folder: Path) -> str:
    (folder / "rose" / "notes.txt").write_text("x")
    return "notes.txt cannot be read as a picture"


def one_class(folder: Path) -> str:
    for path in (folder / "daisy").iterdir():
        path.unlink()
    (folder / "daisy").rmdir()
    return "one class, 'rose'"


def empty_class(folder: Path) -> str:
    (folder / "tulip").mkdir()
    return "'tulip' in .* has no pictures"


def lonely_picture(folder: Path) -> str:
    picture(folder / "tulip" / "only.png")
    return "'tulip' has one picture, .*only.png"


def picture_outside(folder: Path) -> str:
    picture(folder / "stray.jpg")
    return "stray.jpg is in no class"


def folder_inside(folder: Path) -> str:
    picture(folder / "rose" / "more" / "1.png")
    return "more is a folder within a class"


def only_train(folder: Path) -> str:
    picture(folder / "train" / "rose" / "1.png")
    return "a folder train and no folder test"


def class_in_test_alone(folder: Path) -> str:
    classes(folder / "train")
    classes(folder / "test")
    picture(folder / "test" / "tulip" / "1.png")
    return "train lacks the class 'tulip'"


def class_in_train_alone(folder: Path) -> str:
    classes(folder / "train")
    classes(folder / "test")
    picture(folder / "train" / "tulip" / "1.png")
    return "test lacks the class 'tulip'"


@pytest.mark.parametrize(
    "spoil",
    [
        broken_picture,
        text_file,
        one_class,
        empty_class,
        lonely_picture,
        picture_outside,
        folder_inside,
        only_train,
        class_in_test_alone,
        class_in_train_alone,
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, spoil: Callable[[Path], str]) -> None:
    said = spoil(classes(tmp_path / "flowers"))
    with pytest.raises(DataError, match=said) as caught:
        load(str(tmp_path / "flowers"))
    assert "\n" not in str(caught.value)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no sub-folders"):
        load(str(tmp_path))


@pytest.mark.parametrize("size", [0, -3, True])
def test_a_size_that_is_none(tmp_path: Path, size: int) -> None:
    with pytest.raises(DataError, match="size must be a whole number"):
        load(str(classes(tmp_path)), size=size)
