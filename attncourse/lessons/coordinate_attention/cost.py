"""coordinate-cost: how many parameters one coordinate attention has."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "coordinate-cost",
    answer="parameters",
    title="The parameters of one coordinate attention",
    points=2,
    task=(
        "Write `parameters(channels, reduction)`: how many parameters the module has, as the authors build it: a bias "
        "in each of the three layers, and a batch norm with its scale and shift. A whole number."
    ),
    gradients=False,
    hints=[
        "Does the number of rows or columns matter? Why not?",
        "The hidden width first: m = max(8, channels // reduction).",
        "Shared layer: channels * m weights and m biases. Batch norm: 2 * m. How many second layers are there?",
        "Each second layer: m * channels weights and channels biases.",
        "In full: `hidden = max(8, channels // reduction)`, then "
        "`return 3 * channels * hidden + 3 * hidden + 2 * channels`.",
    ],
)


def _width(channels, reduction):
    return max(8, channels // reduction)


@exercise.reference
def parameters(channels: int, reduction: int) -> int:
    """Three layers with biases, and a batch norm."""
    hidden = _width(channels, reduction)
    return 3 * channels * hidden + 3 * hidden + 2 * channels


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    settings = [(16, 32), (4, 2), (96, 4), (100, 12), (320, 32), (960, 32), (255, 32)]
    settings.append((draw.integer(300, 600), draw.integer(5, 20)))
    for channels, reduction in settings:
        yield Case(f"{channels} channels, reduction {reduction}", (channels, reduction))


@exercise.accepts
def counted_on_layers(channels, reduction):
    hidden = max(8, channels // reduction)
    layers = [nn.Conv2d(channels, hidden, 1), nn.BatchNorm2d(hidden)]
    layers += [nn.Conv2d(hidden, channels, 1) for _ in range(2)]
    return sum(parameter.numel() for layer in layers for parameter in layer.parameters())


@exercise.accepts
def layer_by_layer(channels, reduction):
    hidden = _width(channels, reduction)
    first, norm, second = (channels + 1) * hidden, hidden + hidden, (hidden + 1) * channels
    return first + norm + second + second


@exercise.accepts
def with_an_if(channels, reduction):
    hidden = channels // reduction
    if hidden < 8:
        hidden = 8
    return hidden * (3 * channels + 3) + 2 * channels


@exercise.accepts
def as_a_float(channels, reduction):
    hidden = _width(channels, reduction)
    return 3.0 * hidden * (channels + 1) + 2.0 * channels


@exercise.accepts
def one_term_each(channels, reduction):
    m = _width(channels, reduction)
    return sum([channels * m, m, m, m, m * channels, channels, m * channels, channels])


@exercise.misconception
def forgets_the_floor(channels, reduction):
    """You took channels // reduction for the hidden width.

    With 16 channels that is 0. The width is at least 8.

    Use max(8, channels // reduction).
    """
    hidden = channels // reduction
    return 3 * channels * hidden + 3 * hidden + 2 * channels


@exercise.misconception
def forgets_one_second_layer(channels, reduction):
    """You counted one second layer.

    Rows and columns share the first layer alone; each has a second one.

    Count m * channels + channels twice.
    """
    hidden = _width(channels, reduction)
    return 2 * channels * hidden + 3 * hidden + channels


@exercise.misconception
def counts_two_first_layers(channels, reduction):
    """You counted a first layer for the rows and one for the columns.

    They share it: that is why both descriptors are put on one line.

    Count channels * m + m once.
    """
    hidden = _width(channels, reduction)
    return 4 * channels * hidden + 4 * hidden + 2 * channels


@exercise.misconception
def forgets_the_batch_norm(channels, reduction):
    """You left the batch norm out.

    It has a scale and a shift for each of its m channels.

    Add 2 * m.
    """
    hidden = _width(channels, reduction)
    return 3 * channels * hidden + hidden + 2 * channels


@exercise.misconception
def counts_the_running_statistics(channels, reduction):
    """You counted the batch norm's running mean and variance.

    Those are buffers: they are saved with the module, and no gradient ever moves them.

    Count 2 * m for the batch norm, not 4 * m.
    """
    hidden = _width(channels, reduction)
    return 3 * channels * hidden + 5 * hidden + 2 * channels


@exercise.misconception
def forgets_the_biases(channels, reduction):
    """You left the biases out.

    Here each of the three layers has them: m, channels and channels numbers.

    Add m + 2 * channels.
    """
    hidden = _width(channels, reduction)
    return 3 * channels * hidden + 2 * hidden


@exercise.misconception
def counts_weights_only(channels, reduction):
    """You counted the weights of the three layers and nothing else.

    Biases and the batch norm are parameters as well.

    Add m + 2 * channels for the biases and 2 * m for the batch norm.
    """
    return 3 * channels * _width(channels, reduction)


@exercise.misconception
def a_floor_of_one(channels, reduction):
    """You took 1 for the least hidden width, as in SE.

    Here it is 8.

    Use max(8, channels // reduction).
    """
    hidden = max(1, channels // reduction)
    return 3 * channels * hidden + 3 * hidden + 2 * channels


@exercise.misconception
def forgets_the_first_bias(channels, reduction):
    """You gave the shared layer no bias.

    Before a batch norm a bias is idle, and many leave it out. The authors have it, and the count asked for is theirs.

    Add m.
    """
    return parameters(channels, reduction) - _width(channels, reduction)


@exercise.misconception
def normalises_the_channels(channels, reduction):
    """You gave the batch norm C channels.

    It stands behind the shared layer, where m are left.

    Count 2 * m for the batch norm.
    """
    return parameters(channels, reduction) - 2 * _width(channels, reduction) + 2 * channels


@exercise.misconception
def takes_the_smaller_width(channels, reduction):
    """You wrote min(8, ...) for max(8, ...).

    8 is the least width, not the largest.

    Use max(8, channels // reduction).
    """
    hidden = min(8, channels // reduction)
    return 3 * channels * hidden + 3 * hidden + 2 * channels


@exercise.misconception
def ignores_the_reduction(channels, reduction):
    """You wrote 32 where `reduction` belongs.

    That fits the default alone.

    Use the argument: max(8, channels // reduction).
    """
    return parameters(channels, 32)
