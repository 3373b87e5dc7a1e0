"""The networks that the papers put their modules in, one a file, with one attention slot each.

hosts.build("resnet50")                                  without attention
hosts.build("resnet50", "cbam")                          a reference, as its paper has it
hosts.build("resnet50", MyAttention)                     a class of your own: built as MyAttention(channels)
hosts.build("resnet50", lambda channels: SqueezeExcitation(channels, reduction=8))
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from attncourse.hosts.bag import bag
from attncourse.hosts.efficientnet import efficientnet_b0
from attncourse.hosts.layers import Host
from attncourse.hosts.mobilenet_v1 import mobilenet_v1
from attncourse.hosts.mobilenet_v2 import mobilenet_v2
from attncourse.hosts.mobilenext import mobilenext
from attncourse.hosts.resnet import resnet18, resnet34, resnet50, resnet101, wrn18
from attncourse.hosts.resnet_cifar import resnet20, resnet56, resnet110
from attncourse.hosts.resnext import resnext50, resnext101
from attncourse.hosts.se_inception import se_inception
from attncourse.hosts.slot import Attention
from attncourse.hosts.small import small
from attncourse.hosts.vgg import vgg16
from attncourse.hosts.wide_resnet import wrn28

HOSTS: dict[str, Callable[..., Host]] = {
    "resnet18": resnet18,
    "resnet34": resnet34,
    "resnet50": resnet50,
    "resnet101": resnet101,
    "wrn18": wrn18,
    "resnext50": resnext50,
    "resnext101": resnext101,
    "vgg16": vgg16,
    "mobilenet_v1": mobilenet_v1,
    "mobilenet_v2": mobilenet_v2,
    "mobilenext": mobilenext,
    "efficientnet_b0": efficientnet_b0,
    "se_inception": se_inception,
    "resnet20": resnet20,
    "resnet56": resnet56,
    "resnet110": resnet110,
    "wrn28": wrn28,
    "small": small,
    "bag": bag,
}


def build(name: str, attention: Attention = None, **options: Any) -> Host:
    """A host by its name, ``(B, 3, H, W) -> (B, classes)``.

    Args:
        name: one of ``HOSTS``.
        attention: what goes into the slot: None; a name of ``attncourse.attention.ATTENTION``; a class, or any
            callable, that is called with the number of channels of each place and gives an ``nn.Module``.
        options: the host's own: ``classes`` and ``place`` everywhere (where attention stands; by default where the
            paper has it), ``stride_on``, ``stem``, ``width`` and ``depth`` where they exist. Their defaults are those
            of the papers' tables.

    Raises:
        ValueError: no such host, attention, option or value; a class that cannot be built or changes the shape.
        TypeError: ``attention`` is neither a name nor a class.
    """
    if not isinstance(name, str) or name not in HOSTS:
        raise ValueError(f"there is no host {name!r}; there are: {', '.join(HOSTS)}")
    host = HOSTS[name]
    known = [option for option in inspect.signature(host).parameters if option != "attention"]
    unknown = [option for option in options if option not in known]
    if unknown:
        raise ValueError(f"{name} has no option {', '.join(map(repr, unknown))}; it has: {', '.join(known)}")
    return host(attention, **options)


__all__ = ["HOSTS", "Attention", "Host", "build"]
