"""cam-grad-cam: from a network to pictures, without leaving a trace."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from attncourse.checking import Case, Draw, Fixture, FunctionExercise
from attncourse.lessons.grad_cam._grad_cam_styles import STYLES
from attncourse.lessons.grad_cam._network_mistakes import NETWORK_MISTAKES
from attncourse.lessons.grad_cam._picture_mistakes import PICTURE_MISTAKES
from attncourse.lessons.grad_cam.capture import capture
from attncourse.lessons.grad_cam.map import grad_cam_map

exercise = FunctionExercise(
    "cam-grad-cam",
    answer="grad_cam",
    title="Grad-CAM",
    points=4,
    task=(
        "Write `grad_cam(model, layer, images, classes)`: `(B, 3, H, W)` and `(B,) -> (B, H, W)`. The map of each "
        "image for its class, enlarged to the image's size (bilinear, align_corners=False), then divided by its own "
        "maximum; a map of zeros stays zeros. The network runs in eval mode. Afterwards every part is in the mode it "
        "was in, and nothing is left behind, also where the model raises. It works with frozen parameters and within "
        "torch.no_grad()."
    ),
    gradients=False,
    uses=("cam-capture", "cam-map"),
    equivalents={
        "largest = maps.amax((1, 2), keepdim=True).detach()": "no gradient goes through a map",
        "return maps / torch.where(largest > 0, largest, 2)": "any divisor but 0 will do for zeros",
        "maps = functional.interpolate(maps[:, None], images.shape[2:], mode='bilinear')[:, -1]": "it has one channel",
    },
    hints=[
        "You have both halves: `grad_cam_map(*capture(model, layer, images, classes))`. Around them: modes before, the "
        "picture behind.",
        "`model.eval()` changes all parts. Write down each part's flag first: "
        "`modes = {part: part.training for part in model.modules()}`, and put them back in a `finally`.",
        "`torch.enable_grad()` switches recording on within somebody's no_grad. If no parameter requires a gradient, "
        "let the images do: `images.clone().requires_grad_()`.",
        "`functional.interpolate` wants channels: `maps[:, None]`, and `[:, 0]` afterwards. The size is (H, W): "
        "`images.shape[2:]`.",
        "Enlarge first, for that can lower the maximum; then divide each map by its own: "
        "`largest = maps.amax((1, 2), keepdim=True)`. What if it is 0?",
        "In full: the modes; `model.eval()`; in try and with torch.enable_grad(): "
        "`maps = grad_cam_map(*capture(model, layer, images.clone().requires_grad_(), classes))`; in finally: "
        "`part.training = mode` for each; then "
        '`maps = functional.interpolate(maps[:, None], images.shape[2:], mode="bilinear")[:, 0]`, and '
        "`return maps / torch.where(largest > 0, largest, 1)`.",
    ],
)


@exercise.reference
def grad_cam(model: nn.Module, layer: str, images: Tensor, classes: Tensor) -> Tensor:
    """``(B, 3, H, W), (B,) -> (B, H, W)`` within [0, 1]."""
    modes = {part: part.training for part in model.modules()}
    model.eval()
    try:
        with torch.enable_grad():
            maps = grad_cam_map(*capture(model, layer, images.clone().requires_grad_(), classes))
    finally:
        for part, mode in modes.items():
            part.training = mode
    maps = functional.interpolate(maps[:, None], images.shape[2:], mode="bilinear")[:, 0]
    largest = maps.amax((1, 2), keepdim=True)
    return maps / torch.where(largest > 0, largest, 1)


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    network, layer = Fixture("network", 3), "body.relu"
    yield Case("one image, class 2", (network, layer, draw.normal(1, 3, 5, 7), torch.tensor([2])), records=True)
    training, failing = Fixture("network-in-training", 3), Fixture("failing-network-in-training", 3)
    two, classes = draw.normal(2, 3, 6, 5), torch.tensor([1, 0])
    label = "a network in train mode, one batch norm of it frozen in eval mode"
    yield Case(label, (training, layer, two, classes), records=True)
    four = torch.tensor([0, 3, 1, 0])
    label = "four images, a class each; class 3 gives a map of zeros"
    yield Case(label, (network, layer, draw.normal(4, 3, 6, 9), four), records=True)
    yield Case(
        "a network without trainable parameters", (Fixture("frozen-network", 3), layer, two, classes), records=True
    )
    yield Case("within torch.no_grad()", (network, layer, two, classes))
    yield Case("a network that raises an error", (failing, layer, two, classes), records=True)


for style in STYLES:
    exercise.accepts(style)
for mistake, dresses in (*NETWORK_MISTAKES, *PICTURE_MISTAKES):
    exercise.misconception(mistake, dresses)
