"""Training, whole: one network, its pictures on the device, one loop. recipe.py holds the numbers.

Each epoch draws its order, its augmentation and all else from the seed and its own number alone. So a checkpoint after
an epoch needs no state of a random generator, two networks with one seed see the same pictures, and a training that
was interrupted goes on bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from attncourse.lab.clock import Clock
from attncourse.lab.data.dataset import Dataset
from attncourse.lab.device import precision
from attncourse.lab.display import Display
from attncourse.lab.errors import LabError
from attncourse.lab.pictures import Pictures
from attncourse.lab.recipe import Recipe

# What evaluating a picture costs, of what training on one does: with room to spare, for no budget may be overdrawn.
EVALUATION = 0.5


class Training:
    """A training under way; checkpoint.py saves and loads it.

    Args:
        model: ``(B, 3, H, W) -> (B, classes)``; it is moved to the device and trained.
        data: its pictures are moved to the device whole, as bytes.
        recipe: every number.
        seed: of the order of the pictures, their augmentation, and what the model draws itself.
        device: where.
        budget: seconds of the processor's time, set-up and evaluation included. The schedule then follows that clock
            instead of the epochs, and the network is evaluated once, at the end.
    """

    def __init__(
        self,
        model: nn.Module,
        data: Dataset,
        recipe: Recipe,
        *,
        seed: int,
        device: torch.device,
        budget: float | None = None,
    ) -> None:
        self.recipe, self.seed, self.device, self.budget, self.clock = recipe, seed, device, budget, Clock()
        self.train = Pictures(data.train_images, data.train_labels, data.train_images, device)
        self.test = Pictures(data.test_images, data.test_labels, data.train_images, device)
        self.flip, self.shift = recipe.flip and data.mirrored, recipe.shift * data.mirrored
        self.mirror = recipe.mirror and data.mirrored
        self.model = model.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = recipe.optimiser(model)
        mode = "reduce-overhead" if device.type == "cuda" else "default"
        self.forward = torch.compile(self.model, mode=mode) if recipe.compile else self.model
        size = min(recipe.batch_size, len(self.train))
        self.batches = len(self.train) // size  # of an epoch; a last one that is not full is left out
        self.steps = 0
        self.history: list[dict[str, Any]] = []  # a row for each epoch that is over, as in log.csv

    def done(self) -> float:
        """The share of the training that is done."""
        if self.budget is None:
            return self.steps / (self.recipe.epochs * self.batches)
        views = len(self.test) * (2 if self.mirror else 1)
        reserve = EVALUATION * views * self.clock.cpu_seconds / max(1, self.steps * self.recipe.batch_size)
        return self.clock.cpu_seconds / (self.budget - min(reserve, self.budget / 5))

    def over(self) -> bool:
        """Whether the last epoch is over; with a budget, whether the network was evaluated."""
        if self.budget is None:
            return len(self.history) >= self.recipe.epochs
        return bool(self.history) and self.history[-1]["test_accuracy"] is not None

    def run(self, save: Callable[[Training], None], display: Display) -> None:
        """Train to the end; ``save(self)`` after each epoch.

        Raises LabError where the loss, or what the network says of a test picture, is no finite number.
        """
        while not self.over():
            row = self.epoch(display)
            row["test_accuracy"] = self.accuracy() if self.budget is None or self.done() >= 1 else None
            self.history.append({**row, "seconds": self.clock.seconds, "cpu_seconds": self.clock.cpu_seconds})
            save(self)
            display.epoch(self.history)

    def epoch(self, display: Display) -> dict[str, Any]:
        """One pass over the training pictures, or what the budget leaves of one, if only a batch; returns its row."""
        number = len(self.history) + 1
        torch.manual_seed((self.seed << 20) + number)
        draw = torch.Generator().manual_seed((self.seed << 20) + number)
        order = torch.randperm(len(self.train), generator=draw)
        losses = correct = torch.zeros((), device=self.device)
        seen, rate = 0, 0.0
        self.model.train()
        for picked in order.split(self.recipe.batch_size)[: self.batches]:
            done = self.done()
            if done >= 1 and seen:
                break
            rate = self.recipe.rate(done)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            images, labels = self.train.augmented(picked, draw, flip=self.flip, shift=self.shift)
            logits, loss = self.learn(images, labels)
            losses, correct = losses + loss * len(labels), correct + right(logits, labels)
            seen += len(labels)
            self.steps += 1
            display.step(self.done())
        if not math.isfinite(losses.item()):
            raise LabError(f"The loss is no finite number in epoch {number}. Lower the learning rate, now {rate:.2g}")
        found = {"train_loss": losses.item() / seen, "train_accuracy": correct.item() / seen}
        return {"epoch": number, "learning_rate": rate, **found}

    def learn(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One step on a batch; returns its logits and its loss."""
        with self.autocast():
            logits = self.forward(images)
            loss = functional.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return logits.detach(), loss.detach()

    def autocast(self) -> torch.autocast:
        """bfloat16 where it pays; the weights, their sums and the loss stay float32."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=precision(self.device) == torch.bfloat16)

    @torch.inference_mode()
    def accuracy(self) -> float:
        """The share of the test pictures that are put into their class."""
        model, correct = self.model.eval(), torch.zeros((), device=self.device)
        for picked in torch.arange(len(self.test)).split(1000):
            images, labels = self.test.plain(picked)
            with self.autocast():
                logits = model(images) + model(images.flip(3)) if self.mirror else model(images)
            if not logits.isfinite().all():
                raise LabError("The network's outputs are no finite numbers. Lower the learning rate")
            correct = correct + right(logits, labels)
        return correct.item() / len(self.test)


def right(logits: Tensor, labels: Tensor) -> Tensor:
    """How many of a batch are put into their class: ``(B, classes), (B,) -> ()``."""
    return (logits.argmax(1) == labels).sum()
