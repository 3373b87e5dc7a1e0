"""Wrong answers to cam-grad-cam, first part: the network's modes, who may call it, and what is left behind.

Seen in tutorials and in published code.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product

from attncourse.lessons.grad_cam._capturing import IF_ALL_GOES_WELL, NEVER
from attncourse.lessons.grad_cam._making import EACH_PART, NO_EVAL, NOT_AT_ALL, TOP_FLAG, TRAIN, grad_cam


def stays_in_train_mode(model, layer, images, classes):
    """You ran the network in the mode that it happened to be in.

    In train mode batch norm takes its means from your batch, so an image's map depends on the others, and it moves its
    running statistics: to look changes the network. Dropout would give another map each time.

    `model.eval()` before the run.
    """
    return grad_cam(model, layer, images, classes, modes=NO_EVAL)


def leaves_it_in_eval_mode(model, layer, images, classes):
    """You put the network into eval mode and left it there.

    Whoever is training goes on without dropout and with frozen batch norms, and nothing complains.

    Write down each part's `training` before, and put it back in a `finally`.
    """
    return grad_cam(model, layer, images, classes, modes=NOT_AT_ALL)


def puts_it_into_train_mode(model, layer, images, classes):
    """You called model.train() at the end, in whatever mode the network came.

    A network that came in eval mode would go home in train mode; its next prediction would be another one.

    Write down each part's `training` before, and put it back in a `finally`.
    """
    return grad_cam(model, layer, images, classes, modes=TRAIN)


def wakes_what_was_frozen(model, layer, images, classes):
    """You put back one flag, the whole network's, and model.train() gave it to every part.

    Batch norms that were kept in eval mode on purpose, as in fine-tuning, are awake then: their statistics begin to
    move.

    Write down the flag of each part: `{part: part.training for part in model.modules()}`.
    """
    return grad_cam(model, layer, images, classes, modes=TOP_FLAG)


def puts_back_only_if_all_goes_well(model, layer, images, classes):
    """When the model raises an error, it stays in eval mode.

    The lines that put the modes back are never reached.

    Run it in a `try:`, and put the modes back in its `finally:`.
    """
    return grad_cam(model, layer, images, classes, safe=False)


def needs_trainable_parameters(model, layer, images, classes):
    """With frozen parameters nothing in your run requires a gradient, so torch records nothing.

    Networks that are only looked at are often frozen. The gradient that you want is that of the layer, not of the
    parameters.

    Let the images require it: `images.clone().requires_grad_()`; or let your hook pass on a copy that does.
    """
    return grad_cam(model, layer, images, classes, images_require=False)


def thaws_the_network(model, layer, images, classes):
    """You switched requires_grad on for the parameters and left it on.

    Somebody froze them on purpose; the next training step would change them.

    Let the images require a gradient: `images.clone().requires_grad_()`.
    """
    model.requires_grad_(True)
    return grad_cam(model, layer, images, classes)


def records_nothing_under_no_grad(model, layer, images, classes):
    """Within somebody's torch.no_grad() your run records nothing, so there is no gradient.

    Evaluation loops run under no_grad, and that is where one wants to look.

    `with torch.enable_grad():` round the run.
    """
    return grad_cam(model, layer, images, classes, records=False)


def leaves_its_hook(model, layer, images, classes):
    """Your hook is still on the network when the call is over.

    From then on it runs in every forward pass, and keeps that pass's tensors alive.

    `handle.remove()` behind the run, in a `finally`.
    """
    return grad_cam(model, layer, images, classes, removes=NEVER)


def removes_its_hook_only_if_all_goes_well(model, layer, images, classes):
    """When the model raises an error, your hook stays on it.

    The line with `handle.remove()` is never reached.

    Run the model in a `try:`, and remove the hook in its `finally:`.
    """
    return grad_cam(model, layer, images, classes, removes=IF_ALL_GOES_WELL)


def leaves_gradients_on_the_parameters(model, layer, images, classes):
    """You called .backward(), which adds a gradient to every parameter's .grad.

    The next training step would add its own to them.

    `torch.autograd.grad(score, activations)`, as in your capture.
    """
    return grad_cam(model, layer, images, classes, backward=True)


def _careless(modes, safes=(True, False), requires=(True, False), records=(True, False), **asked):
    """Every way of cleaning up like that."""
    every = product(modes, safes, requires, records)
    return tuple(
        partial(grad_cam, modes=mode, safe=safe, images_require=require, records=recording, **asked)
        for mode, safe, require, recording in every
        if (mode, safe, require, recording) != (EACH_PART, True, True, True)
    )


def _tutorial(**asked):
    """Backward, with nothing put back."""
    return (
        partial(grad_cam, modes=NOT_AT_ALL, images_require=False, records=False, backward=True, **asked),
        partial(grad_cam, modes=NO_EVAL, images_require=False, records=False, backward=True, **asked),
        partial(grad_cam, modes=NOT_AT_ALL, records=False, **asked),
        partial(grad_cam, images_require=False, records=False, **asked),
    )


Mistake = tuple[Callable[..., object], tuple[Callable[..., object], ...]]
NETWORK_MISTAKES: tuple[Mistake, ...] = (
    (stays_in_train_mode, _careless((NO_EVAL,), safes=(True,))),
    (leaves_it_in_eval_mode, _careless((NOT_AT_ALL,), safes=(True,))),
    (puts_it_into_train_mode, _careless((TRAIN,))),
    (wakes_what_was_frozen, _careless((TOP_FLAG,))),
    (
        needs_trainable_parameters,
        (
            *_careless((EACH_PART,), requires=(False,)),
            *_careless((EACH_PART,), requires=(False,), retains=True),
        ),
    ),
    (
        records_nothing_under_no_grad,
        (
            *_careless((EACH_PART,), requires=(True,), records=(False,)),
            *_careless((EACH_PART,), requires=(True,), records=(False,), retains=True),
        ),
    ),
    (puts_back_only_if_all_goes_well, ()),
    (thaws_the_network, ()),
    (leaves_its_hook, _tutorial(removes=NEVER)),
    (leaves_gradients_on_the_parameters, _tutorial()[:2]),
    (removes_its_hook_only_if_all_goes_well, (partial(grad_cam, safe=False, removes=IF_ALL_GOES_WELL),)),
)
