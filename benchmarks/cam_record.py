"""What a record of class activation maps reads like, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# What is claimed of the late layers that such maps are made of; beside them an early one, of which nothing is claimed.
AT_LEAST, AT_MOST = 2.5, 1.05
EARLY = ("stages.0",)


def table(made: Mapping[str, Any]) -> str:
    """The record as a page: ratios below 1 are in our favour."""
    said = ", ".join(f"{name} {value}" for name, value in made["versions"].items() if value)
    late = [result for result in made["results"] if result["layer"] not in EARLY]
    lines = [
        f"# Class activation maps on {made['hardware'].get('gpu') or made['hardware']['processor']}",
        "",
        f"{made['date']}; {said}; seed {made['seed']}; n = {made['rounds']} rounds for each of {made['placements']} "
        "placements.",
        "",
        *(f"- {note}" for note in made["notes"]),
        "",
        *_claims(late),
        "",
        "Each ratio is the median over the rounds, with the quartiles in brackets.",
        "",
        "| network, layer, images | method | ours / ours again | ours / inference | ours / grad-cam | ours / torchcam "
        "| difference to grad-cam | to torchcam |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for result in made["results"]:
        ratios = [_ratio(result["ratios"].get(who)) for who in ("ours again", "inference", "grad-cam", "torchcam")]
        apart = [result["disagreement"].get(peer) for peer in ("grad-cam", "torchcam")]
        cells = [result["case"], result["method"], *ratios, *("-" if one is None else f"{one:.1e}" for one in apart)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _claims(late: Sequence[Mapping[str, Any]]) -> list[str]:
    claims = []
    for peer, holds, said in (
        ("grad-cam", lambda median: 1 / median >= AT_LEAST, f"at least {AT_LEAST} times as fast as grad-cam"),
        ("torchcam", lambda median: median <= AT_MOST, f"at most {AT_MOST} times as long as torchcam"),
    ):
        medians = [result["ratios"][peer]["median"] for result in late if peer in result["ratios"]]
        if medians:
            count = sum(map(holds, medians))
            claims.append(
                f"Of the {len(medians)} rows of a late layer, {count} are {said} "
                f"(ratios {min(medians):.2f} to {max(medians):.2f})."
            )
    return claims


def _ratio(one: Mapping[str, Any] | None) -> str:
    return f"{one['median']:.2f} [{one['quartiles'][0]:.2f}, {one['quartiles'][1]:.2f}]" if one else "-"
