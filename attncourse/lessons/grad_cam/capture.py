"""cam-capture: what a layer gave, and how the class score changes with it."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from attncourse.checking import Case, Draw, Fixture, FunctionExercise
from attncourse.lessons.grad_cam._capture_styles import STYLES, VARIANTS
from attncourse.lessons.grad_cam._score_mistakes import SCORE_MISTAKES
from attncourse.lessons.grad_cam._trace_mistakes import TRACE_MISTAKES

exercise = FunctionExercise(
    "cam-capture",
    answer="capture",
    title="Capture a layer",
    points=3,
    task=(
        "Write `capture(model, layer, images, classes)`: run the model on images `(B, 3, H, W)` and give two tensors "
        "`(B, K, h, w)`: what the layer of that dotted name gave, and the gradient with respect to it of each image's "
        "score of its class in `classes` `(B,)`, before the softmax. Layers behind it may work in place. Afterwards "
        "there is no hook of yours on the model and no `.grad` on its parameters, also where the model raises."
    ),
    gradients=False,
    hints=[
        "A hook is a function that torch calls when a layer has run: "
        "`handle = model.get_submodule(layer).register_forward_hook(keep)`, where keep takes (module, inputs, output). "
        "`handle.remove()` ends it.",
        "Images in a batch do not see each other in eval mode. So the gradient of the SUM of B scores holds the "
        "gradient of each image's own score: pick with `scores.gather(1, classes[:, None])`, then sum.",
        "`torch.autograd.grad(number, tensors)` gives gradients without touching any parameter's `.grad`, which "
        "`.backward()` does not.",
        "A ReLU that works in place would overwrite what you kept. A hook may return something: it takes the output's "
        "place. Keep the output, and return a copy of it to the network.",
        "Put the run between `try:` and `finally: handle.remove()`, so that an error leaves no hook behind either.",
        "In full: in keep, `kept.append(output)` and `return output.clone()`; then `scores = model(images)` within try "
        "and finally; then `(gradients,) = torch.autograd.grad(scores.gather(1, classes[:, None]).sum(), kept)`, and "
        "`return kept[0], gradients`.",
    ],
    equivalents={
        "return kept[-1].clone()": "kept holds one tensor",
        "return (kept[-1].detach(), gradients)": "kept holds one tensor",
    },
)


@exercise.reference
def capture(model: nn.Module, layer: str, images: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    """``(B, 3, H, W), (B,) -> (B, K, h, w), (B, K, h, w)``.

    From the hook on everything is computed from a copy that requires a gradient: frozen parameters are no obstacle,
    and the backward pass ends there.
    """
    kept: list[Tensor] = []

    def keep(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        kept.append(output.detach().requires_grad_())
        return kept[0].clone()

    handle = model.get_submodule(layer).register_forward_hook(keep)
    try:
        scores = model(images)
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(scores.gather(1, classes[:, None]).sum(), kept)
    return kept[0].detach(), gradients


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    network, layer = Fixture("network", 3), "body.relu"
    yield Case("one image, class 2", (network, layer, draw.normal(1, 3, 5, 7), torch.tensor([2])), records=True)
    one = draw.normal(1, 3, 5, 4)
    in_place = "a layer with a ReLU behind it that works in place"
    yield Case(in_place, (network, "stem.norm", one, torch.tensor([1])), records=True)
    several = torch.tensor([0, 2, 1])
    yield Case("three images, a class each", (network, layer, draw.normal(3, 3, 6, 9), several), records=True)
    two, classes = draw.normal(2, 3, 5, 4), torch.tensor([1, 0])
    in_use, failing = Fixture("network-in-use", 3), Fixture("failing-network", 3)
    yield Case("a network that holds gradients, and hooks of others", (in_use, layer, two, classes), records=True)
    yield Case("a network that raises an error", (failing, layer, two, classes), records=True)


for style in STYLES:
    exercise.accepts(style)
for variant, remark in VARIANTS:
    exercise.accepts(variant, remark=remark)
for mistake, dresses in (*SCORE_MISTAKES, *TRACE_MISTAKES):
    exercise.misconception(mistake, dresses)
