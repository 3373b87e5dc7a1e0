"""XGrad-CAM: the gradient at a place counts as much as the channel is active there.

Fu, Hu, Dong, Guo, Gao, Li: "Axiom-based Grad-CAM: Towards Accurate Visualization and Explanation of CNNs", BMVC 2020.

    w_k = sum_ij  A_k(i, j) / (sum_ab A_k(a, b)) * dS/dA_k(i, j)
    L(i, j) = ReLU( sum_k  w_k * A_k(i, j) )

These weights come as near as weights of channels can to two axioms. Sensitivity: taking a channel away changes the
score by what its map sums up to. Conservation: all maps together sum up to the score.

Deviations: ``epsilon`` is added to the sum of the activations, as in pytorch-grad-cam, so that a channel that is 0
everywhere weighs nothing. A layer whose activations have both signs can have sums near 0; choose one after a ReLU.
"""

from __future__ import annotations

import torch
from torch import Tensor

from attncourse.explain.checks import require_pair


def x_grad_cam(activations: Tensor, gradients: Tensor, epsilon: float = 1e-7) -> Tensor:
    """``A`` and ``dS/dA``, both ``(B, C, h, w)`` -> maps ``(B, h, w)``, at least 0, not normalised.

    Raises ExplainError where the two are not of one such shape.
    """
    activations, gradients = require_pair(activations, gradients)
    sums = activations.sum((2, 3))
    weights = (gradients * activations).sum((2, 3)) / (sums + epsilon)
    return torch.relu(torch.einsum("bc,bchw->bhw", weights, activations))
