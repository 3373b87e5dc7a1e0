"""An image file as a network takes it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from attncourse.explain.errors import ExplainError, brief
from attncourse.figures import PHOTOGRAPHS

# Where nothing else is known: the scale and the usual size of networks trained on ImageNet.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SHORTER_SIDE = 224
# Of more a network makes gigabytes.
MOST_PIXELS = 2048 * 2048
# Grey with 16 bits: what Pillow would cut off at 255 instead of scaling it.
WIDE, WIDEST = ("I;16", "I;16L", "I;16B", "I;16N"), 65535


def read(path: Path, size: tuple[int, int] | None = None) -> Tensor:
    """``(1, 3, H, W)`` in [0, 1], float32, turned as the camera was held.

    Args:
        path: a file of any format that Pillow reads; where there is none, a name of ``figures.PHOTOGRAPHS``.
        size: (H, W), whatever the proportions; by default they are kept, and the shorter side becomes 224 pixels.

    Raises ExplainError where there is no such file, or it is no image, or not whole, or its scale is not known; where
    the result would be larger than 2048 x 2048 pixels.
    """
    try:
        image = _whole(path)
        if size is None:
            scale = SHORTER_SIDE / min(image.size)
            size = (max(1, round(image.height * scale)), max(1, round(image.width * scale)))
        if size[0] * size[1] > MOST_PIXELS:
            raise ExplainError(
                f"{path} would be {size[0]} x {size[1]} pixels; give a --size of at most {MOST_PIXELS} pixels, such as "
                "224 or 224x320"
            )
        image = image.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    except ExplainError:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ExplainError(f"{path} could not be read as an image ({brief(error)}); is it one, and whole?") from error
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255


def _whole(path: Path) -> Image.Image:
    if not path.exists() and str(path) in PHOTOGRAPHS:
        return Image.fromarray(PHOTOGRAPHS[str(path)].pixels())
    if not path.is_file():
        raise ExplainError(
            f"there is no image {path}; give a file such as photo.jpg, or one of {', '.join(PHOTOGRAPHS)}"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # what is too large raises an error
        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened)
    if image.mode in WIDE:
        return Image.fromarray((np.asarray(image) / (WIDEST / 255)).round().astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        raise ExplainError(f"{path} is grey with 32 bits, whose scale is not known; save it with 8 or 16 bits")
    return image.convert("RGB")


def normalised(pixels: Tensor, mean: Sequence[float], deviation: Sequence[float]) -> Tensor:
    """Pixels less the mean, over the deviation, each of the three channels with its own: ``(B, 3, H, W)``."""
    return (pixels - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(deviation).view(3, 1, 1)
