"""The frames between judge and answer: one safetensors blob each, the structure as JSON in its metadata.

Never pickle: what comes from the answer's process is data and cannot become code. A frame is bounded in size, and so
are the depth and the number of values in it. What a value means is checked by whoever asked for it (``remote.py``).
"""

from __future__ import annotations

import json
import struct
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from attncourse.checking.condition import SENTENCES
from attncourse.checking.fixtures import Fixture
from attncourse.checking.observation import AnswerError, Outcome

LARGEST_FRAME = 64 * 2**20
LARGEST_HEADER = 4 * 2**20
DEEPEST = 8
MOST_VALUES = 20_000
LONGEST_TEXT = 20_000


class WireError(Exception):
    """A value that cannot be sent, or a frame that is none."""


def encode(value: Any) -> bytes:
    """None, bool, int, float, str, Tensor, Fixture, AnswerError, Outcome, tuples, lists and dicts of them -> a frame.

    Lists come back as tuples. Raises WireError for anything else.
    """
    tensors: dict[str, Tensor] = {}
    try:
        metadata = {"value": json.dumps(_outward(value, tensors, 0))}
        frame = save(tensors, metadata)
    except (TypeError, ValueError, RuntimeError, KeyError, NotImplementedError, SafetensorError) as error:
        raise WireError(f"this value cannot be sent: {str(error)[:200]}") from None
    if len(frame) > LARGEST_FRAME:
        raise WireError(f"the result has {len(frame) / 2**20:.0f} MB, more than {LARGEST_FRAME // 2**20}")
    return frame


def decode(frame: bytes) -> Any:
    """A frame -> the value. Raises WireError for whatever is no frame; safe on bytes from anyone."""
    try:
        (size,) = struct.unpack_from("<Q", frame)
        if size > LARGEST_HEADER or len(frame) > LARGEST_FRAME:
            raise WireError("the frame is too large")
        header = json.loads(frame[8 : 8 + size])
        value = json.loads(header["__metadata__"]["value"])
        return _inward(value, load(frame), [MOST_VALUES], 0)
    except WireError:
        raise
    except (struct.error, ValueError, TypeError, KeyError, IndexError, RecursionError, SafetensorError) as error:
        raise WireError(f"this is no frame: {type(error).__name__}") from None


def _outward(value: Any, tensors: dict[str, Tensor], depth: int) -> Any:
    if depth > DEEPEST:
        raise WireError(f"the result is nested deeper than {DEEPEST} levels")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str(value)[:LONGEST_TEXT].encode("utf-8", "replace").decode()
    if isinstance(value, Tensor):
        name = str(len(tensors))
        tensors[name] = (
            torch.empty_like(value, device="cpu", memory_format=torch.contiguous_format).copy_(value).detach()
        )
        return {"tensor": name}
    if isinstance(value, list | tuple):
        return {"tuple": [_outward(item, tensors, depth + 1) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[str(key), _outward(item, tensors, depth + 1)] for key, item in value.items()]}
    if isinstance(value, Fixture):
        return {"fixture": [value.name, value.seed]}
    if isinstance(value, AnswerError):
        return {"error": [value.kind, value.message, value.where]}
    if isinstance(value, Outcome):
        return {"outcome": _outward(vars(value), tensors, depth)}
    raise WireError(f"a {type(value).__name__} cannot be sent")


def _inward(value: Any, tensors: dict[str, Tensor], left: list[int], depth: int) -> Any:
    left[0] -= 1
    if left[0] < 0 or depth > DEEPEST + 1:
        raise WireError("the frame holds too many values")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if not isinstance(value, dict) or len(value) != 1:
        raise WireError("the frame holds an unknown thing")
    ((what, content),) = value.items()
    if what == "tensor":
        return tensors[content]
    if what == "tuple":
        return tuple(_inward(item, tensors, left, depth + 1) for item in content)
    if what == "dict":
        return {str(key): _inward(item, tensors, left, depth + 1) for key, item in content}
    if what == "fixture":
        name, seed = content
        return Fixture(str(name), int(seed))
    if what == "error":
        kind, message, where = (str(part)[:LONGEST_TEXT] for part in content)
        return AnswerError(kind, message, where)
    if what == "outcome":
        return _outcome(_inward(content, tensors, left, depth))
    raise WireError("the frame holds an unknown thing")


def _outcome(fields: dict[str, Any]) -> Outcome:
    """Hold an Outcome to its types: whatever the answer's process sent, the judge can work with it."""
    raised, gradients, changed = fields["raised"], fields["gradients"], fields["changed"]
    if raised is not None and not isinstance(raised, AnswerError):
        raise WireError("an outcome without an error's words")
    if gradients is not None and not all(one is None or isinstance(one, Tensor) for one in gradients):
        raise WireError("gradients that are no tensors")
    if not is_plain(fields["value"]):
        raise WireError("an outcome that is no plain value")
    places = tuple(int(place) for place in changed)
    left = tuple(what for what in SENTENCES if what in fields["left"])
    slopes = gradients if gradients is None else tuple(gradients)
    return Outcome(fields["value"], raised, slopes, places, fields["stable"] is True, left)


def is_plain(value: Any) -> bool:
    """Whether a value is None, a number, a word, a tensor or a tuple of these."""
    if isinstance(value, tuple):
        return all(is_plain(item) for item in value)
    return value is None or isinstance(value, bool | int | float | str | Tensor)
