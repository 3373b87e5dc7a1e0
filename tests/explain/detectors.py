"""Small networks in a file, as a user of ``--host FILE.py:function`` has them: detectors of YOLO's output forms."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from attncourse.explain.detection import box

ANCHORS, CLASSES = 3, 2


class Detector(nn.Module):
    """Two scales, three anchors, two classes; what it gives depends on ``form``."""

    def __init__(self, form: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.form = form
        self.backbone = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2, padding=1), nn.ReLU())
        self.down = nn.Sequential(nn.Conv2d(6, 8, 3, stride=2, padding=1), nn.ReLU())
        self.fine = nn.Conv2d(6, ANCHORS * (5 + CLASSES), 1)
        self.coarse = nn.Conv2d(8, ANCHORS * (5 + CLASSES), 1)

    def forward(self, x: Tensor) -> Any:
        features = self.backbone(x)
        scales = [self.fine(features), self.coarse(self.down(features))]
        if self.form == "raw":
            return scales
        folded = [scale.unflatten(1, (ANCHORS, 5 + CLASSES)).permute(0, 1, 3, 4, 2).contiguous() for scale in scales]
        if self.form == "folded":
            return tuple(folded)
        boxes = torch.cat([scale.reshape(len(x), -1, 5 + CLASSES) for scale in folded], 1)
        return boxes if self.form == "boxes" else (boxes, folded)


def raw() -> nn.Module:
    return Detector("raw")


def boxes() -> nn.Module:
    return Detector("boxes")


fifth_box = box(4, number=1)


def fails(outputs: Any) -> Tensor:
    raise ValueError("the target's own mistake\nwith a second line")


def no_network() -> str:
    return "resnet"


small_trained = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
