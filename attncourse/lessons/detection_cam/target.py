"""detect-target: the score of one box of each image, read from a detector's outputs."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from attncourse.checking import Case, Draw, FunctionExercise
from attncourse.lessons.detection_cam._parts import CONFIDENCE, score_of
from attncourse.lessons.detection_cam._target_mistakes import MISTAKES

exercise = FunctionExercise(
    "detect-target",
    answer="score",
    title="The target: one box",
    points=3,
    task=(
        "Write `score(outputs, box, number=None)`: from outputs `(B, 5 + classes, h, w)` the score of one box of each "
        "image, `(B,)`. `box` is `(B,)`: for each image the number of its box, counted row by row from 0, so box = "
        "row * w + column. Give its score for class `number`, or its confidence where `number` is None; before any "
        "sigmoid, and so that gradients flow."
    ),
    hints=[
        "Which channel is it? x, y, width, height, confidence, then the classes.",
        "`outputs[:, channel]` is (B, h, w). Flattened from axis 1 on it is (B, h * w), row by row.",
        "From each image another entry: `.gather(1, box[:, None])`, or index with [torch.arange(B), box].",
        "The channel: `4 if number is None else 5 + number`.",
        "In full: `channel = 4 if number is None else 5 + number`; "
        "`return outputs[:, channel].flatten(1).gather(1, box[:, None]).squeeze(1)`.",
    ],
)


@exercise.reference
def score(outputs: Tensor, box: Tensor, number: int | None = None) -> Tensor:
    """``(B, 5 + classes, h, w)``, ``(B,)``, a class or None ``-> (B,)``."""
    return score_of(outputs, box, number)


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    yield _case(draw, (1, 7, 2, 3), None)
    yield _case(draw, (1, 7, 2, 3), 1)
    yield _case(draw, (2, 8, 3, 2), 0)
    yield _case(draw, (2, 8, 3, 2), None)
    yield _case(draw, (3, 8, 4, 5), 2)
    yield _case(draw, (3, 9, 5, 4), 2)


def _case(draw: Draw, shape: tuple[int, ...], number: int | None) -> Case:
    outputs = draw.normal(*shape)
    count = shape[2] * shape[3]
    # Another box than the most confident one, never the first, and none that row by row and column by column agree on.
    best = outputs[:, CONFIDENCE].flatten(1).argmax(1).tolist()
    fit = [place for place in range(1, count - 1) if place % shape[3] * shape[2] + place // shape[3] != place]
    box = torch.tensor([next(place for place in fit[index:] + fit if place != one) for index, one in enumerate(best)])
    what = "the confidence" if number is None else f"class {number}"
    return Case(f"{shape[0]} images of {shape[2]}x{shape[3]} boxes, {what}", (outputs, box, number))


@exercise.accepts
def by_row_and_column(outputs, box, number=None):
    width = outputs.shape[3]
    channel = 4 if number is None else 5 + number
    return outputs[torch.arange(len(outputs)), channel, box // width, box % width]


@exercise.accepts
def image_by_image(outputs, box, number=None):
    found = []
    for image, place in zip(outputs, box.tolist(), strict=True):
        row, column = divmod(place, image.shape[2])
        found.append(image[4 if number is None else 5 :, row, column][number or 0])
    return torch.stack(found)


@exercise.accepts
def by_one_hot(outputs, box, number=None):
    chosen = functional.one_hot(box, outputs.shape[2] * outputs.shape[3]).to(outputs.dtype)
    all_scores = torch.einsum("bcn,bn->bc", outputs.flatten(2), chosen)
    return all_scores[:, 4] if number is None else all_scores[:, 5:][:, number]


@exercise.accepts
def boxes_first(outputs, box, number=None):
    boxes = outputs.permute(0, 2, 3, 1).reshape(len(outputs), -1, outputs.shape[1])
    one = boxes[range(len(outputs)), box]
    return one[:, 4] if number is None else one[:, 5 + number]


@exercise.accepts
def by_take_along_dim(outputs, box, number=None):
    column = torch.take_along_dim(outputs.flatten(2), box.view(-1, 1, 1), dim=2)
    return column[:, 4 if number is None else number + 5, 0]


@exercise.accepts
def by_a_mask(outputs, box, number=None):
    places = torch.arange(outputs.shape[2] * outputs.shape[3]).view(outputs.shape[2:])
    scores = outputs[:, 4] if number is None else outputs[:, 5 + number]
    return (scores * (places == box.view(-1, 1, 1))).sum((1, 2))


for mistake in MISTAKES:
    exercise.misconception(mistake)
