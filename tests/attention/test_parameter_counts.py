"""The papers' parameter counts, from the widths of the places where the papers put their modules.

The networks alone are counted by tests of the hosts; here their totals are given, and the modules' shares are added.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from torch import nn

from attncourse.attention import (
    BAM,
    CBAM,
    ChannelAttention,
    ConvolvedSpatialAttention,
    CoordinateAttention,
    SqueezeExcitation,
)

RESNET50 = 25_557_032
RESNET50_CIFAR100 = 23_705_252
RESNET101 = 44_549_160
RESNET18 = 11_689_512
MOBILENET_V2 = 3_504_872

# Behind every bottleneck; before every down-sampling; between the depthwise and the last convolution where t = 6.
BOTTLENECKS50 = [256] * 3 + [512] * 4 + [1024] * 6 + [2048] * 3
BOTTLENECKS101 = [256] * 3 + [512] * 4 + [1024] * 23 + [2048] * 3
BASIC18 = [64] * 2 + [128] * 2 + [256] * 2 + [512] * 2
STAGES50 = [256, 512, 1024]
INVERTED = [96] + [144] * 2 + [192] * 3 + [384] * 4 + [576] * 3 + [960] * 3


def count(make: Callable[[int], nn.Module], widths: list[int]) -> int:
    return sum(parameter.numel() for width in widths for parameter in make(width).parameters())


@pytest.mark.parametrize(
    ("make", "widths", "base", "total"),
    [
        pytest.param(SqueezeExcitation, BOTTLENECKS50, RESNET50, 28_088_024, id="ResNet-50 + SE"),
        pytest.param(CBAM, BOTTLENECKS50, RESNET50, 28_089_624, id="ResNet-50 + CBAM"),
        pytest.param(ChannelAttention, BOTTLENECKS50, RESNET50, 28_088_024, id="ResNet-50 + channel attention"),
        pytest.param(
            lambda width: nn.Sequential(ChannelAttention(width), ConvolvedSpatialAttention(width, 3)),
            BOTTLENECKS50,
            RESNET50,
            28_103_304,
            id="ResNet-50 + CBAM, 1x1 convolution, k = 3",
        ),
        pytest.param(
            lambda width: nn.Sequential(ChannelAttention(width), ConvolvedSpatialAttention(width, 7)),
            BOTTLENECKS50,
            RESNET50,
            28_103_944,
            id="ResNet-50 + CBAM, 1x1 convolution, k = 7",
        ),
        pytest.param(SqueezeExcitation, BOTTLENECKS101, RESNET101, 49_326_872, id="ResNet-101 + SE"),
        pytest.param(CBAM, BOTTLENECKS101, RESNET101, 49_330_172, id="ResNet-101 + CBAM"),
        pytest.param(SqueezeExcitation, BASIC18, RESNET18, 11_778_592, id="ResNet-18 + SE"),
        pytest.param(CBAM, BASIC18, RESNET18, 11_779_392, id="ResNet-18 + CBAM"),
        pytest.param(BAM, STAGES50, RESNET50, 25_917_793, id="ResNet-50 + BAM"),
        pytest.param(BAM, STAGES50, RESNET50_CIFAR100, 24_066_013, id="CIFAR ResNet-50 + BAM"),
        pytest.param(
            lambda width: BAM(width, batch_norm="hidden"), STAGES50, RESNET50, 25_915_099, id="ResNet-50 + BAM, code"
        ),
        pytest.param(
            lambda width: SqueezeExcitation(width, 24), INVERTED, MOBILENET_V2, 3_888_208, id="MobileNetV2 + SE"
        ),
        pytest.param(lambda width: CBAM(width, 24), INVERTED, MOBILENET_V2, 3_889_808, id="MobileNetV2 + CBAM"),
        pytest.param(CoordinateAttention, INVERTED, MOBILENET_V2, 3_950_648, id="MobileNetV2 + CA"),
    ],
)
def test_counts_to_the_last_parameter(
    make: Callable[[int], nn.Module], widths: list[int], base: int, total: int
) -> None:
    assert base + count(make, widths) == total


@pytest.mark.parametrize(
    ("make", "printed"),
    [
        pytest.param(lambda width: CoordinateAttention(width, 24, "x"), "3.89", id="X attention"),
        pytest.param(lambda width: CoordinateAttention(width, 24, "y"), "3.89", id="Y attention"),
        pytest.param(lambda width: CoordinateAttention(width, 16), "4.37", id="r = 16"),
    ],
)
def test_coordinate_attention_ablations_to_the_printed_digit(make: Callable[[int], nn.Module], printed: str) -> None:
    assert f"{(MOBILENET_V2 + count(make, INVERTED)) / 1e6:.2f}" == printed


def test_bam_on_cifar_fits_the_papers_batch_norm_alone() -> None:
    def total(batch_norm: str) -> str:
        return f"{(RESNET50_CIFAR100 + count(lambda width: BAM(width, batch_norm=batch_norm), STAGES50)) / 1e6:.2f}"

    assert total("last") == "24.07"
    assert total("hidden") == "24.06"


@pytest.mark.parametrize(("channels", "reduction"), [(64, 16), (100, 16), (5, 16), (1, 1)])
def test_formulas_over_the_widths(channels: int, reduction: int) -> None:
    """Written out by hand: weights, then biases, then batch norms."""
    hidden = max(1, channels // reduction)
    mlp = 2 * channels * hidden + hidden + channels
    assert count(lambda width: SqueezeExcitation(width, reduction), [channels]) == mlp
    assert count(lambda width: CBAM(width, reduction), [channels]) == mlp + 2 * 7 * 7 + 2
    assert count(lambda width: CBAM(width, reduction, 3, batch_norm=False), [channels]) == mlp + 2 * 3 * 3
    spatial = channels * hidden + hidden + 2 * (9 * hidden * hidden + hidden) + hidden + 1
    assert count(lambda width: BAM(width, reduction), [channels]) == mlp + 2 * channels + spatial + 2
    assert (
        count(lambda width: BAM(width, reduction, batch_norm="hidden"), [channels])
        == mlp + 2 * hidden + spatial + 3 * 2 * hidden
    )
    floor = max(8, channels // reduction)
    assert count(
        lambda width: CoordinateAttention(width, reduction), [channels]
    ) == channels * floor + floor + 2 * floor + 2 * (floor * channels + channels)
