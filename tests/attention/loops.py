"""Plain loops over nested lists, for comparison: nothing here calls torch to compute.

Maps are ``maps[c][i][j]``, weights are nested lists as ``tensor.tolist()`` gives them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

Vector = list[float]
Map = list[list[float]]
Maps = list[Map]
Module = TypeVar("Module", bound=nn.Module)


def fill(module: Module, seed: int = 0) -> Module:
    """Set every floating-point tensor of the module to values of the test's own, in float64; to evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    module = module.double().eval()
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                positive = name.endswith("running_var")
                values = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
                tensor.copy_(values.abs() + 0.5 if positive else 0.6 * values)
    return module


def values(*shape: int, seed: int = 1) -> Tensor:
    """An input in float64, the same in every run."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def relu(value: float) -> float:
    return value if value > 0 else 0.0


def hard_swish(value: float) -> float:
    return value * min(max(value + 3, 0), 6) / 6


def mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)


def size(maps: Maps) -> tuple[int, int, int]:
    return len(maps), len(maps[0]), len(maps[0][0])


def places(one: Map) -> Vector:
    return [value for row in one for value in row]


def zeros(channels: int, height: int, width: int) -> Maps:
    return [[[0.0] * width for _ in range(height)] for _ in range(channels)]


def transform(maps: Maps, function: Callable[[float, int, int, int], float]) -> Maps:
    """``function(value, c, i, j)`` of every value."""
    channels, height, width = size(maps)
    result = zeros(channels, height, width)
    for c in range(channels):
        for i in range(height):
            for j in range(width):
                result[c][i][j] = function(maps[c][i][j], c, i, j)
    return result


def affine(layer: Any, vector: Vector) -> Vector:
    """A fully connected layer, or a 1x1 convolution at one place."""
    weight = layer.weight.flatten(1).tolist()
    bias = [0.0] * len(weight) if layer.bias is None else layer.bias.tolist()
    return [
        offset + sum(w * v for w, v in zip(row, vector, strict=True)) for row, offset in zip(weight, bias, strict=True)
    ]


def pointwise(layer: Any, maps: Maps) -> Maps:
    """A 1x1 convolution."""
    _, height, width = size(maps)
    result = zeros(layer.out_channels, height, width)
    for i in range(height):
        for j in range(width):
            for c, value in enumerate(affine(layer, [one[i][j] for one in maps])):
                result[c][i][j] = value
    return result


def convolve(layer: Any, maps: Maps, dilation: int = 1) -> Maps:
    """A convolution with a square, odd window and zeros outside, so that the maps keep their size."""
    weight = layer.weight.tolist()
    channels, height, width = size(maps)
    side = len(weight[0][0])
    result = zeros(len(weight), height, width)
    for o in range(len(weight)):
        for i in range(height):
            for j in range(width):
                total = 0.0 if layer.bias is None else layer.bias[o].item()
                for c in range(channels):
                    for u in range(side):
                        for v in range(side):
                            row, column = i + (u - side // 2) * dilation, j + (v - side // 2) * dilation
                            if 0 <= row < height and 0 <= column < width:
                                total += weight[o][c][u][v] * maps[c][row][column]
                result[o][i][j] = total
    return result


def normalise(layer: Any, value: float, channel: int) -> float:
    """Batch norm in evaluation mode."""
    deviation = math.sqrt(layer.running_var[channel].item() + layer.eps)
    scaled = (value - layer.running_mean[channel].item()) / deviation
    return scaled * layer.weight[channel].item() + layer.bias[channel].item()


def softmax(vector: Vector) -> Vector:
    largest = max(vector)
    powers = [math.exp(value - largest) for value in vector]
    return [power / sum(powers) for power in powers]


def each_image(function: Callable[[Maps], Maps], x: Tensor) -> Tensor:
    """``function`` of each image alone: ``(B, C, H, W) -> (B, ., ., .)``."""
    return torch.tensor([function(image) for image in x.tolist()], dtype=torch.float64)


def at(maps: Maps, i: int, j: int) -> Vector:
    """The channels of one place."""
    return [one[i][j] for one in maps]


def grid(maps: Maps) -> list[tuple[int, int]]:
    _, height, width = size(maps)
    return [(i, j) for i in range(height) for j in range(width)]


def dot(one: Vector, other: Vector) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def means(maps: Maps) -> Vector:
    return [mean(places(one)) for one in maps]


def rectified(vector: Vector) -> Vector:
    return [relu(value) for value in vector]


def normalised(layer: Any, maps: Maps) -> Maps:
    return transform(maps, lambda value, c, i, j: normalise(layer, value, c))
