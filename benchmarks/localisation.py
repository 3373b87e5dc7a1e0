"""Where do the five networks that come with the course look, and which of their maps can be believed?

    python -m benchmarks.localisation --date 2025-01-31 --data PATH

Four methods on two layers of each: the grid pointing game (an untrained network plays as well), deletion and insertion
beside a random order, the weights replaced by noise, and the map before and after the last attention block. There is
one network for each attention: the record's notes say what that allows to claim. ``localisation_seeds`` asks whether
attention makes a difference.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from attncourse import hosts, trained
from attncourse.attention import ATTENTION
from attncourse.explain import (
    CAM,
    METHODS,
    GridPointing,
    Mosaics,
    around,
    average,
    deletion,
    grid_pointing_game,
    insertion,
    mosaics,
    randomisation,
    sure,
)
from attncourse.explain.average import averages_of
from attncourse.explain.grid import CELLS, CHANCE
from attncourse.lab.data import Dataset, load
from benchmarks import localisation_record
from benchmarks.localisation_record import FIRST, LAST, UNTRAINED, row

LAYERS = (FIRST, LAST)
HOST = "resnet20"
PREFIX = f"{HOST}-"


@dataclass(frozen=True)
class Network:
    """A trained network, and what makes pixels in [0, 1] fit for it."""

    variant: str
    model: nn.Module
    images: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Plan:
    """How much is measured. ``pictures``: of the test pictures, from the first on, how many are looked at."""

    pictures: int = 3000
    mosaics: int = 300
    singles: int = 60
    steps: int = 10
    draws: int = 10
    pictures_a_draw: int = 16
    batch: int = 50
    seed: int = 0


def shipped() -> list[Network]:
    """The five."""
    found = map(trained.load, trained.TRAINED)
    return [Network(one.name.removeprefix(PREFIX), one.model, one.images) for one in found]


def known_to_all(networks: Sequence[Network], pixels: Tensor, labels: Tensor) -> Tensor:
    """bool ``(N,)``: of which every network is sure. So all play with the same mosaics, and none has easier ones."""
    return torch.stack([sure(one.model, one.images(pixels), labels) for one in networks]).all(0)


def measure(networks: Sequence[Network], data: Dataset, plan: Plan) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows, and the counts that the notes need."""
    pixels, labels = data.test_images[: plan.pictures].float() / 255, data.test_labels[: plan.pictures]
    known = known_to_all(networks, pixels, labels)
    made = mosaics(pixels[known], labels[known], plan.mosaics, plan.seed)
    rows = [*_pointing(untrained(networks[0], len(data.classes)), made, plan)]
    for network in networks:
        rows += list(measured(network, made, pixels[known], labels[known], plan))
        print(f"{network.variant}: {len(rows)} rows", flush=True)
    return rows, {"pictures": len(labels), "known": int(known.sum())}


def measured(network: Network, made: Mosaics, pixels: Tensor, labels: Tensor, plan: Plan) -> Iterator[dict[str, Any]]:
    """All of one network."""
    yield from _pointing(network, made, plan)
    yield from _one_by_one(network, pixels, labels, plan)
    block = last_block(network.model)
    if block is not None:
        yield from _around(network, block, made, plan)


