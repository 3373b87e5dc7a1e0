"""timm's weights in our modules: whether both compute the same, as a table.

    python -m benchmarks.interchange

Needs timm; see README.md beside this file. Exits with 1 where a difference is above 1e-6.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from attncourse.attention import GlobalContext
from attncourse.attention.interchange import load
from benchmarks import timm_peers
from benchmarks.contenders import contenders, disagreement

BOUND = 1e-6
# Odd and not square, and one image alone.
INPUTS = ((2, 64, 9, 14), (1, 48, 7, 5))


@dataclass(frozen=True)
class Row:
    """One of timm's layers beside ours; the difference is that of ``contenders.disagreement``."""

    module: str
    theirs: str
    layout: str
    difference: float


def compare(seed: int = 0) -> Iterator[Row]:
    """All of timm's layers that ours have a peer in, with timm's weights, in float64, in both modes.

    Raises:
        RuntimeError: timm is not installed.
    """
    if timm_peers.version() is None:
        raise RuntimeError("timm is not installed; see benchmarks/README.md for how to install it beside this torch")
    for name, peer in timm_peers.PEERS.items():
        largest = 0.0
        for shape in INPUTS:
            x = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
            largest = max(largest, disagreement(contenders(name, shape[1], seed), x)["timm"])
        yield Row(name, peer.name, peer.layout or "no weights", largest)
    largest = max(_scaling_context(shape, seed) for shape in INPUTS)
    yield Row("global_context, multiply", "GlobalContext, fuse_scale", "global_context/timm_scale", largest)


def _scaling_context(shape: tuple[int, ...], seed: int) -> float:
    """timm's default of ``GlobalContext``, which no benchmark times: it scales where the paper adds."""
    torch.manual_seed(seed)
    theirs = timm_peers.scaling_context(shape[1])
    ours = load(GlobalContext(shape[1], fusion="multiply"), theirs.state_dict(), "global_context/timm_scale")
    x = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return disagreement({"ours": ours, "timm": theirs}, x)["timm"]


def main() -> None:
    try:
        rows = list(compare())
    except RuntimeError as error:
        sys.exit(f"{error}")
    print(f"timm {timm_peers.version()}, torch {torch.__version__}; float64, eval and training mode")
    print()
    print("| ours | timm's | layout | largest difference |")
    print("|---|---|---|---|")
    for row in rows:
        print(f"| {row.module} | {row.theirs} | {row.layout} | {row.difference:.1e} |")
    sys.exit(any(row.difference > BOUND for row in rows))


if __name__ == "__main__":
    main()
