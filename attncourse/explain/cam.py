"""Class activation maps of any layer of any network, for about the cost of one inference.

    with CAM(model, "stages.2", method="grad_cam") as cam:
        maps = cam(images, target=3)                    # (B, h, w), not normalised

Up to the layer the network runs without gradients. At the layer a hook puts a copy of the output in its place, from
which on gradients are recorded; the backward pass ends there. So frozen parameters are no obstacle, parameters get no
``.grad``, and what later layers do in place does not reach what was kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only
from torch.utils.hooks import RemovableHandle

from attncourse.explain import checks, layers
from attncourse.explain.errors import ExplainError
from attncourse.explain.layers import Layer, Place
from attncourse.explain.methods import Method, method_of
from attncourse.explain.modes import evaluating
from attncourse.explain.target import Target, scores_of


class CAM:
    """A context manager: within it the layers are hooked, and calling it gives maps.

    The network is in eval mode during a call alone. Running the network itself within the ``with`` is not disturbed.

    Args:
        model: any network whose first axis is the batch.
        layer: a dotted name, a module, ``InputOf`` one of these, or a list of several, all of them seen in one pass.
        method: a name of ``METHODS``, or a function ``(activations, gradients) -> maps``.
        call: which of its runs within one forward pass counts, for a layer that runs several times: the last.

    Attributes, after a call:
        outputs: what the network gave; tensors in it, and in lists, tuples and dicts in it, are detached.
        scores: ``(B,)``, what was explained.
        activations, gradients: of each layer, ``(B, C, h, w)``.

    Raises:
        ExplainError: no such layer or method; a network in ``DataParallel``, a compiled or a scripted one.
    """

    outputs: Any
    scores: Tensor
    activations: list[Tensor]
    gradients: list[Tensor]

    def __init__(
        self, model: nn.Module, layer: Layer | Sequence[Layer], method: str | Method = "grad_cam", call: int = -1
    ) -> None:
        checks.require_network(model)
        self.several = isinstance(layer, list | tuple)
        wanted: Sequence[Layer] = layer if isinstance(layer, list | tuple) else [layer]  # type: ignore[list-item]
        if not wanted:
            raise ExplainError("the list of layers is empty; give at least one")
        self.model = model
        self.method = method_of(method)
        self.call = call
        self.places = [layers.find(model, one) for one in wanted]
        self._handles: list[RemovableHandle] = []
        self._kept: list[list[Any]] | None = None
        self._given: list[tuple[Place, Tensor, int]] = []

    def __enter__(self) -> CAM:
        if self._handles:
            raise ExplainError("this CAM is in use already; make a second one for a second with")
        for number, place in enumerate(self.places):
            if place.before:
                self._handles.append(
                    place.module.register_forward_pre_hook(partial(self._keep_input, number), with_kwargs=True)
                )
            else:
                self._handles.append(place.module.register_forward_hook(partial(self._keep_output, number)))
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def __call__(self, images: Tensor, target: Target = None) -> Any:
        """``(B, 3, H, W) -> (B, h, w)``, at least 0, not normalised; a list of such maps for a list of layers.

        Args:
            images: as the network takes them.
            target: what is explained: None (the predicted class), a class, a class for each image, or a function
                ``outputs -> (B,)``. Images are independent of each other, so one backward pass serves all.

        Raises:
            ExplainError: images, target or layer do not fit, or something is not a finite number.
        """
        if not self._handles:
            raise ExplainError(
                "the layers are hooked within a with alone: with CAM(model, layer) as cam: maps = cam(images)"
            )
        checks.require_images(images)
        # However this ends: hooks fall asleep, modes are as before, and no_grad restores the caller's setting.
        try:
            with evaluating(self.model), torch.inference_mode(False), torch.no_grad():
                # What was made under inference_mode cannot enter a graph; a copy made outside it can.
                images = images.clone() if images.is_inference() else images
                self._kept = [[] for _ in self.places]
                outputs = self.model(images)
                self._require_unchanged()
                self.activations = [
                    self._chosen(kept, place, len(images)) for kept, place in zip(self._kept, self.places, strict=True)
                ]
                self._kept = None
                with torch.enable_grad():
                    scores = scores_of(outputs, target, len(images))
                    self.gradients = self._backward(scores)
        finally:
            self._kept, self._given = None, []
        self.outputs = tree_map_only(Tensor, Tensor.detach, outputs)
        self.scores = scores.detach()
        self.activations = [activation.detach() for activation in self.activations]
        with torch.no_grad(), _full_precision(images.device.type):
            maps = [self.method(*pair) for pair in zip(self.activations, self.gradients, strict=True)]
        checks.require_maps(maps, len(images))
        self._require_finite(maps)
        return maps if self.several else maps[0]

    def _keep_output(self, number: int, module: nn.Module, inputs: object, output: Any) -> Any:
        if self._kept is not None and isinstance(output, Tensor) and not output.is_inference():
            self._given.append((self.places[number], output, output._version))
        return self._keep(number, output)

    def _keep_input(self, number: int, module: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """The first input, whether it is given by its place or by its name."""
        name = None if inputs else next(iter(named), None)
        kept = self._keep(number, inputs[0] if inputs else named.get(name or ""))
        if kept is None:
            return None
        return (inputs, named | {name: kept}) if name else ((kept, *inputs[1:]), named)

    def _keep(self, number: int, value: Any) -> Tensor | None:
        """Keep a copy that gradients reach, and pass on another, which may be changed in place."""
        if self._kept is None:
            return None
        if not isinstance(value, Tensor) or not value.is_floating_point():
            self._kept[number].append(value)
            return None
        if value.is_inference():
            raise ExplainError(
                f"{self.places[number]} gives a tensor of torch.inference_mode(), which has no gradient; look for that "
                "in the network, and take torch.no_grad() in its place"
            )
        torch.set_grad_enabled(True)
        copy = value.clone()
        if not copy.requires_grad:
            copy.requires_grad_()
        self._kept[number].append(copy)
        return copy.clone()

    def _require_unchanged(self) -> None:
        """A layer that passes its input on, like an identity, gives a tensor that others hold as well."""
        for place, output, version in self._given:
            if output._version != version:
                raise ExplainError(
                    f"{place} passes on a tensor that the network changes in place afterwards, under another name; "
                    "choose the layer before or after it"
                )

    def _chosen(self, kept: list[Any], place: Place, batch: int) -> Tensor:
        if not kept:
            raise ExplainError(f"{place} did not run in this forward pass; choose a layer that these images go through")
        if not -len(kept) <= self.call < len(kept):
            raise ExplainError(
                f"{place} ran {len(kept)} times in this forward pass; call={self.call} is not among them"
            )
        value = kept[self.call]
        if not isinstance(value, Tensor):
            raise ExplainError(f"{place} gives a {type(value).__name__}, not a tensor; choose a layer within it")
        if value.ndim != 4 or value.shape[2] * value.shape[3] < 2 or not value.is_floating_point():
            raise ExplainError(
                f"{place} gives {str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}, which has no spatial "
                "extent: expected (B, C, h, w) with more than one place; choose a layer before pooling and flattening, "
                "or a larger image"
            )
        if value.shape[0] != batch:
            raise ExplainError(
                f"{place} gives {tuple(value.shape)} for {batch} images; its first axis must be the batch"
            )
        return value

    def _backward(self, scores: Tensor) -> list[Tensor]:
        gradients: Sequence[Tensor | None] = [None]
        if scores.requires_grad:
            gradients = torch.autograd.grad(scores.sum(), self.activations, allow_unused=True)
        for gradient, place in zip(gradients, self.places, strict=False):
            if gradient is None:
                raise ExplainError(
                    f"the target does not depend on {place} in a way that has a gradient; choose another layer, or "
                    "look for torch.no_grad(), detach() or argmax() in the network or the target function"
                )
        return [gradient for gradient in gradients if gradient is not None]

    def _require_finite(self, maps: Sequence[Tensor]) -> None:
        # One number tells whether all is well; only where it does not is each image looked at.
        if math.isfinite(float(sum((one.sum() for one in maps), self.scores.sum()))):
            return
        finite = self.scores.isfinite()
        for one in maps:
            finite = finite & one.flatten(1).isfinite().all(1)
        if not bool(finite.all()):
            wrong = (~finite).nonzero()[:, 0].tolist()
            raise ExplainError(
                f"scores or maps are not finite for the images {wrong} of the batch; look for NaN or infinity in these "
                "images and in the weights"
            )


def _full_precision(device: str) -> AbstractContextManager[Any]:
    """Under autocast the methods' sums would be taken in half precision."""
    return torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else nullcontext()
