"""Does the score depend on what the map shows? Pixels are taken away, or brought in, in the order of the map.

Petsiuk, Das, Saenko: "RISE: Randomized Input Sampling for Explanation of Black-box Models", BMVC 2018.

Deletion: the highest places of the map are replaced first. A good map makes the score fall early: a small area under
the curve is good. Insertion: an image that is all baseline gets its pixels back, highest first; a large area is good.

What stands in for a pixel that is taken away is a choice, and it changes the areas, so compare areas with one baseline
only: "mean" (the image's own mean of each channel), "zero", or "blur" (a Gaussian blur whose deviation is a tenth of
the shorter side). An area alone says little. The same curve in random order is the level that a map must beat:
``deletion(model, images, torch.rand(len(images), 7, 7), target)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from scipy import ndimage
from torch import Tensor, nn

from attncourse.explain.errors import ExplainError
from attncourse.explain.modes import evaluating
from attncourse.explain.scaled import scaled
from attncourse.explain.target import Target, classes_of, scores_of


def _mean(images: Tensor) -> Tensor:
    return images.mean((2, 3), keepdim=True).expand_as(images)


def _blur(images: Tensor) -> Tensor:
    deviation = min(images.shape[2:]) / 10
    plain = images.detach().cpu().to(torch.promote_types(images.dtype, torch.float32))  # scipy knows no half precision
    blurred = ndimage.gaussian_filter(plain.numpy(), sigma=(0, 0, deviation, deviation), mode="nearest")
    return torch.from_numpy(blurred).to(images)


BASELINES: dict[str, Callable[[Tensor], Tensor]] = {"mean": _mean, "zero": torch.zeros_like, "blur": _blur}


@dataclass(frozen=True)
class Curve:
    """Attributes:
    shares: ``(S,)``, of the pixels that were changed, from 0 to 1.
    scores: ``(B, S)``: probabilities where a class is the target, else what the target function gives.
    areas: ``(B,)``, under each image's curve.
    baseline: what stood in for the pixels that were not there.
    """

    shares: Tensor
    scores: Tensor
    areas: Tensor
    baseline: str


def deletion(
    model: nn.Module,
    images: Tensor,
    maps: Tensor,
    target: Target = None,
    *,
    baseline: str = "mean",
    steps: int = 20,
    batch: int = 64,
    seed: int = 0,
) -> Curve:
    """The score while the map's highest places are taken away.

    Args:
        model: in eval mode meanwhile, and as before afterwards.
        images: ``(B, C, H, W)``.
        maps: ``(B, h, w)``, at least 0; bilinear to the size of the images where they are smaller.
        target: as for ``CAM``. A class stands for its probability; None for the class predicted for the whole image.
        baseline: a name of ``BASELINES``.
        steps: the curve has this many steps, alike in pixels.
        batch: at most so many images pass through the network at a time.
        seed: decides the order of places where the map is equal.

    Raises:
        ExplainError: shapes that do not fit; another baseline; fewer than one step; maps that are negative
            or not finite.
    """
    away = _away(images, maps, baseline, steps, batch)
    target = _fixed(model, images, target, batch)
    return Curve(*_curve(model, images, away, maps, target, steps, batch, seed), baseline)


def insertion(
    model: nn.Module,
    images: Tensor,
    maps: Tensor,
    target: Target = None,
    *,
    baseline: str = "blur",
    steps: int = 20,
    batch: int = 64,
    seed: int = 0,
) -> Curve:
    """The score while the map's highest places come in; arguments and errors are those of ``deletion``."""
    away = _away(images, maps, baseline, steps, batch)
    target = _fixed(model, images, target, batch)
    return Curve(*_curve(model, away, images, maps, target, steps, batch, seed), baseline)


def _away(images: Tensor, maps: Tensor, baseline: str, steps: int, batch: int) -> Tensor:
    """The images with everything taken away."""
    if images.ndim != 4 or maps.ndim != 3 or len(maps) != len(images) or not len(images):
        raise ExplainError(
            "expected images (B, C, H, W) and one map (h, w) for each, got "
            f"{tuple(images.shape)} and {tuple(maps.shape)}; take the maps that CAM gives for these images"
        )
    if baseline not in BASELINES:
        raise ExplainError(f"there is no baseline {baseline!r}; there are: {', '.join(BASELINES)}")
    if not images.is_floating_point():
        raise ExplainError(f"expected images of floating point, as the network takes them; got {images.dtype}")
    if steps < 1:
        raise ExplainError(f"a curve has at least one step, got steps={steps}")
    if batch < 1:
        raise ExplainError(f"at least one image passes through the network at a time, got batch={batch}")
    return BASELINES[baseline](images)


def _fixed(model: nn.Module, images: Tensor, target: Target, batch: int) -> Callable[[Any], Tensor] | Tensor:
    """The target function, or the class of each image, ``(B,)``: the same along the whole curve."""
    if callable(target):
        return target
    with evaluating(model), torch.no_grad():
        outputs = torch.cat([_classes(model(some)) for some in images.split(batch)])
    return classes_of(outputs, target, len(images))


def _classes(outputs: Any) -> Tensor:
    """Probabilities, so that the areas of different images can be compared."""
    count = len(outputs) if isinstance(outputs, Tensor) and outputs.ndim else 0
    classes_of(outputs, None, count)  # raises what is to be said where these are no scores of classes
    return outputs.float().softmax(1)


def _curve(
    model: nn.Module,
    before: Tensor,
    after: Tensor,
    maps: Tensor,
    target: Callable[[Any], Tensor] | Tensor,
    steps: int,
    batch: int,
    seed: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """Shares, scores and areas while ``before`` becomes ``after``, the highest places of the maps first."""
    count, places = len(before), before.shape[2] * before.shape[3]
    ranks = _ranks(maps, (before.shape[2], before.shape[3]), seed).to(before.device)
    changed = torch.linspace(0, places, steps + 1).round().long()
    scores = []
    with evaluating(model), torch.no_grad():
        for job in torch.cartesian_prod(torch.arange(count), torch.arange(steps + 1)).split(batch):
            which, done = job[:, 0].to(before.device), changed[job[:, 1]].to(before.device)
            mask = ranks[which] < done[:, None, None]
            outputs = model(torch.where(mask[:, None], after[which], before[which]))
            if callable(target):
                scores.append(scores_of(outputs, target, len(job)))
            else:
                scores.append(scores_of(_classes(outputs), target[which], len(job)))
    table = torch.cat(scores).view(count, steps + 1).float().cpu()
    shares = changed / places
    return shares, table, torch.trapezoid(table, shares, dim=1)


def _ranks(maps: Tensor, size: tuple[int, int], seed: int) -> Tensor:
    """``(B, h, w) -> (B, H, W)``: 0 at the highest place. Equal places come in random order, none is favoured.

    That order is as coarse as the map, as in a random map of its size. Single pixels, taken here and there, would make
    any score fall sooner, and a map that is 0 nearly everywhere would look good.
    """
    flat = scaled(maps, size).flatten(1).cpu()
    noise = torch.rand(1, *maps.shape[1:], generator=torch.Generator().manual_seed(seed))
    shuffled = scaled(noise, size).flatten().argsort(descending=True)
    order = shuffled[flat[:, shuffled].argsort(dim=1, descending=True, stable=True)]
    ranks = torch.empty_like(order)
    ranks.scatter_(1, order, torch.arange(flat.shape[1]).expand_as(order))
    return ranks.view(len(maps), *size)
