"""Training, whole: one network, its pictures on the device, one loop. recipe.py holds the numbers.

Each epoch draws its order and its augmentation from the seed and its own number alone. So a checkpoint after an epoch
needs no state of a random generator, two networks with one seed see the same pictures, and a resumed training goes on
bit for bit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from attncourse.lab.data.dataset import Dataset
from attncourse.lab.display import Display
from attncourse.lab.errors import LabError
from attncourse.lab.pictures import Pictures
from attncourse.lab.recipe import Recipe

# Seconds to evaluate a picture, in those to train on one: with room to spare, for a budget must not be overdrawn.
EVALUATION = 0.5


class Training:
    """A training under way; checkpoint.py saves and loads it.

    Args:
        model: ``(B, 3, H, W) -> (B, classes)``; it is moved to the device and trained.
        data: its pictures are moved to the device whole, as bytes.
        recipe: every number.
        seed: of the order of the pictures, their augmentation, and what the model draws itself.
        device: where.
        budget: seconds of the processor's time, evaluation included; the schedule then follows that clock.
    """

    def __init__(
        self, model: nn.Module, data: Dataset, recipe: Recipe, *, seed: int, device: torch.device, budget: float | None
    ) -> None:
        self.recipe, self.seed, self.device, self.budget = recipe, seed, device, budget
        self.started, self.cpu_started = time.perf_counter(), time.process_time()
        self.train = Pictures(data.train_images, data.train_labels, data.train_images, device)
        self.test = Pictures(data.test_images, data.test_labels, data.train_images, device)
        self.flip, self.shift = recipe.flip and data.mirrored, recipe.shift if data.mirrored else 0
        self.mirror = recipe.mirror and data.mirrored
        self.model = model.to(device, memory_format=torch.channels_last)
        plain = [p for p in model.parameters() if p.ndim < 2]
        decayed = [p for p in model.parameters() if p.ndim >= 2]
        groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}]
        self.optimiser = torch.optim.SGD(
            [group for group in groups if group["params"]],
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            nesterov=True,
        )
        self.average: AveragedModel | None = None
        if recipe.averaging:
            self.average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging), use_buffers=True)
        self.compiled = self.model
        if recipe.compile:
            self.compiled = torch.compile(model, mode="reduce-overhead" if device.type == "cuda" else "default")
        self.seen = 0
        self.history: list[dict[str, Any]] = []
        """One row for each epoch that is over, as in log.csv."""

    @property
    def seconds(self) -> float:
        """Of training and evaluation so far, those before an interruption included."""
        return time.perf_counter() - self.started

    @property
    def cpu_seconds(self) -> float:
        """The same of the processor's time, all threads together."""
        return time.process_time() - self.cpu_started

    def continue_from(self, seconds: float, cpu_seconds: float) -> None:
        """Count on from what was spent before an interruption."""
        self.started, self.cpu_started = time.perf_counter() - seconds, time.process_time() - cpu_seconds

    def done(self) -> float:
        """The share of the training that is done."""
        if self.budget is None:
            return self.seen / (self.recipe.epochs * self.pictures_per_epoch)
        pace = self.cpu_seconds / max(1, self.seen)
        reserve = EVALUATION * pace * len(self.test) * (2 if self.mirror else 1) if self.seen else 0.0
        return self.cpu_seconds / max(1e-9, self.budget - reserve)

    @property
    def evaluated(self) -> nn.Module:
        """The network that is evaluated: the average of the weights where the recipe has one."""
        return self.average.module if self.average else self.model

    @property
    def pictures_per_epoch(self) -> int:
        """All but a last batch that is not full; where there is not even one full batch, all."""
        size = min(self.recipe.batch_size, len(self.train))
        return len(self.train) // size * size

    def run(self, save: Callable[[Training], None], display: Display) -> None:
        """Train to the end; ``save(self)`` after each epoch.

        Raises LabError where the loss is no longer a number.
        """
        while self.done() < 1:
            row = self.epoch(display)
            row["test_accuracy"] = self.evaluate() if self.budget is None or self.done() >= 1 else None
            row |= {"seconds": self.seconds, "cpu_seconds": self.cpu_seconds}
            self.history.append(row)
            save(self)
            display.epoch(self.history)

    def epoch(self, display: Display) -> dict[str, Any]:
        """One pass over the training pictures, or what the budget leaves of one."""
        number = len(self.history)
        torch.manual_seed((self.seed << 20) + number + 1)
        draw = torch.Generator().manual_seed((self.seed << 20) + number + 1)
        order = torch.randperm(len(self.train), generator=draw)[: self.pictures_per_epoch]
        loss_sum, correct, rate, before = (
            torch.zeros((), device=self.device),
            torch.zeros((), device=self.device),
            0.0,
            self.seen,
        )
        self.model.train()
        for picked in order.split(self.recipe.batch_size):
            done = self.done()
            if done >= 1:
                break
            rate = self.recipe.rate(done)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            images, labels = self.train.augmented(picked, draw, flip=self.flip, shift=self.shift)
            with self.precision():
                logits = self.compiled(images)
                loss = functional.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            if self.average:
                self.average.update_parameters(self.model)
            loss_sum += loss.detach() * len(labels)
            correct += (logits.argmax(1) == labels).sum()
            self.seen += len(labels)
            display.step(self.done())
        count = max(1, self.seen - before)
        loss = loss_sum.item() / count
        if not math.isfinite(loss):
            raise LabError(
                f"The loss became {loss} in epoch {number + 1}. Lower the learning rate {self.recipe.learning_rate}"
            )
        return {
            "epoch": number + 1,
            "learning_rate": rate,
            "train_loss": loss,
            "train_accuracy": correct.item() / count,
        }

    def precision(self) -> torch.autocast:
        """bfloat16 where the device computes with it quickly."""
        pays = self.device.type == "cuda" and torch.cuda.is_bf16_supported()
        return torch.autocast(self.device.type, torch.bfloat16, enabled=pays)

    @torch.inference_mode()
    def evaluate(self) -> float:
        """The share of the test pictures that the network, or the average of its weights, gets right."""
        model = self.evaluated
        model.eval()
        correct = torch.zeros((), device=self.device)
        for picked in torch.arange(len(self.test)).split(1000):
            images, labels = self.test.plain(picked)
            with self.precision():
                logits = model(images)
                if self.mirror:
                    logits = logits + model(images.flip(3))
            if not logits.isfinite().all():
                raise LabError("The network's outputs are not finite numbers. Lower the learning rate")
            correct += (logits.argmax(1) == labels).sum()
        return correct.item() / len(self.test)
