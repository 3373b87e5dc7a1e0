"""Does attention change where networks look? Several small networks of each variant, compared seed by seed.

    python -m benchmarks.localisation_seeds --date 2025-01-31 --data PATH

Trains the lab's host ``small`` with every seed and variant, as ``attncourse compare`` does (runs finished in --runs are
not repeated), plays the grid pointing game with Grad-CAM of the last stage, and tests the paired differences to "none"
with Holm's correction. That one measure was chosen before anything was trained.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from attncourse.explain import Average, average, mosaics
from attncourse.explain.grid import CHANCE
from attncourse.explain.pictures import normalised
from attncourse.lab import Recipe, Run, execute
from attncourse.lab.data import Dataset, load
from attncourse.lab.run import network
from attncourse.lab.statistics import PairedDifference, paired_differences
from attncourse.lab.verdict import BETTER, WORSE, verdict
from benchmarks import localisation_record
from benchmarks.localisation import Network, known_to_all, play
from benchmarks.localisation_record import LAST, row

VARIANTS = ("none", "se", "cbam", "bam", "coordinate")
METHOD = "grad_cam"
# The difference worth finding: two points of the share.
WORTH = 0.02
Shares = Mapping[str, Sequence[float]]


def trained_networks(
    data: Dataset, path: str, seeds: int, epochs: int, runs: Path
) -> dict[tuple[str, int], tuple[Network, dict[str, Any]]]:
    """By variant and seed, with the record of its training."""
    found = {}
    for seed in range(seeds):
        for variant in VARIANTS:
            run = Run(data=path, attention=variant, seed=seed, host="small", recipe=Recipe(epochs=epochs))
            record = execute(run, runs / run.folder_name, dataset=data)
            print(f"{variant}, seed {seed}: {record['test_accuracy']:.1%}, {record['cpu_seconds']:.0f} s", flush=True)
            model = network(run, len(data.classes))
            model.load_state_dict(load_file(runs / run.folder_name / "weights.safetensors"))
            images = partial(normalised, mean=record["mean"], deviation=record["deviation"])
            found[variant, seed] = (Network(variant, model.eval(), images), record)
    return found


def measure(
    networks: Mapping[tuple[str, int], Network], data: Dataset, pictures: int, count: int
) -> tuple[dict[str, list[float]], dict[str, int]]:
    """The share in the right cell by variant, in the order of the seeds; and how many pictures all networks know."""
    pixels, labels = data.test_images[:pictures].float() / 255, data.test_labels[:pictures]
    known = known_to_all(list(networks.values()), pixels, labels)
    made = mosaics(pixels[known], labels[known], count)
    shares: dict[str, list[float]] = {variant: [] for variant, _ in networks}
    for (variant, _), one in networks.items():
        game = play(one, made, [LAST], batch=100, methods=[METHOD])[LAST, METHOD]
        shares[variant].append(round(game.share.mean, 6))
    return shares, {"pictures": len(labels), "known": int(known.sum()), "mosaics": count}


def tested(shares: Shares) -> dict[str, PairedDifference]:
    """Every variant less "none", seed by seed; one family."""
    bare = shares[VARIANTS[0]]
    return paired_differences(
        {
            variant: [share - other for share, other in zip(shares[variant], bare, strict=True)]
            for variant in VARIANTS[1:]
        },
        worth=WORTH,
    )


def rows_of(shares: Shares, accuracies: Shares) -> list[dict[str, Any]]:
    """Both by variant over the seeds, then the differences with their verdicts."""
    rows = []
    for measured, by_variant, level in (("test_accuracy", accuracies, None), ("share_inside", shares, CHANCE)):
        for variant in VARIANTS:
            found = average(torch.tensor(by_variant[variant], dtype=torch.float64))
            rows.append(row(measured, _facets(variant, measured), found, "seeds", level))
    for variant, one in tested(shares).items():
        low, high = (None, None) if one.interval is None else (one.interval.low, one.interval.high)
        found = Average(one.n, one.mean, one.deviation, low, high)
        facets = _facets(f"{variant} - {VARIANTS[0]}", "share_inside")
        rows.append(
            {**row("share_inside_difference", facets, found, "seeds", 0.0), "verdict": _sized(verdict(one).words)}
        )
    return rows


def _sized(words: str) -> str:
    """The lab's verdict on accuracies, said of shares: a larger one makes no better network."""
    return words.replace(BETTER, "larger").replace(WORSE, "smaller")


