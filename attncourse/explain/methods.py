"""The methods by name. Each is a function of a layer's activations and of a score's gradient with respect to them."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from attncourse.explain.errors import ExplainError
from attncourse.explain.grad_cam import grad_cam
from attncourse.explain.grad_cam_plus_plus import grad_cam_plus_plus
from attncourse.explain.layer_cam import layer_cam
from attncourse.explain.x_grad_cam import x_grad_cam

Method = Callable[[Tensor, Tensor], Tensor]

METHODS: dict[str, Method] = {
    "grad_cam": grad_cam,
    "grad_cam_plus_plus": grad_cam_plus_plus,
    "x_grad_cam": x_grad_cam,
    "layer_cam": layer_cam,
}


def method_of(method: str | Method) -> Method:
    """The method of this name; a function ``(activations, gradients) -> maps`` is a method itself.

    Raises ExplainError for another name.
    """
    if callable(method):
        return method
    if not isinstance(method, str) or method not in METHODS:
        raise ExplainError(f"there is no method {method!r}; there are: {', '.join(METHODS)}")
    return METHODS[method]
