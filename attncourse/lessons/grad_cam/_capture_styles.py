"""Right answers to cam-capture, as different as people write them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def keeps_the_gradient(model, layer, images, classes):
    kept = []
    handle = model.get_submodule(layer).register_forward_hook(lambda m, i, out: kept.append(out) or out.clone())
    try:
        scores = model(images)
    finally:
        handle.remove()
    activations = kept.pop()
    activations.retain_grad()
    scores[torch.arange(len(classes)), classes].sum().backward(inputs=[activations])
    return activations.detach(), activations.grad


def by_a_hook_on_the_tensor(model, layer, images, classes):
    found = {}

    def keep(module, inputs, output):
        found["activations"] = output.detach().clone()
        output.register_hook(lambda gradient: found.update(gradients=gradient))

    x = images.clone().requires_grad_()
    handle = dict(model.named_modules())[layer].register_forward_hook(keep)
    try:
        torch.autograd.grad(model(x).gather(1, classes.view(-1, 1)).sum(), x)
    finally:
        handle.remove()
    return found["activations"], found["gradients"]


def by_a_full_backward_hook(model, layer, images, classes):
    found = {}
    in_place = [part for part in model.modules() if getattr(part, "inplace", False)]
    place = model.get_submodule(layer)
    handles = [
        place.register_forward_hook(lambda m, i, output: found.update(activations=output)),
        place.register_full_backward_hook(lambda m, into, out: found.update(gradients=out[0])),
    ]
    # A full backward hook and work in place do not go together.
    for part in in_place:
        part.inplace = False
    try:
        x = images.clone().requires_grad_()
        scores = model(x)
        torch.autograd.grad(scores, x, nn.functional.one_hot(classes, scores.shape[1]).to(scores.dtype))
    finally:
        for part in in_place:
            part.inplace = True
        for handle in handles:
            handle.remove()
    return [found["activations"], found["gradients"]]


def by_a_context_manager(model, layer, images, classes):
    @contextmanager
    def hooked() -> Iterator[list[Tensor]]:
        kept: list[Tensor] = []

        def keep(module, inputs, output):
            kept.append(output * 1.0)
            return kept[-1] * 1.0

        handle = model.get_submodule(layer).register_forward_hook(keep)
        try:
            yield kept
        finally:
            handle.remove()

    with hooked() as kept:
        scores = model(images)
    chosen = torch.stack([scores[i, c] for i, c in enumerate(classes.tolist())])
    return kept[0], torch.autograd.grad(chosen, kept[0], grad_outputs=torch.ones_like(chosen))[0]


def one_hot_backward(model, layer, images, classes):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = model.get_submodule(layer).register_forward_hook(keep)
    try:
        scores = model(images)
    finally:
        handle.remove()
    wanted = torch.zeros_like(scores)
    wanted[range(len(classes)), classes.tolist()] = 1
    return kept[0], torch.autograd.grad(scores, kept, grad_outputs=wanted)[0]


def by_running_the_parts(model, layer, images, classes):
    parts = [(name, part) for name, part in model.named_modules() if not list(part.children())]
    names = [name for name, _ in parts]
    x = images
    for _, part in parts[: names.index(layer) + 1]:
        x = part(x)
    activations = x.detach().requires_grad_()
    x = activations.clone()
    for _, part in parts[names.index(layer) + 1 :]:
        x = part(x)
    return activations, torch.autograd.grad(x.gather(1, classes[:, None]).sum(), activations)[0]


def image_by_image(model, layer, images, classes):
    pairs = [one_hot_backward(model, layer, images[i : i + 1], classes[i : i + 1]) for i in range(len(images))]
    activations, gradients = zip(*pairs, strict=True)
    return torch.cat(activations), torch.cat(gradients)


def on_a_copy_of_the_network(model, layer, images, classes):
    model = copy.deepcopy(model)
    kept = {}

    def keep(module, inputs, output):
        kept["activations"] = output
        output.retain_grad()
        return output + 0

    model.get_submodule(layer).register_forward_hook(keep)
    model(images).gather(1, classes.unsqueeze(1)).sum().backward()
    return kept["activations"], kept["activations"].grad


def by_something_of_zero_added(model, layer, images, classes):
    kept, added = [], []

    def keep(module, inputs, output):
        kept.append(output.detach().clone())
        added.append(torch.zeros_like(output, requires_grad=True))
        return output + added[0]

    handle = model.get_submodule(layer).register_forward_hook(keep)
    try:
        scores = model(images)
    finally:
        handle.remove()
    loss = -(scores * nn.functional.one_hot(classes, scores.shape[-1])).sum()
    return kept[0], -torch.autograd.grad(loss, added[0])[0]


def sets_the_gradients_to_none(model, layer, images, classes):
    kept = []
    handle = model.get_submodule(layer).register_forward_hook(lambda m, i, out: kept.append(out) or out.clone())
    try:
        scores = model(images)
    finally:
        handle.remove()
    kept[0].retain_grad()
    scores.gather(1, classes[:, None]).sum().backward()
    model.zero_grad(set_to_none=True)
    return kept[0].detach(), kept[0].grad


STYLES: tuple[Callable[..., object], ...] = (
    keeps_the_gradient,
    by_a_hook_on_the_tensor,
    by_a_full_backward_hook,
    by_a_context_manager,
    one_hot_backward,
    by_running_the_parts,
    image_by_image,
    on_a_copy_of_the_network,
    by_something_of_zero_added,
)
VARIANTS: tuple[tuple[Callable[..., object], str], ...] = (
    (
        sets_the_gradients_to_none,
        "You clear the parameters' gradients afterwards, and with them those that were there before the call, in the "
        "middle of a training step, say. torch.autograd.grad, or .backward(inputs=[activations]), touches none.",
    ),
)
