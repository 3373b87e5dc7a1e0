"""Checkpoints: a training's state in one file, tensors as safetensors and the rest as JSON in its header; no pickle.

The file is written beside its place and moved there, so a kill at any moment leaves the last whole one.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as packed
from torch import Tensor

from attncourse.lab.errors import LabError
from attncourse.lab.training import Training
from attncourse.storage import move_aside, write_atomically

FORMAT = "attncourse checkpoint 1"


def save(training: Training, path: Path, key: str) -> None:
    """Write the state of a training after an epoch; ``key`` says of which run. Raises OSError."""
    plain = {"steps": training.steps, "seconds": training.clock.seconds, "cpu_seconds": training.clock.cpu_seconds}
    state = json.dumps({**plain, "history": training.history})
    tensors = {name: tensor.detach().contiguous().clone() for name, tensor in _tensors(training).items()}
    write_atomically(path, packed(tensors, {"format": FORMAT, "key": key, "state": state}))


def load(training: Training, path: Path, key: str) -> str | None:
    """Bring a training that has just been set up to where the checkpoint left it, bit for bit.

    A file that is damaged, or of another run, is moved into ``set-aside`` beside it. Returns the sentence that says so,
    or None. Where there is no file, nothing happens. Raises OSError where the file cannot be read or moved.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            said = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dictionary)
        if said.get("format") != FORMAT or said.get("key") != key:
            raise ValueError("it belongs to another run")
        state = json.loads(said["state"])
        _fill(training, tensors)
    except (SafetensorError, KeyError, ValueError, LabError) as error:
        aside = move_aside(path, path.parent / "set-aside")
        return f"The checkpoint could not be used ({error}); it now lies at {aside}. The run starts anew."
    training.steps, training.history = state["steps"], state["history"]
    training.clock.add(state["seconds"], state["cpu_seconds"])
    return None


def _tensors(training: Training) -> dict[str, Tensor]:
    """All that the state consists of, by name: the tensors themselves."""
    found = {f"model.{name}": tensor for name, tensor in training.model.state_dict().items()}
    for number, parameter in enumerate(_parameters(training)):
        for name, tensor in training.optimiser.state[parameter].items():
            found[f"optimiser.{number}.{name}"] = tensor
    return found


def _parameters(training: Training) -> list[Tensor]:
    return [parameter for group in training.optimiser.param_groups for parameter in group["params"]]


@torch.no_grad()
def _fill(training: Training, tensors: dict[str, Tensor]) -> None:
    """Copy everything into its place; ValueError, and nothing copied, where names or shapes do not fit."""
    momenta = {
        f"optimiser.{number}.momentum_buffer": torch.zeros_like(parameter)
        for number, parameter in enumerate(_parameters(training))
    }
    momenta = {name: tensor for name, tensor in momenta.items() if name in tensors}
    places = _tensors(training) | momenta
    if {name: tensor.shape for name, tensor in tensors.items()} != {
        name: place.shape for name, place in places.items()
    }:
        raise ValueError("its tensors are not those of this network")
    for name, place in places.items():
        place.copy_(tensors[name])
    for number, parameter in enumerate(_parameters(training)):
        if f"optimiser.{number}.momentum_buffer" in momenta:
            training.optimiser.state[parameter]["momentum_buffer"] = momenta[f"optimiser.{number}.momentum_buffer"]
