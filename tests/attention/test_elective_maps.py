"""The electives that attend from place to place, against plain loops."""

from __future__ import annotations

import math

import pytest
import torch

from attncourse.attention import AugmentedConvolution, CrissCrossAttention, DoubleAttention, GlobalContext, NonLocal
from tests.attention import loops
from tests.attention.loops import Maps, at, dot, each_image, fill, grid, rectified, values

# B, C, H, W: wide, high, one image, few channels, one place.
SHAPES = [(2, 8, 3, 5), (2, 8, 5, 3), (1, 8, 4, 3), (2, 3, 3, 4), (2, 6, 1, 1)]
ON_EVERY_SHAPE = pytest.mark.parametrize("shape", SHAPES)


@ON_EVERY_SHAPE
@pytest.mark.parametrize("fusion", ["add", "multiply"])
def test_global_context(shape: tuple[int, ...], fusion: str) -> None:
    module, x = fill(GlobalContext(shape[1], 2, fusion)), values(*shape)

    def expected(maps: Maps) -> Maps:
        weights = loops.softmax([loops.affine(module.key, at(maps, i, j))[0] for i, j in grid(maps)])
        gathered = [dot(weights, loops.places(one)) for one in maps]
        hidden = loops.affine(module.reduce, gathered)
        centre = loops.mean(hidden)
        deviation = math.sqrt(loops.mean([(value - centre) ** 2 for value in hidden]) + 1e-5)
        scale, shift = module.normalise.weight.flatten().tolist(), module.normalise.bias.flatten().tolist()
        hidden = [(value - centre) / deviation * scale[m] + shift[m] for m, value in enumerate(hidden)]
        context = loops.affine(module.expand, rectified(hidden))
        if fusion == "add":
            return loops.transform(maps, lambda value, c, i, j: value + context[c])
        return loops.transform(maps, lambda value, c, i, j: value * loops.sigmoid(context[c]))

    torch.testing.assert_close(module(x), each_image(expected, x))
    torch.testing.assert_close(module.attention(x).sum(dim=(1, 2, 3)), torch.ones(len(x), dtype=torch.float64))


@ON_EVERY_SHAPE
def test_non_local(shape: tuple[int, ...]) -> None:
    module, x = fill(NonLocal(shape[1])), values(*shape)

    def expected(maps: Maps) -> Maps:
        result = loops.zeros(*loops.size(maps))
        keys = [loops.affine(module.key, at(maps, *place)) for place in grid(maps)]
        taken = [loops.affine(module.value, at(maps, *place)) for place in grid(maps)]
        for i, j in grid(maps):
            query = loops.affine(module.query, at(maps, i, j))
            weights = loops.softmax([dot(query, key) for key in keys])
            gathered = [dot(weights, list(column)) for column in zip(*taken, strict=True)]
            for c, value in enumerate(loops.affine(module.expand, gathered)):
                result[c][i][j] = maps[c][i][j] + loops.normalise(module.normalise, value, c)
        return result

    torch.testing.assert_close(module(x), each_image(expected, x))


def test_new_residual_blocks_change_nothing() -> None:
    x = values(2, 8, 3, 5)
    for module in (NonLocal(8), CrissCrossAttention(8)):
        torch.testing.assert_close(module.double().eval()(x), x)


