"""Lesson 09: its references against plain loops and ours, answers that its author did not list, and its conclusion."""

from __future__ import annotations

import importlib
import math
from typing import Any

import nbformat
import numpy
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from attncourse import course, detector, explain, notebook
from attncourse.checking import Draw, Exercise, FunctionExercise, Judge, Report, TestsExercise, Workbench
from attncourse.explain import CAM
from attncourse.explain.detection import box as box_target
from grading.release import build, solved_path
from grading.sandbox.wire import decode, encode

LESSON = course.lesson("detection_cam")


def exercise_of(name: str) -> Exercise:
    found: Exercise = importlib.import_module(f"attncourse.lessons.detection_cam.{name}").exercise
    return found


def judged(name: str, answer: object, seed: int = 3) -> Report:
    return Judge(exercise_of(name), seed).verdict(Workbench(answer))


def detector_of_noise(seed: int = 0) -> detector.Detector:
    """Untrained, with a head that has something to say."""
    torch.manual_seed(seed)
    model = detector.Detector().eval()
    torch.nn.init.normal_(model.head.weight, std=0.5)
    return model


# The references, against ours and against plain loops.


def test_decoded_boxes_are_those_of_the_detector() -> None:
    outputs = Draw(1).normal(2, 8, 3, 5)
    decoded = exercise_of("decode").right(outputs, detector.STRIDE, 14.0)
    for mine, theirs in zip(decoded, detector.decode(outputs, threshold=0.0, overlap=1.0), strict=True):
        assert len(theirs) == 15
        torch.testing.assert_close(mine[theirs.index], theirs.boxes)
    x, y, w, h = outputs[1, :4, 2, 4].tolist()
    centre = (4 + 1 / (1 + math.exp(-x))) * 4, (2 + 1 / (1 + math.exp(-y))) * 4
    half = 7 * math.exp(w), 7 * math.exp(h)
    wanted = [centre[0] - half[0], centre[1] - half[1], centre[0] + half[0], centre[1] + half[1]]
    assert decoded[1, 2 * 5 + 4].tolist() == pytest.approx(wanted, rel=1e-5)


def test_the_target_is_the_one_of_the_command_line() -> None:
    outputs, box = Draw(2).normal(3, 8, 4, 5), torch.tensor([7, 0, 19])
    right = exercise_of("target").right
    for number in (None, 0, 2):
        assert torch.equal(right(outputs, box, number), box_target(box, number, anchors=1)(outputs))


def test_the_share_is_that_of_a_mask_painted_pixel_by_pixel() -> None:
    maps = Draw(3).normal(3, 6, 9).abs()
    maps[1] = 0
    boxes = torch.tensor([[-1.0, 0.75, 3.25, 4], [2, 1, 5, 6.5], [4.25, 2.75, 12, 7]])
    masks = torch.zeros(3, 6, 9, dtype=torch.bool)
    for one, (left, top, right, bottom) in zip(masks, boxes.tolist(), strict=True):
        for row in range(6):
            for column in range(9):
                one[row, column] = left <= column + 0.5 < right and top <= row + 0.5 < bottom
    torch.testing.assert_close(exercise_of("share").right(maps, boxes), explain.share_inside(maps, masks))


def test_layer_cam_is_a_sum_over_channels_at_each_place() -> None:
    activations, gradients = Draw(4).normal(2, 3, 2, 5), Draw(5).normal(2, 3, 2, 5)
    found = exercise_of("layer_cam").right(activations, gradients)
    for image in range(2):
        for row in range(2):
            for column in range(5):
                total = 0.0
                for channel in range(3):
                    weight = max(0.0, float(gradients[image, channel, row, column]))
                    total += weight * float(activations[image, channel, row, column])
                assert float(found[image, row, column]) == pytest.approx(max(0.0, total), abs=1e-6)


# What the lesson says of any weights.


