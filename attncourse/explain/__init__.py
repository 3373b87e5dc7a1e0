"""Looking inside: where a network looks, and whether the picture of it can be believed.

    with CAM(model, "stages.2", method="grad_cam") as cam:
        maps = cam(images, target=3)

The maps: one method a file (grad_cam.py, grad_cam_plus_plus.py, x_grad_cam.py, layer_cam.py), cam.py takes activations
and gradients, target.py and detection.py say what is explained.

The evidence: randomisation.py (does the map depend on what was learnt?), deletion.py (does the score depend on what the
map shows?), pointing.py and planted.py (does it point at the thing?), around.py (before and after an attention block).
"""

from __future__ import annotations

from attncourse.explain.around import Around, around
from attncourse.explain.cam import CAM
from attncourse.explain.deletion import BASELINES, Curve, deletion, insertion
from attncourse.explain.errors import ExplainError
from attncourse.explain.grad_cam import grad_cam
from attncourse.explain.grad_cam_plus_plus import grad_cam_plus_plus
from attncourse.explain.layer_cam import layer_cam
from attncourse.explain.layers import InputOf, spatial
from attncourse.explain.methods import METHODS
from attncourse.explain.planted import Planted, planted
from attncourse.explain.pointing import Pointing, pointing_game, share_inside
from attncourse.explain.randomisation import Randomisation, randomisation
from attncourse.explain.rank_correlation import rank_correlation
from attncourse.explain.scaled import scaled
from attncourse.explain.target import pixel
from attncourse.explain.x_grad_cam import x_grad_cam

__all__ = [
    "Around",
    "BASELINES",
    "CAM",
    "Curve",
    "ExplainError",
    "InputOf",
    "METHODS",
    "Planted",
    "Pointing",
    "Randomisation",
    "around",
    "deletion",
    "grad_cam",
    "grad_cam_plus_plus",
    "insertion",
    "layer_cam",
    "pixel",
    "planted",
    "pointing_game",
    "randomisation",
    "rank_correlation",
    "scaled",
    "share_inside",
    "spatial",
    "x_grad_cam",
]
