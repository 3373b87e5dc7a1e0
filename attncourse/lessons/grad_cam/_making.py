"""Grad-CAM from the network to the picture, right but for what is asked otherwise: the misconceptions of cam-grad-cam.

A mistake in the map is told as such however the network's modes are put back, so each comes in the usual ways of doing
so, ``UNTIDY``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from attncourse.lessons.grad_cam._capturing import ALWAYS, Score, class_scores
from attncourse.lessons.grad_cam._capturing import capture as captured
from attncourse.lessons.grad_cam.map import grad_cam_map

EACH_PART, TOP_FLAG, TRAIN, NOT_AT_ALL, NO_EVAL = "each part", "top flag", "train", "not at all", "no eval"
Maps = Callable[[Tensor], Tensor]


def bilinear(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """``(B, h, w) -> (B, H, W)``."""
    return functional.interpolate(maps[:, None], size, mode="bilinear", align_corners=False)[:, 0]


def by_its_maximum(maps: Tensor) -> Tensor:
    """Each map to a maximum of 1; zeros stay zeros."""
    largest = maps.amax((1, 2), keepdim=True)
    return maps / torch.where(largest > 0, largest, 1)


def grad_cam(
    model: nn.Module,
    layer: str,
    images: Tensor,
    classes: Tensor,
    *,
    modes: str = EACH_PART,
    safe: bool = True,
    images_require: bool = True,
    records: bool = True,
    score: Score = class_scores,
    backward: bool = False,
    removes: str = ALWAYS,
    mapped: Callable[[Tensor, Tensor], Tensor] = grad_cam_map,
    enlarged: Callable[[Tensor, Any], Tensor] = bilinear,
    scaled: Maps = by_its_maximum,
    retains: bool = False,
) -> Tensor:
    """``(B, 3, H, W), (B,) -> (B, H, W)``.

    Args:
        modes, safe: how the parts' modes are put back, and whether after an error too.
        images_require: the images require a gradient, so that frozen parameters are no obstacle.
        records: gradients are recorded, whatever the caller has set.
        score, backward, removes: as in ``_capturing.capture``.
        mapped, enlarged, scaled: the three steps to the picture.
        retains: what is kept is told to retain its gradient, which fails in other words where it has none.
    """

    def wanted(inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        if retains:
            output.retain_grad()
        return output

    x = images.clone().requires_grad_() if images_require else images
    with evaluating(model, modes, safe), torch.enable_grad() if records else nullcontext():
        pair = captured(model, layer, x, classes, score=score, wanted=wanted, backward=backward, removes=removes)
        maps = mapped(*pair)
    return scaled(enlarged(maps, images.shape[2:]))


@contextmanager
def evaluating(model: nn.Module, modes: str, safe: bool) -> Iterator[None]:
    """Eval mode, put back as ``modes`` says; after an error too where it is ``safe``."""
    before = {part: part.training for part in model.modules()}
    top = model.training
    if modes != NO_EVAL:
        model.eval()
    done = False
    try:
        yield
        done = True
    finally:
        if done or safe:
            if modes == EACH_PART:
                for part, mode in before.items():
                    part.training = mode
            elif modes in (TOP_FLAG, TRAIN):
                model.train(top or modes == TRAIN)


UNTIDY: tuple[dict[str, Any], ...] = (
    {"modes": TOP_FLAG, "safe": False, "images_require": False, "records": False},
    {"modes": TOP_FLAG, "safe": False, "records": False},
)


def untidy(**asked: Any) -> tuple[Callable[..., object], ...]:
    """Grad-CAM with what is asked, in each way of ``UNTIDY``."""
    return tuple(partial(grad_cam, **asked, **way) for way in UNTIDY)
