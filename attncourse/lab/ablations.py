"""The papers' ablations as ready comparisons: each part of a module varied alone, the rest as it is.

A paper's ablation names differences of its own data and networks. Here the question is asked anew, of the lab's.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ablation:
    """One question, and the variants that answer it.

    Attributes:
        question: in a learner's words.
        source: the table in the paper.
        attention: the variants; the first is what the others are compared with.
    """

    question: str
    source: str
    attention: tuple[str, ...]


ABLATIONS: dict[str, Ablation] = {
    "pooling": Ablation(
        "Does the maximum beside the mean help channel attention? (The mean alone is squeeze-and-excitation.)",
        "CBAM, table 1",
        ("cbam_channel(pools=mean)", "cbam_channel(pools=max)", "cbam_channel(pools=mean+max)"),
    ),
    "kernel": Ablation(
        "Does the spatial gate need a window of 7x7, or does 3x3 do?",
        "CBAM, table 2",
        ("cbam(kernel_size=3)", "cbam(kernel_size=7)"),
    ),
    "order": Ablation(
        "Channel attention first, spatial attention first, or both at once?",
        "CBAM, table 3",
        ("cbam(order=channel-spatial)", "cbam(order=spatial-channel)", "cbam(order=parallel)"),
    ),
    "reduction": Ablation(
        "How narrow may the bottleneck of squeeze-and-excitation be?",
        "SE networks, the table of reduction ratios",
        ("se(reduction=16)", "se(reduction=2)", "se(reduction=4)", "se(reduction=8)", "se(reduction=32)"),
    ),
    "direction": Ablation(
        "Does coordinate attention need rows and columns both?",
        "Coordinate attention, table 1",
        ("coordinate(directions=both)", "coordinate(directions=x)", "coordinate(directions=y)"),
    ),
}
