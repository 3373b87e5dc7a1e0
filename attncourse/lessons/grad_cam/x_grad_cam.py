"""cam-x-grad-cam: the weights of XGrad-CAM."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "cam-x-grad-cam",
    answer="x_weights",
    title="The weights of XGrad-CAM",
    points=2,
    task=(
        "Write `x_weights(activations, gradients)`: `(B, K, h, w)` twice -> `(B, K)`. A channel's weight is the mean "
        "of its gradients in which each place counts as much as the channel is active there: the sum of activation "
        "times gradient, divided by the sum of the activations. A channel that is 0 everywhere weighs 0. Activations "
        "are at least 0, as behind a ReLU."
    ),
    gradients=False,
    equivalents={
        "return (activations * gradients).sum((2, 3)) / torch.where(sums == 0, 2, sums)": (
            "any divisor but 0 will do for 0"
        ),
    },
    hints=[
        "It is a weighted mean. What weighs, and what is averaged?",
        "Two sums over axes 2 and 3, both of the shape (B, K): of the activations, and of activations * gradients.",
        "Each image and each channel has its own divisor: no sum over axis 0 or 1.",
        "Where a channel is 0 everywhere both sums are 0, and 0 / 0 is NaN: put any other number into the divisor "
        "there, or add a tiny one.",
        "In full: `sums = activations.sum((2, 3))`, then "
        "`return (activations * gradients).sum((2, 3)) / torch.where(sums == 0, 1, sums)`.",
    ],
)


@exercise.reference
def x_weights(activations: Tensor, gradients: Tensor) -> Tensor:
    """``(B, K, h, w), (B, K, h, w) -> (B, K)``: the weights of the XGrad-CAM paper."""
    sums = activations.sum((2, 3))
    return (activations * gradients).sum((2, 3)) / torch.where(sums == 0, 1, sums)


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    # By hand: (1*4 + 3*2) / 4 = 2.5 and (2*-1 + 2*2) / 4 = 0.5.
    activations = torch.tensor([[[[1.0, 0, 3]], [[2.0, 2, 0]]]])
    gradients = torch.tensor([[[[4.0, 6, 2]], [[-1.0, 2, 5]]]])
    yield Case("one image, two channels of 1x3", (activations, gradients))
    yield Case("a channel that is 0 everywhere", (activations * torch.tensor([1.0, 0])[:, None, None], gradients))
    for shape in ((2, 3, 3, 4), (3, 4, 5, 2)):
        label = f"{shape[0]} images, {shape[1]} channels of {shape[2]}x{shape[3]}"
        yield Case(label, (_active(draw, *shape), draw.normal(*shape)))
    yield Case("one place", (_active(draw, 2, 3, 1, 1), draw.normal(2, 3, 1, 1)))


def _active(draw: Draw, *shape: int) -> Tensor:
    """As behind a ReLU: at least 0, 0 at some places, and not at the first."""
    activations = draw.integers(*shape, low=-4, high=6).clamp(min=0)
    activations[..., 0, 0] += 1
    return activations


@exercise.accepts
def with_an_epsilon(activations, gradients):
    return torch.sum(activations * gradients, dim=(2, 3)) / (torch.sum(activations, dim=(2, 3)) + 1e-7)


@exercise.accepts
def shares_first(activations, gradients):
    shares = activations / activations.sum((2, 3), keepdim=True).clamp(min=1e-8)
    return torch.einsum("bkhw,bkhw->bk", shares, gradients)


@exercise.accepts
def not_a_number_is_nothing(activations, gradients):
    return torch.nan_to_num((activations * gradients).sum((-2, -1)) / activations.sum((-2, -1)))


@exercise.accepts
def by_loops(activations, gradients):
    weights = torch.zeros(activations.shape[:2])
    for b in range(activations.shape[0]):
        for k in range(activations.shape[1]):
            a, g = activations[b, k].flatten(), gradients[b, k].flatten()
            if a.any():
                weights[b, k] = torch.dot(a, g) / a.sum()
    return weights


@exercise.accepts
def by_means(activations, gradients):
    b, k = activations.shape[:2]
    a, g = activations.reshape(b, k, -1), gradients.reshape(b, k, -1)
    return torch.where(a.sum(2) > 0, (a * g).mean(2) / a.mean(2), 0.0)


@exercise.misconception
def divides_zero_by_zero(activations, gradients):
    """Where a channel is 0 everywhere you divide 0 by 0, which is NaN.

    One such channel makes the whole map NaN, and behind a ReLU there are always some.

    Guard the divisor: `torch.where(sums == 0, 1, sums)`, or add a tiny epsilon.
    """
    return (activations * gradients).sum((2, 3)) / activations.sum((2, 3))


@exercise.misconception
def sums_over_all_channels(activations, gradients):
    """You divided by the sum over all channels.

    Then a weight says how much of the whole layer's activity the channel has; asked is a mean within each channel.

    Sum over axes 2 and 3 alone.
    """
    return (activations * gradients).sum((2, 3)) / activations.sum((1, 2, 3))[:, None]


@exercise.misconception
def sums_over_the_batch(activations, gradients):
    """You divided by the sum over all images of the batch.

    With one image it cannot be seen; with several each image's weights depend on the others.

    Sum over axes 2 and 3 alone.
    """
    sums = activations.sum((0, 2, 3))
    return (activations * gradients).sum((2, 3)) / torch.where(sums == 0, 1, sums)


@exercise.misconception
def forgets_the_activations(activations, gradients):
    """You gave the plain means of the gradients: the weights of Grad-CAM.

    There each place counts alike, also those where the channel is 0.

    Multiply by the activations before the sum, and divide by their sum.
    """
    return gradients.mean((2, 3))


@exercise.misconception
def gradients_over_the_activations(activations, gradients):
    """You divided the sum of the gradients by the sum of the activations.

    The activations must also stand above the line: they say how much each place counts.

    `(activations * gradients).sum((2, 3))` above, `activations.sum((2, 3))` below.
    """
    sums = activations.sum((2, 3))
    return gradients.sum((2, 3)) / torch.where(sums == 0, 1, sums)


@exercise.misconception
def forgets_to_divide(activations, gradients):
    """You did not divide.

    Then a channel weighs the more the more active it is, and its activity would enter the map twice.

    Divide by the sum of the channel's activations.
    """
    return (activations * gradients).sum((2, 3))


def _mean_below(activations, gradients):
    return (activations * gradients).sum((2, 3)) / (activations.mean((2, 3)) + 1e-7)


def mean_in_the_place_of_a_sum(activations, gradients):
    """You took a mean on one side of the line and a sum on the other.

    The weights are wrong by the factor h * w.

    Sums above and below, or means above and below.
    """
    return (activations * gradients).mean((2, 3)) / (activations.sum((2, 3)) + 1e-7)


exercise.misconception(mean_in_the_place_of_a_sum, dresses=[_mean_below])


@exercise.misconception
def divides_by_the_largest(activations, gradients):
    """You divided by the channel's largest activation.

    A weighted mean is divided by the sum of what weighs.

    `activations.sum((2, 3))`.
    """
    return (activations * gradients).sum((2, 3)) / (activations.amax((2, 3)) + 1e-7)


@exercise.misconception
def relu_on_the_gradients(activations, gradients):
    """You put a ReLU on the gradients.

    That is Grad-CAM++'s step. Here places where the score falls count as well.

    Take the gradients as they are.
    """
    return x_weights(activations, torch.relu(gradients))


@exercise.misconception
def relu_on_the_weights(activations, gradients):
    """You put a ReLU on the weights.

    A channel may speak against the class. The only ReLU comes at the end, on the map.

    Return weights of both signs.
    """
    return torch.relu(x_weights(activations, gradients))


@exercise.misconception
def exchanges_the_two(activations, gradients):
    """You exchanged the two: the gradients weigh the activations.

    Sums of gradients can be near 0 or negative, and dividing by them gives wild numbers.

    Divide by the sum of the activations.
    """
    return x_weights(gradients, activations)


@exercise.misconception
def the_whole_map(activations, gradients):
    """You gave the map.

    Asked for are the weights, one for each image and channel: (B, K). The map is made of them as in Grad-CAM.

    Return what you multiply the activations with.
    """
    return torch.relu((x_weights(activations, gradients)[:, :, None, None] * activations).sum(1))


@exercise.misconception
def keeps_the_axes(activations, gradients):
    """You kept the summed axes: (B, K, 1, 1).

    Weights are one number for each image and channel: (B, K).

    Sum without keepdim.
    """
    return x_weights(activations, gradients)[:, :, None, None]
