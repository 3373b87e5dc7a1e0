"""The electives that gate, against plain loops."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from attncourse.attention import (
    GALA,
    EfficientChannelAttention,
    GatherExcite,
    ScSE,
    SecondOrderAttention,
    SelfCalibratedConvolution,
    SimAM,
    SqueezeExcitation,
    TripletAttention,
)
from attncourse.attention.electives.efficient_channel import window
from tests.attention import loops
from tests.attention.loops import (
    Map,
    Maps,
    Vector,
    at,
    dot,
    each_image,
    fill,
    grid,
    means,
    normalised,
    rectified,
    values,
)

# B, C, H, W: wide, high, one image, few channels, one place.
SHAPES = [(2, 8, 3, 5), (2, 8, 5, 3), (1, 8, 4, 3), (2, 3, 3, 4), (2, 6, 1, 1)]
ON_EVERY_SHAPE = pytest.mark.parametrize("shape", SHAPES)


def strided(layer: Any, maps: Maps) -> Maps:
    """A depthwise 3x3 convolution of stride 2 with zeros outside."""
    weight = layer.weight.tolist()
    channels, height, width = loops.size(maps)
    result = loops.zeros(channels, (height + 1) // 2, (width + 1) // 2)
    for c, i, j in ((c, i, j) for c in range(channels) for i, j in grid(result)):
        for u in range(3):
            for v in range(3):
                row, column = 2 * i + u - 1, 2 * j + v - 1
                if 0 <= row < height and 0 <= column < width:
                    result[c][i][j] += weight[c][0][u][v] * maps[c][row][column]
    return result


@pytest.mark.parametrize("shape", [*SHAPES, (1, 2, 7, 10)])
@pytest.mark.parametrize("learned", [True, False])
@pytest.mark.parametrize("bottleneck", [True, False])
def test_gather_excite(shape: tuple[int, ...], learned: bool, bottleneck: bool) -> None:
    module, x = fill(GatherExcite(shape[1], 4, learned, bottleneck, reduction=2)), values(*shape)

    def gathered(maps: Maps) -> Maps:
        if learned:
            maps = normalised(module.convolutions[1], strided(module.convolutions[0], maps))
            maps = loops.transform(maps, lambda value, c, i, j: loops.relu(value))
            return normalised(module.convolutions[4], strided(module.convolutions[3], maps))
        channels, height, width = loops.size(maps)
        result = loops.zeros(channels, math.ceil(height / 4), math.ceil(width / 4))

        def inside(c: int, i: int, j: int) -> Vector:
            rows = range(max(0, 4 * i - 3), min(height, 4 * i + 4))
            columns = range(max(0, 4 * j - 3), min(width, 4 * j + 4))
            return [maps[c][row][column] for row in rows for column in columns]

        return loops.transform(result, lambda value, c, i, j: loops.mean(inside(c, i, j)))

    def expected(maps: Maps) -> Maps:
        context = gathered(maps)
        if bottleneck:
            hidden = loops.transform(loops.pointwise(module.reduce, context), lambda value, c, i, j: loops.relu(value))
            context = loops.pointwise(module.expand, hidden)
        _, height, width = loops.size(maps)
        _, rows, columns = loops.size(context)
        return loops.transform(
            maps,
            lambda value, c, i, j: value * loops.sigmoid(context[c][i * rows // height][j * columns // width]),
        )

    torch.testing.assert_close(module(x), each_image(expected, x))


def test_gather_excite_of_the_whole_map_is_squeeze_and_excitation() -> None:
    ours = fill(GatherExcite(8, extent=None, learned=False, bottleneck=True, reduction=4))
    theirs = fill(SqueezeExcitation(8, reduction=4))
    x = values(2, 8, 3, 5)
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.parametrize("extent", [0, 3, 6, 1, 2.0])
def test_gather_excite_names_its_extents(extent: Any) -> None:
    with pytest.raises(ValueError, match="extent must be None or a power of two"):
        GatherExcite(8, extent)
    with pytest.raises(ValueError, match="learned=True needs an extent"):
        GatherExcite(8, None)


@ON_EVERY_SHAPE
def test_triplet(shape: tuple[int, ...]) -> None:
    module, x = fill(TripletAttention(3)), values(*shape)

    def gate(branch: Any, planes: list[Map]) -> Map:
        """``planes[k][p][q] -> gate[p][q]``, pooled over k."""
        rows, columns = range(len(planes[0])), range(len(planes[0][0]))
        stack = [
            [[loops.mean([plane[p][q] for plane in planes]) for q in columns] for p in rows],
            [[max(plane[p][q] for plane in planes) for q in columns] for p in rows],
        ]
        logits = loops.convolve(branch.convolution, stack)
        return loops.transform(logits, lambda v, c, i, j: loops.sigmoid(loops.normalise(branch.normalise, v, 0)))[0]

    def expected(maps: Maps) -> Maps:
        channels, height, width = loops.size(maps)
        front = gate(module.height_width, maps)
        above = [[[maps[c][i][j] for j in range(width)] for c in range(channels)] for i in range(height)]
        side = [[[maps[c][i][j] for c in range(channels)] for i in range(height)] for j in range(width)]
        by_column = gate(module.channel_width, above)
        by_row = gate(module.channel_height, side)
        return loops.transform(
            maps, lambda value, c, i, j: (value * front[i][j] + value * by_column[c][j] + value * by_row[i][c]) / 3
        )

    torch.testing.assert_close(module(x), each_image(expected, x))


@pytest.mark.parametrize(
    ("channels", "side"), [(1, 1), (2, 1), (3, 1), (8, 3), (64, 3), (128, 5), (256, 5), (512, 5), (2048, 7)]
)
def test_the_window_of_efficient_channel_attention(channels: int, side: int) -> None:
    """What the authors' formula gives: int(|(log2 C + 1) / 2|), and 1 more where that is even."""
    cut = int(abs((math.log2(channels) + 1) / 2))
    assert side == (cut if cut % 2 else cut + 1)
    assert window(channels) == side
    assert EfficientChannelAttention(channels).convolution.kernel_size == (side,)


