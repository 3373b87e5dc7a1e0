"""The hosts: they run, every parameter learns, the slot is where the papers have it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

from attncourse import hosts
from attncourse.attention import ATTENTION, BAM, CBAM, SqueezeExcitation

SMALL = ("resnet20", "resnet56", "resnet110", "wrn28", "small")
# Few classes, and where there is a width, a narrow one: what is asked here does not depend on it.
LIGHT: dict[str, dict[str, Any]] = {
    "wrn28": {"width": 1, "depth": 10},
    "wrn18": {"width": 0.25},
    "mobilenet_v1": {"width": 0.5},
    "mobilenet_v2": {"width": 0.5},
}
MAIN = (None, "se", "cbam", "bam", "coordinate")
# The same code as their shallower siblings, only more of it.
DEEP = {"resnet34", "resnet101", "resnext101", "resnet56", "resnet110"}


def light(name: str, attention: hosts.Attention = None) -> hosts.Host:
    return hosts.build(name, attention, classes=7, **LIGHT.get(name, {}))


def size(name: str) -> tuple[int, int]:
    return (24, 16) if name in SMALL else (64, 96)


@pytest.mark.parametrize(
    ("name", "attention"),
    [(name, attention) for name in sorted(hosts.HOSTS) for attention in (("cbam",) if name in DEEP else MAIN)],
)
def test_every_parameter_gets_a_gradient(name: str, attention: str | None) -> None:
    with torch.device("meta"):
        model = light(name, attention)
        model(torch.empty(2, 3, *size(name))).sum().backward()
    assert [key for key, parameter in model.named_parameters() if parameter.grad is None] == []


@pytest.mark.parametrize("attention", MAIN)
@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v1", "mobilenet_v2", "small", "resnet20", "wrn28"])
def test_runs_and_learns_on_real_numbers(name: str, attention: str | None) -> None:
    torch.manual_seed(0)
    model = light(name, attention)
    logits = model(torch.randn(2, 3, *size(name)))
    assert logits.shape == (2, 7)
    assert logits.isfinite().all()
    nn.functional.cross_entropy(logits, torch.tensor([0, 6])).backward()
    gates = [parameter for key, parameter in model.named_parameters() if "attention" in key or "branch" in key]
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in gates)
    # A single picture is enough in eval mode.
    assert model.eval()(torch.randn(1, 3, *size(name))).shape == (1, 7)


@pytest.mark.parametrize("name", sorted(set(hosts.HOSTS) - {"vgg16"}))
def test_runs_on_real_numbers(name: str) -> None:
    with torch.no_grad():
        assert light(name).eval()(torch.randn(1, 3, *size(name))).shape == (1, 7)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v1", "mobilenet_v2", "se_inception", "wrn28", "small"])
def test_every_reference_fits(name: str) -> None:
    with torch.device("meta"):
        for attention in ATTENTION:
            model = light(name, attention)
            held = [part for part in model.modules() if isinstance(part, ATTENTION[attention])]
            assert held, f"{attention} is nowhere in {name}"


@pytest.mark.parametrize(
    ("name", "attention", "count"),
    [
        ("resnet18", "se", 8),
        ("resnet50", "cbam", 16),
        ("resnet101", "se", 33),
        ("resnet50", "bam", 3),
        ("wrn28", "bam", 2),
        ("wrn28", "se", 12),
        ("vgg16", "se", 13),
        ("mobilenet_v1", "se", 27),
        ("mobilenet_v1", "bam", 3),
        ("mobilenet_v2", "coordinate", 16),
        ("mobilenext", "coordinate", 15),
        ("efficientnet_b0", "se", 16),
        ("se_inception", "se", 10),
        ("resnet20", "se", 9),
        ("resnet110", "se", 54),
        ("small", "se", 3),
        ("small", "bam", 2),
    ],
)
def test_how_many_places(name: str, attention: str, count: int) -> None:
    with torch.device("meta"):
        model = hosts.build(name, attention)
    assert sum(isinstance(part, ATTENTION[attention]) for part in model.modules()) == count


def test_bam_stands_between_stages_and_on_request_in_blocks() -> None:
    with torch.device("meta"):
        for attention in ("bam", BAM, partial(BAM, dilation=2)):
            stages = [list(stage.children())[-1] for stage in hosts.build("resnet50", attention).stages]
            assert [part.channels for part in stages if isinstance(part, BAM)] == [256, 512, 1024]
        inside = hosts.build("resnet50", "bam", place="block")
    assert sum(isinstance(part, BAM) for part in inside.modules()) == 16


def test_attention_acts_on_the_branch_before_the_addition() -> None:
    """With a slot that closes, a block gives relu(shortcut): the branch is gone, the shortcut is not."""

    class Closed(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * 0

    x = torch.randn(1, 64, 5, 4)
    block = hosts.build("resnet18", Closed).eval().stages[0][0]  # type: ignore[index]
    assert torch.equal(block(x), torch.relu(x))
    x = torch.randn(1, 16, 5, 4)
    assert torch.equal(hosts.build("resnet20", Closed).eval().stages[0][0](x), torch.relu(x))  # type: ignore[index]
    assert torch.equal(hosts.build("wrn28", Closed, width=1).eval().stages[0][0](x), x)  # type: ignore[index]


def test_the_stride_of_a_bottleneck() -> None:
    def strides(**options: Any) -> list[int]:
        first = hosts.build("resnet50", **options).stages[1].get_submodule("0.branch")
        return [part.stride[0] for part in first.modules() if isinstance(part, nn.Conv2d)]

    with torch.device("meta"):
        assert strides() == [2, 1, 1]
        assert strides(stride_on="3x3") == [1, 2, 1]


def test_mobilenet_v2_has_the_reductions_of_its_table() -> None:
    with torch.device("meta"):
        for attention in ("se", SqueezeExcitation):
            held = hosts.build("mobilenet_v2", attention)
            first = next(part for part in held.modules() if isinstance(part, SqueezeExcitation))
            assert (first.channels, first.reduce.out_features) == (96, 4)
        own = hosts.build("mobilenet_v2", partial(CBAM, reduction=48))
        assert next(part for part in own.modules() if isinstance(part, CBAM)).channel.reduce.out_features == 2


def test_channels_last_gives_the_same() -> None:
    torch.manual_seed(0)
    model = hosts.build("small", "cbam").eval()
    x = torch.randn(2, 3, 32, 32)
    expected = model(x)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    got = model(x.to(memory_format=torch.channels_last))
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


def test_state_dict_travels_between_equal_hosts() -> None:
    one, other = hosts.build("small", "se").eval(), hosts.build("small", "se").eval()
    other.load_state_dict(one.state_dict())
    x = torch.randn(1, 3, 32, 24)
    assert torch.equal(one(x), other(x))


def test_the_plain_weights_fit_below_every_attention() -> None:
    """What stands in the slot does not rename the host's own weights."""
    plain = hosts.build("small").state_dict()
    for attention in ATTENTION:
        held = hosts.build("small", attention).load_state_dict(plain, strict=False)
        assert held.unexpected_keys == []
        assert all(".attention." in key or key.startswith("stages.") for key in held.missing_keys)


