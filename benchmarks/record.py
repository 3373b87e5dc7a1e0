"""What a record says of the machine and the software, and how it reads as a table."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from typing import Any

import torch

import attncourse
from attncourse.lab.device import hardware
from benchmarks import timm_peers

__all__ = ["clearly_slower", "hardware", "table", "versions", "worst"]

# Slower than the best peer by more than this is named as such.
BOUND = 1.05
PEERS = ("timm", "transcription")


def versions() -> dict[str, str | None]:
    return {
        "attncourse": attncourse.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "timm": timm_peers.version(),
    }


def worst(result: Mapping[str, Any]) -> float:
    """Ours over the quickest peer: the largest of the median ratios against peers."""
    return max(result["ratios"][peer]["median"] for peer in PEERS if peer in result["ratios"])


def clearly_slower(result: Mapping[str, Any]) -> bool:
    """Whether some peer's whole interval lies above the bound: not noise."""
    return any(result["ratios"][peer]["interval"][0] > BOUND for peer in PEERS if peer in result["ratios"])


def table(record: Mapping[str, Any]) -> str:
    """The record as a page: ratios below 1 are in our favour."""
    said = ", ".join(f"{name} {value}" for name, value in record["versions"].items() if value)
    results = record["results"]
    over = [result for result in results if worst(result) > BOUND]
    clear = [result for result in over if clearly_slower(result)]
    lines = [
        f"# Attention modules on {record['hardware'].get('gpu') or record['hardware']['processor']}",
        "",
        f"{record['date']}; {said}; seed {record['seed']}; {record['rounds']} rounds for each of "
        f"{record['placements']} placements.",
        "",
        *(f"- {note}" for note in record["notes"]),
        "",
        f"In {len(results) - len(over)} of {len(results)} rows ours takes at most {BOUND} times what the best peer "
        f"takes; in {len(over)} it takes more, in {len(clear)} of them with the whole 95% interval above {BOUND}:",
        "",
        *(_over(result) for result in over),
        "",
        "Each ratio is the median over the rounds, with the quartiles in brackets.",
        "",
        "| module | shape | step | mode | threads | ours / ours again | ours / timm | ours / transcription "
        "| peak memory: ours | timm | transcription |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *(_row(result) for result in results),
        "",
    ]
    if record["left_out"]:
        lines += ["Left out:", "", *(f"- {one}" for one in record["left_out"]), ""]
    return "\n".join(lines)


def _what(result: Mapping[str, Any]) -> Iterable[str]:
    shape = "x".join(str(size) for size in result["shape"])
    step = result["step"].replace("_", " + ")
    return (result["module"], shape, step, result["mode"], str(result["threads"]))


def _over(result: Mapping[str, Any]) -> str:
    said = ", ".join(
        f"{one['median']:.2f} of {peer} (interval {one['interval'][0]:.2f} to {one['interval'][1]:.2f})"
        for peer, one in result["ratios"].items()
        if peer in PEERS and one["median"] > BOUND
    )
    *what, threads = _what(result)
    return f"- {' '.join(what)}, threads {threads}: {said}"


def _row(result: Mapping[str, Any]) -> str:
    def ratio(name: str) -> str:
        one = result["ratios"].get(name)
        return f"{one['median']:.2f} [{one['quartiles'][0]:.2f}, {one['quartiles'][1]:.2f}]" if one else "-"

    def memory(name: str) -> str:
        one = result["contenders"].get(name)
        return f"{one['peak_bytes'] / 2**20:.2f} MiB" if one and one["peak_bytes"] is not None else "-"

    ratios = [ratio(name) for name in ("control", *PEERS)]
    return f"| {' | '.join([*_what(result), *ratios, *(memory(name) for name in ('ours', *PEERS))])} |"