@ON_EVERY_SHAPE
def test_efficient_channel(shape: tuple[int, ...]) -> None:
    module, x = fill(EfficientChannelAttention(shape[1], 3)), values(*shape)
    weight = module.convolution.weight.flatten().tolist()

    def expected(maps: Maps) -> Maps:
        descriptor = [0.0, *means(maps), 0.0]
        gate = [loops.sigmoid(dot(weight, descriptor[c : c + 3])) for c in range(len(maps))]
        return loops.transform(maps, lambda value, c, i, j: value * gate[c])

    torch.testing.assert_close(module(x), each_image(expected, x))


@ON_EVERY_SHAPE
def test_simam(shape: tuple[int, ...]) -> None:
    module, x = SimAM(0.01), values(*shape)

    def expected(maps: Maps) -> Maps:
        def gated(value: float, c: int, i: int, j: int) -> float:
            numbers = loops.places(maps[c])
            centre = loops.mean(numbers)
            variance = sum((one - centre) ** 2 for one in numbers) / max(1, len(numbers) - 1)
            return value * loops.sigmoid((value - centre) ** 2 / (4 * (variance + 0.01)) + 0.5)

        return loops.transform(maps, gated)

    torch.testing.assert_close(module(x), each_image(expected, x))


def test_simam_wants_a_positive_regularisation() -> None:
    with pytest.raises(ValueError, match="regularisation must be a number above 0, got 0; the paper uses 1e-4"):
        SimAM(0)


@ON_EVERY_SHAPE
@pytest.mark.parametrize("combine", ["add", "max"])
def test_scse(shape: tuple[int, ...], combine: str) -> None:
    module, x = fill(ScSE(shape[1], 2, combine)), values(*shape)

    def expected(maps: Maps) -> Maps:
        hidden = rectified(loops.affine(module.channel.reduce, means(maps)))
        channel = [loops.sigmoid(value) for value in loops.affine(module.channel.expand, hidden)]
        spatial = loops.transform(loops.pointwise(module.spatial, maps), lambda value, c, i, j: loops.sigmoid(value))
        join = max if combine == "max" else lambda one, other: one + other
        return loops.transform(maps, lambda value, c, i, j: join(value * channel[c], value * spatial[0][i][j]))

    torch.testing.assert_close(module(x), each_image(expected, x))


