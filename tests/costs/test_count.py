"""Counting: against formulas, against layers' hooks, and against the exact counts on record."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from attncourse import costs, hosts
from attncourse.attention import ATTENTION


def by_hooks(model: nn.Module, shape: Sequence[int]) -> int:
    """The other way to count: a formula for each layer, told its output's shape by a hook."""
    total = 0

    def convolution(layer: nn.Conv2d, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        height, width = layer.kernel_size
        total += output.numel() * (layer.in_channels // layer.groups) * height * width

    def linear(layer: nn.Linear, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += output.numel() * layer.in_features

    for part in model.modules():
        if isinstance(part, nn.Conv2d):
            part.register_forward_hook(convolution)
        elif isinstance(part, nn.Linear):
            part.register_forward_hook(linear)
    with torch.no_grad():
        model.eval()(torch.empty(*shape, device=next(model.parameters()).device))
    return total


@pytest.mark.parametrize(
    ("name", "attention"),
    [("resnext50", "cbam"), ("mobilenet_v2", "coordinate"), ("resnet18", "bam"), ("se_inception", "se")],
)
def test_two_ways_of_counting_agree(name: str, attention: str) -> None:
    """Groups, depthwise, dilation, strips of rows and columns: what is counted by operation and by layer."""
    with torch.device("meta"):
        model = hosts.build(name, attention)
    assert costs.of(model, (1, 3, 96, 64)).multiply_adds == by_hooks(model, (1, 3, 96, 64))


def test_one_convolution_by_its_formula() -> None:
    layer = nn.Conv2d(6, 4, (3, 5), stride=(1, 2), padding=(2, 2), dilation=(2, 1), groups=2)
    counted = costs.of(layer, (2, 6, 7, 9))
    assert counted.parameters == 4 * 3 * 15 + 4
    assert counted.multiply_adds == 2 * 4 * 7 * 5 * (3 * 15)


@pytest.mark.parametrize(
    ("name", "attention", "options", "parameters", "multiply_adds"),
    [
        ("resnet50", None, {}, 25_557_032, 3_857_973_248),
        ("resnet50", "se", {}, 28_088_024, 3_860_488_192),
        ("resnet50", "cbam", {}, 28_089_624, 3_864_362_102),
        ("wrn18", "se", {}, 26_074_716, 3_866_522_880),
        ("wrn18", "cbam", {}, 26_075_516, 3_867_535_060),
        ("efficientnet_b0", "se", {}, 5_288_548, None),
        ("mobilenet_v2", None, {}, 3_504_872, None),
        ("mobilenet_v2", "se", {}, 3_888_208, None),
        ("mobilenet_v2", "cbam", {}, 3_889_808, None),
        ("mobilenet_v2", "coordinate", {}, 3_950_648, None),
        # The authors' code: 15 of its 20 blocks have a first depthwise convolution. SE with a reduction of 24.
        ("mobilenext", None, {}, 3_535_416, 311_342_592),
        ("mobilenext", "se", {}, 3_913_557, None),
        ("mobilenet_v1", "se", {}, 5_072_276, None),
        ("mobilenet_v1", "cbam", {"width": 1.0}, 5_074_976, None),
        ("mobilenet_v1", None, {"width": 0.7}, 2_298_747, None),
        ("resnet20", None, {}, 269_722, None),
        ("resnet56", None, {}, 853_018, None),
        ("resnet110", None, {}, 1_727_962, None),
    ],
)
def test_exact_counts(
    name: str, attention: str | None, options: dict[str, Any], parameters: int, multiply_adds: int | None
) -> None:
    with torch.device("meta"):
        counted = costs.of(hosts.build(name, attention, **options), (1, 3, 224, 224))
    assert counted.parameters == parameters
    assert multiply_adds is None or counted.multiply_adds == multiply_adds


def test_the_other_stride() -> None:
    with torch.device("meta"):
        counted = costs.of(hosts.build("resnet50", stride_on="3x3"), (1, 3, 224, 224))
    assert (counted.parameters, round(counted.multiply_adds / 1e9, 3)) == (25_557_032, 4.089)


@pytest.mark.parametrize("attention", sorted(ATTENTION))
def test_with_and_without_data_the_same_is_counted(attention: str) -> None:
    model = hosts.build("small", attention)
    without = costs.of(model, (1, 3, 32, 24))
    with torch.device("meta"):
        assert costs.of(hosts.build("small", attention), (1, 3, 32, 24)).multiply_adds == without.multiply_adds


class Functional(nn.Module):
    """No layers: one parameter used twice, an einsum, a plain tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4, 4))
        self.plain = torch.ones(4, 4, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = x.mean((2, 3)) @ self.weight
        gate = torch.einsum("bc,dc->bd", gate, self.weight)
        return functional.conv2d(x, self.plain) * gate[:, :, None, None]


def test_functional_answers_count_like_layers() -> None:
    counted = costs.of(Functional(), (2, 4, 3, 5))
    assert counted.parameters == 16
    assert counted.multiply_adds == 2 * 16 + 2 * 16 + 2 * 4 * 4 * 15


def test_a_model_that_looks_at_its_data_runs_for_real() -> None:
    class Looks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(3, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.layer(x) if float(x.sum()) == 0.0 else x

    assert costs.of(Looks(), (1, 3, 4, 5)).multiply_adds == 2 * 3 * 20


def test_what_cannot_be_copied_or_leaves_torch_runs_for_real() -> None:
    class Locked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(3, 2, 1)
            self.lock = threading.Lock()

        def forward(self, x: Tensor) -> Tensor:
            return self.layer(x)

    class Leaves(nn.Conv2d):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(torch.from_numpy(x.numpy()))

    assert costs.of(Locked(), (1, 3, 4, 5)).multiply_adds == 2 * 3 * 20
    assert costs.of(Leaves(3, 2, 1), (1, 3, 4, 5)).multiply_adds == 2 * 3 * 20


def test_a_model_that_stops_is_left_as_it_was() -> None:
    class Stops(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.BatchNorm2d(3)

        def forward(self, x: Tensor) -> Tensor:
            raise KeyError("stops")

    model = Stops()
    model.norm.eval()
    with pytest.raises(KeyError, match="stops"):
        costs.of(model, (1, 3, 4, 5))
    assert model.training and not model.norm.training
    assert model.norm.num_batches_tracked == 0


def test_the_model_is_left_as_it_was() -> None:
    model = hosts.build("small", "bam")
    model.stages.eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    costs.of(model, (1, 3, 32, 32))
    assert model.training and not model.stages.training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert all(parameter.device.type == "cpu" for parameter in model.parameters())


def test_a_shared_parameter_counts_once() -> None:
    layer = nn.Linear(3, 3)
    assert costs.of(nn.Sequential(layer, layer), (1, 3)).parameters == 12
    assert costs.of(nn.Sequential(layer, layer), (1, 3)).multiply_adds == 18


def test_errors_are_the_models_own() -> None:
    with pytest.raises(RuntimeError, match="channels"):
        costs.of(nn.Conv2d(3, 4, 1), (1, 5, 4, 4))
    with pytest.raises(ValueError, match=r"whole numbers of at least 1, as \(1, 3, 224, 224\); got \(1, 0\)"):
        costs.of(nn.Conv2d(3, 4, 1), (1, 0))
    with pytest.raises(ValueError, match="input_shape must be whole numbers of at least 1.* got 224"):
        costs.of(nn.Conv2d(3, 4, 1), 224)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="model must be a module that is built, .* got 'resnet50'"):
        costs.of("resnet50", (1, 3, 224, 224))  # type: ignore[arg-type]


def test_time_and_memory_are_measured_on_demand() -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1)).train()
    counted = costs.of(model, (1, 3, 50, 40))
    assert counted.latency > 0
    # Two maps of eight channels live at once: what a layer reads and what it writes.
    assert counted.peak_memory == 2 * 8 * 50 * 40 * 4
    assert model.training


def test_nothing_is_measured_without_data() -> None:
    with torch.device("meta"):
        counted = costs.of(nn.Conv2d(3, 8, 3), (1, 3, 5, 5))
    with pytest.raises(ValueError, match="meta device, where nothing runs"):
        _ = counted.latency
