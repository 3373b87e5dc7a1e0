"""How a network is trained: every number of it, in one place."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from attncourse.lab.errors import LabError


@dataclass(frozen=True)
class Recipe:
    """The numbers of a training. All of them go into the record, and into the key of a run.

    Raises LabError where a number is out of its range.
    """

    epochs: int = 10
    """Passes over the training pictures; with a budget of CPU-seconds the budget decides instead."""
    batch_size: int = 128
    learning_rate: float = 0.4
    """The highest one, reached at the end of the warm-up; it is that of the mean loss of a batch."""
    momentum: float = 0.9
    """Nesterov's."""
    weight_decay: float = 5e-4
    """On matrices and kernels; biases and batch norms have none."""
    label_smoothing: float = 0.1
    warm_up: float = 0.2
    """The share of the training in which the learning rate rises, straight; then it falls, straight, to 0."""
    flip: bool = True
    """Turn half the training pictures left-right, where the data allow it."""
    shift: int = 2
    """Shift training pictures by up to this many pixels each way, where the data allow it; the border is mirrored."""
    mirror: bool = True
    """Evaluate a picture and its mirror image, and add the two, where the data allow it."""
    compile: bool = False
    """torch.compile; on a GPU with CUDA graphs. Pays for long runs on a GPU."""

    def __post_init__(self) -> None:
        for name, fits, expected in (
            ("epochs", _whole(self.epochs) and self.epochs >= 1, "a whole number of at least 1"),
            ("batch_size", _whole(self.batch_size) and self.batch_size >= 2, "a whole number of at least 2"),
            ("learning_rate", _number(self.learning_rate) and 0 < self.learning_rate < 1e6, "a number above 0"),
            ("momentum", _number(self.momentum) and 0 < self.momentum < 1, "a number between 0 and 1"),
            ("weight_decay", _number(self.weight_decay) and 0 <= self.weight_decay < 1, "a number from 0 to below 1"),
            ("label_smoothing", _number(self.label_smoothing) and 0 <= self.label_smoothing < 1, "from 0 to below 1"),
            ("warm_up", _number(self.warm_up) and 0 <= self.warm_up < 1, "a share from 0 to below 1"),
            ("shift", _whole(self.shift) and self.shift >= 0, "a whole number of pixels"),
        ):
            if not fits:
                raise LabError(f"{name} must be {expected}; got {getattr(self, name)!r}. Change it in the recipe")

    def rate(self, done: float) -> float:
        """The learning rate when this share of the training is done: a triangle, 0 at both ends."""
        rising = done / self.warm_up if self.warm_up else 1.0
        falling = (1 - done) / (1 - self.warm_up)
        return self.learning_rate * max(0.0, min(rising, falling))

    def optimiser(self, model: nn.Module) -> torch.optim.Optimizer:
        """Nesterov's SGD over the parameters of a model; biases and batch norms do not decay."""
        groups = [
            {"params": [p for p in model.parameters() if p.ndim >= 2], "weight_decay": self.weight_decay},
            {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
        ]
        groups = [group for group in groups if group["params"]]
        return torch.optim.SGD(groups, lr=self.learning_rate, momentum=self.momentum, nesterov=True)

    def with_changes(self, **changes: Any) -> Recipe:
        """The same recipe with some numbers changed; what is None stays. Raises LabError."""
        return dataclasses.replace(self, **{name: value for name, value in changes.items() if value is not None})


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


RECIPES: dict[str, Recipe] = {
    "pictures": Recipe(),
    # With the host "bag". What tells the classes apart is in no gradient at first: it takes many small batches.
    "tasks": Recipe(epochs=8, batch_size=32, learning_rate=0.1, label_smoothing=0.0, flip=False, shift=0, mirror=False),
}
HOSTS = {"pictures": "small", "tasks": "bag"}


def recipe_for(data: str) -> Recipe:
    """The recipe for what ``lab.data.load`` takes: generated tasks have one, all photographs another."""
    return RECIPES[_kind(data)]


def host_for(data: str) -> str:
    """The host for what ``lab.data.load`` takes, in the same way."""
    return HOSTS[_kind(data)]


def _kind(data: str) -> str:
    return "tasks" if data.startswith("tasks:") else "pictures"