def test_at_neck_grad_cam_gives_every_box_one_map_and_layer_cam_its_own_cell() -> None:
    model, index = detector_of_noise(), torch.tensor([20, 133])
    images = detector.scenes(1, seed=5).images.expand(2, -1, -1, -1)
    target = box_target(index, anchors=1)
    with CAM(model, "neck", "grad_cam") as cam:
        maps = cam(images, target)
    assert maps.max() > 0
    torch.testing.assert_close(maps[0], maps[1])
    with CAM(model, ["neck", "backbone"], "layer_cam") as cam:
        maps = cam(images, target)[0]
    assert [divmod(int(one.argmax()), 16) for one in maps] == [divmod(number, 16) for number in index.tolist()]
    assert [int((one > 0).sum()) for one in maps] == [1, 1]
    for layer, reach in zip(cam.gradients, (0, 2), strict=True):
        for place, gradient in zip(index.tolist(), layer.abs().sum(1), strict=True):
            rows, columns = gradient.nonzero().unbind(1)
            assert int((rows - place // 16).abs().max()) == reach
            assert int((columns - place % 16).abs().max()) == reach


def test_a_sigmoid_scales_one_boxs_map_and_leaves_nothing_of_a_sure_one() -> None:
    model, images = detector_of_noise(1), detector.scenes(1, seed=6).images
    score = box_target(70, anchors=1)
    with CAM(model, "backbone", "layer_cam") as cam:
        raw = cam(images, score)
        after = cam(images, lambda outputs: score(outputs).sigmoid())
        surer = cam(images, lambda outputs: (score(outputs) - score(outputs).detach() + 20).sigmoid())
    torch.testing.assert_close(raw / raw.max(), after / after.max())
    assert 0 < after.max() <= raw.max() / 4 and surer.max() == 0


def test_a_boxs_score_depends_on_35_by_35_pixels() -> None:
    model = detector_of_noise()
    images = torch.rand(1, 3, 48, 64).requires_grad_()
    box_target(5 * 16 + 7, anchors=1)(model(images)).sum().backward()
    assert images.grad is not None
    rows, columns = images.grad.abs().sum((0, 1)).nonzero().unbind(1)
    assert int(rows.max() - rows.min()) + 1 == 35 == int(columns.max() - columns.min()) + 1


def cell(*wanted: str, **given: Any) -> dict[str, Any]:
    """What these cells of the lesson define, one after the other, with names that earlier ones gave."""
    sources = {one.id: one.source for one in build(LESSON).solved.cells}
    names: dict[str, Any] = {"torch": torch, **given}
    for name in wanted:
        exec(sources[name], names)
    return names


def share_in_numpy(maps: Tensor, boxes: Tensor) -> numpy.ndarray:
    found: numpy.ndarray = share_by_running_sums(maps, boxes)
    return found


def layer_cam_in_numpy(activations: Tensor, gradients: Tensor) -> numpy.ndarray:
    found: numpy.ndarray = (gradients.numpy().clip(0) * activations.numpy()).sum(1).clip(0)
    return found


def test_what_passes_as_an_array_is_used_further_down_as_well() -> None:
    names = cell(
        "stand-in",
        "layer-cam-or-ours",
        "inside",
        score=exercise_of("target").right,
        layer_cam=layer_cam_in_numpy,
        share=share_in_numpy,
        edges=torch.tensor([[2.0, 3, 20, 31]]),
        scaled=explain.scaled,
        explain=explain,
        box_target=box_target,
    )
    assert names["Score"] is names["score"] and names["Local"] is names["yours"]
    maps, edges = Draw(7).normal(1, 12, 16).abs(), names["edges"]
    wanted = exercise_of("share").right(explain.scaled(maps, (48, 64)), edges)
    torch.testing.assert_close(names["shares_of"](maps, edges), wanted, check_dtype=False)
    assert names["below"](maps, edges) == [f"{100 * float(wanted):.0f} % inside"]
    with CAM(detector_of_noise(), "backbone", names["Local"]) as cam:
        assert cam(torch.rand(1, 3, 48, 64), box_target(20, anchors=1)).shape == (1, 12, 16)


@pytest.mark.parametrize("form", ["tensor", "array"])
def test_below_the_boxes_stands_how_far_they_overlap_the_truth(form: str) -> None:
    outputs = torch.zeros(60, 8, 12, 16)  # each box is 14 by 14 pixels around the centre of its cell
    outputs[17, 4, 5, 7] = 1
    scenes = detector.scenes(18, seed=1, twins=True)
    truth = torch.tensor([[23.0, 15, 37, 29]])
    scenes = detector.Scenes(
        scenes.images,
        (*scenes.boxes[:17], truth),
        (*scenes.classes[:17], torch.tensor([0])),
        (*scenes.masks[:17], torch.zeros(1, 48, 64, dtype=torch.bool)),
    )
    statements: list[str] = []

    class Figures:
        def boxed(self, image: Tensor, found: Any, statement: str = "", **_: Any) -> None:
            statements.append(statement)

    names = cell("published", "see-published", outputs=outputs, scenes=scenes, detector=detector, figures=Figures())
    boxes = exercise_of("decode").right(outputs, 4, 14.0)
    names["drawn"](boxes.numpy() if form == "array" else boxes, "yours")
    names["drawn"](None, "yours")
    # published: from (20.5, 28.5) on, so 11.5 by 0.5 are shared of 2 * 14 * 14 pixels
    assert statements == ["overlap with the truth: 0.01", "overlap with the truth: 1.00", ""]


def test_each_of_the_five_targets_has_the_fault_of_its_name() -> None:
    five = cell("five-targets")
    outputs, box = Draw(6).normal(2, 8, 3, 4), torch.tensor([5, 6])
    confidence = outputs[:, 4]
    wanted = {
        "column by column": confidence.transpose(1, 2).reshape(2, -1)[[0, 1], box],
        "the width": outputs[:, 2].reshape(2, -1)[[0, 1], box],
        "all boxes": confidence.sum((1, 2)),
        "the best box": confidence.amax((1, 2)),
        "after the sigmoid": confidence.reshape(2, -1)[[0, 1], box].sigmoid(),
    }
    for letter, fault in zip("abcde", exercise_of("bug_hunt").right(), strict=True):
        torch.testing.assert_close(five[letter](outputs, box), wanted[fault])


def test_the_published_function_is_the_one_that_is_named_as_such() -> None:
    report = judged("decode", cell("published")["published"])
    assert report.diagnosis == "is-mended-in-no-place"


def test_the_conclusion_that_passes_is_the_one_that_the_measured_shares_allow() -> None:
    """What the solved notebook prints is run anew, and compared, by the release's own test."""
    cells = {one.id: one for one in nbformat.read(solved_path(LESSON), as_version=4).cells}
    said = "".join(output.text for name in ("empty", "decided") for output in cells[name].outputs)
    answers = dict(line.rsplit(":", 1) for line in said.splitlines())
    assert {question.strip(): answer.strip() for question, answer in answers.items()} == {
        "more than a third of Grad-CAM's maps at backbone are 0 everywhere": "True",
        "LayerCAM above Grad-CAM, backbone": "True",
        "noise above no contrast, backbone": "True",
        "trained above noise, backbone": "True",
        "trained above noise, neck": "False",
    }
    assert exercise_of("conclusion").right() == "C"


def test_what_a_learners_test_is_tried_on_can_be_sent_to_the_classrooms_process() -> None:
    exercise = exercise_of("tests")
    assert isinstance(exercise, TestsExercise)
    maps, boxes = torch.ones(1, 2, 3), torch.tensor([[0.0, 0, 2, 1]])
    for _, implementation in exercise.right_implementations + exercise.wrong_implementations:
        found = implementation(maps, boxes)
        assert torch.equal(decode(encode(found)), found)


def test_the_classroom_trains_no_detector() -> None:
    """A computed value goes along as soon as an answer uses a name that is its, were it a name of its own."""
    steps = notebook.steps(build(LESSON).solved, LESSON)
    kept = "\n".join(step.source for step in steps if not step.exercises)
    assert "def works" in kept
    assert [call for call in ("detector.train(", "detector.scenes(", "detector.detect(") if call in kept] == []


# Answers that are in no list.


def decoded_by_linspace(outputs, stride, prior):
    h, w = outputs.shape[2:]
    x = torch.linspace(0, w - 1, w).repeat(h, 1) * stride + outputs[:, 0].sigmoid() * stride
    y = torch.linspace(0, h - 1, h).repeat(w, 1).T * stride + stride / (1 + torch.exp(-outputs[:, 1]))
    size = torch.exp(outputs[:, 2:4] + math.log(prior))
    return torch.stack([x - size[:, 0] / 2, y - size[:, 1] / 2, x + size[:, 0] / 2, y + size[:, 1] / 2], -1).view(
        len(outputs), h * w, 4
    )


def score_by_unfolded_index(outputs, box, number=None):
    b, c, h, w = outputs.shape
    channel = 4 if number is None else 5 + number
    return outputs.reshape(-1)[torch.arange(b) * c * h * w + channel * h * w + box]


def layer_cam_as_a_convolution(activations, gradients):
    product = functional.relu(gradients) * activations
    return functional.conv2d(product, torch.ones(1, product.shape[1], 1, 1))[:, 0].clamp_min(0)


def share_by_running_sums(maps, boxes):
    maps = maps.double()
    maps = torch.where(maps.sum((1, 2), keepdim=True) == 0, torch.ones_like(maps), maps)
    sums = functional.pad(maps.cumsum(1).cumsum(2), (1, 0, 1, 0))
    edges = (boxes - 0.5).ceil().long()
    left, right = edges[:, 0].clamp(0, maps.shape[2]), edges[:, 2].clamp(0, maps.shape[2])
    top, bottom = edges[:, 1].clamp(0, maps.shape[1]), edges[:, 3].clamp(0, maps.shape[1])
    n = torch.arange(len(maps))
    inside = sums[n, bottom, right] - sums[n, top, right] - sums[n, bottom, left] + sums[n, top, left]
    return (inside / sums[:, -1, -1]).numpy()


def accepts_by_hand(implementation):
    corner = torch.zeros(2, 4, 6)
    corner[0, 0, 0], corner[0, 3, 5], corner[0, 1, 2] = 1.0, 2.0, 5.0
    boxes = torch.tensor([[-3, -1, 2.75, 1.75], [0.25, -2.0, 4, 3]])
    found = numpy.asarray(implementation(corner, boxes), dtype=float)
    return found.shape == (2,) and numpy.allclose(found, [6 / 8, 12 / 24], atol=1e-4)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("decode", decoded_by_linspace),
        ("target", score_by_unfolded_index),
        ("target", lambda o, b, n=None: torch.diagonal(o.flatten(2)[:, 4 if n is None else 5 + n].index_select(1, b))),
        ("layer_cam", layer_cam_as_a_convolution),
        ("layer_cam", lambda a, g: torch.relu(torch.einsum("bkhw,bkhw->bhw", (g > 0) * g, a))),
        ("share", share_by_running_sums),
        ("tests", accepts_by_hand),
        ("recall", "b"),
        ("prediction", "B."),
        ("conclusion", "(C)"),
        ("bug_hunt", ["Column by column", "the width", "all boxes", "the best box", "after the sigmoid"]),
    ],
)
def test_right_answers_of_other_styles_pass(name: str, answer: object) -> None:
    report = judged(name, answer)
    assert report.passed, (report.subgoal, report.why)


