"""What a layer gives, read or changed on its way; and afterwards everything is as before."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, SupportsIndex

import torch
from torch import Tensor, nn

from attncourse.explain import checks, layers
from attncourse.explain.errors import ExplainError
from attncourse.explain.layers import Layer, Place
from attncourse.explain.modes import evaluating


@contextmanager
def reading(model: nn.Module, layer: Layer) -> Iterator[Callable[[Tensor], Tensor]]:
    """Within it a function is at hand, images -> the layer's activations ``(B, C, h, w)``.

    Eval mode and no gradients within; of a layer that runs several times the last run counts.

    Raises:
        ExplainError: at once for no such layer, and for a network that runs past the hooks (compiled, scripted). From
            the function: images that are none; a layer that gives no ``(B, C, h, w)`` of floating point, or not one
            for each image.
    """
    checks.require_network(model)
    place = layers.find(model, layer)
    seen: list[Tensor] = []

    def read(images: Tensor) -> Tensor:
        require_images(images)
        seen.clear()
        model(images)
        if not seen or len(seen[-1]) != len(images):
            got = tuple(seen[-1].shape) if seen else "nothing"
            raise ExplainError(
                f"{place} gave {got} for {len(images)} images; choose a layer that all of them go through, with the "
                "batch as its first axis"
            )
        return seen[-1]

    def keep(activations: Tensor) -> None:
        seen.append(activations.clone())  # a later layer may work in place

    with _hooked(place, keep), evaluating(model), torch.inference_mode(False), torch.no_grad():
        yield read


@contextmanager
def changing(model: nn.Module, layer: Layer, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Within it ``change(activations)`` goes on in place of the activations, in every run of the layer.

    The mode of the network is not touched. Raises ExplainError, as ``reading``.
    """
    checks.require_network(model)
    with _hooked(layers.find(model, layer), change):
        yield


@contextmanager
def _hooked(place: Place, take: Callable[[Tensor], Tensor | None]) -> Iterator[None]:
    def before(module: nn.Module, inputs: tuple[Any, ...]) -> Any:
        changed = take(_maps(inputs[0] if inputs else None, place))
        return None if changed is None else (changed, *inputs[1:])

    def after(module: nn.Module, inputs: object, output: Any) -> Tensor | None:
        return take(_maps(output, place))

    module = place.module
    handle = module.register_forward_pre_hook(before) if place.before else module.register_forward_hook(after)
    try:
        yield
    finally:
        handle.remove()


def numbered(channel: SupportsIndex, activations: Tensor) -> int:
    """``channel`` as a number, where the activations ``(B, C, h, w)`` have it. Raises ExplainError where they don't."""
    number = operator.index(channel) if hasattr(channel, "__index__") and not isinstance(channel, bool) else -1
    if not 0 <= number < activations.shape[1]:
        raise ExplainError(
            f"the layer has {activations.shape[1]} channels, 0 to {activations.shape[1] - 1}; got {channel!r}"
        )
    return number


def require_finite(values: Tensor) -> Tensor:
    """The same values. Raises ExplainError where one of them is not finite."""
    if not bool(values.isfinite().all()):
        raise ExplainError("some answers are not finite; look for NaN or infinity in the images and in the weights")
    return values


def require_images(images: Tensor) -> None:
    """Raises ExplainError where they are no images."""
    checks.require_images(images)
    if images.ndim != 4:
        raise ExplainError(f"expected images (B, 3, H, W), got {tuple(images.shape)}")


def _maps(value: Any, place: Place) -> Tensor:
    if not isinstance(value, Tensor) or value.ndim != 4 or not value.is_floating_point():
        got = f"{value.dtype} {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise ExplainError(f"{place} gives {got}; channels are read from floating point (B, C, h, w)")
    return value
