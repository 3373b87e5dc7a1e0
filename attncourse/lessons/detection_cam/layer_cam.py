"""detect-layer-cam: a map in which each place is weighed by its own gradient."""

from __future__ import annotations

from collections.abc import Iterator

import numpy
import torch
from torch import Tensor

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "detect-layer-cam",
    answer="layer_cam",
    title="LayerCAM",
    points=3,
    task=(
        "Write `layer_cam(activations, gradients)`, both `(B, K, h, w)`: LayerCAM's map `(B, h, w)`. The weight of "
        "each channel at each place is the ReLU of the gradient there; the map is the ReLU of the sum over the "
        "channels of weight times activation. Activations may be negative, as after SiLU. Do not normalise."
    ),
    gradients=False,
    equivalents={
        "return (gradients.relu().detach() * activations).sum(dim=1).relu()": "a map carries no gradient",
        "return (gradients.relu() * activations).sum(dim=1).relu().detach()": "a map carries no gradient",
    },
    hints=[
        "What in Grad-CAM took the places away? Leave that step out.",
        "weights = ReLU of the gradients, as they are: (B, K, h, w), as large as the activations.",
        "Multiply place by place, add up the channels: axis 1 goes, (B, h, w) is left.",
        "Two ReLUs: one on the gradients, one on the sum. They do different things where activations are negative.",
        "In full: `return (gradients.relu() * activations).sum(dim=1).relu()`.",
    ],
)


@exercise.reference
def layer_cam(activations: Tensor, gradients: Tensor) -> Tensor:
    """``(B, K, h, w)``, ``(B, K, h, w) -> (B, h, w)``."""
    return torch.relu((torch.relu(gradients) * activations).sum(1))


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    activations = torch.tensor([[[[2.0, 1, 0]], [[-1.0, 2, 3]]]])
    gradients = torch.tensor([[[[1.0, -2, 3]], [[2.0, 1, -1]]]])
    yield Case("two channels of 1x3", (activations, gradients))
    for shape in ((1, 3, 2, 4), (2, 2, 3, 2), (3, 5, 4, 3)):
        words = f"{shape[0]} images, {shape[1]} channels of {shape[2]}x{shape[3]}"
        yield Case(words, (draw.integers(*shape), draw.integers(*shape)))
    yield Case("small gradients", (draw.normal(2, 4, 5, 3), draw.normal(2, 4, 5, 3) / 8))


@exercise.accepts
def einsum(activations, gradients):
    return torch.einsum("bkhw,bkhw->bhw", gradients.clamp(min=0), activations).clamp(min=0)


@exercise.accepts
def channel_by_channel(activations, gradients):
    total = torch.zeros_like(activations[:, 0])
    for channel in range(activations.shape[1]):
        total = total + gradients[:, channel].clamp(min=0) * activations[:, channel]
    return torch.maximum(total, torch.zeros(()))


@exercise.accepts
def where_gradients_are_positive(activations, gradients):
    kept = torch.where(gradients > 0, gradients * activations, 0.0)
    return torch.nn.functional.relu(kept.sum(-3))


@exercise.accepts
def in_numpy(activations, gradients):
    return numpy.maximum((numpy.maximum(gradients.numpy(), 0) * activations.numpy()).sum(1), 0)


@exercise.accepts
def as_a_matrix_product(activations, gradients):
    places = activations.permute(0, 2, 3, 1)
    weights = gradients.permute(0, 2, 3, 1) * (gradients.permute(0, 2, 3, 1) > 0)
    return (places[..., None, :] @ weights[..., None])[..., 0, 0].relu()


@exercise.accepts
def image_by_image(activations, gradients):
    return torch.stack([(g.relu() * a).sum(0).relu() for a, g in zip(activations, gradients, strict=True)])


@exercise.misconception
def averages_the_gradients(activations, gradients):
    """You took the mean of the gradients over the places.

    That is Grad-CAM: one weight for a channel, and every place where the channel is active lights up, whichever box was
    asked for.

    Leave the mean out: each place keeps its own gradient.
    """
    return (gradients.mean((2, 3), keepdim=True) * activations).sum(1).relu()


@exercise.misconception
def averages_the_positive_gradients(activations, gradients):
    """You took the ReLU of the gradients, and then their mean over the places.

    Positive or not, after the mean a channel has one weight for all places.

    Multiply the gradients' ReLU by the activations place by place.
    """
    return (gradients.relu().mean((2, 3), keepdim=True) * activations).sum(1).relu()


@exercise.misconception
def keeps_negative_gradients(activations, gradients):
    """You multiplied by the gradients themselves, without a ReLU.

    A channel with a negative gradient then takes away from a place what others gave to it. LayerCAM weighs only what
    would raise the score.

    Take the ReLU of the gradients first.
    """
    return (gradients * activations).sum(1).relu()


@exercise.misconception
def relu_of_the_product(activations, gradients):
    """You took the ReLU of gradient times activation, not of the gradient.

    With activations of at least 0 that is the same. Where both are negative, as after SiLU, the product is positive
    and counts; and where an activation is negative, nothing is taken away.

    Take the ReLU of the gradients, then multiply.
    """
    return (gradients * activations).relu().sum(1)


@exercise.misconception
def leaves_the_last_relu_out(activations, gradients):
    """You left out the ReLU around the sum.

    Where activations are negative the map falls below 0: that place speaks against the score.

    Take the ReLU of the sum as well.
    """
    return (gradients.relu() * activations).sum(1)


@exercise.misconception
def relu_of_the_activations_too(activations, gradients):
    """You took a second ReLU before the sum: of the activations, or of the products, which comes to the same.

    Then what negative activations take away from a place is lost before the sum.

    ReLU for the gradients, then the sum, then ReLU for the sum; the activations stay as they are.
    """
    return (gradients.relu() * activations.relu()).sum(1)


@exercise.misconception
def takes_the_size_of_the_gradient(activations, gradients):
    """You took the absolute value of the gradients.

    A large negative gradient means that more of this channel would lower the score: it would count as a reason for it.

    ReLU, not abs.
    """
    return (gradients.abs() * activations).sum(1).relu()


@exercise.misconception
def averages_the_channels(activations, gradients):
    """You took the mean over the channels.

    The picture looks the same, for each map is scaled before it is drawn. Maps of layers with different numbers of
    channels could no longer be compared.

    Take the sum.
    """
    return (gradients.relu() * activations).mean(1).relu()


@exercise.misconception
def takes_the_strongest_channel(activations, gradients):
    """You took the largest channel at each place.

    What several channels say together is then lost.

    Take the sum over the channels.
    """
    return (gradients.relu() * activations).amax(1).relu()


@exercise.misconception
def forgets_the_activations(activations, gradients):
    """You added up the gradients' ReLU alone.

    The gradient tells what would matter. Whether it was there, the activation tells.

    Multiply by the activations.
    """
    return gradients.relu().sum(1)


@exercise.misconception
def forgets_the_gradients(activations, gradients):
    """You added up the activations alone.

    Such a map is the same whatever box and whatever class was asked for.

    Multiply by the ReLU of the gradients.
    """
    return activations.sum(1).relu()


@exercise.misconception
def divides_by_the_maximum(activations, gradients):
    """You divided each map by its maximum.

    That is for drawing. Two maps can't be compared or added up any more, and a map of zeros becomes nan.

    Give the map as it is; `explain.scaled` scales it where it is drawn.
    """
    found = (gradients.relu() * activations).sum(1).relu()
    return found / found.amax((1, 2), keepdim=True)
