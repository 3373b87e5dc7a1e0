"""Grad-CAM++: places where the score grows count, not the mean over all; so several objects each have their say.

Chattopadhay, Sarkar, Howlader, Balasubramanian: "Grad-CAM++: Generalized Gradient-based Visual Explanations for Deep
Convolutional Networks", WACV 2018. With g = dS/dA, S the score before the softmax:

    alpha_k(i, j) = g^2 / (2 g^2 + g^3 * sum_ab A_k(a, b))                        (eq. 19)
    w_k = sum_ij  alpha_k(i, j) * ReLU(g)                                         (eq. 7)
    L(i, j) = ReLU( sum_k  w_k * A_k(i, j) )

The powers of g are the second and third derivatives of Y = exp(S), but for the factor exp(S).

Deviations: that factor is left out, for it multiplies the whole map. ``epsilon`` stands in the denominator of eq. 19,
as in pytorch-grad-cam; the paper has none. It is no small thing: where g is below 0.001, as after a mean over many
places, epsilon is larger than g^2 and the weights grow with the cube of g. ``epsilon=0`` is the paper's equation, which
is then alpha = 1 / (2 + g * sum_ab A_k(a, b)).
"""

from __future__ import annotations

import torch
from torch import Tensor

from attncourse.explain.checks import require_pair


def grad_cam_plus_plus(activations: Tensor, gradients: Tensor, epsilon: float = 1e-6) -> Tensor:
    """``A`` and ``dS/dA``, both ``(B, C, h, w)`` -> maps ``(B, h, w)``, at least 0, not normalised.

    Raises ExplainError where the two are not of one such shape.
    """
    activations, gradients = require_pair(activations, gradients)
    sums = activations.sum((2, 3), keepdim=True)
    if epsilon == 0:
        alphas = 1 / (2 + gradients * sums)  # never 0 / 0, however small the gradient
    else:
        squares = gradients.square()
        alphas = squares / (2 * squares + sums * squares * gradients + epsilon)
    # Where the gradient is not above 0, its part is 0, whatever alpha is there.
    parts = torch.where(gradients > 0, alphas * gradients, 0)
    return torch.relu(torch.einsum("bc,bchw->bhw", parts.sum((2, 3)), activations))
