"""Wrong answers to cam-plus-plus. Seen in published code, but for those marked "expected": hypotheses."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def sums_of(activations: Tensor) -> Tensor:
    """``(B, K, h, w) -> (B, K, 1, 1)``."""
    return activations.sum((2, 3), keepdim=True)


def alphas_of(activations: Tensor, gradients: Tensor, epsilon: float = 0.0) -> Tensor:
    """``(B, K, h, w)`` twice -> ``(B, K, h, w)``: equation 19."""
    squares = gradients.square()
    denominators = 2 * squares + gradients**3 * sums_of(activations) + epsilon
    return squares / torch.where(denominators == 0, 1, denominators)


def _weights(activations: Tensor, gradients: Tensor) -> Tensor:
    return (alphas_of(activations, gradients) * torch.relu(gradients)).sum((2, 3))


def divides_zero_by_zero(activations, gradients):
    """Where the gradient is 0 you divide 0 by 0, which is NaN.

    One such place makes the channel's weight NaN, and through the sum the whole map. Many gradients are 0 where a ReLU
    follows.

    Guard the denominator: `torch.where(denominators == 0, 1, denominators)`, or add a tiny epsilon.
    """
    squares = gradients.square()
    alphas = squares / (2 * squares + gradients**3 * sums_of(activations))
    return (alphas * torch.relu(gradients)).sum((2, 3))


def forgets_the_relu(activations, gradients):
    """You summed alpha times the gradient, without the ReLU on it.

    Grad-CAM++ counts the places where the score grows with the channel; those where it falls would cancel them.

    `alphas * torch.relu(gradients)`.
    """
    return (alphas_of(activations, gradients) * gradients).sum((2, 3))


def activations_not_summed(activations, gradients):
    """You put the activation of each place into the denominator.

    S is the sum of the channel over all places, the same number at each of them.

    `activations.sum((2, 3), keepdim=True)`.
    """
    squares = gradients.square()
    denominators = 2 * squares + gradients**3 * activations
    alphas = squares / torch.where(denominators == 0, 1, denominators)
    return (alphas * torch.relu(gradients)).sum((2, 3))


def mean_of_the_activations(activations, gradients):
    """You put the mean of the channel's activations into the denominator.

    Equation 19 has their sum; the two differ by a factor h * w, and so alpha depends on the size of the map.

    Sum over axes 2 and 3.
    """
    squares = gradients.square()
    denominators = 2 * squares + gradients**3 * activations.mean((2, 3), keepdim=True)
    alphas = squares / torch.where(denominators == 0, 1, denominators)
    return (alphas * torch.relu(gradients)).sum((2, 3))


def _summed_over(activations, gradients, axes):
    squares = gradients.square()
    denominators = 2 * squares + gradients**3 * activations.sum(axes, keepdim=True)
    alphas = squares / torch.where(denominators == 0, 1, denominators)
    return (alphas * torch.relu(gradients)).sum((2, 3))


def sums_over_all_channels(activations, gradients):
    """Your S is the sum over all channels.

    Each channel has its own S (k is fixed in equation 19).

    Sum over axes 2 and 3 alone.
    """
    return _summed_over(activations, gradients, (1, 2, 3))


def sums_over_the_batch(activations, gradients):
    """Your S is the sum over all images of the batch.

    Code for one image is often written so. With several, each image's weights depend on the others.

    Sum over axes 2 and 3 alone.
    """
    return _summed_over(activations, gradients, (0, 2, 3))


def square_before_the_sum(activations, gradients):
    """You took the square twice: the last term of the denominator has g^2 in the place of g^3.

    It stands for the third derivative of exp(score).

    `gradients**3 * sums`.
    """
    squares = gradients.square()
    denominators = 2 * squares + squares * sums_of(activations)
    alphas = squares / torch.where(denominators == 0, 1, denominators)
    return (alphas * torch.relu(gradients)).sum((2, 3))


def forgets_the_two(activations, gradients):
    """You left out the factor 2 in the denominator.

    With it alpha is one half where a channel is 0 everywhere; without it, 1.

    `2 * gradients**2 + ...`.
    """
    squares = gradients.square()
    denominators = squares + gradients**3 * sums_of(activations)
    alphas = squares / torch.where(denominators == 0, 1, denominators)
    return (alphas * torch.relu(gradients)).sum((2, 3))


def forgets_the_alphas(activations, gradients):
    """You summed the positive gradients, without the alphas.

    A channel that lights up on a large object then outweighs one that does so on a small one, which Grad-CAM++ was made
    to mend.

    Multiply by alpha before the sum.
    """
    return torch.relu(gradients).sum((2, 3))


def forgets_the_gradients(activations, gradients):
    """You summed the alphas alone.

    alpha says how much a place counts; what it counts is the positive gradient there.

    `alphas * torch.relu(gradients)`, then the sum.
    """
    return alphas_of(activations, gradients).sum((2, 3))


def mean_over_the_places(activations, gradients):
    """You took the mean over the places.

    Equation 7 sums: the alphas already say how much each place counts.

    `.sum((2, 3))`.
    """
    return (alphas_of(activations, gradients) * torch.relu(gradients)).mean((2, 3))


def _normalised_with_all(activations, gradients):
    alphas = alphas_of(activations, gradients)
    total = alphas.sum((2, 3), keepdim=True)
    return (alphas / torch.where(total == 0, 1, total) * torch.relu(gradients)).sum((2, 3))


def alphas_made_to_sum_to_one(activations, gradients):
    """You divided the alphas by their sum over the places.

    Code that the authors published does so, and much that was copied from it; their equations do not, and the maps
    differ.

    Leave the alphas as equation 19 gives them.
    """
    alphas = torch.where(gradients > 0, alphas_of(activations, gradients), 0)
    total = alphas.sum((2, 3), keepdim=True)
    return (alphas / torch.where(total == 0, 1, total) * torch.relu(gradients)).sum((2, 3))


def weights_of_grad_cam(activations, gradients):
    """You gave the means of the gradients: the weights of Grad-CAM.

    Grad-CAM++ gives each place a say of its own, alpha, and counts positive gradients alone.

    Compute alpha place by place first.
    """
    return gradients.mean((2, 3))


def the_whole_map(activations, gradients):
    """You gave the map.

    Asked for are the weights, one for each image and channel: (B, K). The map is made of them as in Grad-CAM.

    Return what you multiply the activations with.
    """
    weights = _weights(activations, gradients)
    return torch.relu((weights[:, :, None, None] * activations).sum(1))


def keeps_the_axes(activations, gradients):
    """You kept the summed axes: (B, K, 1, 1).

    Weights are one number for each image and channel: (B, K).

    keepdim belongs to S, which must fit beside the gradients, not to the last sum.
    """
    return _weights(activations, gradients)[:, :, None, None]


PLUS_PLUS_MISTAKES: tuple[tuple[Callable[..., object], tuple[Callable[..., object], ...]], ...] = (
    (divides_zero_by_zero, ()),
    (forgets_the_relu, ()),
    (activations_not_summed, ()),
    (mean_of_the_activations, ()),
    (sums_over_all_channels, ()),
    (sums_over_the_batch, ()),
    (square_before_the_sum, ()),
    (forgets_the_two, ()),
    (forgets_the_alphas, ()),
    (forgets_the_gradients, ()),
    (mean_over_the_places, ()),
    (alphas_made_to_sum_to_one, (_normalised_with_all,)),
    (weights_of_grad_cam, ()),
    (the_whole_map, ()),
    (keeps_the_axes, ()),
)
