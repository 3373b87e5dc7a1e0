"""BAM against plain loops."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from attncourse.attention import BAM
from tests.attention import loops
from tests.attention.loops import Maps, each_image, fill, values

SHAPES = [(2, 8, 3, 6), (2, 8, 6, 3), (1, 8, 4, 3), (2, 3, 3, 4), (2, 6, 1, 1)]


def branch_of(layers: nn.Sequential, maps: Maps, dilation: int) -> Maps:
    """The branch layer by layer, as the layers' types say."""
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            maps = loops.convolve(layer, maps, dilation if layer.kernel_size == (3, 3) else 1)
        elif isinstance(layer, nn.BatchNorm2d):
            maps = loops.transform(maps, lambda value, c, i, j, layer=layer: loops.normalise(layer, value, c))  # type: ignore[misc]
        else:
            assert isinstance(layer, nn.ReLU)
            maps = loops.transform(maps, lambda value, c, i, j: loops.relu(value))
    return maps


def loops_of(module: Any, maps: Maps, dilation: int) -> Maps:
    channel = branch_of(module.channel, [[[loops.mean(loops.places(one))]] for one in maps], dilation)
    spatial = branch_of(module.spatial, maps, dilation)

    def one(value: float, c: int, i: int, j: int) -> float:
        parts = channel[c][0][0], spatial[0][i][j]
        logit = parts[0] * parts[1] if module.combine == "product" else parts[0] + parts[1]
        return value + value * loops.sigmoid(logit)

    return loops.transform(maps, one)


@pytest.mark.parametrize("dilation", [1, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_bam_is_what_the_loops_compute(shape: tuple[int, ...], dilation: int) -> None:
    module, x = fill(BAM(shape[1], reduction=4, dilation=dilation)), values(*shape)
    torch.testing.assert_close(module(x), each_image(lambda maps: loops_of(module, maps, dilation), x))


@pytest.mark.parametrize("combine", ["sum", "product"])
@pytest.mark.parametrize("batch_norm", ["last", "hidden"])
def test_the_options_are_what_the_loops_compute(combine: str, batch_norm: str) -> None:
    module = fill(BAM(8, reduction=2, dilation=2, combine=combine, batch_norm=batch_norm))
    x = values(2, 8, 5, 7)
    torch.testing.assert_close(module(x), each_image(lambda maps: loops_of(module, maps, 2), x))


@pytest.mark.parametrize(
    ("batch_norm", "channel", "spatial"),
    [
        ("last", "conv relu conv norm", "conv relu conv relu conv relu conv norm"),
        ("hidden", "conv norm relu conv", "conv norm relu conv norm relu conv norm relu conv"),
    ],
)
def test_where_the_batch_norms_stand(batch_norm: str, channel: str, spatial: str) -> None:
    words = {nn.Conv2d: "conv", nn.ReLU: "relu", nn.BatchNorm2d: "norm"}
    module = BAM(32, batch_norm=batch_norm)
    assert " ".join(words[type(layer)] for layer in module.channel) == channel
    assert " ".join(words[type(layer)] for layer in module.spatial) == spatial


def test_a_place_sees_seventeen_places_each_way() -> None:
    module, x = fill(BAM(4, reduction=1)), values(1, 4, 31, 35)
    changed = x.clone()
    changed[0, :, 15, 17] += 5
    difference = (module.spatial_logits(changed) - module.spatial_logits(x))[0, 0].abs() > 1e-12
    rows, columns = torch.nonzero(difference, as_tuple=True)
    assert (int(rows.min()), int(rows.max())) == (15 - 8, 15 + 8)
    assert (int(columns.min()), int(columns.max())) == (17 - 8, 17 + 8)


def test_with_silent_branches_the_input_is_kept_and_half_of_it_added() -> None:
    module, x = BAM(8).double().eval(), values(2, 8, 3, 5)
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    torch.testing.assert_close(module(x), 1.5 * x)


def test_the_maps_to_look_at() -> None:
    module, x = fill(BAM(8, reduction=2)), values(2, 8, 5, 3)
    channel, spatial = module.channel_logits(x), module.spatial_logits(x)
    assert channel.shape == (2, 8, 1, 1)
    assert spatial.shape == (2, 1, 5, 3)
    torch.testing.assert_close(module.gate(x), torch.sigmoid(channel + spatial))
    torch.testing.assert_close(module.channel_gate(x), torch.sigmoid(channel))
    torch.testing.assert_close(module.spatial_gate(x), torch.sigmoid(spatial))
    torch.testing.assert_close(module(x), x * (1 + module.gate(x)))


def test_one_image_is_too_few_to_train_on() -> None:
    with pytest.raises(ValueError, match="more than 1 value"):
        BAM(8).train()(torch.zeros(1, 8, 4, 4))
