"""cam-map: from activations and gradients to the map of Grad-CAM."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "cam-map",
    answer="grad_cam_map",
    title="The map of Grad-CAM",
    points=2,
    task=(
        "Write `grad_cam_map(activations, gradients)`: `(B, K, h, w)` twice -> `(B, h, w)`. A channel's weight is the "
        "mean of its gradients over all places, in each image on its own. The map is the ReLU of the sum over the "
        "channels of weight times activations. The inputs stay as they are."
    ),
    gradients=False,
    equivalents={
        "weights = gradients.mean((2, 3), keepdim=True).detach()": "no gradient goes through a map",
        "return torch.relu((weights * activations).sum(1)).detach()": "no gradient goes through a map",
    },
    hints=[
        "Two steps: one number for each image and channel, then one map for each image. Which axes go in which step?",
        "The mean over places goes over axes 2 and 3, that is height and width; batch and channels stay.",
        "With `keepdim=True` the weights have the shape (B, K, 1, 1) and fit beside the activations.",
        "The ReLU comes last: what speaks for the class and what speaks against it must meet in the sum first.",
        "In full: `weights = gradients.mean((2, 3), keepdim=True)`, then "
        "`return torch.relu((weights * activations).sum(1))`.",
    ],
)


@exercise.reference
def grad_cam_map(activations: Tensor, gradients: Tensor) -> Tensor:
    """``(B, K, h, w), (B, K, h, w) -> (B, h, w)``: equations 1 and 2 of the Grad-CAM paper."""
    weights = gradients.mean((2, 3), keepdim=True)
    return torch.relu((weights * activations).sum(1))


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    # By hand: the weights are 2 and -1, both signs remain before the ReLU, and no two ways of weighing agree.
    activations = torch.tensor([[[[3.0, 1, 0], [2, 0, 1]], [[1.0, 4, 2], [0, 5, 1]]]])
    gradients = torch.tensor([[[[4.0, 0, 3], [-1, 5, 1]], [[-3.0, 1, 0], [-2, -4, 2]]]])
    yield Case("one image, two channels of 2x3", (activations, gradients))
    yield Case("one image, three channels of 3x2", (draw.integers(1, 3, 3, 2, low=0), draw.integers(1, 3, 3, 2)))
    yield Case("two images, four channels of 3x5", (draw.normal(2, 4, 3, 5).abs(), draw.normal(2, 4, 3, 5)))
    yield Case("activations of both signs", (draw.normal(3, 4, 4, 3), draw.normal(3, 4, 4, 3)))
    yield Case("one place", (draw.normal(2, 6, 1, 1), draw.normal(2, 6, 1, 1)))


@exercise.accepts
def by_einsum(activations, gradients):
    return torch.einsum("bk,bkhw->bhw", gradients.mean((2, 3)), activations).clamp(min=0)


@exercise.accepts
def by_pooling(activations, gradients):
    weights = functional.adaptive_avg_pool2d(gradients, 1)
    return functional.relu(torch.sum(weights * activations, dim=1))


@exercise.accepts
def channel_by_channel(activations, gradients):
    found = torch.zeros_like(activations[:, 0])
    for k in range(activations.shape[1]):
        found += gradients[:, k].mean(dim=(-2, -1))[:, None, None] * activations[:, k]
    return torch.maximum(found, torch.zeros(()))


@exercise.accepts
def image_by_image(activations, gradients):
    maps = []
    for a, g in zip(activations, gradients, strict=True):
        weights = g.flatten(1).mean(1)
        maps.append((weights @ a.flatten(1)).reshape(a.shape[1:]).relu())
    return torch.stack(maps)


@exercise.accepts
def by_matrix_product(activations, gradients):
    b, k, h, w = activations.shape
    weights = gradients.reshape(b, k, h * w).mean(-1)
    return torch.bmm(weights.unsqueeze(1), activations.reshape(b, k, h * w)).reshape(b, h, w).relu()


@exercise.accepts
def in_place_on_a_copy(activations, gradients):
    weighted = activations.clone()
    weighted *= gradients.sum((2, 3), keepdim=True) / (gradients.shape[2] * gradients.shape[3])
    found = weighted.sum(dim=1)
    found[found < 0] = 0
    return found


def _relu_on_the_activations(activations, gradients):
    return (gradients.mean((2, 3), keepdim=True) * torch.relu(activations)).sum(1)


def forgets_the_relu(activations, gradients):
    """You left out the ReLU of the sum.

    Negative places speak against the class. On a colour scale they would look like a weaker "for", or push everything
    else up.

    Put torch.relu around the sum.
    """
    return (gradients.mean((2, 3), keepdim=True) * activations).sum(1)


exercise.misconception(forgets_the_relu, dresses=[_relu_on_the_activations])


@exercise.misconception
def relu_on_each_channel(activations, gradients):
    """You put the ReLU on each channel, before the sum.

    Then channels that speak against the class at a place cannot take anything away there: the map is too large.

    Sum over the channels first, then the ReLU, once.
    """
    return torch.relu(gradients.mean((2, 3), keepdim=True) * activations).sum(1)


@exercise.misconception
def relu_on_the_gradients(activations, gradients):
    """You put a ReLU on the gradients before their mean.

    That is another method's step (Grad-CAM++). Here gradients below 0 count: a channel that helps at one place and
    harms at others may weigh nothing.

    Take the mean of the gradients as they are. The only ReLU is the last step.
    """
    return torch.relu((torch.relu(gradients).mean((2, 3), keepdim=True) * activations).sum(1))


@exercise.misconception
def relu_on_the_weights(activations, gradients):
    """You put a ReLU on the weights.

    A channel of negative weight is evidence against the class; without it the map shows too much.

    Let the weights have both signs, and put the ReLU round the sum.
    """
    return torch.relu((torch.relu(gradients.mean((2, 3), keepdim=True)) * activations).sum(1))


@exercise.misconception
def largest_gradient(activations, gradients):
    """You took the largest gradient of each channel as its weight.

    One place would speak for the whole channel.

    Take the mean over all places (equation 1 of the paper).
    """
    return torch.relu((gradients.amax((2, 3), keepdim=True) * activations).sum(1))


@exercise.misconception
def sum_of_the_gradients(activations, gradients):
    """You summed the gradients over the places where the mean is asked.

    The map is h * w times too large. Scaled to a maximum of 1 it looks the same; compared between layers of different
    sizes it does not.

    Use mean in the place of sum for the weights.
    """
    return torch.relu((gradients.sum((2, 3), keepdim=True) * activations).sum(1))


def _magnitude_of_the_weights(activations, gradients):
    return torch.relu((gradients.mean((2, 3), keepdim=True).abs() * activations).sum(1))


def magnitude_of_the_gradients(activations, gradients):
    """You took the gradients' magnitudes.

    Then evidence against the class counts as evidence for it.

    Keep the sign: the plain mean.
    """
    return torch.relu((gradients.abs().mean((2, 3), keepdim=True) * activations).sum(1))


exercise.misconception(magnitude_of_the_gradients, dresses=[_magnitude_of_the_weights])


@exercise.misconception
def magnitude_of_the_map(activations, gradients):
    """You took the magnitude in the place of the ReLU.

    Places that speak against the class would then shine like those that speak for it.

    ReLU: below 0 becomes 0.
    """
    return (gradients.mean((2, 3), keepdim=True) * activations).sum(1).abs()


@exercise.misconception
def mean_over_the_channels(activations, gradients):
    """You took the mean over the channels where the sum is asked.

    The map is K times too small. Scaled to a maximum of 1 it looks the same; but scores are sums of channels, and so is
    the map (equation 2).

    Sum over axis 1.
    """
    return torch.relu((gradients.mean((2, 3), keepdim=True) * activations).mean(1))


@exercise.misconception
def mean_over_the_batch(activations, gradients):
    """Your weights are means over the batch as well.

    Much-copied code says `mean(dim=[0, 2, 3])`: right for one image alone. With several, each image's map depends on
    the others that happened to come along.

    Leave axis 0 out: mean over axes 2 and 3.
    """
    return torch.relu((gradients.mean((0, 2, 3), keepdim=True) * activations).sum(1))


@exercise.misconception
def place_by_place(activations, gradients):
    """You multiplied gradients and activations place by place.

    That keeps where each gradient was; it is the idea of other methods (LayerCAM with a ReLU on the gradients).
    Grad-CAM gives a channel one weight for all places.

    Take the mean of the gradients over places first.
    """
    return torch.relu((gradients * activations).sum(1))


@exercise.misconception
def exchanges_the_two(activations, gradients):
    """You exchanged the two: means of the activations weigh the gradients.

    The weight says how much the score grows with a channel, so it is made of gradients; the map shows where the channel
    is active.

    Mean of the gradients, times the activations.
    """
    return torch.relu((activations.mean((2, 3), keepdim=True) * gradients).sum(1))


@exercise.misconception
def forgets_the_gradients(activations, gradients):
    """You summed the activations and never used the gradients.

    Such a map is the same for every class: it shows where the layer is active, not what speaks for what.

    Weigh each channel with the mean of its gradients.
    """
    return torch.relu(activations.sum(1))


@exercise.misconception
def scales_the_map(activations, gradients):
    """You scaled the map to a maximum of 1.

    Here the plain map is asked. Scaling is a step of its own, with a question of its own: what becomes of a map of
    zeros?

    Return the map as it is.
    """
    found = grad_cam_map(activations, gradients)
    return found / (found.amax((1, 2), keepdim=True) + 1e-8)


@exercise.misconception
def changes_the_activations(activations, gradients):
    """You multiplied the weights into the activations themselves.

    Much-copied code says `activations[:, k] *= weights[k]`. The map is right, but the activations are spoilt for
    whoever needs them next: a second call on the same tensors gives another map.

    Make a new tensor: `weights * activations`.
    """
    activations *= gradients.mean((2, 3), keepdim=True)
    return torch.relu(activations.sum(1))


@exercise.misconception
def keeps_an_axis(activations, gradients):
    """You kept the summed axis: (B, 1, h, w).

    One map for each image has no channels.

    `.sum(1)` without keepdim, or squeeze axis 1 at the end.
    """
    return grad_cam_map(activations, gradients)[:, None]
