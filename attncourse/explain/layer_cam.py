"""LayerCAM: each place has its own weight, so the map stays sharp in early layers and the place is never averaged away.

Jiang, Zhang, Hou, Cheng, Wei: "LayerCAM: Exploring Hierarchical Class Activation Maps for Localization", IEEE
Transactions on Image Processing 30, 2021.

    w_k(i, j) = ReLU( dy/dA_k(i, j) )
    L(i, j) = ReLU( sum_k  w_k(i, j) * A_k(i, j) )

Deviations: the paper's tanh scaling, for adding up the maps of several layers, is left to whoever adds them up.
"""

from __future__ import annotations

import torch
from torch import Tensor

from attncourse.explain.checks import require_pair


def layer_cam(activations: Tensor, gradients: Tensor) -> Tensor:
    """``A`` and ``dy/dA``, both ``(B, C, h, w)`` -> maps ``(B, h, w)``, at least 0, not normalised.

    Raises ExplainError where the two are not of one such shape.
    """
    activations, gradients = require_pair(activations, gradients)
    return torch.relu((torch.relu(gradients) * activations).sum(1))