def untrained(network: Network, classes: int, seed: int = 0) -> Network:
    """The host with weights as training begins: what the game gives where nothing was learnt."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        model = hosts.build(HOST, classes=classes)
    return Network(UNTRAINED, model.eval(), network.images)


def _pointing(network: Network, made: Mosaics, plan: Plan) -> Iterator[dict[str, Any]]:
    """The grid pointing game."""
    played = play(network, made, LAYERS, plan.batch)
    for (layer, method), game in played.items():
        facets = {"variant": network.variant, "layer": layer, "method": method}
        yield row("share_inside", facets, game.share, "mosaics", CHANCE)
        yield row("pointing_rate", facets, game.rate, "mosaics", CHANCE)
        if method != "grad_cam":
            more = averages_of(game.shares) - averages_of(played[layer, "grad_cam"].shares)
            yield row("share_less_grad_cam", facets, average(more), "mosaics", 0.0)


def play(
    network: Network, made: Mosaics, layers: Sequence[str], batch: int, methods: Sequence[str] = tuple(METHODS)
) -> dict[tuple[str, str], GridPointing]:
    """The game for each layer and method. All of them read the same activations and gradients."""
    images = network.images(made.images)
    maps: dict[tuple[str, str], list[Tensor]] = {(layer, method): [] for layer in layers for method in methods}
    with CAM(network.model, list(layers)) as cam:
        for some, classes in zip(images.split(batch), made.classes.split(batch), strict=True):
            cells: dict[tuple[str, str], list[Tensor]] = {key: [] for key in maps}
            for cell in range(CELLS):
                cam(some, classes[:, cell])
                for number, layer in enumerate(layers):
                    for method in methods:
                        map_of = METHODS[method](cam.activations[number], cam.gradients[number])
                        cells[layer, method].append(map_of)
            for key, found in cells.items():
                maps[key].append(torch.stack(found, 1))
    return {key: grid_pointing_game(torch.cat(found), made) for key, found in maps.items()}


def _one_by_one(network: Network, pixels: Tensor, labels: Tensor, plan: Plan) -> Iterator[dict[str, Any]]:
    """What is measured on single pictures: deletion and insertion, and the weights replaced by noise."""
    drawn = torch.randperm(len(labels), generator=torch.Generator().manual_seed(plan.seed + 1))[: plan.singles]
    images, classes = network.images(pixels[drawn]), labels[drawn]
    settings: dict[str, Any] = {"steps": plan.steps, "seed": plan.seed}
    for layer in LAYERS:
        with CAM(network.model, layer) as cam:
            coarse = cam(images[:1], classes[:1]).shape[1:]
        # As coarse as the map: single pixels taken here and there make a score fall sooner than patches do.
        noise = torch.rand(len(images), *coarse, generator=torch.Generator().manual_seed(plan.seed + 2))
        by_chance = {
            "deletion": deletion(network.model, images, noise, classes, **settings).areas,
            "insertion": insertion(network.model, images, noise, classes, **settings).areas,
        }
        for method in METHODS:
            facets = {"variant": network.variant, "layer": layer, "method": method}
            with CAM(network.model, layer, method) as cam:
                maps = cam(images, classes)
            taken = deletion(network.model, images, maps, classes, **settings).areas
            brought = insertion(network.model, images, maps, classes, **settings).areas
            yield row("deletion_gain", facets, average(by_chance["deletion"] - taken), "pictures", 0.0)
            yield row("insertion_gain", facets, average(brought - by_chance["insertion"]), "pictures", 0.0)
            correlations = [
                # "" is the whole network: the noise of all its weights at once.
                randomisation(network.model, layer, some, wanted, method, seed=draw, parts=[""]).last
                for draw in range(plan.draws)
                for some, wanted in [_part(images, classes, draw, plan.pictures_a_draw)]
            ]
            # What is drawn anew is the noise; the pictures of one draw share it.
            yield row("randomisation", facets, average(torch.tensor(correlations)), "draws", 0.0)


def _part(images: Tensor, classes: Tensor, number: int, size: int) -> tuple[Tensor, Tensor]:
    """The next ``size`` of them, from the beginning again after the end."""
    which = torch.arange(number * size, (number + 1) * size) % len(images)
    return images[which], classes[which]


def last_block(model: nn.Module) -> str | None:
    """The name of the last attention block; of one within another (CBAM's two), the outer."""
    kinds = tuple(ATTENTION.values())
    named = [name for name, module in model.named_modules() if isinstance(module, kinds)]
    outer = [name for name in named if not any(name.startswith(f"{other}.") for other in named)]
    return outer[-1] if outer else None


def _around(network: Network, block: str, made: Mosaics, plan: Plan) -> Iterator[dict[str, Any]]:
    """Grad-CAM before and after the block, for each class of each mosaic."""
    images = network.images(made.images)
    cells: dict[str, list[Tensor]] = {"before": [], "after": [], "correlations": []}
    for cell in range(CELLS):
        parts = [
            around(network.model, block, some, classes[:, cell])
            for some, classes in zip(images.split(plan.batch), made.classes.split(plan.batch), strict=True)
        ]
        for name, found in cells.items():
            found.append(torch.cat([getattr(part, name) for part in parts]))
    stacked = {name: torch.stack(found, 1) for name, found in cells.items()}
    shares = {name: averages_of(grid_pointing_game(stacked[name], made).shares) for name in ("before", "after")}
    facets = {"variant": network.variant, "layer": block, "method": "grad_cam"}
    yield row("around_correlation", facets, average(averages_of(stacked["correlations"])), "mosaics", None)
    yield row("around_before", facets, average(shares["before"]), "mosaics", CHANCE)
    yield row("around_after", facets, average(shares["after"]), "mosaics", CHANCE)
    yield row("around_change", facets, average(shares["after"] - shares["before"]), "mosaics", 0.0)


def make_record(
    networks: Sequence[Network], data: Dataset, plan: Plan, date: str, accuracies: Mapping[str, float]
) -> dict[str, Any]:
    """Measure, and say on what, and what follows."""
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        rows, counts = measure(networks, data, plan)
    finally:
        torch.set_num_threads(threads)
    return localisation_record.record(
        "Where the five networks look, in numbers",
        "python -m benchmarks.localisation --data PATH",
        date,
        localisation_record.notes_on_networks(rows, counts, data, plan, accuracies),
        rows,
        {"test_accuracy": dict(accuracies), "seed": plan.seed, **counts},
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.localisation", description=__doc__.splitlines()[0])
    parser.add_argument("--date", required=True, help="the day of the measurement, for the record")
    parser.add_argument("--data", required=True, help="CIFAR-10, as attncourse train --data takes it")
    parser.add_argument("--pictures", type=int, default=Plan.pictures)
    parser.add_argument("--mosaics", type=int, default=Plan.mosaics)
    parser.add_argument("--singles", type=int, default=Plan.singles)
    parser.add_argument("--out", type=Path, default=None, help="a folder for both files, in place of the usual two")
    given = parser.parse_args(arguments)
    accuracies = {
        name.removeprefix(PREFIX): float(trained.load(name).record["test_accuracy"]) for name in trained.TRAINED
    }
    plan = Plan(pictures=given.pictures, mosaics=given.mosaics, singles=given.singles)
    made = make_record(shipped(), load(given.data), plan, given.date, accuracies)
    print(localisation_record.write("localisation", made, given.out))


if __name__ == "__main__":
    main()