def wrong_share(*, tolerance: float = 0.0, first: bool = False, flat: float = 1.0) -> object:
    """A share with one fault: a wider box, the first box for all, or another filling of a map of zeros."""

    def share(maps: Tensor, boxes: Tensor) -> Tensor:
        boxes = boxes[:1].expand_as(boxes) if first else boxes
        widen = torch.tensor([-tolerance, -tolerance, tolerance, tolerance])
        filled = maps + (maps.amax((1, 2), keepdim=True) == 0) * flat * torch.eye(*maps.shape[1:])
        found: Tensor = exercise_of("share").right(filled, boxes + widen)
        return found

    return share


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("decode", lambda o, s, p: exercise_of("decode").right(o, s, p).round()),
        ("decode", lambda o, s, p: exercise_of("decode").right(o, 4, 14.0)),
        ("decode", lambda o, s, p: exercise_of("decode").right(o, s, p).clamp(min=0)),
        ("target", lambda o, b, n=None: o[:, 4 if n is None else 5 + n].flatten(1)[:, 0]),
        ("target", lambda o, b, n=None: exercise_of("target").right(o, b, n).mean()),
        ("target", lambda o, b, n=None: exercise_of("target").right(o, b, n) ** 2),
        ("layer_cam", lambda a, g: (g.relu() * a).sum(1).relu().sqrt()),
        ("layer_cam", lambda a, g: (g.relu() * a).sum(1, keepdim=True).relu()),
        ("layer_cam", lambda a, g: (g.mean((2, 3), keepdim=True).relu() * a).sum(1).relu()),
        ("layer_cam", lambda a, g: (g.sum((2, 3), keepdim=True) * a).sum(1).relu()),
        ("share", wrong_share(tolerance=1.0)),
        ("share", wrong_share(first=True)),
        ("share", wrong_share(flat=0.5)),
        ("tests", lambda implementation: True),
        ("tests", lambda implementation: False),
        ("tests", lambda implementation: implementation.__name__ == "share"),
        ("recall", "A, B"),
        ("bug_hunt", ("the width",) * 5),
    ],
)
def test_wrong_answers_are_refused(name: str, answer: object) -> None:
    report = judged(name, answer)
    assert not report.passed and report.score < report.max_score