@pytest.mark.parametrize("shape", [*SHAPES, (1, 30, 2, 3)])
@pytest.mark.parametrize("heads", [1, 3])
def test_augmented_convolution(shape: tuple[int, ...], heads: int) -> None:
    module, x = fill(AugmentedConvolution(shape[1], 3, heads, largest=6)), values(*shape)
    heads, width = module.heads, module.key_width
    by_row, by_column = module.row_distance.tolist(), module.column_distance.tolist()

    def expected(maps: Maps) -> Maps:
        keys = {place: loops.affine(module.key, at(maps, *place)) for place in grid(maps)}
        taken = {place: loops.affine(module.value, at(maps, *place)) for place in grid(maps)}
        each = len(taken[0, 0]) // heads
        result = loops.convolve(module.convolution, maps)
        attended = loops.zeros(heads * each, *loops.size(maps)[1:])
        for i, j in grid(maps):
            query = [value / math.sqrt(width) for value in loops.affine(module.query, at(maps, i, j))]
            for head in range(heads):
                own = query[head * width : (head + 1) * width]
                weights = loops.softmax(
                    [
                        dot(own, keys[p, q][head * width : (head + 1) * width])
                        + dot(own, by_row[p - i + 5])
                        + dot(own, by_column[q - j + 5])
                        for p, q in grid(maps)
                    ]
                )
                for v in range(head * each, (head + 1) * each):
                    attended[v][i][j] = dot(weights, [taken[place][v] for place in grid(maps)])
        return result + loops.pointwise(module.project, attended)

    torch.testing.assert_close(module(x), each_image(expected, x))


def test_augmented_convolution_says_how_large() -> None:
    module = AugmentedConvolution(8, largest=6)
    assert module(torch.zeros(1, 8, 6, 4)).shape == (1, 8, 6, 4)
    with pytest.raises(ValueError, match="at most 6 rows and columns, got 4 and 7; give a larger 'largest'"):
        module(torch.zeros(1, 8, 4, 7))


@ON_EVERY_SHAPE
def test_double_attention(shape: tuple[int, ...]) -> None:
    module, x = fill(DoubleAttention(shape[1], 2)), values(*shape)

    def expected(maps: Maps) -> Maps:
        features = loops.pointwise(module.features, maps)
        gathering = [loops.softmax(loops.places(one)) for one in loops.pointwise(module.maps, maps)]
        choices = loops.pointwise(module.choices, maps)
        result = loops.zeros(*loops.size(maps))
        for i, j in grid(maps):
            chosen = loops.softmax(at(choices, i, j))
            taken = [
                sum(chosen[n] * dot(gathering[n], loops.places(feature)) for n in range(len(chosen)))
                for feature in features
            ]
            for c, value in enumerate(loops.affine(module.expand, taken)):
                result[c][i][j] = maps[c][i][j] + value
        return result

    torch.testing.assert_close(module(x), each_image(expected, x))
    ones = torch.ones(1, dtype=torch.float64)
    torch.testing.assert_close(module.gathering(x).sum(dim=(2, 3)), ones.expand(shape[0], max(1, shape[1] // 2)))
    torch.testing.assert_close(module.distribution(x).sum(dim=1), ones.expand(shape[0], *shape[2:]))


@ON_EVERY_SHAPE
@pytest.mark.parametrize("passes", [1, 2])
def test_criss_cross(shape: tuple[int, ...], passes: int) -> None:
    module, x = fill(CrissCrossAttention(shape[1], 2, passes)), values(*shape)
    gamma = module.gamma.item()

    def once(maps: Maps) -> Maps:
        result = loops.zeros(*loops.size(maps))
        for i, j in grid(maps):
            cross = [(p, q) for p, q in grid(maps) if p == i or q == j]
            query = loops.affine(module.query, at(maps, i, j))
            weights = loops.softmax([dot(query, loops.affine(module.key, at(maps, *place))) for place in cross])
            taken = [loops.affine(module.value, at(maps, *place)) for place in cross]
            for c in range(len(maps)):
                result[c][i][j] = maps[c][i][j] + gamma * dot(weights, [vector[c] for vector in taken])
        return result

    def expected(maps: Maps) -> Maps:
        for _ in range(passes):
            maps = once(maps)
        return maps

    torch.testing.assert_close(module(x), each_image(expected, x))
    attention = module.attention(x)
    torch.testing.assert_close(attention.sum(dim=3), torch.ones(shape[0], *shape[2:], dtype=torch.float64))
