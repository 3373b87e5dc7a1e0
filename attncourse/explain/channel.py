"""One channel, measured: which images and places drive it, and what the network loses without it.

Three questions, which are often taken for one:

    strongest       In which images, and where in them, does it answer most? Channels are usually named after these.
    occlusion       What moves it? (occlusion.py)
    switched_off    What does the network need it for? The channel is 0 everywhere, and the scores are taken again.
                    Morcos, Barrett, Rabinowitz, Botvinick: "On the importance of single directions for
                    generalization", ICLR 2018: how selective a channel is tells little about how much is lost.

How often "this channel answers, so it is a cat" is wrong, in both directions, is counted in mistakes.py.

What a channel answers to an image is one number, by ``ANSWERS``: its largest over all places, which is what galleries
show, or its mean, which is what a classifier behind global average pooling reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import SupportsIndex

import torch
from torch import Tensor, nn

from attncourse.explain.activations import changing, numbered, reading, require_finite, require_images
from attncourse.explain.errors import ExplainError
from attncourse.explain.layers import Layer

# (B, C, h, w) -> (B, C).
ANSWERS: dict[str, Callable[[Tensor], Tensor]] = {
    "largest": lambda activations: activations.amax((2, 3)),
    "mean": lambda activations: activations.mean((2, 3)),
}

# Of the gradient along each axis, the share that lies within a box.
WITHIN = 0.95


@dataclass(frozen=True)
class Strongest:
    """The images with the largest answers, strongest first.

    Attributes:
        images: int64 ``(n,)``, their numbers.
        values: ``(n,)``, the answers.
        places: int64 ``(n, 2)``, row and column in the image's pixels: the middle of what the answer hangs on.
        boxes: int64 ``(n, 4)``, top, left, bottom, right, the last two not included: what it hangs on.
    """

    images: Tensor
    values: Tensor
    places: Tensor
    boxes: Tensor


def answers(model: nn.Module, layer: Layer, images: Tensor, by: str = "largest", batch: int = 250) -> Tensor:
    """What each channel answers to each image: ``(B, 3, H, W) -> (B, C)``.

    Args:
        model: in eval mode meanwhile, and as before afterwards.
        layer: as for ``CAM``; of a layer that runs several times the last run counts.
        by: a name of ``ANSWERS``.
        batch: at most so many images pass through the network at a time.

    Raises:
        ExplainError: no such layer; a layer without ``(B, C, h, w)``; another ``by``; no images.
    """
    require_images(images)
    answer = answer_by(by)
    with reading(model, layer) as read:
        return torch.cat([answer(read(some)) for some in images.split(batch)])


def answer_by(name: str) -> Callable[[Tensor], Tensor]:
    """One of ``ANSWERS``. Raises ExplainError for another name."""
    if name not in ANSWERS:
        raise ExplainError(f"there is no answer by {name!r}; there are: {', '.join(ANSWERS)}")
    return ANSWERS[name]


def strongest(
    model: nn.Module, layer: Layer, channel: SupportsIndex, images: Tensor, count: int = 9, batch: int = 250
) -> Strongest:
    """The ``count`` images in which the channel's largest answer is largest, and what that answer hangs on.

    The box is traced, not computed from kernel sizes: the gradient of the answer with respect to the image, and on each
    axis the span that holds the middle 95 % of its absolute values. So an attention gate, through which every answer
    hangs a little on the whole image, does not make every box the whole image. Where nothing moves the answer (a
    channel that is silent) the box is the whole image.

    Raises ExplainError, as ``answers``; no such channel; ``count`` below 1; answers that are not finite.
    """
    require_images(images)
    if count < 1:
        raise ExplainError(f"expected a count of at least 1, got {count}")
    values, places = [], []
    with reading(model, layer) as read:
        for some in images.split(batch):
            activations = read(some)
            highest = activations[:, numbered(channel, activations)].flatten(1).max(1)
            values.append(highest.values)
            places.append(highest.indices)
        best = require_finite(torch.cat(values)).sort(descending=True, stable=True)
        chosen = best.indices[:count]
        magnitudes = torch.cat(
            [
                _magnitudes(read, channel, images[some.to(images.device)], torch.cat(places)[some])
                for some in chosen.split(batch)
            ]
        )
    (top, row, bottom), (left, column, right) = (_span(magnitudes.sum(axis)) for axis in (2, 1))
    boxes = torch.stack([top, left, bottom + 1, right + 1], dim=1)
    return Strongest(chosen.cpu(), best.values[:count].cpu(), torch.stack([row, column], dim=1), boxes)


@contextmanager
def switched_off(model: nn.Module, layer: Layer, channel: SupportsIndex) -> Iterator[None]:
    """Within it the channel is 0 everywhere, in every run of the layer; afterwards all is as before, whatever happens.

    For a layer that ends with a ReLU, 0 is the answer "nothing there". The mode of the network is not touched.

    Raises ExplainError: no such layer at once; no such channel when the layer runs.
    """

    def silence(activations: Tensor) -> Tensor:
        kept = torch.arange(activations.shape[1], device=activations.device) != numbered(channel, activations)
        return torch.where(kept[:, None, None], activations, 0)

    with changing(model, layer, silence):
        yield


def _magnitudes(read: Callable[[Tensor], Tensor], channel: SupportsIndex, images: Tensor, places: Tensor) -> Tensor:
    """``(n, H, W)``: how strongly the answer at one place of each image hangs on each pixel."""
    with torch.enable_grad():
        pixels = images.detach().clone().requires_grad_()
        activations = read(pixels)
        flat = activations[:, numbered(channel, activations)].flatten(1)
        (gradient,) = torch.autograd.grad(flat.gather(1, places[:, None]).sum(), pixels)
    return gradient.abs().sum(1).float().cpu()


def _span(profile: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """First, middle and last index of what holds the middle ``WITHIN`` of each profile ``(n, L)``."""
    profile = torch.where(profile.sum(1, keepdim=True) > 0, profile, 1).double()
    reached = profile.cumsum(1) / profile.sum(1, keepdim=True)
    rest = (1 - WITHIN) / 2
    first, middle, last = ((reached < bound).sum(1) for bound in (rest, 0.5, 1 - rest))
    return first, middle, last.clamp(max=profile.shape[1] - 1)
