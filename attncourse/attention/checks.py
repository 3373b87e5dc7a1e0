"""The checks of arguments and inputs that all references share: each says what came and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def require_at_least(name: str, value: int, advice: str, *, minimum: int = 1) -> None:
    """Raise ``ValueError`` unless ``value`` is an integer of at least ``minimum``; True is none."""
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise ValueError(f"{name} must be an integer of at least {minimum}, got {value!r}; {advice}")


def require_channels(channels: int) -> None:
    """Raise ``ValueError`` unless ``channels`` can be the C of an input ``(B, C, H, W)``."""
    require_at_least("channels", channels, "give the C of the input (B, C, H, W)")


def require_odd(name: str, value: int, advice: str) -> None:
    """Raise ``ValueError`` unless ``value`` is an odd integer of at least 1: only those have a middle place."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1 or value % 2 == 0:
        raise ValueError(f"{name} must be odd and at least 1, so that the map keeps its size, got {value!r}; {advice}")


def require_flag(name: str, value: bool) -> None:
    """Raise ``ValueError`` unless ``value`` is True or False: another argument in its place would count as True."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, got {value!r}; give the arguments behind the first by name")


def require_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise ``ValueError`` unless ``value`` is one of ``choices``."""
    if value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be one of {listed}, got {value!r}; choose one of these")


def require_subset(name: str, values: Sequence[str], choices: Sequence[str]) -> None:
    """Raise ``ValueError`` unless ``values`` are one or more of ``choices``, none of them twice."""
    ordered = isinstance(values, Sequence) and not isinstance(values, str)
    if not ordered or not values or any(value not in choices for value in values) or len(set(values)) != len(values):
        listed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be a tuple of one or more of {listed}, each once, got {values!r}; choose these")


def require_feature_maps(x: Tensor, channels: int | None = None) -> None:
    """Raise ``ValueError`` unless ``x`` is ``(B, C, H, W)`` of floating-point numbers, with this C where one is given.

    B may be 0, as for torch's own layers; C, H and W may not, for there is no mean of nothing.
    """
    if not isinstance(x, Tensor):
        raise ValueError(f"expected a tensor (B, C, H, W), got {type(x).__name__}; convert it with torch.as_tensor")
    if x.ndim != 4 or (channels is not None and x.shape[1] != channels):
        expected = f"(B, {'C' if channels is None else channels}, H, W)"
        advice = "build the module with the C of its input" if x.ndim == 4 else "a single image needs x.unsqueeze(0)"
        raise ValueError(f"expected an input {expected}, got shape {tuple(x.shape)}; {advice}")
    if x.numel() == 0 and 0 in x.shape[1:]:
        raise ValueError(f"expected at least one channel, row and column, got shape {tuple(x.shape)}; give larger maps")
    if not x.is_floating_point():
        raise ValueError(f"expected floating-point numbers, got {x.dtype}; convert the input with x.float()")
