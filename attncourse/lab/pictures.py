"""Pictures on the device: kept as bytes, shifted, flipped and normalised there, whole batches at a time."""

from __future__ import annotations

import torch
from torch import Tensor


class Pictures:
    """The pictures of one half of a dataset, on the device.

    Args:
        images: uint8 ``(N, 3, H, W)``.
        labels: int64 ``(N,)``.
        reference: uint8 pictures whose means and deviations normalise these: the training pictures.
        device: where.
    """

    def __init__(self, images: Tensor, labels: Tensor, reference: Tensor, device: torch.device) -> None:
        some = reference[:: max(1, len(reference) // 5000)].to(device).float()
        self.mean = some.mean((0, 2, 3))
        self.deviation = some.std((0, 2, 3)).clamp(min=1.0)
        # Channels last, the order in which convolutions are quickest.
        self.images = images.to(device).permute(0, 2, 3, 1).contiguous()
        self.labels = labels.to(device)

    def __len__(self) -> int:
        return len(self.labels)

    def plain(self, picked: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised pictures ``(B, 3, H, W)``, channels last in memory, and labels ``(B,)``."""
        picked = picked.to(self.labels.device)
        return self._normalised(self.images[picked]), self.labels[picked]

    def augmented(self, picked: Tensor, draw: torch.Generator, *, flip: bool, shift: int) -> tuple[Tensor, Tensor]:
        """The same, each picture shifted by up to ``shift`` pixels each way and, half of them, turned left-right.

        A shift brings in the mirror image of the border. ``draw`` is a generator of the CPU, for the same draws on
        every device. The places that are read are computed first; one gather then does all of it.
        """
        if not flip and not shift:
            return self.plain(picked)
        count, (height, width) = len(picked), self.images.shape[1:3]
        rows = torch.arange(height) + torch.randint(-shift, shift + 1, (count, 1), generator=draw)
        columns = torch.arange(width) + torch.randint(-shift, shift + 1, (count, 1), generator=draw)
        rows, columns = _inside(rows, height), _inside(columns, width)
        if flip:
            turned = torch.rand(count, 1, generator=draw) < 0.5
            columns = torch.where(turned, columns.flip(1), columns)
        device = self.labels.device
        picked, rows, columns = (index.to(device, non_blocking=True) for index in (picked, rows, columns))
        return self._normalised(self.images[picked[:, None, None], rows[:, :, None], columns[:, None]]), self.labels[
            picked
        ]

    def _normalised(self, images: Tensor) -> Tensor:
        return ((images.float() - self.mean) / self.deviation).permute(0, 3, 1, 2)


def _inside(places: Tensor, size: int) -> Tensor:
    """Places beyond the border as in a mirror that stands on its last pixel: -1 is 1, ``size`` is ``size - 2``."""
    places = places.abs()
    return (size - 1 - (size - 1 - places).abs()).clamp(min=0)
