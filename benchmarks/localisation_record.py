"""What is written of where networks look: the rows, what they allow to say, the file of the course and the page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from attncourse.explain import METHODS, Average, Recorded, measured
from attncourse.lab.data import Dataset
from attncourse.storage import write_atomically
from benchmarks import record as machine
from benchmarks.attention import RECORDS

if TYPE_CHECKING:
    from benchmarks.localisation import Plan

FACETS = ("variant", "layer", "method")
FIRST, LAST = "stages.1", "stages.2"
UNTRAINED = "untrained"


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
            if one["measure"] == measure
            and one["method"] == method
            and layer in (None, one["layer"])
            and one["variant"] != UNTRAINED
        ]

    nothing = [one["mean"] for one in rows if one["measure"] == "share_inside" and one["variant"] == UNTRAINED]
    last, early = found("share_inside"), found("share_inside", FIRST)
    less = {method: found("share_less_grad_cam", LAST, method) for method in METHODS if method != "grad_cam"}
    points = {method: found("pointing_rate", LAST, method) for method in ("grad_cam", "layer_cam")}
    gains = {
        (measure, layer, method): found(f"{measure}_gain", layer, method)
        for measure in ("deletion", "insertion")
        for layer in (FIRST, LAST)
        for method in ("grad_cam", "layer_cam")
    }
    kept = {
        (layer, method): found("randomisation", layer, method)
        for layer in (FIRST, LAST)
        for method in ("grad_cam", "layer_cam")
    }
    trained_to = ", ".join(f"{name} {accuracy:.1%}" for name, accuracy in accuracies.items())
    return [
        f"Data: {data.title}, the first {counts['pictures']} test pictures; {counts['known']} of them every network "
        f"classifies right with a probability of at least 0.5, and only these are looked at: easy pictures. "
        f"{plan.mosaics} mosaics of four, each picture in one at most, the same for all networks; {plan.singles} "
        f"single pictures for deletion (the mean in place of what is gone) and insertion (into a blur), {plan.steps} "
        f"steps, beside a random order; {plan.draws} draws of noise for all weights, {plan.pictures_a_draw} pictures "
        f"each. Test accuracies, of a picture and its mirror image: {trained_to}. One thread, seed {plan.seed}.",
        f"Allowed: how far the map of a late layer tells classes apart. {_span(last)} of Grad-CAM of {LAST} lies in "
        f"the right cell ({_above(last, 0.25)} of {len(last)} intervals above chance), where a map that is blind to "
        f"classes gets 0.25 exactly and an untrained network {min(nothing):.3f} to {max(nothing):.3f}. Of {FIRST} it "
        f"is {_span(early)} ({_above(early, 0.25)} of {len(early)} above). Believe the picture of each layer as far as "
        "its own number goes.",
        f"Allowed: what the method changes, on the same mosaics. Of {LAST}, the share less Grad-CAM's is "
        + "; ".join(f"{_span(rows_of, '+.3f')} for {method}" for method, rows_of in less.items())
        + ". The reason is in the equations: where global average pooling follows, a channel has the same gradient at "
        "every place, so XGrad-CAM is Grad-CAM there, and Grad-CAM++ and LayerCAM leave out the channels that speak "
        f"against the class. The highest place lies in the right cell in {_span(points['grad_cam'])} with Grad-CAM, "
        f"in {_span(points['layer_cam'])} with LayerCAM.",
        "Allowed: whether the score hangs on what the map shows. Beside an order that is random but as coarse, the "
        "area gained by "
        + "; ".join(
            f"{measure}, {layer}, {method}: {_span(one, '+.3f')}, {_above(one, 0)} of {len(one)} intervals above 0"
            for (measure, layer, method), one in gains.items()
        )
        + ". So two measures may judge one map differently: say which was measured.",
        "Allowed: whether the map hangs on what was learnt. With noise in place of all weights, the rank correlation "
        "with the map as it was is "
        + "; ".join(f"{layer}, {method}: {_span(one, '+.3f')}" for (layer, method), one in kept.items())
        + ". As far as it lies from 0, above or below, the map's order of places was not learnt.",
        "Allowed: what the last attention block does to the map within its own network. The share in the right cell, "
        "after less before: "
        + "; ".join(f"{one['variant']} {_one(one)}" for one in found("around_change", None))
        + ". For BAM that is an earlier layer: do not compare it with the others.",
        "Not allowed: that one attention looks better than another. There is one network of each, and the intervals "
        "speak of other mosaics, not of other trainings; the record localisation_seeds asks that. Not allowed either: "
        "anything about hard, large or whole pictures (a mosaic is none), other data, or why a network decided so.",
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