def share_by_the_library(maps: Tensor, boxes: Tensor) -> Tensor:
    rows, columns = torch.arange(maps.shape[1])[:, None] + 0.5, torch.arange(maps.shape[2]) + 0.5
    left, top, right, bottom = boxes[:, :, None, None].unbind(1)
    return explain.share_inside(maps, (left <= columns) & (columns < right) & (top <= rows) & (rows < bottom))


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("target", lambda o, b, n=None: box_target(b, n, anchors=1)(o)),
        ("layer_cam", lambda a, g: explain.layer_cam(a, g)),
        ("share", share_by_the_library),
    ],
)
def test_what_the_library_computes_is_no_answer(name: str, answer: object) -> None:
    report = judged(name, answer)
    assert (report.passed, report.subgoal) == (False, "the answer is your own")


def share_by_raw_slices(maps: Tensor, boxes: Tensor) -> Tensor:
    found = []
    for values, (left, top, right, bottom) in zip(maps, boxes.tolist(), strict=True):
        values = values if values.any() else torch.ones_like(values)
        found.append(values[int(top) : int(bottom), int(left) : int(right)].sum() / values.sum())
    return torch.stack(found)


def published_but(*, mirrored: bool = True, corner: bool = True, a_pixel: bool = True) -> object:
    """The published function with some of its bugs."""

    def decoded(outputs: Tensor, stride: float, prior: float) -> Tensor:
        places = torch.arange(outputs.shape[2])[:, None], torch.arange(outputs.shape[3])
        sides = [prior * outputs[:, 2].exp(), prior * outputs[:, 3].exp()]
        edges = []
        for place, moved, side in zip(places if mirrored else places[::-1], (0, 1), sides, strict=True):
            part = outputs[:, moved].sigmoid()
            centre = place * stride + part * (1 if a_pixel else stride)
            edges.append(centre if corner else centre - side / 2)
        return torch.stack([*edges, edges[0] + sides[0], edges[1] + sides[1]], 3).flatten(1, 2)

    return decoded