def test_an_unknown_name_is_answered_with_the_list() -> None:
    with pytest.raises(ValueError, match=r"no host 'resnet5'; there are: resnet18, .*small"):
        hosts.build("resnet5")
    with pytest.raises(ValueError, match=r"no host \['small'\]; there are: resnet18"):
        hosts.build(["small"])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"attention must be one of .*'se'.*; got 'sse'"):
        hosts.build("resnet18", "sse")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("resnet18", {"stride_on": "3x3"}, r"resnet18 has no option 'stride_on'; it has: classes, place, stem"),
        ("small", {"width": 2}, r"small has no option 'width'; it has: classes, place"),
        ("resnet50", {"stride_on": "5x5"}, r"stride_on must be one of '1x1', '3x3'; got '5x5'"),
        ("resnet50", {"stem": "mnist"}, r"stem must be one of 'imagenet', 'cifar'; got 'mnist'"),
        ("resnet50", {"place": "end"}, r"place must be one of 'block', 'stage'; got 'end'"),
        ("mobilenet_v1", {"place": "block"}, r"place must be one of 'convolution', 'pointwise', 'stage'"),
        ("mobilenet_v2", {"width": 0}, r"width must be a number above 0; got 0"),
        ("wrn18", {"width": float("inf")}, r"width must be a number above 0; got inf"),
        ("mobilenet_v1", {"width": 0.01}, r"width 0.01 leaves no channels"),
        ("wrn18", {"width": 0.01}, r"width 0.01 leaves no channels"),
        ("wrn28", {"depth": 27}, r"depth must be 6 n \+ 4"),
        ("wrn28", {"width": 1.5}, r"width must be a whole number of at least 1; got 1.5"),
        ("small", {"classes": 0}, r"classes must be a whole number of at least 1; got 0"),
    ],
)
def test_wrong_options_are_named(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hosts.build(name, **options)
