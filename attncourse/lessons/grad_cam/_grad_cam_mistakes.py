"""Wrong answers to cam-grad-cam: the network's modes, who may call it, and the way from the map to the picture.

Seen in tutorials and in published code, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product

import torch
from torch.nn import functional

from attncourse.lessons.grad_cam._capturing import IF_ALL_GOES_WELL, NEVER, class_scores
from attncourse.lessons.grad_cam._making import (
    EACH_PART,
    NO_EVAL,
    NOT_AT_ALL,
    TOP_FLAG,
    TRAIN,
    bilinear,
    by_its_maximum,
    grad_cam,
    untidy,
)


def _without_relu(activations, gradients):
    return (gradients.mean((2, 3), keepdim=True) * activations).sum(1)


def _place_by_place(activations, gradients):
    return torch.relu((gradients * activations).sum(1))


def _predicted(scores, classes):
    return scores.amax(1).sum()


def _probabilities(scores, classes):
    return class_scores(scores.softmax(1), classes)


def _not_enlarged(maps, size):
    return maps


def _nearest(maps, size):
    return functional.interpolate(maps[:, None], size, mode="nearest")[:, 0]


def _aligned(maps, size):
    return functional.interpolate(maps[:, None], size, mode="bilinear", align_corners=True)[:, 0]


def _bicubic(maps, size):
    return functional.interpolate(maps[:, None], size, mode="bicubic")[:, 0]


def _turned(maps, size):
    return bilinear(maps, (size[1], size[0]))


def _scaled_before(maps, size):
    return bilinear(by_its_maximum(maps), size)


def _relu_after(maps, size):
    return torch.relu(bilinear(maps, size))


def _as_it_is(maps):
    return maps


def _unguarded(maps):
    return maps / maps.amax((1, 2), keepdim=True)


def _over_the_batch(maps):
    return maps / torch.where(maps.max() > 0, maps.max(), 1)


def _from_minimum_to_maximum(maps):
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / torch.where(high > low, high - low, 1)


def _from_minimum_unguarded(maps):
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low)


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


def explains_the_predicted_class(model, layer, images, classes):
    """You explained the class with the largest score, not the one that was asked for.

    Why it is a cat AND what speaks for the dog are both fair questions; `classes` says which.

    Pass `classes` on to capture.
    """
    return grad_cam(model, layer, images, classes, score=_predicted)


def explains_the_probability(model, layer, images, classes):
    """You explained the softmax's output.

    It also grows when other classes' scores fall, so the map mixes in what speaks against those.

    Take the score before the softmax.
    """
    return grad_cam(model, layer, images, classes, score=_probabilities)


def forgets_the_relu(model, layer, images, classes):
    """Your picture has no ReLU.

    What speaks against the class is below 0; a colour scale that begins at the minimum would make it a weaker "for".

    ReLU the map before you enlarge it.
    """
    return grad_cam(model, layer, images, classes, mapped=_without_relu)


def relu_after_enlarging(model, layer, images, classes):
    """You enlarged first and took the ReLU afterwards (expected).

    Between a place that speaks for the class and one that speaks against it the two then cancel, and the spots shrink.
    Grad-CAM's map ends with the ReLU; what follows is display.

    ReLU first, then enlarge.
    """
    return grad_cam(model, layer, images, classes, mapped=_without_relu, enlarged=_relu_after)


def place_by_place(model, layer, images, classes):
    """You multiplied gradients and activations place by place.

    Grad-CAM gives a channel one weight for all its places: the mean of its gradients.

    Use your grad_cam_map.
    """
    return grad_cam(model, layer, images, classes, mapped=_place_by_place)


def forgets_to_enlarge(model, layer, images, classes):
    """Your maps have the size of the layer.

    To lie over the image they must be as large as it.

    `functional.interpolate(maps[:, None], images.shape[2:], mode="bilinear")[:, 0]`.
    """
    return grad_cam(model, layer, images, classes, enlarged=_not_enlarged)


def exchanges_height_and_width(model, layer, images, classes):
    """You enlarged to (W, H).

    cv2.resize wants the width first; torch's sizes are height, then width. On square images nobody notices.

    `size=images.shape[2:]`.
    """
    return grad_cam(model, layer, images, classes, enlarged=_turned)


def nearest_neighbour(model, layer, images, classes):
    """You enlarged with nearest neighbours, torch's default.

    The picture shows blocks with edges that are no edges of anything.

    `mode="bilinear"`.
    """
    return grad_cam(model, layer, images, classes, enlarged=_nearest)


def corners_aligned(model, layer, images, classes):
    """You enlarged with align_corners=True.

    It puts the middle of the corner places on the corner pixels, so that the map is stretched towards the edge: by up
    to half a place of the layer, which may be 16 pixels.

    align_corners=False, which is the default.
    """
    return grad_cam(model, layer, images, classes, enlarged=_aligned)


def bicubic(model, layer, images, classes):
    """You enlarged bicubically.

    Cubic curves swing below 0 and beyond the maximum beside a bright spot: places light up that the layer has not.

    `mode="bilinear"`.
    """
    return grad_cam(model, layer, images, classes, enlarged=_bicubic)


def scales_before_enlarging(model, layer, images, classes):
    """You scaled the map before you enlarged it.

    Pixels lie between places, so the enlarged maximum is mostly below 1, by more or less in each image.

    Enlarge, then divide by the maximum.
    """
    return grad_cam(model, layer, images, classes, enlarged=_scaled_before, scaled=_as_it_is)


def forgets_to_scale(model, layer, images, classes):
    """You did not scale the maps.

    Asked is a maximum of 1 for each.

    Divide each map by its own maximum, if that is above 0.
    """
    return grad_cam(model, layer, images, classes, scaled=_as_it_is)


def zero_by_zero(model, layer, images, classes):
    """A map of zeros becomes NaN: you divide 0 by 0.

    Nothing speaks for that class, and that is a result. NaN is drawn white, or spoils the colours of all others.

    `maps / torch.where(largest > 0, largest, 1)`.
    """
    return grad_cam(model, layer, images, classes, scaled=_unguarded)


def one_maximum_for_the_batch(model, layer, images, classes):
    """You divided all maps by the largest value of the batch.

    Then an image's picture depends on the others that came along.

    `maps.amax((1, 2), keepdim=True)`: one maximum for each image.
    """
    return grad_cam(model, layer, images, classes, scaled=_over_the_batch)


def minimum_moved_to_zero(model, layer, images, classes):
    """You moved the minimum to 0 as well (min-max scaling).

    A map that is nearly the same everywhere, and so says nothing about where, then gets the same strong colours as one
    that has found something.

    Divide by the maximum alone: 0 stays 0.
    """
    return grad_cam(model, layer, images, classes, scaled=_from_minimum_to_maximum)


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
MISTAKES: tuple[Mistake, ...] = (
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
    (explains_the_predicted_class, untidy(score=_predicted)),
    (explains_the_probability, untidy(score=_probabilities)),
    (
        forgets_the_relu,
        (
            partial(grad_cam, mapped=_without_relu, scaled=_from_minimum_to_maximum),
            partial(grad_cam, mapped=_without_relu, scaled=_unguarded),
            *untidy(mapped=_without_relu),
            *untidy(mapped=_without_relu, scaled=_from_minimum_unguarded),
        ),
    ),
    (relu_after_enlarging, ()),
    (place_by_place, untidy(mapped=_place_by_place)),
    (forgets_to_enlarge, untidy(enlarged=_not_enlarged)),
    (
        exchanges_height_and_width,
        (
            partial(grad_cam, enlarged=_turned, scaled=_unguarded),
            *untidy(enlarged=_turned),
        ),
    ),
    (
        nearest_neighbour,
        (
            partial(grad_cam, enlarged=_nearest, scaled=_unguarded),
            *untidy(enlarged=_nearest),
        ),
    ),
    (
        corners_aligned,
        (
            partial(grad_cam, enlarged=_aligned, scaled=_unguarded),
            *untidy(enlarged=_aligned),
        ),
    ),
    (bicubic, untidy(enlarged=_bicubic)),
    (scales_before_enlarging, untidy(enlarged=_scaled_before, scaled=_as_it_is)),
    (forgets_to_scale, untidy(scaled=_as_it_is)),
    (zero_by_zero, untidy(scaled=_unguarded)),
    (one_maximum_for_the_batch, untidy(scaled=_over_the_batch)),
    (
        minimum_moved_to_zero,
        (
            partial(grad_cam, scaled=_from_minimum_unguarded),
            *untidy(scaled=_from_minimum_to_maximum),
            *untidy(scaled=_from_minimum_unguarded),
        ),
    ),
)
