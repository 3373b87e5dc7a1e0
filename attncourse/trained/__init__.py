"""Networks that come trained with the course, so that one can look into them without data, time or a network.

    cat = trained.load("resnet20-cbam")
    scores = cat.model(cat.images(figures.photograph((32, 32), of="cat")))

ResNet-20 with each of the attentions below, ten classes. Each was trained once, with seed 0, for 8 epochs on a copy of
CIFAR-10 that went through JPEG, by the lab's own command, which stands in its record beside the test accuracy:

    attncourse train --data cifar10_jpeg.npz --host resnet20 --attention cbam --seed 0 --epochs 8 --threads 1 --out DIR

What they are worth: to be looked into. They are small and shortly trained. Share of CIFAR-10's 10,000 test pictures
(the JPEG copy) that each puts into its class, one seed each, on one thread of an AMD EPYC with torch 2.13.0:

                                              none      se    cbam     bam  coordinate
    picture and its mirror image (record)   85.28%  84.68%  84.57%  85.16%      84.67%
    the picture alone, as ``model`` does    84.32%  83.90%  83.67%  83.83%      83.64%

With **one seed each** no difference between two of them says anything about an attention: in the lab's recorded runs
(lesson 08) such differences spread by about a point from seed to seed. On pictures unlike CIFAR-10's, 32x32
with the thing in the middle, they often err.

The weights are the file that the lab wrote, byte for byte; the record is the lab's, with the command and the sha256 of
the weights. The mean and deviation in it are those that the network was trained with: the lab takes them from every
tenth picture, and in that copy those are airplanes, so they are not the usual ones of CIFAR-10; ``images`` applies
them. CIFAR-10: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from attncourse import hosts

FOLDER = Path(__file__).parent
TRAINED = ("resnet20-none", "resnet20-se", "resnet20-cbam", "resnet20-bam", "resnet20-coordinate")


@dataclass(frozen=True)
class Trained:
    """Attributes:
    name: one of ``TRAINED``.
    model: ``(B, 3, H, W) -> (B, 10)``, in eval mode, on the CPU, float32. Nobody else holds it.
    record: of its training, as the lab wrote it: classes, image_size, test_accuracy, seed, versions and more.
    """

    name: str
    model: nn.Module
    record: Mapping[str, Any]

    def images(self, pixels: Tensor) -> Tensor:
        """Pixels as the network takes them, less the mean, over the deviation, each channel with its own.

        ``(B, 3, H, W)`` in [0, 1] -> ``(B, 3, H, W)``. Raises ValueError for another shape, or for whole numbers.
        """
        if pixels.ndim != 4 or pixels.shape[1] != 3 or not pixels.is_floating_point():
            raise ValueError(
                f"expected pixels (B, 3, H, W) of a float type in [0, 1], got {pixels.dtype} {tuple(pixels.shape)}; "
                "bytes are divided by 255, one picture is pixels[None]"
            )
        mean, deviation = (
            torch.tensor(self.record[name], dtype=pixels.dtype, device=pixels.device).view(3, 1, 1)
            for name in ("mean", "deviation")
        )
        return (pixels - mean) / deviation


def load(name: str) -> Trained:
    """The network of that name, filled anew at each call; the random state is left as it was.

    Raises ValueError where there is none of that name, or its file is not the one that was trained.
    """
    path = file(name)
    record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    attention = None if record["attention"] == "none" else record["attention"]
    with torch.random.fork_rng([]):
        model = hosts.build(record["host"], attention, classes=len(record["classes"]))
    model.load_state_dict(load_file(path))
    return Trained(name, model.eval(), record)


def file(name: str) -> Path:
    """The safetensors file with the weights; its record lies beside it, with the ending .json.

    Raises ValueError, as ``load``.
    """
    if name not in TRAINED:
        raise ValueError(f"there is no trained network {name!r}; there are: {', '.join(TRAINED)}")
    path = FOLDER / f"{name}.safetensors"
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        recorded = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["weights_sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{name} or its record is missing or damaged; install attncourse anew") from error
    if found != recorded:
        raise ValueError(
            f"{path.name} is not the file that was trained (sha256 {found[:12]}..., expected {recorded[:12]}...); "
            "install attncourse anew"
        )
    return path
