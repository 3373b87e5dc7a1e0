"""Wrong answers to cam-grad-cam, second part: what is explained, and the way from the map to the picture.

Seen in tutorials and in published code, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch.nn import functional

from attncourse.lessons.grad_cam._capturing import class_scores
from attncourse.lessons.grad_cam._making import bilinear, by_its_maximum, grad_cam, untidy


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


Mistake = tuple[Callable[..., object], tuple[Callable[..., object], ...]]
PICTURE_MISTAKES: tuple[Mistake, ...] = (
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
