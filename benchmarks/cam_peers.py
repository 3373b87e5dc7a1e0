"""pytorch-grad-cam and torchcam beside our CAM: the same maps of the same layer of the same network.

Both are optional: ``build`` gives None where one is not installed, and the record then says so.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from attncourse.explain import CAM, scaled
from benchmarks import torchvision_operators

# Where each has the methods. torchcam's GradCAMpp divides a copy, so its map is another one: its time alone is used.
GRAD_CAM = {
    "grad_cam": "GradCAM",
    "grad_cam_plus_plus": "GradCAMPlusPlus",
    "x_grad_cam": "XGradCAM",
    "layer_cam": "LayerCAM",
}
TORCHCAM = {"grad_cam": "GradCAM", "grad_cam_plus_plus": "GradCAMpp", "x_grad_cam": "XGradCAM", "layer_cam": "LayerCAM"}
UNSOUND = ("grad_cam_plus_plus",)
PEERS = ("grad-cam", "torchcam")

Step = Callable[[], Tensor]


def versions() -> dict[str, str | None]:
    """Of the two peers; None where one is not installed."""
    found: dict[str, str | None] = {}
    for name in PEERS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def inference(model: nn.Module, layer: str, method: str, images: Tensor, classes: Tensor) -> Step:
    """The network alone, without gradients: what nobody can go below."""

    def step() -> Tensor:
        with torch.no_grad():
            return model(images)

    return step


def gradients(model: nn.Module, layer: str, method: str, images: Tensor, classes: Tensor) -> Step:
    """The forward pass and the gradients down to the layer, in plain torch: what every such map is made of."""
    found: list[Tensor] = []

    def keep(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        torch.set_grad_enabled(True)
        found[:] = [output.clone().requires_grad_()]
        return found[0].clone()

    model.get_submodule(layer).register_forward_hook(keep)

    def step() -> Tensor:
        with torch.no_grad():
            outputs = model(images)
        return torch.autograd.grad(outputs.gather(1, classes[:, None]).sum(), found)[0]

    return step


def all_gradients(model: nn.Module, layer: str, method: str, images: Tensor, classes: Tensor) -> Step:
    """The forward pass and the gradients of all parameters, in plain torch: what a whole backward pass costs."""
    parameters = list(model.parameters())

    def step() -> Tensor:
        return torch.autograd.grad(model(images).gather(1, classes[:, None]).sum(), parameters)[0]

    return step


def ours(model: nn.Module, layer: str, method: str, images: Tensor, classes: Tensor) -> Step:
    """Maps of the size of the layer, not scaled, as torchcam's here."""
    cam = CAM(model, layer, method).__enter__()
    return lambda: cam(images, classes)


def ours_scaled(model: nn.Module, layer: str, method: str, images: Tensor, classes: Tensor) -> Step:
    """Maps of the size of the images, scaled, as grad-cam's."""
    cam = CAM(model, layer, method).__enter__()
    size = (images.shape[2], images.shape[3])
    return lambda: scaled(cam(images, classes), size)


def grad_cam(model: nn.Module, layer: str, method: str, images: Tensor, classes: Tensor) -> Step:
    """Maps of the size of the images, scaled; gradients of all parameters are computed on the way."""
    torchvision_operators.declare()
    library = importlib.import_module("pytorch_grad_cam")
    target = importlib.import_module("pytorch_grad_cam.utils.model_targets").ClassifierOutputTarget
    targets = [target(number) for number in classes.tolist()]
    cam = getattr(library, GRAD_CAM[method])(model, [model.get_submodule(layer)])
    return lambda: torch.from_numpy(cam(images, targets))


def torchcam(model: nn.Module, layer: str, method: str, images: Tensor, classes: Tensor) -> Step:
    """Maps of the size of the layer, not scaled."""
    cam = getattr(importlib.import_module("torchcam.methods"), TORCHCAM[method])(model, layer)
    wanted = classes.tolist()
    return lambda: cam(wanted, model(images), normalized=False)[0]


BUILD: dict[str, Callable[[nn.Module, str, str, Tensor, Tensor], Step]] = {
    "ours": ours,
    "ours again": ours,
    "ours scaled": ours_scaled,
    "inference": inference,
    "gradients": gradients,
    "all gradients": all_gradients,
    "grad-cam": grad_cam,
    "torchcam": torchcam,
}


def as_grad_cam_scales(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """grad-cam's own normalisation and enlargement of maps ``(B, h, w)``, for a comparison of the maps alone."""
    scale = importlib.import_module("pytorch_grad_cam.utils.image").scale_cam_image
    large = scale(maps.cpu().numpy(), (size[1], size[0]))
    return torch.from_numpy(scale(np.maximum(large, 0)))


def from_0_to_1(maps: Tensor) -> Tensor:
    """Each map's minimum becomes 0 and its maximum 1, ``(B, h, w)``."""
    lifted = maps - maps.amin((1, 2), keepdim=True)
    return lifted / lifted.amax((1, 2), keepdim=True).clamp(min=1e-30)
