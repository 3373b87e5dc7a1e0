"""The training loop that most tutorials have: a DataLoader, each picture augmented alone on the processor, float32."""

from __future__ import annotations

import random
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from attncourse.lab.data import Dataset
from attncourse.lab.recipe import Recipe


class AugmentedPictures(TorchDataset[tuple[Tensor, int]]):
    """One picture at a time: padded, cut, perhaps flipped, scaled and normalised."""

    def __init__(self, data: Dataset, recipe: Recipe) -> None:
        self.images, self.labels, self.recipe = data.train_images, data.train_labels, recipe
        some = self.images[:: max(1, len(self.images) // 5000)].float() / 255
        self.mean, self.deviation = some.mean((0, 2, 3))[:, None, None], some.std((0, 2, 3))[:, None, None]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        image = self.images[number].float() / 255
        height, width = image.shape[1:]
        if shift := self.recipe.shift:
            padded = functional.pad(image[None], (shift,) * 4, mode="reflect")[0]
            top, left = random.randint(0, 2 * shift), random.randint(0, 2 * shift)
            image = padded[:, top : top + height, left : left + width]
        if self.recipe.flip and random.random() < 0.5:
            image = image.flip(2)
        return (image - self.mean) / self.deviation, int(self.labels[number])


class PlainTraining:
    """The same network, batch size, loss and optimiser as ours; ``step`` trains on the loader's next batch.

    Args:
        model: trained where its parameters lie.
        workers: processes of the loader; 0 loads in this one.
    """

    def __init__(self, model: nn.Module, data: Dataset, recipe: Recipe, workers: int) -> None:
        self.model, self.recipe = model.train(), recipe
        self.device = next(model.parameters()).device
        self.optimiser = torch.optim.SGD(
            model.parameters(),
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
            nesterov=True,
        )
        self.loader = DataLoader(
            AugmentedPictures(data, recipe),
            min(recipe.batch_size, len(data.train_images)),  # a loader without a batch would be asked for ever
            shuffle=True,
            drop_last=True,
            num_workers=workers,
            pin_memory=self.device.type == "cuda",
            persistent_workers=workers > 0,
        )
        self.batches = self._endless()

    def _endless(self) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            yield from self.loader

    def step(self) -> None:
        images, labels = next(self.batches)
        images, labels = images.to(self.device), labels.to(self.device)
        loss = functional.cross_entropy(self.model(images), labels, label_smoothing=self.recipe.label_smoothing)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        loss.item()  # as a loop that prints its loss does
