"""Grad-CAM: a channel counts as much as the score grows, on average over all places, when the channel does.

Selvaraju, Cogswell, Das, Vedantam, Parikh, Batra: "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
Localization", ICCV 2017.

    alpha_k = 1/Z * sum_ij  dy/dA_k(i, j)         Z = h * w places                (eq. 1)
    L(i, j) = ReLU( sum_k  alpha_k * A_k(i, j) )                                  (eq. 2)

y is the score of one class, before the softmax. The ReLU keeps what speaks for the class and drops what speaks against.

Deviations: none.
"""

from __future__ import annotations

import torch
from torch import Tensor

from attncourse.explain.checks import require_pair


def grad_cam(activations: Tensor, gradients: Tensor) -> Tensor:
    """``A`` and ``dy/dA``, both ``(B, C, h, w)`` -> maps ``(B, h, w)``, at least 0, not normalised.

    Raises ExplainError where the two are not of one such shape.
    """
    activations, gradients = require_pair(activations, gradients)
    weights = gradients.mean((2, 3))
    return torch.relu(torch.einsum("bc,bchw->bhw", weights, activations))
