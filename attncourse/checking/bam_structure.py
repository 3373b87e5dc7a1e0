"""BAM's probes of how it looks: the sum of the branches, and what each of them sees."""

from __future__ import annotations

import torch
from torch import Tensor

from attncourse.checking.bam_gate import (
    MIDDLE,
    SMALL,
    STRENGTHS,
    features,
    logits,
    noise,
    random_module,
    worst_sample,
)
from attncourse.checking.bam_readings import Setting
from attncourse.checking.probes import Subject, Violation
from attncourse.checking.report import Witness

MOVE = 3.0
SATURATED = 12.0


def adds_the_branches(subject: Subject) -> None:
    """What the sigmoid gets is one number for each channel plus one for each place."""
    for setting in (SMALL, MIDDLE, SMALL):
        built = random_module(subject, setting)
        x = features(subject, setting, 3, 4, 5)
        u = logits(built, x)
        mixed = u - u.mean(dim=1, keepdim=True) - u.mean(dim=(2, 3), keepdim=True) + u.mean(dim=(1, 2, 3), keepdim=True)
        sample = worst_sample(mixed.abs() > 4 * noise(u).amax(dim=(1, 2, 3), keepdim=True))
        if sample is not None:
            strength = torch.linalg.svdvals(u[sample].flatten(1))
            sentence = "What the sigmoid gets is no sum of one number for each channel and one for each place."
            if float(strength[1] / strength[0]) < 1e-4:
                sentence = (
                    "What the sigmoid gets is the product of a channel branch and a spatial branch, not their sum."
                )
            raise Violation(sentence, Witness("what the sigmoid gets, one sample", (), None, u[sample]))


def channels_by_their_means(subject: Subject) -> None:
    """How the channels differ depends on their means alone, whatever the size of the map."""
    for setting in (SMALL, MIDDLE):
        built = random_module(subject, setting)
        means = subject.draw.signed(4, setting.channels, low=0.5, high=1.5)
        seen = []
        for height, width, spread in ((2, 3, 0.0), (5, 3, 0.3), (3, 8, 0.3), (1, 4, 0.3), (1, 1, 0.0)):
            wave = subject.draw.signed(4, setting.channels, height, width, low=0.2, high=1.0) * spread
            x = means[:, :, None, None] + wave - wave.mean(dim=(2, 3), keepdim=True)
            x = torch.where(x.abs() < 1e-3, 1e-3, x)
            u = logits(built, x)
            seen.append((u - u.mean(dim=1, keepdim=True)).mean(dim=(2, 3)))
            allowed = 2e-3 * spread + 4 * noise(u).amax()
            wrong = worst_sample((seen[-1] - seen[0]).abs() > allowed)
            if wrong is not None:
                label = f"how the channels' logits differ, maps of {height}x{width}; expected: constant maps"
                raise Violation(
                    "Two inputs with the same channel means get other differences between their channels.",
                    Witness(label, (("means", means[wrong]),), seen[0][wrong], seen[-1][wrong]),
                )


def places_by_a_dilated_window(subject: Subject) -> None:
    """One disturbed place moves the places of a 5x5 grid with the dilation as its spacing."""
    for setting, size in (
        (MIDDLE, (13, 14)),
        (MIDDLE, (11, 11)),
        (Setting(8, 2, 3), (17, 15)),
        (Setting(8, 2), (19, 21)),
    ):
        places = ((size[0] // 2, size[1] // 2), (1, size[1] - 2))
        reached = [torch.zeros(size, dtype=torch.bool) for _ in places]
        for low, high in STRENGTHS:
            built = random_module(subject, setting, low, high)
            x = features(subject, setting, 6, *size)
            inputs = [x, *(x.clone() for _ in places)]
            for one, (row, column) in zip(inputs[1:], places, strict=True):
                one[:, :, row, column] += MOVE * torch.sign(x[:, :, row, column])
            before, *after = logits(built, torch.cat(inputs)).chunk(len(inputs))
            for moved, one in zip(reached, after, strict=True):
                moved |= _moved(before, one).any(dim=0)
        for moved, (row, column) in zip(reached, places, strict=True):
            expected = _grid(size, row, column, setting.spacing)
            if not torch.equal(moved, expected):
                sentence = (
                    f"With {setting.words}, row {row}, column {column} of a {size[0]}x{size[1]} map moves "
                    f"{_listed(moved)}. Two 3x3 windows with {setting.spacing} between their places reach "
                    f"{_listed(expected)}."
                )
                raise Violation(sentence, Witness("which places move", (), expected, moved))


def _listed(flags: Tensor) -> str:
    """bool ``(H, W)`` -> ``9 places, in rows 1, 3, 5 and columns 2, 4, 6``."""
    rows, columns = ((flags.any(dim=axis)).nonzero().flatten().tolist() for axis in (1, 0))
    if not rows:
        return "no place"
    return f"{int(flags.sum())} places, in rows {_numbers(rows)} and columns {_numbers(columns)}"


def _numbers(places: list[int]) -> str:
    gapless = len(places) > 2 and places[-1] - places[0] + 1 == len(places)
    return f"{places[0]} to {places[-1]}" if gapless else ", ".join(map(str, places))


def _moved(before: Tensor, after: Tensor) -> Tensor:
    """bool ``(B, H, W)``: where logits changed by more than the channels' shift, which is the same everywhere.

    Saturated places tell nothing. A median is the shift, because a window covers less than half of the map.
    """
    sizes = torch.maximum(before.abs(), after.abs()).amax(dim=1)
    change = (after - before).mean(dim=1).masked_fill(sizes > SATURATED, torch.nan)
    shift = change.flatten(1).nanmedian(dim=1).values[:, None, None]
    known = (sizes <= SATURATED).double().mean(dim=(1, 2), keepdim=True) > 0.9
    return ((change - shift).abs() > 1e-6 + 1e-9 * torch.cosh(sizes / 2) ** 2) & known


def _grid(size: tuple[int, int], row: int, column: int, spacing: int) -> Tensor:
    grid = torch.zeros(size, dtype=torch.bool)
    for down in range(-2, 3):
        for right in range(-2, 3):
            place = row + down * spacing, column + right * spacing
            if 0 <= place[0] < size[0] and 0 <= place[1] < size[1]:
                grid[place] = True
    return grid
