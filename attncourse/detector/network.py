"""The detector: a backbone, a neck, a head; all of it convolutions, one scale, one box a cell.

After the form of Redmon, Farhadi: "YOLO9000: Better, Faster, Stronger", CVPR 2017, in the small. The image is divided
into cells of ``STRIDE`` pixels. At each the head gives 5 + classes numbers: x, y, width, height, confidence, and a
score for each class; loss.py says what they are trained for, decoding.py reads them.

What lies behind a layer says how far the gradient of one box's score reaches there: after the backbone two 3x3
convolutions, 5x5 cells; after the neck a 1x1 convolution, one cell.

Deviations: no anchors chosen by clustering, but one square prior for all; no pass-through layer.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from attncourse.detector.errors import DetectorError
from attncourse.detector.scenes import CLASSES
from attncourse.hosts.layers import convolution
from attncourse.hosts.slot import Attention, Slot

STRIDE = 4
STEM, CHANNELS = 12, (24, 32)
BOX = 5  # x, y, width, height, confidence
CONFIDENCE = 4
RARE = 0.02  # what the untrained network believes of every cell: that an object's centre is there


class Detector(nn.Module):
    """``(B, 3, H, W) -> (B, 5 + classes, H / 4, W / 4)``, raw numbers before any sigmoid or softmax.

    Args:
        attention: None, a name, or a class, as ``attncourse.hosts.build`` takes it. It stands at the end of each of the
            backbone's two stages.

    Attributes:
        backbone: ``(B, 3, H, W) -> (B, 32, H / 4, W / 4)``.
        neck: two 3x3 convolutions, ``(B, 32, h, w) -> (B, 32, h, w)``.
        head: the 1x1 convolution that gives the boxes.

    Raises:
        ValueError, TypeError: as ``attncourse.hosts.build`` for its attention.
        DetectorError: in a call, for images of another shape or type, or with sides that are no multiples of 4.
    """

    def __init__(self, attention: Attention = None) -> None:
        super().__init__()
        slot = Slot(attention, places=("stage",))
        fine, coarse = CHANNELS
        self.backbone = nn.Sequential(
            convolution(3, STEM, 3, stride=2),
            convolution(STEM, fine, 3),
            slot.at("stage", fine),
            convolution(fine, coarse, 3, stride=2),
            convolution(coarse, coarse, 3),
            slot.at("stage", coarse),
        )
        self.neck = nn.Sequential(convolution(coarse, coarse, 3), convolution(coarse, coarse, 3))
        self.head = nn.Conv2d(coarse, BOX + len(CLASSES), 1)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]
        with torch.no_grad():
            self.head.bias[CONFIDENCE] = math.log(RARE / (1 - RARE))  # type: ignore[index]

    def forward(self, images: Tensor) -> Tensor:
        fits = images.ndim == 4 and images.shape[1] == 3 and images.is_floating_point()
        if not fits or images.shape[2] % STRIDE or images.shape[3] % STRIDE:
            raise DetectorError(
                "expected images (B, 3, H, W) of floating point in [0, 1], H and W multiples of "
                f"{STRIDE}; got {images.dtype} {tuple(images.shape)}"
            )
        weights = self.head.weight
        if images.dtype != weights.dtype and not torch.is_autocast_enabled():
            raise DetectorError(
                f"the weights are {weights.dtype}, the images {images.dtype}; give images of their type"
            )
        return self.head(self.neck(self.backbone(images)))
