"""What is written of where networks look: the rows, what they allow to say, the file of the course and the page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from attncourse.explain import Average, Recorded, measured
from attncourse.lab.data import Dataset
from attncourse.storage import write_atomically
from benchmarks import record as machine
from benchmarks.attention import RECORDS

if TYPE_CHECKING:
    from benchmarks.localisation import Plan

FACETS = ("variant", "layer", "method")
LAST = "stages.2"


def row(measure: str, facets: Mapping[str, str], found: Average, unit: str, level: float | None) -> dict[str, Any]:
    """One row of the record, its numbers rounded to six digits."""
    if math.isnan(found.mean):
        raise ValueError(f"{measure} of {dict(facets)} is defined nowhere: without a number there is no row")
    numbers = {name: _rounded(getattr(found, name)) for name in ("mean", "deviation", "low", "high")}
    return {
        "measure": measure,
        **{facet: facets.get(facet, "") for facet in FACETS},
        "n": found.n,
        "unit": unit,
        **numbers,
        "level": level,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def record(
    title: str,
    command: str,
    date: str,
    notes: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    values: Mapping[str, Any],
) -> dict[str, Any]:
    """As ``explain.recorded`` reads it, measured on this machine."""
    return {
        "title": title,
        "date": date,
        "command": command,
        "hardware": machine.hardware(torch.device("cpu")),
        "versions": {name: version for name, version in machine.versions().items() if name != "timm"},
        "notes": list(notes),
        "facets": list(FACETS),
        "rows": list(rows),
        "values": dict(values),
    }


def notes_on_networks(
    rows: Sequence[Mapping[str, Any]],
    counts: Mapping[str, int],
    data: Dataset,
    plan: Plan,
    accuracies: Mapping[str, float],
) -> list[str]:
    """How it was measured, then what the numbers allow to say of the five networks, and what they do not."""

    def found(measure: str, layer: str | None = LAST, method: str = "grad_cam") -> list[Mapping[str, Any]]:
        return [
            one
            for one in rows
            if one["measure"] == measure and one["method"] == method and layer in (None, one["layer"])
        ]

    last = found("share_inside")
    early = found("share_inside", "stages.1")
    same = max((abs(one["mean"]) for one in found("share_less_grad_cam", LAST, "x_grad_cam")), default=math.nan)
    layer_cam = found("share_less_grad_cam", "stages.1", "layer_cam")
    gains = [found("deletion_gain"), found("insertion_gain")]
    noise = found("randomisation")
    change = found("around_change", None)
    trained_to = ", ".join(f"{name} {accuracy:.1%}" for name, accuracy in accuracies.items())
    return [
        f"Data: {data.title}, the first {counts['pictures']} test pictures; {counts['known']} of them every network "
        f"classifies right with a probability of at least 0.5, and only these are looked at: easy pictures. "
        f"{plan.mosaics} mosaics of four, each picture in one at most, the same for all networks; {plan.singles} "
        f"single pictures for deletion (the mean in place of what is gone) and insertion (a blur), {plan.steps} steps, "
        f"less the same in random order; {plan.draws} draws of noise, {plan.pictures_a_draw} pictures each. "
        f"Test accuracies: {trained_to}. One thread, seed {plan.seed}.",
        f"Allowed: of these networks and such pictures, Grad-CAM of the last stage tells classes apart. {_span(last)} "
        f"of it lies in the right cell, where a map that is blind to classes gets 0.25 exactly; "
        f"{_above(last, 0.25)} of {len(last)} intervals lie above that. Of {early[0]['layer']} it is {_span(early)}, "
        f"and {_above(early, 0.25)} of {len(early)} do: the picture of an early layer is to be believed less.",
        f"Allowed: the method matters where the layer is early, not where it is last. There LayerCAM has "
        f"{_span(layer_cam, '+.3f')} more in the right cell than Grad-CAM. Before the global average pooling every "
        f"place has the same gradient, so XGrad-CAM is Grad-CAM there (the means differ by {same:.1g} at most).",
        f"Allowed: what the map shows counts for the score. Deleted in its order, the area is smaller than in random "
        f"order by {_span(gains[0])} ({_above(gains[0], 0)} of {len(gains[0])} intervals above 0), inserted it is "
        f"larger by {_span(gains[1])} ({_above(gains[1], 0)} of {len(gains[1])}). With all weights replaced by noise "
        f"the maps of the last stage keep a rank correlation of {_span(noise)}.",
        "Before and after the last attention block (for BAM that is an earlier layer, so do not compare it with the "
        "others): the share in the right cell changes by "
        + "; ".join(f"{one['variant']} {_one(one)}" for one in change)
        + ". That says what the block does to the map within one network, not that the network looks better for it.",
        "Not allowed: that one attention looks better than another. There is one network of each, and the intervals "
        "speak of other mosaics, not of other trainings; the record localisation_seeds asks that. Not allowed either: "
        "anything about hard pictures, large pictures, other data, or why a network decided as it did.",
    ]


def _span(rows: Sequence[Mapping[str, Any]], form: str = ".3f") -> str:
    """The lowest and the highest mean, each with its variant."""
    low, high = (choose(rows, key=lambda one: one["mean"]) for choose in (min, max))
    return f"{low['mean']:{form}} ({low['variant']}) to {high['mean']:{form}} ({high['variant']})"


def _one(row: Mapping[str, Any]) -> str:
    if row["low"] is None:
        return f"{row['mean']:+.3f}"
    return f"{row['mean']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"


def _above(rows: Sequence[Mapping[str, Any]], level: float) -> int:
    return sum(one["low"] is not None and one["low"] > level for one in rows)


def page(name: str, made: Mapping[str, Any]) -> str:
    """The record as Markdown: the notes, then a table for each measure."""
    found = Recorded.read(name, made)
    parts = [f"# {found.title}", repr(found).split("\n")[1], *(f"- {note}" for note in found.notes)]
    parts.append(f"`{found.command}`; every number: `attncourse/explain/measured/{name}.json`.")
    for measure in dict.fromkeys(one.measure for one in found.rows):
        table = found.table(measure=measure)
        lines = [table.head, tuple("---" for _ in table.head), *table.lines]
        parts += [f"## {table.heading}", "\n".join(f"| {' | '.join(line)} |" for line in lines)]
    return "\n\n".join(parts) + "\n"


def write(name: str, made: Mapping[str, Any], folder: Path | None = None) -> str:
    """The JSON goes into the package and the page to the records; both into ``folder`` where one is given."""
    rows = ",\n  ".join(json.dumps(one) for one in made["rows"])
    text = json.dumps({**made, "rows": []}, indent=1).replace('"rows": []', f'"rows": [\n  {rows}\n ]')
    data = (folder or measured.FOLDER) / f"{name}.json"
    text_page = (folder or RECORDS) / f"cpu-{name.replace('_', '-')}.md"
    for path, content in ((data, text + "\n"), (text_page, page(name, made))):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    return f"{page(name, made)}\nWritten to {data} and {text_page}."
