"""Wrong answers to cam-capture, second part: what is overwritten, and what is left behind.

Seen in tutorials and in published code, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import product

import torch

from attncourse.lessons.grad_cam import _capturing
from attncourse.lessons.grad_cam._capturing import ALWAYS, IF_ALL_GOES_WELL, NEVER, class_scores


def leaves_its_hook(model, layer, images, classes):
    """Your hook is still on the network when the call is over.

    From then on it runs in every forward pass: it keeps tensors alive, and the second call finds two hooks.

    `register_forward_hook` gives a handle: call `handle.remove()` behind the run, in a `finally`.
    """
    return _capturing.capture(model, layer, images, classes, removes=NEVER)


def leaves_gradients_on_the_parameters(model, layer, images, classes):
    """You called .backward(), which adds a gradient to every parameter's .grad.

    A look inside should not leave a trace: the next training step would add its gradients to yours.

    `torch.autograd.grad(score, kept)` gives the gradients that you want, and touches no others.
    """
    return _capturing.capture(model, layer, images, classes, backward=True)


def kept_tensor_changed_in_place(model, layer, images, classes):
    """What you kept was changed behind your back: a ReLU that works in place wrote over it.

    The hook gave you the tensor itself, and the next layer had the same one. `.detach()` does not help: it shares the
    memory. And a full backward hook makes torch refuse work in place.

    Keep the output and return a copy of it from the hook, so that the network goes on with the copy: `output.clone()`.
    """
    return _capturing.capture(model, layer, images, classes, copies=False)


def removes_its_hook_only_if_all_goes_well(model, layer, images, classes):
    """When the model raises an error, your hook stays on it.

    The line with `handle.remove()` is never reached. In a notebook one fixes the images and runs the cell again, with
    the old hook still there.

    Run the model in a `try:`, and remove the hook in its `finally:`.
    """
    return _capturing.capture(model, layer, images, classes, removes=IF_ALL_GOES_WELL)


def removes_all_hooks(model, layer, images, classes):
    """You removed every hook of the layer, those of others too (expected).

    Somebody else may be watching the same layer; their measurement ends without a word.

    Keep your own handle and remove that one.
    """
    found = _capturing.capture(model, layer, images, classes)
    model.get_submodule(layer)._forward_hooks.clear()
    return found


def _shares_memory(model, layer, images, classes, removes=ALWAYS):
    """The activations detached, the gradients by a hook on the tensor."""
    found = {}

    def keep(module, inputs, output):
        found["activations"] = output.detach()
        output.register_hook(lambda gradient: found.update(gradients=gradient))

    handle = model.get_submodule(layer).register_forward_hook(keep)
    done = False
    try:
        scores = model(images)
        done = True
    finally:
        if removes == ALWAYS or done:
            handle.remove()
    torch.autograd.grad(class_scores(scores, classes), list(model.parameters()))
    return found["activations"], found["gradients"]


def _refused(model, layer, images, classes, removes=ALWAYS):
    """A full backward hook, with which torch refuses work in place."""
    found = {}
    place = model.get_submodule(layer)
    handles = [
        place.register_forward_hook(lambda m, i, output: found.update(activations=output)),
        place.register_full_backward_hook(lambda m, into, out: found.update(gradients=out[0])),
    ]
    done = False
    try:
        torch.autograd.grad(class_scores(model(images), classes), list(model.parameters()))
        done = True
    finally:
        if removes == ALWAYS or done and removes == IF_ALL_GOES_WELL:
            for handle in handles:
                handle.remove()
    return found["activations"], found["gradients"]


def _refused_and_backward(model, layer, images, classes, removes=NEVER):
    """The same as tutorials have it."""
    found = {}
    place = model.get_submodule(layer)
    handles = [
        place.register_forward_hook(lambda m, i, output: found.update(activations=output)),
        place.register_full_backward_hook(lambda m, into, out: found.update(gradients=out[0])),
    ]
    class_scores(model(images), classes).backward()
    if removes == IF_ALL_GOES_WELL:
        for handle in handles:
            handle.remove()
    return found["activations"], found["gradients"]


def _ways(backward: Iterable[bool], removes: Iterable[str]) -> tuple[Callable[..., object], ...]:
    """All ways to clean up that have these faults, with a copy and without."""
    every = product((True, False), backward, removes)
    return tuple(partial(_capturing.capture, copies=c, backward=b, removes=r) for c, b, r in every)


Mistake = tuple[Callable[..., object], tuple[Callable[..., object], ...]]
TRACE_MISTAKES: tuple[Mistake, ...] = (
    (leaves_its_hook, (*_ways((True, False), (NEVER,)), _refused_and_backward, partial(_refused, removes=NEVER))),
    (
        leaves_gradients_on_the_parameters,
        (*_ways((True,), (ALWAYS, IF_ALL_GOES_WELL)), partial(_refused_and_backward, removes=IF_ALL_GOES_WELL)),
    ),
    (
        kept_tensor_changed_in_place,
        (
            _shares_memory,
            _refused,
            partial(_shares_memory, removes=IF_ALL_GOES_WELL),
            partial(_refused, removes=IF_ALL_GOES_WELL),
            partial(_capturing.capture, copies=False, removes=IF_ALL_GOES_WELL),
        ),
    ),
    (removes_its_hook_only_if_all_goes_well, ()),
    (removes_all_hooks, ()),
)
