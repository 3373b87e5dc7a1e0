"""The course's papers, transcribed plainly: each module written down from its equations, and nothing else.

These are contenders, not references. They check no input, offer no options and hand out no gates. Their layers have
the names of ours, so that ``adopt`` gives them our weights; where the paper writes a fully connected layer, so do they.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmarks.transcriptions_of_electives import (
    A2,
    ECA,
    GALA,
    GSOP,
    SCSE,
    AttentionAugmented,
    CrissCross,
    GatherExciteParameterFree,
    GCBlock,
    NonLocalBlock,
    SCConv,
    SimAM,
    Triplet,
)


class SE(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce = nn.Linear(channels, channels // 16)
        self.expand = nn.Linear(channels // 16, channels)

    def forward(self, x: Tensor) -> Tensor:
        z = x.mean(dim=(2, 3))
        s = torch.sigmoid(self.expand(torch.relu(self.reduce(z))))
        return s[:, :, None, None] * x


class CBAMChannel(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce = nn.Linear(channels, channels // 16)
        self.expand = nn.Linear(channels // 16, channels)

    def mlp(self, z: Tensor) -> Tensor:
        return self.expand(torch.relu(self.reduce(z)))

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(self.mlp(x.mean(dim=(2, 3))) + self.mlp(x.amax(dim=(2, 3))))
        return gate[:, :, None, None] * x


class CBAMSpatial(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, 1, 7, padding=3, bias=False)
        self.normalise = nn.BatchNorm2d(1, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        maps = torch.stack([x.mean(dim=1), x.amax(dim=1)], dim=1)
        return torch.sigmoid(self.normalise(self.convolution(maps))) * x


class CBAM(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channel = CBAMChannel(channels)
        self.spatial = CBAMSpatial(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.spatial(self.channel(x))


class BAM(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = channels // 16
        self.channel = nn.ModuleDict(
            {
                "convolution0": nn.Linear(channels, hidden),
                "last": nn.Linear(hidden, channels),
                "normalise": nn.BatchNorm1d(channels),
            }
        )
        self.spatial = nn.ModuleDict(
            {
                "convolution0": nn.Conv2d(channels, hidden, 1),
                "convolution1": nn.Conv2d(hidden, hidden, 3, padding=4, dilation=4),
                "convolution2": nn.Conv2d(hidden, hidden, 3, padding=4, dilation=4),
                "last": nn.Conv2d(hidden, 1, 1),
                "normalise": nn.BatchNorm2d(1),
            }
        )

    def forward(self, x: Tensor) -> Tensor:
        what = torch.relu(self.channel["convolution0"](x.mean(dim=(2, 3))))
        what = self.channel["normalise"](self.channel["last"](what))
        where = torch.relu(self.spatial["convolution0"](x))
        where = torch.relu(self.spatial["convolution1"](where))
        where = torch.relu(self.spatial["convolution2"](where))
        where = self.spatial["normalise"](self.spatial["last"](where))
        gate = torch.sigmoid(what[:, :, None, None] + where)
        return x + gate * x


class Coordinate(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(8, channels // 32)
        self.reduce = nn.Conv2d(channels, hidden, 1)
        self.normalise = nn.BatchNorm2d(hidden)
        self.expand_rows = nn.Conv2d(hidden, channels, 1)
        self.expand_columns = nn.Conv2d(hidden, channels, 1)
        self.activation = nn.Hardswish()

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        rows = x.mean(dim=3, keepdim=True)
        columns = x.mean(dim=2, keepdim=True).permute(0, 1, 3, 2)
        f = self.activation(self.normalise(self.reduce(torch.cat([rows, columns], dim=2))))
        f_rows, f_columns = torch.split(f, [height, width], dim=2)
        g_rows = torch.sigmoid(self.expand_rows(f_rows))
        g_columns = torch.sigmoid(self.expand_columns(f_columns.permute(0, 1, 3, 2)))
        return x * g_rows * g_columns


TRANSCRIPTIONS: dict[str, type[nn.Module]] = {
    "se": SE,
    "cbam_channel": CBAMChannel,
    "cbam_spatial": CBAMSpatial,
    "cbam": CBAM,
    "bam": BAM,
    "coordinate": Coordinate,
    "gather_excite": GatherExciteParameterFree,
    "triplet": Triplet,
    "global_context": GCBlock,
    "non_local": NonLocalBlock,
    "efficient_channel": ECA,
    "simam": SimAM,
    "scse": SCSE,
    "gala": GALA,
    "augmented_convolution": AttentionAugmented,
    "double_attention": A2,
    "self_calibrated": SCConv,
    "second_order": GSOP,
    "criss_cross": CrissCross,
}


def adopt(module: nn.Module, weights: dict[str, Tensor]) -> nn.Module:
    """Give a transcription our weights: same names, and the same numbers in its own shapes.

    Raises:
        KeyError: ours has no such layer. RuntimeError: the numbers do not fit.
    """
    module.load_state_dict({key: weights[key].reshape(own.shape) for key, own in module.state_dict().items()})
    return module
