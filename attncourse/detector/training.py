"""Training the detector, whole: some ten seconds of one processor.

Adam, a learning rate that rises and falls (Smith, Topin: "Super-Convergence", 2018), images mirrored at random.
Everything is drawn from the seed, and torch's own generator is as it was afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from attncourse.detector.errors import DetectorError
from attncourse.detector.loss import losses
from attncourse.detector.network import Detector
from attncourse.detector.scenes import Scenes
from attncourse.hosts.slot import Attention

TRAINING_SCENES = 800
EPOCHS = 8
BATCH_SIZE = 16
LEARNING_RATE = 1e-2


def train(
    scenes: Scenes,
    attention: Attention = None,
    *,
    seed: int = 0,
    epochs: int = EPOCHS,
    progress: Callable[[int, float], None] | None = None,
) -> Detector:
    """Train a new detector on scenes and return it, in eval mode.

    On one machine, with one number of threads, the same seed gives the same weights, bit for bit.

    Args:
        scenes: those to learn from; a last batch that is not full is left out.
        attention: as ``Detector`` takes it.
        seed: of the weights, the order, the mirroring, and of what the network draws itself.
        epochs: how often each scene is seen.
        progress: called after each epoch with its number, from 1 on, and its mean loss.

    Raises:
        DetectorError: a number below 1; a loss that is no finite number; scenes that do not fit, as ``losses``.
        ValueError, TypeError: as ``Detector``.
    """
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1 or not len(scenes):
        raise DetectorError(f"expected scenes and at least one epoch, got {len(scenes)} scenes and epochs={epochs!r}")
    size = min(BATCH_SIZE, len(scenes))
    batches = len(scenes) // size
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Detector(attention).train()
        optimiser = torch.optim.Adam(model.parameters(), LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=epochs * batches)
        for epoch in range(1, epochs + 1):
            total = 0.0
            for picked in torch.randperm(len(scenes)).split(size)[:batches]:
                images, boxes, classes = _batch(scenes, picked)
                loss = losses(model(images), boxes, classes).total
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
                total += float(loss.detach())
            if not math.isfinite(total):
                raise DetectorError(f"the loss is no finite number in epoch {epoch}; look at the scenes for NaN")
            if progress is not None:
                progress(epoch, total / batches)
    return model.eval()


def _batch(scenes: Scenes, picked: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Some scenes, each mirrored with a chance of one half."""
    images, width = scenes.images[picked], scenes.images.shape[3]
    mirrored = torch.rand(len(picked)) < 0.5
    images[mirrored] = images[mirrored].flip(3)
    boxes = [scenes.boxes[number] for number in picked.tolist()]
    boxes = [mirror(some, width) if flip else some for some, flip in zip(boxes, mirrored.tolist(), strict=True)]
    return images, boxes, [scenes.classes[number] for number in picked.tolist()]


def mirror(boxes: Tensor, width: int) -> Tensor:
    """Where boxes ``(n, 4)`` lie once an image of this width is mirrored: left becomes right."""
    left, top, right, bottom = boxes.unbind(1)
    return torch.stack([width - right, top, width - left, bottom], 1)
