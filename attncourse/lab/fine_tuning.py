"""Fine-tuning: begin with the weights of an earlier run instead of drawn ones.

All of the host but its head must be in the file. The head always begins anew, for its classes are other ones; so does
an attention module that the earlier run did not have.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from attncourse.lab.errors import LabError

HEAD = "head."


def digest(path: Path) -> str:
    """The first 16 digits of the file's sha256: what a run that begins with it has in its key and its record.

    Raises LabError where it cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise LabError(
            f"The weights {path} cannot be read ({error.strerror}). Give weights.safetensors of an earlier run"
        ) from error


def begin_from(model: nn.Module, bare: nn.Module, path: Path) -> list[str]:
    """Fill ``model`` from a weights.safetensors of the lab; returns the names of what begins anew.

    Args:
        model: the host with its attention.
        bare: the same host without.
        path: the file.

    Raises:
        LabError: the file is damaged, lacks a part of the host, or holds what this network has no place for. The model
            is then as it was.
    """
    digest(path)
    try:
        found = load_file(path)
    except SafetensorError as error:
        raise LabError(
            f"{path} is no safetensors file, or a damaged one ({error}). Give one of an earlier run"
        ) from error
    own = model.state_dict()
    strange = [name for name in found if name not in own]
    unfit = [
        name
        for name, tensor in bare.state_dict().items()
        if not name.startswith(HEAD) and (name not in found or found[name].shape != tensor.shape)
    ]
    unfit += [
        name
        for name, tensor in found.items()
        if name in own and name not in unfit and not name.startswith(HEAD) and tensor.shape != own[name].shape
    ]
    if strange or unfit:
        what = (
            f"lacks {unfit[0]}, or has it in another shape"
            if unfit
            else f"holds {strange[0]}, for which there is no place"
        )
        raise LabError(f"{path} does not fit: it {what}. Choose the host and the attention that it was trained with")
    fitting = {name: tensor for name, tensor in found.items() if not name.startswith(HEAD)}
    model.load_state_dict(fitting, strict=False)
    return [name for name in own if name not in fitting]
