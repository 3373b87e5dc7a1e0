"""What is explained: one number for each image, read from the network's outputs.

None                        the class that the network predicts
3                           the score of class 3
tensor([3, 0, 5])           a class for each image
any function                outputs -> (B,): the score of a box, of a pixel, a difference of two classes
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from attncourse.explain.errors import ExplainError

Target = int | Tensor | Sequence[int] | Callable[[Any], Tensor] | None
OWN = "give a target function, outputs -> (B,), for example target=lambda outputs: outputs[0][:, 4]"


def scores_of(outputs: Any, target: Target, batch: int) -> Tensor:
    """One score for each image, ``(B,)``, before the softmax where classes are meant.

    Raises ExplainError where target and outputs do not fit.
    """
    if callable(target):
        scores = target(outputs)
        if not isinstance(scores, Tensor) or scores.shape != (batch,) or not scores.is_floating_point():
            got = f"{scores.dtype} {tuple(scores.shape)}" if isinstance(scores, Tensor) else type(scores).__name__
            raise ExplainError(f"a target function gives one score for each image, float ({batch},); got {got}")
        return scores
    classes = classes_of(outputs, target, batch)
    return outputs.gather(1, classes[:, None])[:, 0]


def classes_of(outputs: Any, target: int | Tensor | Sequence[int] | None, batch: int) -> Tensor:
    """The class that is meant for each image, ``(B,)``. Raises ExplainError, as ``scores_of``."""
    if not isinstance(outputs, Tensor):
        raise ExplainError(f"the network gives a {type(outputs).__name__}, not class scores (B, classes); {OWN}")
    if outputs.ndim != 2 or outputs.shape[0] != batch:
        raise ExplainError(f"the network gives {tuple(outputs.shape)}, not class scores ({batch}, classes); {OWN}")
    if target is None:
        return outputs.argmax(1)
    try:
        classes = torch.as_tensor(target, device=outputs.device)
    except (TypeError, ValueError, RuntimeError):
        classes = torch.empty(0)
    whole = not classes.is_floating_point() and not classes.is_complex() and classes.dtype != torch.bool
    if not whole or tuple(classes.shape) not in ((), (batch,)):
        got = f"shape {tuple(target.shape)}" if isinstance(target, Tensor) else repr(target)
        raise ExplainError(
            f"target must be a class, {batch} classes (one for each image), a function or None; got {got}"
        )
    known = outputs.shape[1]
    lowest, highest = classes.aminmax()
    if int(lowest) < 0 or int(highest) >= known:
        raise ExplainError(f"the network has {known} classes, 0 to {known - 1}; the target is {target!r}")
    return classes.long().expand(batch)


def pixel(number: int, row: int, column: int) -> Callable[[Tensor], Tensor]:
    """The target "class ``number`` at this place", for outputs ``(B, classes, H, W)`` as in segmentation."""

    def score(outputs: Tensor) -> Tensor:
        if not isinstance(outputs, Tensor) or outputs.ndim != 4:
            got = tuple(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
            raise ExplainError(f"pixel() reads outputs (B, classes, H, W), got {got}; {OWN}")
        for name, place, size in zip(("class", "row", "column"), (number, row, column), outputs.shape[1:], strict=True):
            if not 0 <= place < size:
                raise ExplainError(f"the outputs {tuple(outputs.shape)} have no {name} {place}; give 0 to {size - 1}")
        return outputs[:, number, row, column]

    return score
