"""Right answers to cam-grad-cam, as different as people write them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import nn
from torch.nn import functional

from attncourse.lessons.grad_cam._capture_styles import (
    by_a_full_backward_hook,
    by_a_hook_on_the_tensor,
    by_running_the_parts,
    one_hot_backward,
)
from attncourse.lessons.grad_cam.map import grad_cam_map


@contextmanager
def _quietly(model: nn.Module) -> Iterator[None]:
    parts = [part for part in model.modules() if part.training]
    try:
        with torch.set_grad_enabled(True):
            model.eval()
            yield
    finally:
        for part in parts:
            part.training = True


def with_a_context_manager(model, layer, images, classes):
    with _quietly(model):
        activations, gradients = one_hot_backward(model, layer, images.detach().clone().requires_grad_(), classes)
    maps = grad_cam_map(activations, gradients).detach()
    maps = nn.Upsample(size=tuple(images.shape[-2:]), mode="bilinear")(maps.unsqueeze(1)).squeeze(1)
    return maps / (maps.flatten(1).max(1).values[:, None, None] + 1e-8)


def with_a_stack_of_things_to_undo(model, layer, images, classes):
    with ExitStack() as undo:
        for part in model.modules():
            undo.callback(setattr, part, "training", part.training)
        undo.enter_context(torch.enable_grad())
        model.eval()
        pair = by_a_hook_on_the_tensor(model, layer, images, classes)
    maps = functional.interpolate(grad_cam_map(*pair)[:, None], size=images.shape[2:], mode="bilinear")
    return (maps / maps.amax((2, 3), keepdim=True).clamp(min=1e-10))[:, 0]


def on_a_copy_of_the_network(model, layer, images, classes):
    twin = copy.deepcopy(model).eval().requires_grad_(True)
    with torch.enable_grad():
        kept = []
        twin.get_submodule(layer).register_forward_hook(lambda m, i, output: kept.append(output) or output * 1)
        twin(images)[range(len(images)), classes.tolist()].sum().backward(inputs=kept)
    weights = kept[0].grad.mean(dim=(2, 3), keepdim=True)
    maps = functional.relu((weights * kept[0].detach()).sum(dim=1, keepdim=True))
    maps = functional.interpolate(maps, size=(images.size(2), images.size(3)), mode="bilinear", align_corners=False)
    return torch.nan_to_num(maps / maps.amax(dim=(2, 3), keepdim=True)).squeeze(1)


def by_running_the_parts_in_eval_mode(model, layer, images, classes):
    flags = [part.training for part in model.modules()]
    try:
        model.eval()
        with torch.enable_grad():
            pair = by_running_the_parts(model, layer, images, classes)
    finally:
        for part, flag in zip(model.modules(), flags, strict=True):
            part.train(flag) if not list(part.children()) else setattr(part, "training", flag)
    maps = functional.interpolate(grad_cam_map(*pair)[None], size=images.shape[2:], mode="bilinear")[0]
    return torch.stack([one / one.max() if one.max() > 0 else one for one in maps]).detach()


def image_by_image(model, layer, images, classes):
    modes = [(part, part.training) for part in model.modules()]
    pictures = []
    try:
        for part, _ in modes:
            part.training = False
        for image, number in zip(images, classes, strict=True):
            with torch.enable_grad():
                a, g = by_a_full_backward_hook(model, layer, image[None], number[None])
            # The factors h * w and 1 / K are the same for the whole map, and end in its maximum.
            found = torch.einsum("k,khw->hw", g[0].sum((1, 2)), a[0]).detach().relu()
            found = functional.interpolate(found[None, None], tuple(image.shape[1:]), mode="bilinear")[0, 0]
            pictures.append(found / found.max() if found.any() else found)
    finally:
        for part, training in modes:
            part.training = training
    return torch.stack(pictures)


def by_something_added_to_the_layer(model, layer, images, classes):
    names = [name for name, part in model.named_modules() if part.training]
    kept = {}

    def hook(module, inputs, output):
        kept["a"] = output.detach().clone()
        kept["d"] = torch.zeros_like(output).requires_grad_()
        return output + kept["d"]

    handle = model.get_submodule(layer).register_forward_hook(hook)
    try:
        model.eval()
        with torch.enable_grad():
            chosen = model(images).gather(1, classes.reshape(-1, 1))
            g = torch.autograd.grad(chosen.sum(), kept["d"])[0]
    finally:
        handle.remove()
        for name in names:
            model.get_submodule(name).training = True
    m = (g.mean((2, 3))[:, :, None, None] * kept["a"]).mean(1).clamp_min(0)
    m = functional.interpolate(m.unsqueeze(1), images.shape[-2:], mode="bilinear").squeeze(1)
    top = m.reshape(len(m), -1).max(dim=1).values
    top[top == 0] = 1
    return m / top.reshape(-1, 1, 1)


STYLES: tuple[Callable[..., object], ...] = (
    with_a_context_manager,
    with_a_stack_of_things_to_undo,
    on_a_copy_of_the_network,
    by_running_the_parts_in_eval_mode,
    image_by_image,
    by_something_added_to_the_layer,
)