@pytest.mark.parametrize(
    ("name", "answer", "diagnosis"),
    [
        ("decode", published_but(), "is-mended-in-no-place"),
        ("decode", published_but(mirrored=False), "is-mended-in-one-place"),
        ("decode", published_but(corner=False), "is-mended-in-one-place"),
        ("decode", published_but(a_pixel=False), "is-mended-in-one-place"),
        ("decode", published_but(corner=False, a_pixel=False), "exchanges-rows-and-columns"),
        ("layer_cam", lambda a, g: (g.relu() * a).relu().sum(1), "relu-of-the-activations-too"),
        ("share", share_by_raw_slices, "cuts-the-edges-off"),
    ],
)
@pytest.mark.parametrize("seed", [0, 2])
def test_mistakes_written_by_others_get_their_names(name: str, answer: object, diagnosis: str, seed: int) -> None:
    assert judged(name, answer, seed).diagnosis == diagnosis


@pytest.mark.parametrize("name", ["decode", "target", "layer_cam", "share"])
def test_misconceptions_keep_their_names_on_other_seeds(name: str) -> None:
    exercise = exercise_of(name)
    assert isinstance(exercise, FunctionExercise)
    judge = Judge(exercise, seed=11)
    for wrong in exercise.misconceptions:
        assert judge.verdict(Workbench(wrong.implementation, trusted=True)).diagnosis == wrong.name
