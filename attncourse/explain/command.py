"""``attncourse explain``: one image, one network, one picture, and the numbers that say whether to believe it."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from attncourse import hosts
from attncourse.explain import layers, network, own_code, pictures, weights
from attncourse.explain.cam import CAM
from attncourse.explain.deletion import deletion
from attncourse.explain.errors import ExplainError, brief
from attncourse.explain.randomisation import Randomisation, randomisation
from attncourse.explain.scaled import scaled
from attncourse.explain.target import Target
from attncourse.figures.heatmap import heatmaps
from attncourse.storage import write_atomically

# Of the deletion curves, and the random orders that the map's own is compared with.
STEPS, ORDERS = 10, 9
# How far a layer's proportions may be from the image's: strides and padding round.
ALIKE = 1.8


def run(options: argparse.Namespace) -> int:
    """Draw, say the numbers, and return 0. Raises ExplainError, always in one line."""
    out = Path(options.out)
    if out.suffix.lower() != ".png":
        raise ExplainError(f"the picture is a PNG; got --out {out}. Give a name that ends in .png")
    found = network.build(options.host, options.attention, weights.find(options.weights) if options.weights else None)
    size = _size(options.size) or _recorded_size(found.record)
    pixels = pictures.read(Path(options.image), size)
    mean = _three("--mean", options.mean) or found.record.get("mean") or pictures.MEAN
    deviation = _three("--deviation", options.deviation) or found.record.get("deviation") or pictures.DEVIATION
    images = pictures.normalised(pixels, mean, deviation)
    target = _target(options.target, found.record.get("classes"))
    layer = options.layer or _usual_layer(found.model, images)
    layers.find(found.model, layer)
    what = f"the network on an image {tuple(images.shape)}"
    with CAM(found.model, layer, options.method) as cam:
        maps = own_code.call(what, cam, images, target)
        explained, said = _explained(cam, target, options.target, found.record)
    noise = own_code.call(what, _noise, found.model, layer, images, explained, options.method)
    area, chance = own_code.call(what, _areas, found.model, images, maps, explained)
    numbers = [_about_area(area, chance), _about_noise(noise)]
    picture = heatmaps(
        pixels,
        [scaled(maps), scaled(noise.maps[-1])],
        [_short_area(area, chance), _short_noise(noise)],
        names=[options.method, "weights replaced by noise"],
        title=f"{found.title}: {layer}, {said}",
        statement=found.warning,
    )
    try:
        write_atomically(out, picture._repr_png_())
    except OSError as error:
        raise ExplainError(f"{out} could not be written ({error.strerror}); give another --out") from error
    sides = "x".join(map(str, images.shape[2:]))
    print(f"{found.title}; {options.method} of {layer} for {said}; image {sides}, map {tuple(maps.shape[1:])}")
    for line in filter(None, [_about_training(found.record), *numbers, found.warning, f"Written to {out}."]):
        print(line)
    return 0


def _target(text: str | None, classes: object) -> Target:
    names = classes if isinstance(classes, list) else []
    if text is None:
        return None
    if text in names:
        return names.index(text)
    if ":" in text:
        found = own_code.load(text)
        if not callable(found):
            raise ExplainError(f"{text} is a {type(found).__name__}; expected a function, outputs -> (B,)")
        return lambda outputs: own_code.call(text, found, outputs)
    if not re.fullmatch(r"-?\d+", text):
        known = f" or its name ({', '.join(map(str, names))})" if names else ""
        raise ExplainError(f"--target is a class (3){known}, or module:function or FILE.py:function; got {text!r}")
    return int(text)


def _explained(cam: CAM, target: Target, text: str | None, record: Any) -> tuple[Target, str]:
    """The target, fixed from now on, and in words with its score."""
    if callable(target):
        return target, f"{text} = {float(cam.scores[0]):.3g}"
    number = int(cam.outputs[0].argmax()) if target is None else int(torch.as_tensor(target))
    probability = float(cam.outputs.softmax(1)[0, number])
    names = record.get("classes")
    name = f" ({names[number]})" if isinstance(names, list) and number < len(names) else ""
    how = "the predicted class" if target is None else "class"
    return number, f"{how} {number}{name}, probability {probability:.2f}"


def _usual_layer(model: nn.Module, images: Tensor) -> str:
    """The last stage of a host; of another network the last layer whose output is shaped like the image.

    In a transformer the heads' keys are (B, heads, tokens, features): four axes too, and no places.
    """
    if isinstance(model, hosts.Host):
        return f"stages.{len(model.stages) - 1}"
    found = own_code.call(f"the network on an image {tuple(images.shape)}", layers.spatial, model, images)
    height, width = images.shape[2:]
    alike = [name for name, (h, w) in found.items() if 1 / ALIKE <= (height / h) / (width / w) <= ALIKE]
    if not alike:
        others = f"; of other proportions: {', '.join(list(found)[-3:])}" if found else ""
        raise ExplainError(
            f"no layer of this network has an output (B, C, h, w) of the image's proportions and more than one place"
            f"{others}; give --layer"
        )
    return alike[-1]


def _noise(model: nn.Module, layer: str, images: Tensor, target: Target, method: str) -> Randomisation:
    return randomisation(model, layer, images, target, method, parts=[""])


def _areas(model: nn.Module, images: Tensor, maps: Tensor, target: Target) -> tuple[float, list[float]]:
    """Under the deletion curve in the map's order, and in random orders."""
    # As many at a time as take about as much memory as 64 of the usual size.
    batch = max(1, 64 * pictures.SHORTER_SIDE**2 // (images.shape[2] * images.shape[3]))
    own = deletion(model, images, maps, target, steps=STEPS, batch=batch)
    draw = torch.Generator().manual_seed(0)
    random = [torch.rand(maps.shape, generator=draw) for _ in range(ORDERS)]
    others = [deletion(model, images, one, target, steps=STEPS, batch=batch) for one in random]
    return float(own.areas[0]), [float(one.areas[0]) for one in others]


def _about_training(record: Any) -> str:
    """Of a record that the lab wrote; else nothing."""
    if not isinstance(record.get("test_accuracy"), float) or "data_title" not in record:
        return ""
    return (
        f"Its record: trained on {record['data_title']}, seed {record.get('seed')}, {record.get('epochs')} epochs; "
        f"test accuracy {record['test_accuracy']:.1%}."
    )


def _about_area(area: float, chance: Sequence[float]) -> str:
    count = len(chance)
    below = f"below all of them, as a map without meaning is once in {count + 1}"
    return (
        f"Deletion area {area:.3g} (pixels replaced by the mean, in the map's order); in {count} random orders "
        f"{min(chance):.3g} to {max(chance):.3g}: {below if area < min(chance) else 'no better than chance'}."
    )


def _short_area(area: float, chance: Sequence[float]) -> str:
    return f"deletion area {area:.3g}, in {len(chance)}\nrandom orders {min(chance):.3g} to {max(chance):.3g}"


def _by_chance(noise: Randomisation) -> float:
    """What two maps without anything in common reach in 95 of 100 cases, were their places independent."""
    places = noise.maps[0, 0].numel()
    return min(1.0, 1.96 / math.sqrt(places - 1))


def _about_noise(noise: Randomisation) -> str:
    if noise.undefined:
        return "With all weights replaced by noise one of the two maps is the same everywhere: no correlation to tell."
    return (
        f"With all weights replaced by noise the map's rank correlation with this one is {noise.last:.2f} (near 0: the "
        f"map is the network's; near 1: noise would show it too; on {noise.maps[0, 0].numel()} places chance alone "
        f"reaches {_by_chance(noise):.2f})."
    )


def _short_noise(noise: Randomisation) -> str:
    if noise.undefined:
        return "rank correlation undefined"
    return f"rank correlation with the map\nbeside it {noise.last:.2f}, by chance up to {_by_chance(noise):.2f}"


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    sides = re.fullmatch(r"(\d+)x(\d+)", text) or re.fullmatch(r"((\d+))", text)
    if not sides or min(int(sides[1]), int(sides[2])) < 1:
        raise ExplainError(f"--size is HxW in pixels, as 224x320, or one number for both; got {text!r}")
    return int(sides[1]), int(sides[2])


def _recorded_size(record: Any) -> tuple[int, int] | None:
    recorded = record.get("image_size")
    return (int(recorded[0]), int(recorded[1])) if recorded else None


def _three(name: str, text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise ExplainError(f"{name} is three numbers, as 0.5,0.5,0.5; got {text!r} ({brief(error)})") from error
    if len(numbers) != 3 or (name == "--deviation" and min(numbers) <= 0):
        raise ExplainError(f"{name} is three numbers, as 0.5,0.5,0.5 (a deviation above 0); got {text!r}")
    return numbers
