"""nearer-to-marker: which of the two squares, red or green, stands nearer to the white plus?

All three stand on one line, in one row or in one column, the marker between the squares. The nearer square's centre is
5 pixels from the marker's in half of the pictures, 8 to 10 in the others; the farther one's 13 or 14.

Who can. Only the arrangement tells, so a bag of local features cannot, nor SE, whose gate is made of global means.
CBAM's 7x7 kernel joins figures at most 7 apart: the first half of the pictures, and no more. BAM's two dilated
convolutions join figures at most 12 apart: all. Coordinate attention sees the line, which all three share, and along
the other axis each figure alone: nothing tells it how far apart they are.
"""

from __future__ import annotations

import numpy as np

from attncourse.lab.tasks.canvas import FAR, FIRST, PLACES, Draws, Pixels, Whole, blank, jittered, stamp
from attncourse.lab.tasks.task import Task

WITHIN_CBAM = (5,)
WITHIN_BAM = (8, 9, 10)


def draw(draws: Draws) -> tuple[Pixels, Whole]:
    """Pictures uint8 ``(N, 3, 32, 32)`` and labels ``(N,)``; classes, distances, sides and directions are balanced."""
    case = draws.evenly(16)
    label, short, side, upright = case % 2, case // 2 % 2, case // 4 % 2, case // 8
    near = np.where(short == 1, draws.one_of(*WITHIN_CBAM), draws.one_of(*WITHIN_BAM))
    far = draws.one_of(FAR, FAR + 1)
    red, green = np.where(label == 0, near, far), np.where(label == 0, far, near)
    first = np.where(side == 0, red, green)
    second = np.where(side == 0, green, red)
    marker = first + draws.below(PLACES - first - second)
    along = {
        "plus": marker,
        "red": np.where(side == 0, marker - red, marker + red),
        "green": np.where(side == 0, marker + green, marker - green),
    }
    across = draws.below(PLACES)
    pictures = blank(draws)
    for name, shape, colour in (("plus", "plus", "white"), ("red", "square", "red"), ("green", "square", "green")):
        rows, columns = np.where(upright == 1, along[name], across), np.where(upright == 1, across, along[name])
        stamp(pictures, shape, jittered(colour, draws), FIRST + rows, FIRST + columns)
    return pictures, label


NEAR = Task(
    name="near",
    title="nearer to marker",
    question="Which square stands nearer to the white plus?",
    classes=("red", "green"),
    figures=(("plus", "white"), ("square", "red")),
    draw=draw,
)
