"""Lesson 07's five functions: they are those of attncourse.explain, and what learners write is judged for what it does.

The references are held against plain loops, finite differences and the library; answers that no author listed, right
and wrong, are held against the judge, in this process and through the classroom's pipe.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from attncourse import explain
from attncourse.checking import Exercise, Fixture, Judge, Report, Workbench
from attncourse.checking.condition import SENTENCES, conditions, left_behind
from attncourse.explain.grad_cam_plus_plus import grad_cam_plus_plus
from attncourse.explain.scaled import scaled
from attncourse.explain.x_grad_cam import x_grad_cam
from grading.sandbox.dialogue import Child
from grading.sandbox.process import Limits
from grading.sandbox.remote import RemoteCandidate

LAYER = "body.relu"


def exercise(name: str) -> Exercise:
    found: Exercise = importlib.import_module(f"attncourse.lessons.grad_cam.{name}").exercise
    return found


def network(name: str = "network") -> nn.Module:
    made: nn.Module = Fixture(name, 3).make()
    return made


def draw(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(5))


def judged(name: str, answer: Callable[..., Any]) -> Report:
    return Judge(exercise(name), seed=11).verdict(Workbench(answer))


def test_the_map_is_that_of_the_library_and_of_a_loop() -> None:
    a, g = draw(2, 3, 2, 4).abs(), draw(2, 3, 2, 4).flip(3)
    found = exercise("map").right(a, g)
    assert torch.allclose(found, explain.METHODS["grad_cam"](a, g))
    for b in range(2):
        for i in range(2):
            for j in range(4):
                total = sum(float(g[b, k].sum()) / 8 * float(a[b, k, i, j]) for k in range(3))
                assert float(found[b, i, j]) == pytest.approx(max(0.0, total), abs=1e-5)


def test_the_weights_of_plus_plus_are_those_of_a_loop_and_make_the_librarys_maps() -> None:
    a, g = draw(2, 3, 2, 4).relu(), draw(2, 3, 2, 4).flip(3)
    g[0, 0, 0] = 0
    weights = exercise("plus_plus").right(a, g)
    for b in range(2):
        for k in range(3):
            total, expected = float(a[b, k].sum()), 0.0
            for one in g[b, k].flatten().tolist():
                expected += one**2 / (2 * one**2 + one**3 * total) * one if one > 0 else 0.0
            assert float(weights[b, k]) == pytest.approx(expected, abs=1e-5)
    maps = (weights[:, :, None, None] * a).sum(1).relu()
    assert torch.allclose(maps, grad_cam_plus_plus(a, g, epsilon=0), atol=1e-5)


def test_the_weights_of_x_grad_cam_are_those_of_a_loop_and_make_the_librarys_maps() -> None:
    a, g = draw(2, 3, 2, 4).relu(), draw(2, 3, 2, 4).flip(3)
    a[1, 2] = 0
    weights = exercise("x_grad_cam").right(a, g)
    for b in range(2):
        for k in range(3):
            pairs = list(zip(a[b, k].flatten().tolist(), g[b, k].flatten().tolist(), strict=True))
            below = sum(one for one, _ in pairs)
            expected = sum(one * other for one, other in pairs) / below if below else 0.0
            assert float(weights[b, k]) == pytest.approx(expected, abs=1e-5)
    assert torch.allclose((weights[:, :, None, None] * a).sum(1).relu(), x_grad_cam(a, g), atol=1e-5)


@pytest.mark.parametrize("layer", [LAYER, "stem.norm"])
def test_capture_gives_what_the_library_keeps(layer: str) -> None:
    images, classes = draw(2, 3, 5, 7), torch.tensor([2, 1])
    activations, gradients = exercise("capture").right(network(), layer, images, classes)
    with explain.CAM(network(), layer) as cam:
        cam(images, target=classes)
    assert torch.allclose(activations, cam.activations[0])
    assert torch.allclose(gradients, cam.gradients[0], atol=1e-6)


def test_captured_gradients_are_finite_differences_of_the_class_score() -> None:
    model, images, step = network().double(), draw(1, 3, 5, 7).double(), 1e-6
    model.requires_grad_(False)
    activations, gradients = exercise("capture").right(model, LAYER, images, torch.tensor([1]))
    assert activations.shape == gradients.shape == (1, 5, 3, 4)
    body = dict(model.named_children())["body"]
    assert isinstance(body, nn.Sequential)
    for place in ((0, 0, 0, 0), (0, 3, 2, 1), (0, 4, 1, 3)):
        scores = []
        for sign in (1, -1):
            moved = activations.clone()
            moved[place] += sign * step
            scores.append(float(model.get_submodule("head")(body[4](body[3](moved)))[0, 1]))
        assert float(gradients[place]) == pytest.approx((scores[0] - scores[1]) / (2 * step), rel=1e-4, abs=1e-7)


def test_the_pictures_are_those_of_the_library() -> None:
    images, classes = draw(3, 3, 6, 9), torch.tensor([0, 3, 1])
    found = exercise("grad_cam").right(network(), LAYER, images, classes)
    with explain.CAM(network(), LAYER) as cam:
        assert torch.allclose(found, scaled(cam(images, target=classes), (6, 9)), atol=1e-5)
    assert found.shape == (3, 6, 9)
    assert found.amax((1, 2)).tolist() == pytest.approx([1, 0, 1])


def capture_by_vjp(model, layer, images, classes):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = model.get_submodule(layer).register_forward_hook(keep)
    try:
        scores = model(images)
    finally:
        handle.remove()
    return kept[0].data, torch.autograd.grad([scores[b, c] for b, c in enumerate(classes)], kept)[0]


def capture_by_wrapping_forward(model, layer, images, classes):
    place, kept = model.get_submodule(layer), []
    inner = place.forward

    def forward(x):
        kept.append(inner(x))
        return kept[0].clone()

    place.forward = forward
    try:
        chosen = model(images).gather(1, classes[:, None])
    finally:
        del place.forward
    return tuple(kept + list(torch.autograd.grad(chosen.sum(), kept)))


def grad_cam_with_requires_grad_restored(model, layer, images, classes):
    flags = [(p, p.requires_grad) for p in model.parameters()]
    modes = [(m, m.training) for m in model.modules()]
    try:
        model.requires_grad_(True).eval()
        with torch.enable_grad():
            a, g = capture_by_vjp(model, layer, images, classes)
    finally:
        for p, flag in flags:
            p.requires_grad = flag
        for m, mode in modes:
            m.training = mode
    cam = functional.relu(torch.einsum("bkij,bkpq->bpq", g, a)) / 7
    cam = functional.interpolate(cam[None], size=images.shape[2:], mode="bilinear", align_corners=False)[0]
    return cam / (cam.amax(dim=(1, 2), keepdim=True) + 1e-9)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("capture", capture_by_vjp),
        ("capture", capture_by_wrapping_forward),
        ("grad_cam", grad_cam_with_requires_grad_restored),
        ("map", lambda a, g: torch.tensordot(g.mean((2, 3)), a, ([1], [1])).diagonal().movedim(-1, 0).relu()),
        ("plus_plus", lambda a, g: ((g > 0) * g / (2 + g * a.sum((2, 3), True))).sum((2, 3))),
        ("x_grad_cam", lambda a, g: (functional.normalize(a.flatten(2), 1, 2) * g.flatten(2)).sum(2)),
    ],
)
def test_right_answers_of_other_styles_pass(name: str, answer: Callable[..., Any]) -> None:
    report = judged(name, answer)
    assert report.passed, (report.subgoal, report.why, report.witness and report.witness.label)


def capture_leaving(what: str) -> Callable[..., Any]:
    """A right answer that leaves one thing behind."""
    leave: dict[str, Callable[[nn.Module], Any]] = {
        "parts": lambda model: model.append(nn.Identity()),
        "hooks": lambda model: model.__dict__.update(forward=model.forward),
        "asleep": lambda model: model.eval(),
        "awake": lambda model: model.train(),
        "gradients": lambda model: torch.stack([p.sum() for p in model.parameters()]).sum().backward(),
        "requires_grad": lambda model: model.requires_grad_(False),
        "values": lambda model: [p.data.mul_(1.5) for p in model.parameters()],
    }

    def capture(model, layer, images, classes):
        found = capture_by_vjp(model, layer, images, classes)
        leave[what](model)
        return found

    return capture


@pytest.mark.parametrize("what", [what for what in SENTENCES if what != "asleep"])
def test_what_is_left_behind_is_told(what: str) -> None:
    report = judged("capture", capture_leaving(what))
    assert not report.passed
    assert report.subgoal == "the network is left as it was"
    assert report.diagnosis or report.why.lower().startswith(SENTENCES[what].lower())


@pytest.mark.parametrize("what", SENTENCES)
def test_each_change_of_a_network_has_its_word(what: str) -> None:
    model = network("network-in-training")
    before = conditions([3, model])
    assert left_behind(before) == ()
    capture_leaving(what)(model, LAYER, draw(2, 3, 5, 7), torch.tensor([0, 1]))
    # In train mode the run itself moves running statistics.
    assert set(left_behind(before)) - {"values"} == {what} - {"values"}


def grad_cam_of_the_first_class(model, layer, images, classes):
    return exercise("grad_cam").right(model, layer, images, torch.zeros_like(classes))


def grad_cam_by_square_roots(model, layer, images, classes):
    return exercise("grad_cam").right(model, layer, images, classes).sqrt()


@pytest.mark.parametrize(
    ("name", "answer", "subgoal"),
    [
        ("grad_cam", grad_cam_of_the_first_class, "the values are right"),
        ("grad_cam", grad_cam_by_square_roots, "the values are right"),
        (
            "map",
            lambda a, g: torch.relu((g.median(2).values.mean(2)[..., None, None] * a).sum(1)),
            "the values are right",
        ),
        ("plus_plus", lambda a, g: g.square().sum((2, 3)), "the values are right"),
        ("x_grad_cam", lambda a, g: (a.sqrt() * g).sum((2, 3)) / (a.sqrt().sum((2, 3)) + 1e-7), "the values are right"),
        ("capture", lambda m, layer, x, c: (m(x), m(x)), "the result has the right shape"),
    ],
)
def test_wrong_answers_that_nobody_listed_are_rejected(name: str, answer: Callable[..., Any], subgoal: str) -> None:
    report = judged(name, answer)
    assert (report.passed, report.diagnosis, report.subgoal) == (False, None, subgoal)


def test_a_relu_before_the_sum_alone_is_told_as_a_relu_left_out() -> None:
    report = judged("map", lambda a, g: torch.einsum("bkhw,bk->bhw", a.clamp(min=0), g.mean((2, 3))))
    assert (report.passed, report.diagnosis) == (False, "forgets-the-relu")


def test_the_librarys_own_function_is_no_answer() -> None:
    report = judged("map", explain.METHODS["grad_cam"])
    assert not report.passed and "the course's own code" in report.why


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    made = Child(Limits(seconds=60.0, memory=512))
    yield made
    made.close()


TUTORIAL = """
def capture(model, layer, images, classes):
    kept = []
    handle = model.get_submodule(layer).register_forward_hook(lambda m, i, out: kept.append(out) or out.clone())
    scores = model(images)
    {removes}
    total = scores.gather(1, classes[:, None]).sum()
    {differentiates}
"""
BY_GRAD = "return kept[0], __import__('torch').autograd.grad(total, kept)[0]"
BY_BACKWARD = "kept[0].retain_grad(); total.backward(); return kept[0], kept[0].grad"


@pytest.mark.parametrize(
    ("removes", "differentiates", "diagnosis"),
    [
        ("handle.remove()", BY_GRAD, "removes-its-hook-only-if-all-goes-well"),
        ("handle.remove()", BY_BACKWARD, "leaves-gradients-on-the-parameters"),
        ("pass", BY_GRAD, "leaves-its-hook"),
    ],
)
def test_the_pipe_carries_what_is_left_behind(child: Child, removes: str, differentiates: str, diagnosis: str) -> None:
    child.renew()
    child.run("<cell 1>", TUTORIAL.format(removes=removes, differentiates=differentiates), ["capture"])
    assert child.select("cam-capture", "capture")
    report = Judge(exercise("capture"), seed=2).verdict(RemoteCandidate(child, "cam-capture"))
    assert (report.passed, report.diagnosis) == (False, diagnosis)
