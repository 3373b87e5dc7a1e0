"""The tasks: the same pixels everywhere, balanced, true to their question, and not to be told by colours or places."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from attncourse.lab.data import Dataset, load
from attncourse.lab.execution import execute
from attncourse.lab.recipe import recipe_for
from attncourse.lab.run import Run
from attncourse.lab.tasks import TASKS
from attncourse.lab.tasks.canvas import SIDE, Draws

FINGERPRINTS = {"xor": "ade8256b78b67332", "near": "5a5d4a9ae1d44641", "row": "5e750f21ace9e8ea"}


@pytest.fixture(scope="module", params=TASKS)
def task(request: pytest.FixtureRequest) -> Dataset:
    return load(f"tasks:{request.param}")


def centres(images: torch.Tensor, colour: str) -> torch.Tensor:
    """Where the middle of the figure of this colour is, ``(N, 2)`` of rows and columns; nan where there is none."""
    x = images.int() - images[:, :, :1, :1].int()
    red, green, blue = x[:, 0], x[:, 1], x[:, 2]
    mask = {
        "red": (red > 60) & (green < 0),
        "green": (green > 40) & (red < 0),
        "white": (red > 60) & (green > 60) & (blue > 60),
        "black": (red < -30) & (green < -30) & (blue < -30),
    }[colour].double()
    places = torch.arange(SIDE, dtype=torch.float64)
    count = mask.sum((1, 2))
    return torch.stack([(mask.sum(2) * places).sum(1) / count, (mask.sum(1) * places).sum(1) / count], dim=1)


def test_the_same_pixels_everywhere(task: Dataset) -> None:
    assert task.fingerprint == FINGERPRINTS[task.name.removeprefix("tasks:")]


def test_shapes_and_names(task: Dataset) -> None:
    assert task.train_images.shape == (2048, 3, SIDE, SIDE) and task.test_images.shape == (1024, 3, SIDE, SIDE)
    assert task.train_images.dtype == torch.uint8 and task.train_labels.dtype == torch.int64
    assert not task.mirrored
    assert task.title == TASKS[task.name.removeprefix("tasks:")].title


def test_classes_are_balanced(task: Dataset) -> None:
    for labels in (task.train_labels, task.test_labels):
        assert labels.bincount().tolist() == [len(labels) // 2] * 2


def test_no_picture_is_in_both_halves(task: Dataset) -> None:
    train = {image.numpy().tobytes() for image in task.train_images}
    assert not train & {image.numpy().tobytes() for image in task.test_images}


def test_the_edge_is_plain(task: Dataset) -> None:
    """A figure and the places that answer to it keep clear of the edge."""
    images = task.train_images
    corner = images[:, :, :1, :1]
    for strip in (images[..., :2, :], images[..., -2:, :], images[..., :2], images[..., -2:]):
        assert (strip == corner).all()


def test_xor_labels_answer_its_question() -> None:
    data = load("tasks:xor")
    red, white = (~centres(data.train_images, colour)[:, 0].isnan() for colour in ("red", "white"))
    assert (data.train_labels == (red == white)).all()
    cue = torch.where(white[:, None], centres(data.train_images, "white"), centres(data.train_images, "black"))
    object_ = torch.where(red[:, None], centres(data.train_images, "red"), centres(data.train_images, "green"))
    # 7 pixels wide, answered on 9: neither a row nor a column in common.
    assert ((cue - object_).abs() >= 9).all()


def test_near_labels_answer_its_question() -> None:
    data = load("tasks:near")
    marker, red, green = (centres(data.train_images, colour) for colour in ("white", "red", "green"))
    to_red, to_green = (red - marker).abs(), (green - marker).abs()
    assert (to_red.min(1)[0] == 0).all() and (to_green.min(1)[0] == 0).all()
    assert (to_red.argmax(1) == to_green.argmax(1)).all()
    to_red, to_green = to_red.amax(1), to_green.amax(1)
    assert (data.train_labels == (to_green < to_red)).all()
    near, far = torch.minimum(to_red, to_green), torch.maximum(to_red, to_green)
    assert set(near.tolist()) == {5, 8, 9, 10} and set(far.tolist()) == {13, 14}
    assert (near == 5).double().mean() == 0.5


def test_row_labels_answer_its_question() -> None:
    data = load("tasks:row")
    apart = (centres(data.train_images, "red") - centres(data.train_images, "green")).abs()
    assert (data.train_labels == (apart[:, 0] == 0)).all()
    assert (apart[data.train_labels == 0, 0] >= 5).all()
    assert (apart[:, 1] >= 13).all()


@pytest.mark.parametrize("name", TASKS)
def test_either_figures_place_is_alike_in_both_classes(name: str) -> None:
    """Otherwise BAM, which sees the edge, could tell the class by it."""
    pictures, labels = TASKS[name].draw(Draws(7, 4000))
    images, answers = torch.from_numpy(pictures), torch.from_numpy(labels)
    for colour in ("red", "green"):
        found = centres(images, colour)
        for axis in (0, 1):
            one, other = (found[answers == label, axis] for label in (0, 1))
            one, other = one[~one.isnan()], other[~other.isnan()]
            edges = np.arange(2.5, 29.5)
            shares = [np.histogram(part.numpy(), edges)[0] / len(part) for part in (one, other)]
            # Shares of about 1/26, of 1000 to 2000 pictures: five standard errors of their difference.
            assert np.abs(shares[0] - shares[1]).max() < 5 * np.sqrt(2 * 0.05 / 1000)


def test_colours_do_not_tell_the_class(task: Dataset) -> None:
    """Least squares on each picture's histogram of colours: no better on other pictures than a guess."""

    def features(images: torch.Tensor) -> torch.Tensor:
        levels = images.flatten(2) // 32
        shares = torch.cat([(levels == level).float().mean(2) for level in range(8)], dim=1).double()
        return torch.cat([shares, images.double().mean((2, 3)) / 255, torch.ones(len(images), 1).double()], dim=1)

    target = task.train_labels.double() * 2 - 1
    weights = torch.linalg.lstsq(features(task.train_images), target, driver="gelsd").solution
    right = ((features(task.test_images) @ weights > 0) == (task.test_labels == 1)).double().mean()
    # 1024 coins: 0.5, give or take 0.016.
    assert 0.42 < right < 0.58


def test_draws_are_the_raw_stream() -> None:
    """The numbers of PCG64 with seed 1, which every NumPy gives, and the rule that makes limits of them."""
    raw = np.random.PCG64(1).random_raw(6)
    assert Draws(1, 3).below(10, 2).tolist() == (raw % 10).reshape(3, 2).tolist()
    assert sorted(Draws(5, 10).evenly(3).tolist()) == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert set(Draws(5, 200).one_of(4, 9).tolist()) == {4, 9}


def test_coordinate_attention_begins_to_learn_its_task(tmp_path: Path) -> None:
    data = load("tasks:row")
    data = dataclasses.replace(data, test_images=data.test_images[:256], test_labels=data.test_labels[:256])
    run = Run("tasks:row", "coordinate", recipe=recipe_for("tasks:row").with_changes(epochs=2))
    assert execute(run, tmp_path, dataset=data)["test_accuracy"] > 0.9
