"""The device by its name, and the precision that pays there."""

from __future__ import annotations

import pytest
import torch

from attncourse.lab.device import device_of, hardware, precision
from attncourse.lab.errors import LabError


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """As many CUDA devices as the test asks for."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: request.param > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: request.param)


@pytest.mark.parametrize(
    ("gpus", "name", "said"),
    [
        (0, "gpu", "There is no device 'gpu'. Give cpu, cuda or cuda:1"),
        (0, "", "There is no device ''"),
        (2, "cuda:x", "There is no device 'cuda:x'"),
        (2, "meta", "There is no device 'meta'"),
        (0, "cuda", "cuda was asked for, but this torch finds no CUDA device. Give cpu"),
        (2, "cuda:2", "There is no cuda:2: this machine has 2 CUDA devices, from cuda:0 on"),
    ],
    indirect=["gpus"],
)
def test_a_device_that_is_not_there_is_named(gpus: None, name: str, said: str) -> None:
    with pytest.raises(LabError, match=said):
        device_of(name)


@pytest.mark.parametrize(
    ("gpus", "name", "index"), [(0, "cpu", None), (2, "cuda", None), (2, "cuda:1", 1)], indirect=["gpus"]
)
def test_a_device_that_is_there(gpus: None, name: str, index: int | None) -> None:
    assert device_of(name) == torch.device(name) and device_of(name).index == index


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
        ({"avx512_f": True, "avx512_bf16": False}, torch.float32),
        ({}, torch.float32),
    ],
)
def test_a_processor_computes_in_bfloat16_where_it_has_instructions_for_it(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], expected: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert precision(torch.device("cpu")) == expected


def test_an_older_torch_that_cannot_tell_computes_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert precision(torch.device("cpu")) == torch.float32


@pytest.mark.parametrize(("capability", "expected"), [((8, 0), torch.bfloat16), ((7, 5), torch.float32)])
def test_a_gpu_from_ampere_on_computes_in_bfloat16(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], expected: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert precision(torch.device("cuda")) == expected


def test_the_hardware_is_the_processor_and_nothing_that_names_the_machine() -> None:
    assert set(hardware(torch.device("cpu"))) == {"processor", "architecture", "cores"}
