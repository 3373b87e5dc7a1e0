"""The frames between the two sides: plain values come through, nothing else does."""

from __future__ import annotations

import json
import pickle
import struct
from typing import Any

import pytest
import torch
from safetensors.torch import save

from attncourse.checking import AnswerError, Fixture, Outcome
from grading.sandbox import wire
from grading.sandbox.wire import WireError, decode, encode


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -3,
        1.5,
        float("inf"),
        "words, ümlauts",
        (),
        (1, (2.0, "x")),
        {"a": (1,)},
        Fixture("convolution", 3),
    ],
)
def test_plain_values_come_back(value: Any) -> None:
    back = decode(encode(value))
    assert back == value and type(back) is type(value)


def test_lists_come_back_as_tuples_and_nan_as_nan() -> None:
    assert decode(encode([1, [2]])) == (1, (2,))
    back = decode(encode(float("nan")))
    assert back != back


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.int64, torch.bool])
def test_tensors_come_back_with_dtype_shape_and_layout(dtype: torch.dtype) -> None:
    x = torch.arange(6).reshape(2, 3).to(dtype).t()
    back = decode(encode((x, x, torch.zeros(0, 3), torch.tensor(2.0))))
    assert torch.equal(back[0], x) and back[0].dtype == dtype
    assert back[2].shape == (0, 3) and back[3].shape == ()


def test_an_outcome_comes_back_whole() -> None:
    outcome = Outcome((torch.ones(2), 3), None, (torch.ones(1), None), (0,), False, ("hooks", "gradients"))
    back = decode(encode(outcome))
    assert torch.equal(back.value[0], torch.ones(2)) and back.gradients[1] is None
    assert (back.changed, back.stable, back.left) == ((0,), False, ("hooks", "gradients"))
    raised = decode(encode(Outcome(raised=AnswerError("ValueError", "no", "line 1"))))
    assert (raised.raised.kind, raised.raised.where) == ("ValueError", "line 1")


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, torch.ones(2).to_sparse(), 10**5000, torch.nn.Linear(1, 1)],
    ids=lambda v: type(v).__name__,
)
def test_other_things_cannot_be_sent(value: Any) -> None:
    with pytest.raises(WireError):
        encode(value)


def test_depth_and_size_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    deep: Any = 1
    for _ in range(wire.DEEPEST + 2):
        deep = (deep,)
    with pytest.raises(WireError, match="nested"):
        encode(deep)
    monkeypatch.setattr(wire, "LARGEST_FRAME", 1000)
    with pytest.raises(WireError, match="MB"):
        encode(torch.ones(1000))


def forged(value: Any) -> bytes:
    return save({"0": torch.ones(1)}, {"value": value if isinstance(value, str) else json.dumps(value)})


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"short",
        pickle.dumps({"a": 1}),
        struct.pack("<Q", 2**60) + b"{}",
        struct.pack("<Q", 2) + b"{}",
        forged("not json"),
        forged("[" * 100_000),
        forged("1" * 10_000),
        forged([1]),
        forged({"tensor": "7"}),
        forged({"tensor": []}),
        forged({"fixture": ["no such fixture", 1]}),
        forged({"error": ["one"]}),
        forged({"outcome": {"tuple": []}}),
        forged({"dict": [1]}),
        forged({"tuple": [0] * (wire.MOST_VALUES + 1)}),
        forged({"code": "import os"}),
    ],
)
def test_what_is_no_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(WireError):
        decode(frame)


@pytest.mark.parametrize(
    "fields",
    [
        {"value": Fixture("convolution")},
        {"raised": "text"},
        {"gradients": (1,)},
        {"gradients": 3},
        {"changed": ("x",)},
        {"changed": None},
    ],
)
def test_a_forged_outcome_is_refused(fields: dict[str, Any]) -> None:
    whole = {"value": None, "raised": None, "gradients": None, "changed": (), "stable": True, **fields}
    frame = encode(whole)
    size = struct.unpack_from("<Q", frame)[0]
    header = json.loads(frame[8 : 8 + size])
    header["__metadata__"]["value"] = json.dumps({"outcome": json.loads(header["__metadata__"]["value"])})
    text = json.dumps(header).encode()
    with pytest.raises(WireError):
        decode(struct.pack("<Q", len(text)) + text + frame[8 + size :])
