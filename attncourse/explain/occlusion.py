"""What moves a channel? A square hides one place of the image after another, and the channel is read each time.

Zeiler, Fergus: "Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2.

So "it is the ear" can be told from "it is any corner": hiding the ear must weaken the channel, hiding other corners
must not. A gallery of strongest answers cannot tell the two apart.

Deviations: the paper adds the channel's answers of all places up and paints the sum; here the largest or the mean is
read, and its change is what counts, so that 0 means "hiding this makes no difference". The square is not grey but the
baseline that deletion.py would put there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import SupportsIndex

import torch
from torch import Tensor, nn

from attncourse.explain.activations import numbered, reading, require_finite, require_images
from attncourse.explain.channel import answer_by
from attncourse.explain.deletion import BASELINES
from attncourse.explain.errors import ExplainError
from attncourse.explain.layers import Layer


@dataclass(frozen=True)
class Occlusion:
    """Attributes:
    whole: ``(B,)``, the channel's answer to the image as it is.
    changes: ``(B, rows, columns)``, its answer with the square hidden, less ``whole``: below 0, hiding weakens it.
    maps: ``(B, H, W)``, at each pixel the mean change of all squares that cover it.
    """

    whole: Tensor
    changes: Tensor
    maps: Tensor


def occlusion(
    model: nn.Module,
    layer: Layer,
    channel: SupportsIndex,
    images: Tensor,
    *,
    square: int = 8,
    stride: int = 4,
    by: str = "largest",
    baseline: str = "mean",
    batch: int = 250,
) -> Occlusion:
    """How the channel's answer changes when a square of the image is hidden, for squares all over the image.

    ``share_inside((-found.maps).relu(), masks)`` is the number beside such a map: how much of what weakens the channel
    lies within a thing. What hides has edges of its own: compare two baselines before a small change is believed.

    Args:
        model, layer, batch: as for ``answers``.
        square: the side of the square, in pixels.
        stride: from one square to the next, in pixels, at most ``square``; the last one ends with the image.
        by: a name of ``ANSWERS``. With "largest" another place may step in for the one that is hidden.
        baseline: what is seen instead, a name of ``BASELINES``.

    Raises:
        ExplainError: as ``answers``; no such channel or baseline; a square that does not fit into the image;
            answers that are not finite.
    """
    require_images(images)
    answer = answer_by(by)
    if baseline not in BASELINES:
        raise ExplainError(f"there is no baseline {baseline!r}; there are: {', '.join(BASELINES)}")
    height, width = images.shape[2:]
    if not 1 <= square <= min(height, width) or not 1 <= stride <= square:
        raise ExplainError(
            f"expected a square of 1 to {min(height, width)} pixels for images {tuple(images.shape)}, and a stride of "
            f"1 to the square's side, so that every pixel is hidden once; got square={square}, stride={stride}"
        )
    away = BASELINES[baseline](images)
    tops, lefts = _steps(height, square, stride), _steps(width, square, stride)
    squares = torch.zeros(len(tops) * len(lefts), height, width, dtype=torch.bool, device=images.device)
    for number, (top, left) in enumerate((top, left) for top in tops for left in lefts):
        squares[number, top : top + square, left : left + square] = True
    jobs = torch.cartesian_prod(torch.arange(len(images)), torch.arange(len(squares))).to(images.device)
    with reading(model, layer) as read:

        def value(some: Tensor) -> Tensor:
            activations = read(some)
            return answer(activations)[:, numbered(channel, activations)]

        whole = torch.cat([value(some) for some in images.split(batch)])
        hidden = torch.cat(
            [
                value(torch.where(squares[which, None], away[number], images[number]))
                for number, which in (job.unbind(1) for job in jobs.split(batch))
            ]
        )
    changes = require_finite(hidden.view(len(images), -1) - whole[:, None])
    cover = squares.flatten(1).to(changes)
    maps = (changes @ cover / cover.sum(0)).view(len(images), height, width)
    return Occlusion(whole.cpu(), changes.view(len(images), len(tops), len(lefts)).cpu(), maps.cpu())


def _steps(length: int, square: int, stride: int) -> list[int]:
    steps = list(range(0, length - square + 1, stride))
    return steps if steps[-1] == length - square else [*steps, length - square]
