"""The record of a training benchmark as a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def page(record: Mapping[str, Any]) -> str:
    """What was measured, on what, in Markdown."""
    versions = ", ".join(f"{name} {value}" for name, value in record["versions"].items() if value)
    found, speed = record["accuracy"], record["speed"]
    ratio = speed["times_the_plain_loop"]
    budget = record["cpu_seconds_budget"]
    spread = (
        f", standard deviation {found['standard_deviation']:.2%}" if found["standard_deviation"] is not None else ""
    )
    lines = [
        f"# The lab's training on {record['hardware'].get('gpu') or record['hardware']['processor']}",
        "",
        f"{record['date']}; {versions}.",
        "",
        *(f"- {note}" for note in record["notes"]),
        "",
        f"## {record['data']}: {record['host']}, attention {record['attention']}, "
        + (f"{budget:g} CPU-seconds a run" if budget else f"{found['runs'][0]['epochs']} epochs a run"),
        "",
        f"Median test accuracy of {found['n']} seeds: **{found['median']:.2%}** "
        f"(from {found['least']:.2%} to {found['most']:.2%}{spread}).",
        "",
        "| seed | test accuracy | CPU-seconds | reading the data, apart | whole process, CPU-seconds | seconds "
        "| steps | pictures a second |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {run['seed']} | {run['test_accuracy']:.2%} | {run['cpu_seconds']:.1f} | {run['data_cpu_seconds']:.1f} "
            f"| {run['process_cpu_seconds']:.1f} | {run['seconds']:.1f} | {run['steps']} "
            f"| {run['images_per_second']:.0f} |"
            for run in found["runs"]
        ),
        "",
        "## Beside a plain loop",
        "",
        f"Ours trains on **{ratio['median']:.2f} times** as many pictures a second "
        f"(quartiles {ratio['quartiles'][0]:.2f} to {ratio['quartiles'][1]:.2f}, "
        f"95% interval {ratio['interval'][0]:.2f} to {ratio['interval'][1]:.2f}, {ratio['rounds']} rounds): "
        f"{speed['images_per_second']['ours']:.0f} against {speed['images_per_second']['plain']:.0f}, "
        f"by {speed['clock']}, ours in {speed['precision']['ours']}.",
        "",
    ]
    return "\n".join(lines)