def _facets(variant: str, measured: str) -> dict[str, str]:
    return {"variant": variant, **({"layer": LAST, "method": METHOD} if measured == "share_inside" else {})}


def notes(shares: Shares, accuracies: Shares, counts: Mapping[str, int], data: Dataset, epochs: int) -> list[str]:
    """How it was measured, and what follows."""
    seeds = len(shares[VARIANTS[0]])
    bare = shares[VARIANTS[0]]
    above = {variant: sum(share > other for share in shares[variant] for other in bare) for variant in VARIANTS[1:]}
    everything = [share for found in shares.values() for share in found]
    return [
        f"Data: {data.title}; the lab's host small, {epochs} epochs, {seeds} seeds of each of {len(VARIANTS)} "
        f"variants: {len(everything)} networks. Test accuracies {min(map(min, accuracies.values())):.1%} to "
        f"{max(map(max, accuracies.values())):.1%}. The mosaics: {counts['mosaics']}, the same for all, of the "
        f"{counts['known']} among {counts['pictures']} test pictures that every network classifies right with a "
        "probability of at least 0.5.",
        f"Measured: the share of Grad-CAM of {LAST} in the right cell, and nothing else; paired by seed, less none, t "
        f"intervals, Holm for {len(VARIANTS) - 1} differences; worth finding are {100 * WORTH:g} points of the share.",
        f"Allowed: all {len(everything)} networks tell classes apart better than chance, whatever stands in them "
        f"({min(everything):.3f} to {max(everything):.3f}, chance 0.25)."
        if min(everything) > CHANCE
        else f"Not all networks are above chance: {min(everything):.3f} to {max(everything):.3f}, chance 0.25.",
        *(f"Allowed: {variant} less none: {_sized(verdict(one).why)}" for variant, one in tested(shares).items()),
        f"What one network of each would have said: of the {seeds * seeds} pairs of a seed with and a seed without, "
        + ", ".join(f"{count} put {variant}" for variant, count in above.items())
        + f" above none. Where that is neither 0 nor {seeds * seeds}, one pair of pictures could have shown either.",
        "Not allowed: the same of another host, longer training, other data, other layers or methods. The share is of "
        "easy pictures in mosaics that no network was trained on. The accuracies differ as well, a larger share is not "
        "a better network, and why a module changes the share was not measured.",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.localisation_seeds", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--date", required=True, help="the day of the measurement, for the record")
    parser.add_argument("--data", required=True, help="CIFAR-10, as attncourse train --data takes it")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--mosaics", type=int, default=300)
    parser.add_argument("--runs", type=Path, default=Path("build", "benchmarks", "localisation"), metavar="DIR")
    parser.add_argument("--out", type=Path, default=None, help="a folder for both files, in place of the usual two")
    given = parser.parse_args(arguments)
    data = load(given.data)
    found = trained_networks(data, given.data, given.seeds, given.epochs, given.runs)
    torch.set_num_threads(1)
    networks = {key: one for key, (one, _) in found.items()}
    shares, counts = measure(networks, data, given.pictures, given.mosaics)
    accuracies: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    for (variant, _), (_, record) in found.items():
        accuracies[variant].append(record["test_accuracy"])
    recipe = next(iter(found.values()))[1]["recipe"]
    made = localisation_record.record(
        "Does attention change where networks look? Several seeds of each",
        f"python -m benchmarks.localisation_seeds --data PATH --seeds {given.seeds} --epochs {given.epochs}",
        given.date,
        notes(shares, accuracies, counts, data, given.epochs),
        rows_of(shares, accuracies),
        {"share_inside": shares, "test_accuracy": accuracies, "worth": WORTH, "recipe": recipe, **counts},
    )
    print(localisation_record.write("localisation_seeds", made, given.out))


if __name__ == "__main__":
    main()
