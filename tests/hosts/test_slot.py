"""A learner's own module in the slot: what goes in, and what is said when it does not."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import Tensor, nn

from attncourse import hosts
from attncourse.attention import SimAM, SpatialAttention, SqueezeExcitation


class Own(nn.Module):
    """As a learner writes it: other names, Linear layers, a batch norm that wants more than one value."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(c, max(1, c // 4)), nn.ReLU(), nn.Linear(max(1, c // 4), c))
        self.bn = nn.BatchNorm1d(c)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.bn(self.fc(x.mean((2, 3)))))[:, :, None, None]


DEEP = {"resnet34", "resnet101", "resnext101", "resnet56", "resnet110"}


@pytest.mark.parametrize("name", sorted(set(hosts.HOSTS) - DEEP))
def test_a_learners_class_goes_into_every_host(name: str) -> None:
    with torch.device("meta"):
        model = hosts.build(name, Own, classes=3)
        model(torch.empty(2, 3, 64, 32)).sum().backward()
    assert any(isinstance(part, Own) for part in model.modules())
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_it_is_left_as_it_was_built() -> None:
    model = hosts.build("small", Own)
    held = next(part for part in model.modules() if isinstance(part, Own))
    assert held.training and held.bn.training
    assert held.bn.num_batches_tracked == 0
    assert all(parameter.grad is None for parameter in model.parameters())


def test_it_meets_the_channels_of_each_place() -> None:
    seen: list[int] = []

    def factory(channels: int) -> nn.Module:
        seen.append(channels)
        return SqueezeExcitation(channels, reduction=8)

    hosts.build("resnet20", factory)
    assert seen == [16] * 3 + [32] * 3 + [64] * 3


def test_a_class_that_knows_no_channels_is_built_without() -> None:
    class OwnSpatial(nn.Module):
        def __init__(self, kernel_size: int = 7) -> None:
            super().__init__()
            self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2)

        def forward(self, x: Tensor) -> Tensor:
            return x * torch.sigmoid(self.conv(torch.cat([x.mean(1, True), x.amax(1, True)], 1)))

    for attention in (OwnSpatial, SpatialAttention, "cbam_spatial"):
        assert hosts.build("small", attention).eval()(torch.randn(1, 3, 32, 32)).shape == (1, 10)


def test_channels_do_not_become_a_number_of_another_kind() -> None:
    class OwnSimAM(SimAM):
        pass

    for attention, expected in ((OwnSimAM, 1e-4), (partial(SimAM, regularisation=0.01), 0.01)):
        held = [part for part in hosts.build("small", attention).modules() if isinstance(part, SimAM)]
        assert [part.regularisation for part in held] == [expected] * 3


def test_the_same_attention_by_name_and_by_class() -> None:
    names = list(hosts.build("small", "se").state_dict())
    assert names == list(hosts.build("small", SqueezeExcitation).state_dict())


class NoChannels(nn.Module):
    def __init__(self) -> None:
        super().__init__()


class GateAlone(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3), keepdim=True)


class TwoThings(GateAlone):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        return x, x


class Unfinished(GateAlone):
    def forward(self, x: Tensor) -> None:  # type: ignore[override]
        return None


class Crashes(GateAlone):
    def forward(self, x: Tensor) -> Tensor:
        return x @ torch.zeros(3, 3)


class SquaresAlone(GateAlone):
    def forward(self, x: Tensor) -> Tensor:
        return x * x.mean(3, keepdim=True).transpose(2, 3)  # the rows' means, laid out along the columns


class OtherType(GateAlone):
    def forward(self, x: Tensor) -> Tensor:
        return x.double()


class NoSuper(nn.Module):
    def __init__(self, channels: int) -> None:
        self.channels = channels


def a_function(channels: int) -> Tensor:
    return torch.zeros(channels)


@pytest.mark.parametrize(
    ("attention", "message"),
    [
        (NoChannels, r"NoChannels could not be built for 16 channels \(TypeError: .*a host calls it with the number"),
        (GateAlone, r"GateAlone turns an input \(1, 16, 8, 6\) into \(1, 16, 1, 1\); .*return the gated features"),
        (TwoThings, r"TwoThings turns an input \(1, 16, 8, 6\) into tuple"),
        (Unfinished, r"Unfinished turns an input \(1, 16, 8, 6\) into NoneType"),
        (Crashes, r"Crashes does not run on an input \(1, 16, 8, 6\) \(RuntimeError"),
        (SquaresAlone, r"SquaresAlone does not run on an input \(1, 16, 8, 6\) \(RuntimeError"),
        (OtherType, r"OtherType turns torch.float32 into torch.float64; a slot takes what keeps the input's type"),
        (NoSuper, r"NoSuper was built without super\(\).__init__\(\); write it into the first line"),
        (a_function, r"a_function\(16\) gave Tensor; a slot takes an nn.Module"),
    ],
)
def test_what_does_not_fit_is_told(attention: hosts.Attention, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hosts.build("small", attention)


def test_a_wrong_kind_is_told() -> None:
    with pytest.raises(TypeError, match=r"already built \(SqueezeExcitation\); give its class"):
        hosts.build("small", SqueezeExcitation(32))
    with pytest.raises(TypeError, match="must be None, a name or a class; got 3"):
        hosts.build("small", 3)  # type: ignore[arg-type]
