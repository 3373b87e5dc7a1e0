"""Where a training runs: the device by its name, the precision that pays there, and what a record says of it."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from attncourse.lab.errors import LabError


def device_of(name: str) -> torch.device:
    """The device "cpu", "cuda" or "cuda:1". Raises LabError where there is none."""
    if not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        raise LabError(f"There is no device {name!r}. Give cpu, cuda or cuda:1")
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise LabError(
            f"{name} was asked for, but this torch finds no CUDA device. Give cpu, or run: attncourse doctor"
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise LabError(f"There is no {name}: this machine has {torch.cuda.device_count()} CUDA devices, from cuda:0 on")
    return device


def precision(device: torch.device) -> torch.dtype:
    """bfloat16 where the device has instructions for it, which is where it pays; else float32.

    On a processor without them bfloat16 is slower. With them the lab's network trains in 0.7 of the time.
    """
    if device.type == "cuda":
        pays = torch.cuda.get_device_capability(device) >= (8, 0)
    else:
        capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # an older torch cannot say
        pays = bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return torch.bfloat16 if pays else torch.float32


def hardware(device: torch.device) -> dict[str, Any]:
    """The processor and, where one is used, the GPU; nothing that names the machine."""
    found = {"processor": _processor(), "architecture": platform.machine(), "cores": os.cpu_count()}
    if device.type == "cuda":
        found["gpu"] = torch.cuda.get_device_name(device)
    return found


def _processor() -> str:
    description = Path("/proc/cpuinfo")
    if description.is_file():
        named = re.search(r"^model name\s*:\s*(.+)$", description.read_text(encoding="utf-8"), re.MULTILINE)
        if named:
            return named[1].strip()
    return platform.processor() or "unknown"
