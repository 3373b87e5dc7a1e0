"""What a record of class activation maps reads like, as a table."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

AT_LEAST, AT_MOST = 2.5, 1.05


def table(made: Mapping[str, Any]) -> str:
    """The record as a page: ratios below 1 are in our favour."""
    said = ", ".join(f"{name} {value}" for name, value in made["versions"].items() if value)
    lines = [
        f"# Class activation maps on {made['hardware'].get('gpu') or made['hardware']['processor']}",
        "",
        f"{made['date']}; {said}; seed {made['seed']}; n = {made['rounds']} rounds for each of {made['placements']} "
        "placements.",
        "",
        *(f"- {note}" for note in made["notes"]),
        "",
        *_claims(made["results"]),
        "",
        "Each ratio is the median over the rounds, with the quartiles in brackets.",
        "",
        "| network, layer, images | method | ours / ours again | ours / inference | ours / gradients "
        "| ours / grad-cam | ours / torchcam | difference to grad-cam | to torchcam |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for result in made["results"]:
        whos = ("ours again", "inference", "gradients", "grad-cam", "torchcam")
        ratios = [_ratio(result["ratios"].get(who)) for who in whos]
        apart = [result["disagreement"].get(peer) for peer in ("grad-cam", "torchcam")]
        cells = [result["case"], result["method"], *ratios, *("-" if one is None else f"{one:.1e}" for one in apart)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *_arithmetic(made["results"]), ""])


def _claims(results: Sequence[Mapping[str, Any]]) -> list[str]:
    claims = []
    for peer, holds, said in (
        ("grad-cam", lambda median: 1 / median >= AT_LEAST, f"at least {AT_LEAST} times as fast as grad-cam"),
        ("torchcam", lambda median: median <= AT_MOST, f"at most {AT_MOST} times as long as torchcam"),
    ):
        medians = [result["ratios"][peer]["median"] for result in results if peer in result["ratios"]]
        if medians:
            count = sum(map(holds, medians))
            claims.append(
                f"Of the {len(medians)} rows, {count} are {said} (ratios {min(medians):.2f} to {max(medians):.2f})."
            )
    return claims


def _arithmetic(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """For each layer what plain torch needs: how much of it is the backward pass, and the gain that there can be."""
    cases: dict[str, list[Mapping[str, Any]]] = {}
    for result in results:
        cases.setdefault(result["case"], []).append(result["arithmetic"])
    lines = [
        "What can be gained by ending the backward pass at the layer, in plain torch (medians over the methods' rows). "
        "No program that computes these gradients can gain more than the last column over one that computes all of "
        "them, but for what that one does beside.",
        "",
        "| network, layer, images | backward to the layer / inference | all gradients / gradients |",
        "|---|---|---|",
    ]
    for case, found in cases.items():
        whole, backward = (
            statistics.median(one[what]["median"] for one in found) for what in ("all gradients", "inference")
        )
        lines.append(f"| {case} | {backward - 1:.2f} | {1 / whole:.2f} |")
    return lines


def _ratio(one: Mapping[str, Any] | None) -> str:
    return f"{one['median']:.2f} [{one['quartiles'][0]:.2f}, {one['quartiles'][1]:.2f}]" if one else "-"
