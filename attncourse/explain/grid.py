"""Which of the four? Pictures of four classes in one mosaic, and the map for each class must find its own cell.

Böhle, Fritz, Schiele: "Convolutional Dynamic Alignment Networks for Interpretable Classifications", CVPR 2021 (the
localisation metric); Rao, Böhle, Schiele: "Towards Better Understanding Attribution Methods", CVPR 2022, call it the
grid pointing game. With L_c >= 0 the map for class c, whose picture stands in a cell:

    share_c = sum of L_c within that cell / sum of L_c

Chance is 1/4. A map that is the same for all four classes gets exactly that: its four shares add up to 1. So what lies
above it was gained by telling classes apart, which "it marks something striking" cannot do.

Pictures in a mosaic must be ones that the network knows when it sees them alone, or a wrong map may be a right map of a
wrong answer: take those of which it is ``sure``. The figures then speak of such pictures alone.

Deviations: 2x2 cells, for ten classes leave little choice for 3x3. Sure is a softmax probability of at least 0.5 (the
authors' code takes the sigmoid of the score), and the pictures are drawn at random (there the surest come first). A
map that is 0 everywhere counts as one without contrast, 1/4 (0). Maps are enlarged bilinearly, so that a place at the
border of a cell reaches a little into the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from attncourse.explain.average import Average, average, averages_of
from attncourse.explain.errors import ExplainError
from attncourse.explain.modes import evaluating
from attncourse.explain.pointing import pointing_game, share_inside
from attncourse.explain.target import classes_of

CELLS = 4
CHANCE = 1 / CELLS


@dataclass(frozen=True)
class Mosaics:
    """Attributes:
    images: ``(N, C, 2H, 2W)``.
    classes: ``(N, 4)``, of the cells: top left, top right, bottom left, bottom right; four different ones.
    pictures: ``(N, 4)``, which of the given pictures stands there; each in one mosaic at most.
    """

    images: Tensor
    classes: Tensor
    pictures: Tensor

    @cached_property
    def masks(self) -> Tensor:
        """bool ``(4, 2H, 2W)``: where each cell lies, the same in every mosaic."""
        height, width = self.images.shape[2] // 2, self.images.shape[3] // 2
        masks = torch.zeros(2, 2, 2, height, 2, width, dtype=torch.bool)
        for row in (0, 1):
            for column in (0, 1):
                masks[row, column, row, :, column] = True
        return masks.view(CELLS, 2 * height, 2 * width)


@dataclass(frozen=True)
class GridPointing:
    """Attributes:
    shares: ``(N, 4)``, of the map for each cell's class, within that cell.
    hits: ``(N, 4)``, 1 where its highest place lies there; where several places are the highest, their share.
    empty: how many of the 4 N maps are 0 everywhere, and count as chance.
    """

    shares: Tensor
    hits: Tensor
    empty: int

    @property
    def share(self) -> Average:
        """The mean share. What is independent is the mosaic, not its four maps: n is the number of mosaics."""
        return average(averages_of(self.shares))

    @property
    def rate(self) -> Average:
        """The pointing rate: the mean of the hits, likewise."""
        return average(averages_of(self.hits))

    def __str__(self) -> str:
        empty = f"; {self.empty} of {self.shares.numel()} maps are 0 everywhere" if self.empty else ""
        return (
            f"{self.share:.0%} of a map lies in the right cell, {self.rate:.0%} of the maps point into it; "
            f"chance {CHANCE:.0%}, {len(self.shares)} mosaics{empty}"
        )


def sure(model: nn.Module, images: Tensor, labels: Tensor, least: float = 0.5, batch: int = 256) -> Tensor:
    """Which pictures the network classifies right with a probability of at least ``least``: bool ``(N,)``.

    Args:
        model: ``(B, C, H, W) -> (B, classes)``, the scores before the softmax.
        images: ``(N, C, H, W)``, as the network takes them.
        labels: int ``(N,)``.
        least: from 0 to 1.
        batch: how many pass through the network at a time.

    Raises ExplainError where images, labels and outputs do not fit.
    """
    _require_labelled(images, labels)
    found = []
    with evaluating(model), torch.no_grad():
        for some, wanted in zip(images.split(batch), labels.split(batch), strict=True):
            outputs = model(some)
            highest = classes_of(outputs, None, len(some))
            of_label = outputs.float().softmax(1).gather(1, classes_of(outputs, wanted, len(some))[:, None])[:, 0]
            found.append((highest == wanted.to(highest.device)) & (of_label >= least))
    return torch.cat(found).cpu()


def mosaics(images: Tensor, labels: Tensor, count: int, seed: int = 0) -> Mosaics:
    """Put pictures of four different classes together, ``count`` times; each picture stands in one mosaic at most.

    Args:
        images: ``(N, C, H, W)``, any values, H and W as they are. Give those of which the network is ``sure``.
        labels: int ``(N,)``, at least 0.
        count: how many mosaics.
        seed: of the draw. Classes of which more pictures are left are likelier to be drawn.

    Raises:
        ExplainError: shapes that do not fit; too few pictures or classes for so many mosaics.
    """
    _require_labelled(images, labels)
    if count < 1:
        raise ExplainError(f"expected at least one mosaic, got count={count}")
    draw = torch.Generator().manual_seed(seed)
    labels = labels.cpu()
    shuffled = torch.randperm(len(labels), generator=draw)
    waiting = [shuffled[labels[shuffled] == one].tolist() for one in labels.unique().tolist()]
    chosen = []
    for made in range(count):
        left = torch.tensor([float(len(pictures)) for pictures in waiting])
        if int((left > 0).sum()) < CELLS:
            raise ExplainError(
                f"{len(labels)} pictures of {len(waiting)} classes are enough for {made} mosaics of four different "
                f"classes, and {count} were asked for; give more pictures or ask for fewer"
            )
        drawn = torch.multinomial(left, CELLS, generator=draw)
        # Drawn first are the frequent classes; no cell may have more of these than another.
        drawn = drawn[torch.randperm(CELLS, generator=draw)]
        chosen.append([waiting[one].pop() for one in drawn.tolist()])
    pictures = torch.tensor(chosen)
    _, channels, height, width = images.shape
    cells = images[pictures.to(images.device)].view(count, 2, 2, channels, height, width)
    whole = cells.permute(0, 3, 1, 4, 2, 5).reshape(count, channels, 2 * height, 2 * width)
    return Mosaics(whole, labels[pictures], pictures)


def grid_pointing_game(maps: Tensor, mosaics: Mosaics) -> GridPointing:
    """Play it with one map for each class of each mosaic.

        with CAM(model, "stages.2") as cam:
            maps = torch.stack([cam(mosaics.images, mosaics.classes[:, cell]) for cell in range(4)], 1)
        print(grid_pointing_game(maps, mosaics))

    Args:
        maps: ``(N, 4, h, w)``, at least 0; ``maps[:, 2]`` explains ``mosaics.classes[:, 2]``. Bilinear to the size of
            the mosaics.

    Raises ExplainError where maps and mosaics do not fit.
    """
    count = len(mosaics.classes)
    if maps.ndim != 4 or maps.shape[:2] != (count, CELLS):
        raise ExplainError(
            f"expected a map for each of the four classes of each mosaic, ({count}, {CELLS}, h, w); "
            f"got {tuple(maps.shape)}"
        )
    maps = maps.cpu()
    shares, hits = [], []
    for cell, mask in enumerate(mosaics.masks):
        masks = mask.expand(count, -1, -1)
        shares.append(share_inside(maps[:, cell], masks))
        hits.append(pointing_game(maps[:, cell], masks).hits)
    empty = int((maps.flatten(2).amax(2) == 0).sum())
    return GridPointing(torch.stack(shares, 1), torch.stack(hits, 1), empty)


def _require_labelled(images: Tensor, labels: Tensor) -> None:
    whole = not labels.is_floating_point() and not labels.is_complex() and labels.dtype != torch.bool
    if images.ndim != 4 or not len(images) or labels.shape != (len(images),) or not whole:
        raise ExplainError(
            "expected images (N, C, H, W) and a class for each, whole numbers (N,); got "
            f"{tuple(images.shape)} and {labels.dtype} {tuple(labels.shape)}"
        )
