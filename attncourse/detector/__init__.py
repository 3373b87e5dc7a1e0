"""A tiny one-stage detector, trained on drawn shapes in well under a minute: something to explain box by box.

    model = train(scenes(TRAINING_SCENES, seed=0))
    found = detect(model, scenes(8, seed=1).images)          # the boxes of each image

scenes.py draws, network.py is the network, loss.py what it is trained for, training.py trains it, decoding.py reads its
boxes, average_precision.py says how good they are.
"""

from __future__ import annotations

from attncourse.detector.average_precision import average_precision, matches
from attncourse.detector.decoding import Detections, decode, detect, intersection_over_union
from attncourse.detector.errors import DetectorError
from attncourse.detector.loss import Losses, losses
from attncourse.detector.network import STRIDE, Detector
from attncourse.detector.scenes import CLASSES, Scenes, scenes
from attncourse.detector.training import EPOCHS, TRAINING_SCENES, train

__all__ = [
    "CLASSES",
    "EPOCHS",
    "STRIDE",
    "TRAINING_SCENES",
    "Detections",
    "Detector",
    "DetectorError",
    "Losses",
    "Scenes",
    "average_precision",
    "decode",
    "detect",
    "intersection_over_union",
    "losses",
    "matches",
    "scenes",
    "train",
]
