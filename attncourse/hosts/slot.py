"""The attention slot: which module goes where in a host.

A reference, by name ("se") or by its class, goes where its paper puts it, with the options of the paper's table. Any
other class, or any callable of the channels, is a learner's own: it is built with the channels and tried once on zeros,
so that a mistake is named here and not deep in the host.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn

from attncourse import attention as references
from attncourse.hosts.options import one_of

Attention = str | Callable[..., nn.Module] | None

# BAM stands between the stages, every other module in each block.
BETWEEN_STAGES = ("bam",)


class Slot:
    """What a host asks for the module at each place.

    Args:
        attention: None, a name of ``ATTENTION``, a class, or any callable ``channels -> nn.Module``.
        place: where in the host, one of ``places``; None stands for the place of the paper.
        places: what the host offers, its usual place first; "stage" is that of BAM.
        options: what the host's table gives to a reference, by its name: ``{"se": {"reduction": 24}}``.

    Raises:
        ValueError: there is no such name or place.
        TypeError: ``attention`` is neither None nor a name nor a class.
    """

    def __init__(
        self,
        attention: Attention,
        place: str | None = None,
        *,
        places: Sequence[str] = ("block", "stage"),
        options: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.name = _name(attention)
        self.attention = attention
        self.options: Mapping[str, Any] = (options or {}).get(self.name or "", {})
        if place is None:
            place = "stage" if _kind(attention) in BETWEEN_STAGES else places[0]
        one_of("place", place, places)
        self.place = place
        self.tried: set[int] = set()

    def at(self, place: str, channels: int, **options: Any) -> nn.Module:
        """The module for a place with this many channels; the identity where nothing is to stand.

        ``options`` are those of this place; they go to a reference alone, and above all other options.
        """
        if self.attention is None or place != self.place:
            return nn.Identity()
        if self.name is not None:
            return references.build(self.name, channels, **{**self.options, **options})
        return self._own(channels)

    def _own(self, channels: int) -> nn.Module:
        assert callable(self.attention)
        label = getattr(self.attention, "__name__", None) or repr(self.attention)
        try:
            module = _call(self.attention, channels)
        except Exception as error:
            raise ValueError(
                f"{label} could not be built for {channels} channels ({type(error).__name__}: {error}); "
                "a host calls it with the number of channels and nothing else"
            ) from error
        if not isinstance(module, nn.Module):
            raise ValueError(f"{label}({channels}) gave {type(module).__name__}; a slot takes an nn.Module")
        if not hasattr(module, "training"):
            raise ValueError(f"{label} was built without super().__init__(); write it into the first line of __init__")
        if channels not in self.tried:
            _try(module, channels, label)
            self.tried.add(channels)
        return module


def _name(attention: object) -> str | None:
    """The reference's name, where ``attention`` is a name or the class of a reference."""
    if isinstance(attention, str):
        one_of("attention", attention, sorted(references.ATTENTION))
        return attention
    if isinstance(attention, nn.Module):
        raise TypeError(
            f"attention is a module already built ({type(attention).__name__}); "
            "give its class, for the host builds one for each place"
        )
    if attention is not None and not callable(attention):
        raise TypeError(f"attention must be None, a name or a class; got {attention!r}")
    return next((name for name, reference in references.ATTENTION.items() if reference is attention), None)


def _kind(attention: object) -> str | None:
    """As ``_name``, and a partial or a subclass of a reference counts as the reference."""
    while isinstance(attention, partial):
        attention = attention.func
    if isinstance(attention, str):
        return attention
    if not isinstance(attention, type):
        return None
    kinds = (name for name, reference in references.ATTENTION.items() if issubclass(attention, reference))
    return next(kinds, None)


def _call(attention: Callable[..., nn.Module], channels: int) -> nn.Module:
    """With the channels, but where the first parameter cannot be they.

    So it is in ``SpatialAttention(kernel_size=7)``, and in ``SimAM(regularisation=1e-4)``, which is no whole number.
    """
    parameters = inspect.signature(attention).parameters
    first = next(iter(parameters.values()), None)
    if first is None or "channels" in parameters:
        return attention(channels)
    if first.name == "kernel_size" or isinstance(first.default, float):
        return attention()
    return attention(channels)


def _try(module: nn.Module, channels: int, label: str) -> None:
    some = next(module.parameters(), torch.empty(0))
    # Not square, for a module that takes rows for columns runs on a square.
    x = torch.zeros(1, channels, 8, 6, dtype=some.dtype, device=some.device)
    training = {part: part.training for part in module.modules()}
    module.eval()  # batch norms keep their statistics, and one picture is enough for them
    try:
        with torch.no_grad():
            y = module(x)
    except Exception as error:
        raise ValueError(
            f"{label} does not run on an input {tuple(x.shape)} ({type(error).__name__}: {error}); "
            "it must take (B, C, H, W) of any H and W"
        ) from error
    finally:
        for part, mode in training.items():
            part.training = mode
    got = tuple(y.shape) if isinstance(y, torch.Tensor) else type(y).__name__
    if got != tuple(x.shape):
        raise ValueError(
            f"{label} turns an input {tuple(x.shape)} into {got}; "
            "a slot takes what keeps the shape: return the gated features, (B, C, H, W) -> (B, C, H, W)"
        )
    if y.dtype != x.dtype:
        raise ValueError(f"{label} turns {x.dtype} into {y.dtype}; a slot takes what keeps the input's type")
