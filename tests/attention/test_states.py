"""The keys and shapes of the saved states, written down: a checkpoint of today loads tomorrow."""

from __future__ import annotations

import pytest

from attncourse.attention import ATTENTION, build

NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def norm(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.{leaf}": () if leaf == "num_batches_tracked" else (channels,) for leaf in NORM}


def layer(name: str, *weight: int, bias: bool = True) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": weight} | ({f"{name}.bias": weight[:1]} if bias else {})


def mlp(at: str = "") -> dict[str, tuple[int, ...]]:
    return layer(f"{at}reduce", 2, 32) | layer(f"{at}expand", 32, 2)


def spatial(at: str = "") -> dict[str, tuple[int, ...]]:
    return layer(f"{at}convolution", 1, 2, 7, 7, bias=False) | norm(f"{at}normalise", 1)


# With 32 channels and every default.
STATES: dict[str, dict[str, tuple[int, ...]]] = {
    "se": mlp(),
    "cbam_channel": mlp(),
    "cbam_spatial": spatial(),
    "cbam": mlp("channel.") | spatial("spatial."),
    "bam": {
        **layer("channel.convolution0", 2, 32, 1, 1),
        **layer("channel.last", 32, 2, 1, 1),
        **norm("channel.normalise", 32),
        **layer("spatial.convolution0", 2, 32, 1, 1),
        **layer("spatial.convolution1", 2, 2, 3, 3),
        **layer("spatial.convolution2", 2, 2, 3, 3),
        **layer("spatial.last", 1, 2, 1, 1),
        **norm("spatial.normalise", 1),
    },
    "coordinate": {
        **layer("reduce", 8, 32, 1, 1),
        **norm("normalise", 8),
        **layer("expand_rows", 32, 8, 1, 1),
        **layer("expand_columns", 32, 8, 1, 1),
    },
    "gather_excite": {
        **layer("convolutions.0", 32, 1, 3, 3, bias=False),
        **norm("convolutions.1", 32),
        **layer("convolutions.3", 32, 1, 3, 3, bias=False),
        **norm("convolutions.4", 32),
    },
    "triplet": spatial("height_width.") | spatial("channel_width.") | spatial("channel_height."),
    "global_context": {
        **layer("key", 1, 32, 1, 1, bias=False),
        **layer("reduce", 4, 32),
        **layer("normalise", 4),
        **layer("expand", 32, 4),
    },
    "non_local": {
        **layer("query", 16, 32, 1, 1),
        **layer("key", 16, 32, 1, 1, bias=False),
        **layer("value", 16, 32, 1, 1),
        **layer("expand", 32, 16, 1, 1),
        **norm("normalise", 32),
    },
    "efficient_channel": layer("convolution", 1, 1, 3, bias=False),
    "simam": {},
    "scse": {
        **layer("channel.reduce", 16, 32),
        **layer("channel.expand", 32, 16),
        **layer("spatial", 1, 32, 1, 1, bias=False),
    },
    "gala": {
        "additive": (1, 32, 1, 1),
        "multiplicative": (1, 32, 1, 1),
        **layer("channel_reduce", 8, 32, 1, 1),
        **layer("channel_expand", 32, 8, 1, 1),
        **layer("spatial_reduce", 8, 32, 1, 1),
        **layer("spatial_collapse", 1, 8, 1, 1),
    },
    "augmented_convolution": {
        "row_distance": (127, 1),
        "column_distance": (127, 1),
        **layer("convolution", 28, 32, 3, 3),
        **layer("query", 4, 32, 1, 1),
        **layer("key", 4, 32, 1, 1, bias=False),
        **layer("value", 4, 32, 1, 1),
        **layer("project", 4, 4, 1, 1),
    },
    "double_attention": {
        **layer("features", 8, 32, 1, 1),
        **layer("maps", 8, 32, 1, 1, bias=False),
        **layer("choices", 8, 32, 1, 1),
        **layer("expand", 32, 8, 1, 1),
    },
    "self_calibrated": {
        key: shape
        for part in ("plain", "coarse", "fine", "last")
        for key, shape in (layer(f"{part}.0", 16, 16, 3, 3, bias=False) | norm(f"{part}.1", 16)).items()
    },
    "second_order": {
        **layer("reduce", 32, 32, 1, 1),
        **norm("normalise", 32),
        **norm("normalise_rows", 32),
        **layer("rowwise", 128, 1, 32, 1),
        **layer("expand", 32, 128, 1, 1),
    },
    "criss_cross": {
        "gamma": (1,),
        **layer("query", 4, 32, 1, 1),
        **layer("key", 4, 32, 1, 1, bias=False),
        **layer("value", 32, 32, 1, 1),
    },
}


def test_every_state_is_written_down() -> None:
    assert set(STATES) == set(ATTENTION)


@pytest.mark.parametrize("name", STATES)
def test_keys_and_shapes(name: str) -> None:
    state = build(name, 32).state_dict()
    # In this order too: an optimiser's state counts the parameters.
    assert [(key, tuple(value.shape)) for key, value in state.items()] == list(STATES[name].items())
