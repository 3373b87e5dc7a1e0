"""The electives' papers, transcribed plainly; see transcriptions.py. Sizes are those of ``attncourse.attention``."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class GatherExciteParameterFree(nn.Module):
    """GE-theta-, extent 4."""

    def __init__(self, channels: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        z = F.avg_pool2d(x, kernel_size=7, stride=4, padding=3, count_include_pad=False)
        return torch.sigmoid(F.interpolate(z, size=x.shape[2:])) * x


class _TripletBranch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, 1, 7, padding=3, bias=False)
        self.normalise = nn.BatchNorm2d(1, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        pooled = torch.stack([x.mean(dim=1), x.amax(dim=1)], dim=1)
        return torch.sigmoid(self.normalise(self.convolution(pooled))) * x


class Triplet(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.height_width = _TripletBranch()
        self.channel_width = _TripletBranch()
        self.channel_height = _TripletBranch()

    def forward(self, x: Tensor) -> Tensor:
        front = self.height_width(x)
        side = self.channel_width(x.permute(0, 2, 1, 3)).permute(0, 2, 1, 3)
        above = self.channel_height(x.permute(0, 3, 2, 1)).permute(0, 3, 2, 1)
        return (front + side + above) / 3


class GCBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(4, channels // 16)
        self.key = nn.Conv2d(channels, 1, 1, bias=False)
        self.reduce = nn.Linear(channels, hidden)
        self.normalise = nn.LayerNorm(hidden)
        self.expand = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        a = torch.softmax(self.key(x).flatten(2), dim=2)
        c = (x.flatten(2) @ a.transpose(1, 2)).squeeze(2)
        return x + self.expand(torch.relu(self.normalise(self.reduce(c))))[:, :, None, None]


class NonLocalBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, channels // 2, 1)
        self.key = nn.Conv2d(channels, channels // 2, 1, bias=False)
        self.value = nn.Conv2d(channels, channels // 2, 1)
        self.expand = nn.Conv2d(channels // 2, channels, 1)
        self.normalise = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        theta = self.query(x).flatten(2).transpose(1, 2)
        g = self.value(x).flatten(2).transpose(1, 2)
        a = torch.softmax(theta @ self.key(x).flatten(2), dim=2)
        y = (a @ g).transpose(1, 2).reshape(x.shape[0], -1, *x.shape[2:])
        return self.normalise(self.expand(y)) + x


class ECA(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        side = int((math.log2(channels) + 1) / 2) | 1
        self.convolution = nn.Conv1d(1, 1, side, padding=side // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        z = x.mean(dim=(2, 3))
        s = torch.sigmoid(self.convolution(z[:, None]))[:, 0]
        return s[:, :, None, None] * x


class SimAM(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        d = (x - x.mean(dim=(2, 3), keepdim=True)) ** 2
        v = d.sum(dim=(2, 3), keepdim=True) / (x.shape[2] * x.shape[3] - 1)
        return torch.sigmoid(d / (4 * (v + 1e-4)) + 0.5) * x


class _SE(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce = nn.Linear(channels, channels // 2)
        self.expand = nn.Linear(channels // 2, channels)

    def forward(self, x: Tensor) -> Tensor:
        s = torch.sigmoid(self.expand(torch.relu(self.reduce(x.mean(dim=(2, 3))))))
        return s[:, :, None, None] * x


class SCSE(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channel = _SE(channels)
        self.spatial = nn.Conv2d(channels, 1, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.channel(x) + torch.sigmoid(self.spatial(x)) * x


class GALA(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channel_reduce = nn.Linear(channels, channels // 4)
        self.channel_expand = nn.Linear(channels // 4, channels)
        self.spatial_reduce = nn.Conv2d(channels, channels // 4, 1)
        self.spatial_collapse = nn.Conv2d(channels // 4, 1, 1)
        self.additive = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.multiplicative = nn.Parameter(torch.ones(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        g = self.channel_expand(torch.relu(self.channel_reduce(x.mean(dim=(2, 3)))))[:, :, None, None]
        s = self.spatial_collapse(torch.relu(self.spatial_reduce(x)))
        return torch.tanh(self.additive * (s + g) + self.multiplicative * (s * g)) * x


class AttentionAugmented(nn.Module):
    """Four heads; maps up to 64 x 64."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.width = max(1, channels // 20)
        keys, values = 4 * self.width, 4 * max(1, channels // 40)
        self.convolution = nn.Conv2d(channels, channels - values, 3, padding=1)
        self.query = nn.Conv2d(channels, keys, 1)
        self.key = nn.Conv2d(channels, keys, 1, bias=False)
        self.value = nn.Conv2d(channels, values, 1)
        self.project = nn.Conv2d(values, values, 1)
        self.row_distance = nn.Parameter(torch.zeros(127, self.width))
        self.column_distance = nn.Parameter(torch.zeros(127, self.width))

    def forward(self, x: Tensor) -> Tensor:
        batch, _, height, width = x.shape
        q = self.query(x).view(batch, 4, self.width, height * width).transpose(2, 3) * self.width**-0.5
        k = self.key(x).view(batch, 4, self.width, height * width)
        v = self.value(x).view(batch, 4, -1, height * width).transpose(2, 3)
        row = torch.arange(height * width, device=x.device) // width
        column = torch.arange(height * width, device=x.device) % width
        all_rows = q @ self.row_distance.t()
        all_columns = q @ self.column_distance.t()
        row_apart = (row[None, :] - row[:, None] + 63).expand(batch, 4, -1, -1)
        column_apart = (column[None, :] - column[:, None] + 63).expand(batch, 4, -1, -1)
        logits = q @ k + all_rows.gather(3, row_apart) + all_columns.gather(3, column_apart)
        heads = (torch.softmax(logits, dim=3) @ v).transpose(2, 3).reshape(batch, -1, height, width)
        return torch.cat([self.convolution(x), self.project(heads)], dim=1)


class A2(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.features = nn.Conv2d(channels, channels // 4, 1)
        self.maps = nn.Conv2d(channels, channels // 4, 1, bias=False)
        self.choices = nn.Conv2d(channels, channels // 4, 1)
        self.expand = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        a = self.features(x).flatten(2)
        b = torch.softmax(self.maps(x).flatten(2), dim=2)
        v = torch.softmax(self.choices(x).flatten(2), dim=1)
        z = torch.bmm(torch.bmm(a, b.transpose(1, 2)), v)
        return x + self.expand(z.view(x.shape[0], -1, *x.shape[2:]))


def _convolution(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))


class SCConv(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.plain = _convolution(channels // 2)
        self.coarse = _convolution(channels // 2)
        self.fine = _convolution(channels // 2)
        self.last = _convolution(channels // 2)

    def forward(self, x: Tensor) -> Tensor:
        x1, x2 = x.chunk(2, dim=1)
        t1 = F.avg_pool2d(x1, 4, ceil_mode=True)
        up = F.interpolate(self.coarse(t1), size=x.shape[2:], mode="bilinear")
        y1 = self.last(self.fine(x1) * torch.sigmoid(x1 + up))
        return torch.cat([y1, self.plain(x2)], dim=1)


class GSOP(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow = min(128, channels)
        self.reduce = nn.Conv2d(channels, narrow, 1)
        self.normalise = nn.BatchNorm2d(narrow)
        self.normalise_rows = nn.BatchNorm2d(narrow)
        self.rowwise = nn.Conv2d(narrow, 4 * narrow, (narrow, 1), groups=narrow)
        self.expand = nn.Conv2d(4 * narrow, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        z = torch.relu(self.normalise(self.reduce(x))).flatten(2)
        z = z - z.mean(dim=2, keepdim=True)
        covariance = torch.bmm(z, z.transpose(1, 2)) / z.shape[2]
        rows = self.rowwise(self.normalise_rows(covariance[:, :, :, None]))
        return torch.sigmoid(self.expand(rows)) * x


class CrissCross(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, channels // 8, 1)
        self.key = nn.Conv2d(channels, channels // 8, 1, bias=False)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def once(self, x: Tensor) -> Tensor:
        height = x.shape[2]
        q, k, v = self.query(x), self.key(x), self.value(x)
        # As matrices: (B, W, H, c) for the columns, (B, H, W, c) for the rows.
        column_logits = q.permute(0, 3, 2, 1) @ k.permute(0, 3, 1, 2)
        itself = torch.diag(torch.full((height,), float("-inf"), device=x.device, dtype=x.dtype))
        row_logits = q.permute(0, 2, 3, 1) @ k.permute(0, 2, 1, 3)
        logits = torch.cat([(column_logits + itself).transpose(1, 2), row_logits], dim=3)
        a = torch.softmax(logits, dim=3)
        from_column = a[..., :height].transpose(1, 2) @ v.permute(0, 3, 2, 1)
        from_row = a[..., height:] @ v.permute(0, 2, 3, 1)
        return self.gamma * (from_column.permute(0, 3, 2, 1) + from_row.permute(0, 3, 1, 2)) + x

    def forward(self, x: Tensor) -> Tensor:
        return self.once(self.once(x))
