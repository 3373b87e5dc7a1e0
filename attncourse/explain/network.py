"""The network that a command names: one of ours or anybody's, with its weights and with what it takes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from attncourse import hosts, trained
from attncourse.explain import own_code, weights
from attncourse.explain.errors import ExplainError
from attncourse.lab.errors import LabError
from attncourse.lab.variant import NONE
from attncourse.lab.variant import build as attention_of

UNTRAINED = "The network is untrained: this map says nothing about what it has learnt."
UNKNOWN = "No weights were given: unless {host} loads trained ones itself, this map says nothing about what was learnt."
OF_CLASSES = re.compile(r"head\.\d+\.weight")


@dataclass(frozen=True)
class Network:
    """Attributes:
    model: in eval mode, on the CPU.
    title: in words: "small with coordinate, weights.safetensors".
    warning: what must be said where it is not known to be trained; else "".
    record: of its training, where one lies beside the weights; else empty.
    """

    model: nn.Module
    title: str
    warning: str
    record: Mapping[str, Any]


def build(host: str | None, attention: str | None, checkpoint: Path | None, seed: int = 0) -> Network:
    """The network, filled.

    Args:
        host: a name of ``HOSTS``, or ``module:function`` or ``FILE.py:function`` that gives an ``nn.Module``.
        attention: what the lab's ``--attention`` takes; for a host of ours alone.
        checkpoint: its weights. A record of the lab beside them says host and attention where the command does not.
        seed: of the weights, where there are none.

    Raises ExplainError where one of them does not exist, or they do not fit together.
    """
    tensors = None if checkpoint is None else weights.read(checkpoint)
    record = {} if checkpoint is None else _record(checkpoint)
    host = host or record.get("host")
    if host is None:
        raise ExplainError(
            f"which network? Give --host, one of {', '.join(hosts.HOSTS)}, or module:function for yours; or --weights "
            f"with one that comes trained: {', '.join(trained.TRAINED)}"
        )
    torch.manual_seed(seed)
    if ":" in host:
        if attention is not None:
            raise ExplainError(f"--attention goes into a host of ours; {host} has its own. Leave it out")
        model, title = _anybodys(host), host
    else:
        attention = attention or record.get("attention") or NONE
        model, title = _ours(host, attention, tensors), f"{host} with {attention}"
    if tensors is None or checkpoint is None:
        warning = UNKNOWN.format(host=host) if ":" in host else UNTRAINED
        return Network(model.eval(), title, warning, record)
    weights.fill(model, tensors, checkpoint)
    return Network(model.eval(), f"{title}, {checkpoint.name}", "", record)


def _ours(host: str, attention: str, tensors: Mapping[str, Tensor] | None) -> nn.Module:
    """With as many classes as the checkpoint has."""
    classes = [
        value.shape[0] for name, value in (tensors or {}).items() if OF_CLASSES.fullmatch(name) and value.ndim == 2
    ]
    options = {"classes": classes[-1]} if classes else {}
    try:
        return hosts.build(host, attention_of(attention), **options)
    except (LabError, TypeError, ValueError) as error:
        raise ExplainError(str(error)) from error


def _anybodys(host: str) -> nn.Module:
    found = own_code.load(host)
    if not isinstance(found, nn.Module):
        found = own_code.call(host, found) if callable(found) else found
    if not isinstance(found, nn.Module):
        raise ExplainError(f"{host} gives a {type(found).__name__}; expected a function that gives an nn.Module")
    return found


def _record(checkpoint: Path) -> dict[str, Any]:
    """What the lab wrote beside the weights; empty where there is none, or another program's file."""
    for path in (checkpoint.with_suffix(".json"), checkpoint.with_name("record.json")):
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(found, dict):
            return found
    return {}
