"""detect-tests: the learner writes the test that tells right shares from wrong ones."""

from __future__ import annotations

import torch

from attncourse.checking import TestsExercise
from attncourse.lessons.detection_cam.share import exercise as share

exercise = TestsExercise(
    "detect-tests",
    answer="accepts",
    title="Test the number",
    points=3,
    task=(
        "Write `accepts(implementation)`: True for a right `implementation(maps, boxes)` of detect-share, False for a "
        "wrong one. It is tried on right ones in seven styles and on thirteen wrong ones."
    ),
    subject=share,
    hints=[
        "Make maps and boxes whose share you can work out with pen and paper, and compare.",
        "When does each bug show? Think of H and W that differ, of a box beyond the image, of two maps, of zeros.",
        "Edges on whole pixels hide how edges are handled: use 0.75 and 0.25. A map of zeros gets the box's share.",
        "Two maps of 2x3 are enough: `maps = torch.tensor([[[1.0, 2, 5], [3, 4, 1]], [[0, 0, 0], [0, 0, 0]]])`, with "
        "boxes `[[-1, -1, 1.75, 1.25], [0.75, 0, 3, 1]]`. Which pixels belong to each?",
        "In full: `found = implementation(maps, boxes)`; "
        "`return torch.allclose(torch.as_tensor(found).float(), torch.tensor([3 / 16, 2 / 6]), atol=1e-4)`.",
    ],
)

MAPS = torch.tensor([[[1.0, 2, 5], [3, 4, 1]], [[0, 0, 0], [0, 0, 0]]])
BOXES = torch.tensor([[-1, -1, 1.75, 1.25], [0.75, 0, 3, 1]])
WANTED = torch.tensor([3 / 16, 2 / 6])


def _compare(implementation, maps, boxes, wanted) -> bool:
    found = torch.as_tensor(implementation(maps, boxes)).float()
    return found.shape == wanted.shape and torch.allclose(found, wanted, atol=1e-4)


def _counted(maps, boxes):
    """By plain loops."""
    found = []
    for values, (left, top, right, bottom) in zip(maps.tolist(), boxes.tolist(), strict=True):
        flat = sum(map(sum, values)) == 0
        weights = {(i, j): 1 if flat else value for i, line in enumerate(values) for j, value in enumerate(line)}
        inside = sum(v for (i, j), v in weights.items() if left <= j + 0.5 < right and top <= i + 0.5 < bottom)
        found.append(inside / sum(weights.values()))
    return torch.tensor(found)


@exercise.reference
def accepts(implementation) -> bool:
    """Two maps with pen and paper."""
    return _compare(implementation, MAPS, BOXES, WANTED)


@exercise.accepts
def asserts_on_many_draws(implementation):
    generator = torch.Generator().manual_seed(4)
    for height, width in ((5, 8), (9, 4)):
        maps = torch.rand(4, height, width, generator=generator)
        maps[2] = 0
        corners = torch.rand(4, 2, generator=generator) * 4 - 2
        sizes = torch.rand(4, 2, generator=generator) * 3 + 2.5
        boxes = torch.cat([corners, corners + sizes], 1)
        torch.testing.assert_close(
            torch.as_tensor(implementation(maps, boxes)).float(), _counted(maps, boxes), atol=1e-4, rtol=1e-4
        )


@exercise.accepts
def one_question_after_the_other(implementation):
    ramp = torch.arange(1.0, 13).view(1, 3, 4)
    questions = [
        (ramp, torch.tensor([[1.0, 0, 3, 2]])),
        (ramp, torch.tensor([[-2.0, -1, 1.75, 2.25]])),
        (0 * ramp, torch.tensor([[1.0, 0, 3, 1]])),
        (torch.cat([ramp, ramp.flip(2)]), torch.tensor([[0, 1, 2, 3], [0.75, 0, 4, 1.0]])),
    ]
    return all(_compare(implementation, *question, _counted(*question)) for question in questions)


@exercise.misconception
def checks_the_range_only(implementation):
    """Your test only asks whether the shares lie between 0 and 1, or for their shape.

    Most wrong ones do, and have it.

    Work out one share by hand, and compare.
    """
    found = torch.as_tensor(implementation(MAPS, BOXES)).float()
    return found.shape == (2,) and bool(((found >= 0) & (found <= 1)).all())


@exercise.misconception
def tests_the_whole_image_only(implementation):
    """Your test only uses a box as large as the image, whose share is 1.

    Then nobody can tell which pixels were counted.

    Let the box hold some pixels and not others.
    """
    return _compare(implementation, MAPS[:1], torch.tensor([[0.0, 0, 3, 2]]), torch.ones(1))


@exercise.misconception
def tests_boxes_within_the_image_only(implementation):
    """Your test only uses boxes that lie within the image.

    A detector's boxes do reach beyond it, and a slice then counts from behind.

    Add a box with a negative edge.
    """
    boxes = torch.tensor([[0.25, 0, 1.75, 1.25], [0.75, 0, 3, 1]])
    return _compare(implementation, MAPS, boxes, WANTED)


@exercise.misconception
def tests_whole_edges_only(implementation):
    """Your test only uses edges at whole pixels.

    There it makes no difference whether centres or corners are compared, or whether edges are cut off.

    Use an edge such as 0.75.
    """
    boxes = torch.tensor([[-1.0, -1, 2, 1], [1, 0, 3, 1]])
    return _compare(implementation, MAPS, boxes, _counted(MAPS, boxes))


@exercise.misconception
def tests_one_map_only(implementation):
    """Your test only uses one map at a time.

    What mixes the maps of a batch looks right there.

    Use two maps that differ.
    """
    return all(_compare(implementation, MAPS[i : i + 1], BOXES[i : i + 1], WANTED[i : i + 1]) for i in range(len(MAPS)))


@exercise.misconception
def forgets_the_map_of_zeros(implementation):
    """Your test has no map of zeros.

    They occur: a box whose score no channel supports. Then nan or 0 goes unnoticed.

    Add one.
    """
    maps = torch.stack([MAPS[0], MAPS[0].flip(1)])
    return _compare(implementation, maps, BOXES, _counted(maps, BOXES))


@exercise.misconception
def tests_a_map_without_contrast_only(implementation):
    """Your test only uses maps that are the same everywhere.

    Their share is the box's share of the image, whatever the map.

    Use a map whose values differ.
    """
    maps = torch.stack([torch.ones(2, 3), torch.zeros(2, 3)])
    return _compare(implementation, maps, BOXES, _counted(maps, BOXES))
