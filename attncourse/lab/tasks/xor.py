"""cue-xor-object: a cue says how the object is to be read. Neither alone tells anything.

A white or a black plus, and a red or a green square. The class is "agree" for white with red and black with green. The
two have no row and no column in common, wherever they stand.

Who can. A sum of local evidence is f(cue) + g(object), which has the same mean in both classes; by convexity no such
logit has a cross entropy below ln 2. A gate made of global means turns the object's evidence round with the cue: SE,
and the channel parts of CBAM and BAM. Coordinate attention gates the object by its own rows and columns, where no cue
is.
"""

from __future__ import annotations

import numpy as np

from attncourse.lab.tasks.canvas import SIDE, Draws, Pixels, Whole, blank, jittered, stamp
from attncourse.lab.tasks.task import Task

# The figures are 7 pixels wide, and answered by the host on 9x9 places: much of a picture, for a gate made of means.
FIRST, APART = 5, 9
PLACES = SIDE - 2 * FIRST


def draw(draws: Draws) -> tuple[Pixels, Whole]:
    """Pictures uint8 ``(N, 3, 32, 32)`` and labels ``(N,)``; the four cases are equally frequent."""
    case = draws.evenly(4)
    cue, colour = case // 2, case % 2
    pictures = blank(draws)
    places = []
    for _axis in ("rows", "columns"):
        one = draws.below(PLACES)
        # Round the end and on: every place is equally frequent for either figure.
        places.append((one, (one + APART + draws.below(PLACES - 2 * APART + 1)) % PLACES))
    (cue_row, row), (cue_column, column) = places
    cues = np.where(cue[:, None] == 0, jittered("white", draws), jittered("black", draws))
    colours = np.where(colour[:, None] == 0, jittered("red", draws), jittered("green", draws))
    stamp(pictures, "large plus", cues, FIRST + cue_row, FIRST + cue_column)
    stamp(pictures, "large square", colours, FIRST + row, FIRST + column)
    return pictures, cue ^ colour ^ 1


XOR = Task(
    name="xor",
    title="cue xor object",
    question="White plus with red square, or black plus with green square: do cue and object agree?",
    classes=("differ", "agree"),
    figures=(("plus", "white"), ("square", "red")),
    draw=draw,
)