@ON_EVERY_SHAPE
def test_gala(shape: tuple[int, ...]) -> None:
    module, x = fill(GALA(shape[1], 2)), values(*shape)
    additive, multiplicative = module.additive.flatten().tolist(), module.multiplicative.flatten().tolist()

    def expected(maps: Maps) -> Maps:
        what = loops.affine(module.channel_expand, rectified(loops.affine(module.channel_reduce, means(maps))))

        def gated(value: float, c: int, i: int, j: int) -> float:
            hidden = rectified(loops.affine(module.spatial_reduce, at(maps, i, j)))
            where = loops.affine(module.spatial_collapse, hidden)[0]
            return value * math.tanh(additive[c] * (where + what[c]) + multiplicative[c] * where * what[c])

        return loops.transform(maps, gated)

    torch.testing.assert_close(module(x), each_image(expected, x))


def bilinear(one: Map, height: int, width: int) -> Map:
    """Resize with the corners' middles half a place inside."""

    def source(place: int, size: int, old: int) -> tuple[int, int, float]:
        position = max(0.0, (place + 0.5) * old / size - 0.5)
        low = int(position)
        return low, min(low + 1, old - 1), position - low

    result = [[0.0] * width for _ in range(height)]
    for i in range(height):
        for j in range(width):
            top, bottom, down = source(i, height, len(one))
            left, right, across = source(j, width, len(one[0]))
            upper = one[top][left] * (1 - across) + one[top][right] * across
            lower = one[bottom][left] * (1 - across) + one[bottom][right] * across
            result[i][j] = upper * (1 - down) + lower * down
    return result


@pytest.mark.parametrize("shape", [*SHAPES, (1, 5, 7, 10)])
def test_self_calibrated(shape: tuple[int, ...]) -> None:
    module, x = fill(SelfCalibratedConvolution(shape[1], pooling=3)), values(*shape)

    def layer(part: Any, maps: Maps) -> Maps:
        return normalised(part[1], loops.convolve(part[0], maps))

    def expected(maps: Maps) -> Maps:
        channels, height, width = loops.size(maps)
        first, second = maps[: channels // 2], maps[channels // 2 :]
        pooled = loops.zeros(len(first), math.ceil(height / 3), math.ceil(width / 3))
        pooled = loops.transform(
            pooled,
            lambda value, c, i, j: loops.mean(
                [value for row in first[c][3 * i : 3 * i + 3] for value in row[3 * j : 3 * j + 3]]
            ),
        )
        seen = [bilinear(one, height, width) for one in layer(module.coarse, pooled)]
        fine = layer(module.fine, first)
        gated = loops.transform(fine, lambda value, c, i, j: value * loops.sigmoid(first[c][i][j] + seen[c][i][j]))
        return layer(module.last, gated) + layer(module.plain, second)

    torch.testing.assert_close(module(x), each_image(expected, x))


@ON_EVERY_SHAPE
def test_second_order(shape: tuple[int, ...]) -> None:
    module, x = fill(SecondOrderAttention(shape[1], 4)), values(*shape)

    def expected(maps: Maps) -> Maps:
        narrow = normalised(module.normalise, loops.pointwise(module.reduce, maps))
        rows = [rectified(loops.places(one)) for one in narrow]
        centres = [loops.mean(row) for row in rows]
        covariance = [
            [
                loops.mean([(a - centres[p]) * (b - centres[q]) for a, b in zip(rows[p], rows[q], strict=True)])
                for q in range(len(rows))
            ]
            for p in range(len(rows))
        ]
        assert module.rowwise.bias is not None
        weight, bias = module.rowwise.weight.flatten(1).tolist(), module.rowwise.bias.tolist()
        numbers = []
        for output in range(4 * len(rows)):
            row = [loops.normalise(module.normalise_rows, value, output // 4) for value in covariance[output // 4]]
            numbers.append(bias[output] + dot(weight[output], row))
        gate = [loops.sigmoid(value) for value in loops.affine(module.expand, numbers)]
        return loops.transform(maps, lambda value, c, i, j: value * gate[c])

    torch.testing.assert_close(module(x), each_image(expected, x))
