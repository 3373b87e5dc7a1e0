"""Small networks for answers that look inside one: seeded weights, batch norms, a ReLU that works in place.

    stem.conv  3 -> 4 channels      stem.norm     stem.relu, in place
    body.conv  4 -> 5, stride 2     body.norm     body.relu     body.mix  5 -> 5     body.last, a ReLU
    head       the mean over all places, then a linear layer to 4 class scores

So a layer's gradients differ from place to place and from class to class. Nothing that ``body.relu`` gives speaks
against class 0: its maps have no zero that is not one of the activations. Class 3 has weights of 0: its score is the
same for every image, and its maps are 0.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import cache

import torch
from torch import Tensor, nn

from attncourse.checking.draw import Draw

CLASSES = 4
# How many of the last layer's channels class 0 looks at.
LIKED = 3
WITHOUT_WEIGHT = 3


class Failing(nn.Module):
    """A layer that cannot be run."""

    def forward(self, x: Tensor) -> Tensor:
        """Raises RuntimeError, always."""
        raise RuntimeError("this network's head was made to fail")


def network(seed: int) -> nn.Sequential:
    """In eval mode, with parameters that can be trained."""
    made = _layers().eval()
    with torch.no_grad():
        for part, name, value in _values(seed):
            getattr(made.get_submodule(part), name).copy_(value)
    return made


def training(seed: int) -> nn.Sequential:
    """In train mode but for its first batch norm, which was frozen; two layers have somebody else's hook."""
    made = network(seed).train()
    made.get_submodule("stem.norm").eval()
    return _watched(made)


def frozen(seed: int) -> nn.Sequential:
    """No parameter requires a gradient."""
    return network(seed).requires_grad_(False)


def in_use(seed: int) -> nn.Sequential:
    """In eval mode. Every parameter has a ``.grad``, and two layers have a hook: somebody else is not done with it."""
    made = network(seed)
    for parameter in made.parameters():
        parameter.grad = torch.ones_like(parameter)
    return _watched(made)


def failing(seed: int) -> nn.Sequential:
    """Its head raises RuntimeError, behind all layers of stem and body."""
    return _with_failing_head(network(seed))


def failing_in_training(seed: int) -> nn.Sequential:
    """As ``training``; its head raises RuntimeError."""
    return _with_failing_head(training(seed))


def _with_failing_head(made: nn.Sequential) -> nn.Sequential:
    made.head = Failing()
    return made


def _watched(made: nn.Sequential) -> nn.Sequential:
    for layer in ("stem.norm", "body.relu"):
        made.get_submodule(layer).register_forward_hook(_watch)
    return made


def _watch(module: nn.Module, inputs: object, output: Tensor) -> None:
    """A hook that does nothing."""


def _layers() -> nn.Sequential:
    stem = OrderedDict(conv=nn.Conv2d(3, 4, 3, padding=1), norm=nn.BatchNorm2d(4), relu=nn.ReLU(inplace=True))
    body = OrderedDict(
        conv=nn.Conv2d(4, 5, 3, stride=2, padding=1),
        norm=nn.BatchNorm2d(5),
        relu=nn.ReLU(),
        mix=nn.Conv2d(5, 5, 3, padding=1),
        last=nn.ReLU(),
    )
    head = OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), scores=nn.Linear(5, CLASSES))
    return nn.Sequential(OrderedDict(stem=nn.Sequential(stem), body=nn.Sequential(body), head=nn.Sequential(head)))


@cache
def _values(seed: int) -> tuple[tuple[str, str, Tensor], ...]:
    """The layer, the name and the value of each parameter and running statistic."""
    made, draw = _layers(), Draw(seed)
    with torch.no_grad():
        for name, value in [*made.named_parameters(), *made.named_buffers()]:
            if value.is_floating_point():
                value.copy_(draw.signed(*value.shape, low=0.1, high=0.6))
            if name.endswith("norm.weight") or name.endswith("running_var"):
                value.abs_().add_(0.5)
        # Without a mean of their own the filters see edges, so that activations are 0 at some places.
        filters, mixed = made.get_parameter("body.conv.weight"), made.get_parameter("body.mix.weight")
        filters.sub_(filters.mean((1, 2, 3), keepdim=True))
        mixed[:LIKED].abs_()
        scores = made.get_parameter("head.scores.weight")
        scores.mul_(6)
        scores[0, :LIKED].abs_().div_(3)
        scores[0, LIKED:] = 0
        scores[WITHOUT_WEIGHT] = 0
        made.get_parameter("head.scores.bias").copy_(-2 * scores.sum(1))
    return tuple((name.rpartition(".")[0], name.rpartition(".")[2], value) for name, value in made.state_dict().items())
