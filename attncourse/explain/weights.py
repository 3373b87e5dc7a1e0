"""Checkpoints: safetensors, or torch's own format without code in it. They fit the network whole, or not at all."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from attncourse import trained
from attncourse.explain.errors import ExplainError, brief

# Where training programs put the state dict, beside the optimiser and the epoch.
WITHIN = ("state_dict", "model_state_dict", "model", "weights")
PARALLEL = "module."
NAMED = 3


def find(text: str) -> Path:
    """The file of that name; where there is none, the network of that name that comes with the course.

    Raises ExplainError where there is neither.
    """
    path = Path(text)
    if path.exists():
        return path
    if text not in trained.TRAINED:
        raise ExplainError(
            f"there is no checkpoint {text}; give a .safetensors file, or one that torch.save wrote, or a network "
            f"that comes with the course: {', '.join(trained.TRAINED)}"
        )
    try:
        return trained.file(text)
    except ValueError as error:
        raise ExplainError(str(error)) from error


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint by their names; a state dict within it is found, and ``module.`` is taken off.

    Raises ExplainError where there is no such file, where it is damaged, or where it holds more than plain data.
    """
    if not path.is_file():
        raise ExplainError(f"there is no checkpoint {path}; give a .safetensors file, or one that torch.save wrote")
    try:
        if path.suffix == ".safetensors":
            found: object = load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ExplainError(
            f"{path} is damaged, or holds code beside tensors, which is not run; save the state dict alone: "
            "torch.save(model.state_dict(), FILE)"
        ) from error
    except (SafetensorError, RuntimeError, OSError, EOFError, ValueError, LookupError, TypeError) as error:
        raise ExplainError(f"{path} could not be read ({brief(error)}); is it a checkpoint, and whole?") from error
    for name in WITHIN:
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            found = found[name]
    if not isinstance(found, Mapping) or not found or not all(isinstance(value, Tensor) for value in found.values()):
        raise ExplainError(
            f"{path} holds no state dict (names and tensors); save one: torch.save(model.state_dict(), FILE)"
        )
    tensors = {str(name): value for name, value in found.items()}
    if all(name.startswith(PARALLEL) for name in tensors):
        tensors = {name.removeprefix(PARALLEL): value for name, value in tensors.items()}
    return tensors


def fill(model: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Load them, all of them, everywhere.

    Raises ExplainError where some are missing, left over or of another shape; the network is then as it was.
    """
    own = model.state_dict()
    # Counters of batch norms, which older checkpoints lack, and which nothing here reads.
    missing = [name for name in own if name not in tensors and not name.endswith("num_batches_tracked")]
    unexpected = [name for name in tensors if name not in own]
    shapes = [
        f"{name} {tuple(value.shape)} instead of {tuple(own[name].shape)}"
        for name, value in tensors.items()
        if name in own and value.shape != own[name].shape
    ]
    said = [
        f"{what} {_some(names)}"
        for what, names in (("missing:", missing), ("unexpected:", unexpected), ("of another shape:", shapes))
        if names
    ]
    if said:
        raise ExplainError(f"{path} does not fit this network; {'; '.join(said)}. Is it another host or attention?")
    model.load_state_dict(dict(tensors), strict=False)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
