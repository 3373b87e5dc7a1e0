"""The tasks as data sets: drawn from fixed seeds, without a file or a network."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from attncourse.lab.data.dataset import Dataset, dataset
from attncourse.lab.tasks import TASKS
from attncourse.lab.tasks.canvas import Draws
from attncourse.lab.tasks.task import Task

TRAIN, TEST = 2048, 1024
# Any seeds but one another's.
TRAIN_SEED, TEST_SEED = 1, 2


def generated(name: str, cache: Path | None = None) -> Dataset:
    """The data set of the task of this name in ``TASKS``; the same at every call, on every machine.

    It is drawn in less time than a cache would take: ``cache`` stays as it is.
    """
    task = TASKS[name]
    return dataset(
        f"tasks:{name}",
        task.title,
        task.classes,
        _draw(task, TRAIN_SEED, TRAIN),
        _draw(task, TEST_SEED, TEST),
        # A shifted picture loses its margin, and perhaps a figure.
        mirrored=False,
    )


def _draw(task: Task, seed: int, count: int) -> tuple[Tensor, Tensor]:
    pictures, labels = task.draw(Draws(seed, count))
    return torch.from_numpy(pictures), torch.from_numpy(labels)
