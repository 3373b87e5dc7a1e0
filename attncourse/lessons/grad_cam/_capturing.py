"""Captures that are right but for what is asked otherwise: the material of the misconceptions of cam-capture.

How a learner cleans up and what he computes are two things. A mistake in the one is told as such whatever the other
is, so each wrong number comes in the usual ways of cleaning up, ``UNTIDY``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

ALWAYS, IF_ALL_GOES_WELL, NEVER = "always", "if all goes well", "never"
Score = Callable[[Tensor, Tensor], Tensor]


def class_scores(scores: Tensor, classes: Tensor) -> Tensor:
    """The sum of each image's own class score: its gradient is that of each image alone."""
    return scores.gather(1, classes[:, None]).sum()


def from_output(inputs: tuple[Any, ...], output: Tensor) -> Tensor:
    """What is to be kept."""
    return output


def from_input(inputs: tuple[Any, ...], output: Tensor) -> Tensor:
    """What is not."""
    return inputs[0]


def capture(
    model: nn.Module,
    layer: str,
    images: Tensor,
    classes: Tensor,
    *,
    score: Score = class_scores,
    wanted: Callable[[tuple[Any, ...], Tensor], Tensor] = from_output,
    copies: bool = True,
    backward: bool = False,
    removes: str = ALWAYS,
) -> tuple[Tensor, Tensor]:
    """Activations and gradients by a forward hook.

    Args:
        score: what is differentiated.
        wanted: the tensor that is kept.
        copies: later layers get a copy, so that none can change what was kept.
        backward: ``.backward()``, which leaves gradients on the parameters.
        removes: when the hook is removed.
    """
    kept: list[Tensor] = []

    def keep(module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor | None:
        kept.append(wanted(inputs, output))
        return output.clone() if copies else None

    handle = model.get_submodule(layer).register_forward_hook(keep)
    done = False
    try:
        scores = model(images)
        done = True
    finally:
        if removes == ALWAYS or done and removes == IF_ALL_GOES_WELL:
            handle.remove()
    total = score(scores, classes)
    if not backward:
        return kept[0], torch.autograd.grad(total, kept[0])[0]
    kept[0].retain_grad()
    total.backward()
    assert kept[0].grad is not None
    return kept[0], kept[0].grad


UNTIDY: tuple[dict[str, Any], ...] = (
    {"copies": False, "backward": True, "removes": NEVER},
    {"copies": False, "removes": IF_ALL_GOES_WELL},
)


def untidy(**asked: Any) -> Iterator[Callable[..., Any]]:
    """The captures with what is asked, in each way of ``UNTIDY``."""
    return (partial(capture, **asked, **way) for way in UNTIDY)
