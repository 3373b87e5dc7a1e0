"""Looking inside: where a network looks, and whether the picture of it can be believed.

    with CAM(model, "stages.2", method="grad_cam") as cam:
        maps = cam(images, target=3)

The maps: one method a file (grad_cam.py, grad_cam_plus_plus.py, x_grad_cam.py, layer_cam.py), cam.py takes activations
and gradients, target.py and detection.py say what is explained.

The evidence: randomisation.py (does the map depend on what was learnt?), deletion.py (does the score depend on what the
map shows?), pointing.py and planted.py (does it point at the thing?), grid.py (does it tell classes apart?), around.py
(before and after an attention block). measured/ holds what they gave for trained networks.

A single channel: channel.py (which images and places drive it, what is lost without it), occlusion.py (what moves it),
mistakes.py (how often "it answers, so it is a cat" is wrong).
"""

from __future__ import annotations

from attncourse.explain.around import Around, around
from attncourse.explain.average import Average, average
from attncourse.explain.cam import CAM
from attncourse.explain.channel import ANSWERS, Strongest, answers, strongest, switched_off
from attncourse.explain.deletion import BASELINES, Curve, deletion, insertion
from attncourse.explain.errors import ExplainError
from attncourse.explain.grad_cam import grad_cam
from attncourse.explain.grad_cam_plus_plus import grad_cam_plus_plus
from attncourse.explain.grid import GridPointing, Mosaics, grid_pointing_game, mosaics, sure
from attncourse.explain.layer_cam import layer_cam
from attncourse.explain.layers import InputOf, spatial
from attncourse.explain.measured import Measurement, Recorded, recorded
from attncourse.explain.methods import METHODS
from attncourse.explain.mistakes import Mistakes, Ranking, area_difference, equal_mistakes, mistakes, ranking
from attncourse.explain.occlusion import Occlusion, occlusion
from attncourse.explain.planted import Planted, planted
from attncourse.explain.pointing import Pointing, pointing_game, share_inside
from attncourse.explain.randomisation import Randomisation, randomisation
from attncourse.explain.rank_correlation import rank_correlation
from attncourse.explain.scaled import scaled
from attncourse.explain.target import pixel
from attncourse.explain.x_grad_cam import x_grad_cam

__all__ = [
    "ANSWERS",
    "Around",
    "Average",
    "BASELINES",
    "CAM",
    "Curve",
    "ExplainError",
    "GridPointing",
    "InputOf",
    "METHODS",
    "Measurement",
    "Mistakes",
    "Mosaics",
    "Occlusion",
    "Planted",
    "Pointing",
    "Randomisation",
    "Ranking",
    "Recorded",
    "Strongest",
    "answers",
    "area_difference",
    "around",
    "average",
    "deletion",
    "equal_mistakes",
    "grad_cam",
    "grad_cam_plus_plus",
    "grid_pointing_game",
    "insertion",
    "layer_cam",
    "mistakes",
    "mosaics",
    "occlusion",
    "pixel",
    "planted",
    "pointing_game",
    "randomisation",
    "rank_correlation",
    "ranking",
    "recorded",
    "scaled",
    "share_inside",
    "spatial",
    "strongest",
    "sure",
    "switched_off",
    "x_grad_cam",
]
