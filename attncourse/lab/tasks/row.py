"""same-row: do the red and the green square stand in one row?

Their columns are 13 to 25 pixels apart, beyond every kernel. Where the rows differ, they have none in common.

Who can. Only the arrangement tells, so neither a bag of local features nor SE can; CBAM and BAM reach no further than
7 and 12 pixels. (BAM's convolutions see the edge of the picture and so where each square stands, but not the two
together: that is a sum again, and each square's place is equally distributed in both classes.) Coordinate attention's
row gate sees both squares at once where they share a row: with ``directions="x"`` too, with ``"y"`` never.
"""

from __future__ import annotations

import numpy as np

from attncourse.lab.tasks.canvas import APART, FAR, FIRST, PLACES, Draws, Pixels, Whole, blank, jittered, stamp
from attncourse.lab.tasks.task import Task


def draw(draws: Draws) -> tuple[Pixels, Whole]:
    """Pictures uint8 ``(N, 3, 32, 32)`` and labels ``(N,)``; classes and sides are balanced."""
    case = draws.evenly(4)
    label, side = case % 2, case // 2
    row = draws.below(PLACES)
    # Round the end and on: every row is equally frequent for either square, in both classes.
    other = np.where(label == 1, row, (row + APART + draws.below(PLACES - 2 * APART + 1)) % PLACES)
    apart = FAR + draws.below(PLACES - FAR)
    left = draws.below(PLACES - apart)
    red = np.where(side == 0, left, left + apart)
    green = np.where(side == 0, left + apart, left)
    pictures = blank(draws)
    stamp(pictures, "square", jittered("red", draws), FIRST + row, FIRST + red)
    stamp(pictures, "square", jittered("green", draws), FIRST + other, FIRST + green)
    return pictures, label


ROW = Task(
    name="row",
    title="same row",
    question="Do the two squares stand in one row?",
    classes=("different rows", "same row"),
    figures=(("square", "red"), ("square", "green")),
    draw=draw,
)
