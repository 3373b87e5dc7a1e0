"""bam-parameters: how many numbers one BAM learns, as its paper builds it."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "bam-parameters",
    answer="parameters",
    title="The parameters of one BAM",
    points=2,
    task=(
        "Write `parameters(channels, reduction)`: how many numbers one BAM learns. All six layers have biases; each "
        "branch ends in a batch norm, which learns a scale and a shift for each of its channels. hidden = max(1, "
        "channels // reduction)."
    ),
    gradients=False,
    hints=[
        "Write down the six layers as pairs, channels in and channels out. Which have windows of 3x3?",
        "A k x k layer from a to b channels has a * b * k * k weights and b biases.",
        "Channel branch: C -> h, h -> C, a batch norm of C. Spatial branch: C -> h, twice h -> h with 9 weights each, "
        "h -> 1, a batch norm of 1.",
        "The channel branch has `C*h + h + h*C + C + 2*C` numbers.",
        "The spatial branch has `C*h + h + 2 * (9*h*h + h) + h + 1 + 2`. Add both.",
    ],
)


def _hidden(channels: int, reduction: int) -> int:
    return max(1, channels // reduction)


def _channel(channels: int, hidden: int) -> int:
    return 2 * channels * hidden + hidden + 3 * channels


def _spatial(channels: int, hidden: int) -> int:
    return channels * hidden + hidden + 2 * (9 * hidden * hidden + hidden) + hidden + 3


@exercise.reference
def parameters(channels: int, reduction: int) -> int:
    """Both branches together."""
    hidden = _hidden(channels, reduction)
    return _channel(channels, hidden) + _spatial(channels, hidden)


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    settings = [(8, 4), (3, 16), (22, 4), (256, 16), (512, 16), (1024, 16)]
    settings.append((draw.integer(30, 300), draw.integer(2, 12)))
    for channels, reduction in settings:
        yield Case(f"{channels} channels, reduction {reduction}", (channels, reduction))


@exercise.accepts
def layer_by_layer(channels, reduction):
    h = channels // reduction or 1
    layers = [(channels, h, 1), (h, channels, 1), (channels, h, 1), (h, h, 9), (h, h, 9), (h, 1, 1)]
    return sum(a * b * k + b for a, b, k in layers) + 2 * (channels + 1)


@exercise.accepts
def counted_on_layers(channels, reduction):
    h = max(1, channels // reduction)
    layers = nn.ModuleList([nn.Linear(channels, h), nn.Linear(h, channels), nn.BatchNorm1d(channels)])
    layers += [nn.Conv2d(channels, h, 1), nn.Conv2d(h, h, 3), nn.Conv2d(h, h, 3), nn.Conv2d(h, 1, 1), nn.BatchNorm2d(1)]
    return sum(p.numel() for p in layers.parameters())


@exercise.accepts
def in_one_formula(channels, reduction):
    h = max(1, channels // reduction)
    return 3 * channels * h + 18 * h**2 + 5 * h + 3 * channels + 3


@exercise.accepts
def weights_then_the_rest(channels, reduction):
    h = max(channels // reduction, 1)
    weights = channels * h * 3 + 2 * h * h * 3 * 3 + h
    biases = h + channels + h + h + h + 1
    return weights + biases + 2 * channels + 2


@exercise.accepts
def branch_by_branch(channels, reduction):
    h = int(max(1, channels // reduction))
    channel = (channels + 1) * h + (h + 1) * channels + channels * 2
    spatial = (channels + 1) * h + (9 * h + 1) * h * 2 + (h + 1) + 2
    return channel + spatial


@exercise.misconception
def forgets_the_batch_norms(channels, reduction):
    """You left the batch norms out.

    Each learns a scale and a shift for each channel: 2 C in the channel branch, 2 in the other.

    Add 2 * channels + 2.
    """
    return parameters(channels, reduction) - 2 * channels - 2


@exercise.misconception
def counts_running_statistics(channels, reduction):
    """You counted the batch norms' running mean and variance too.

    They are kept, not learned: no gradient changes them.

    Count two numbers a channel, the scale and the shift.
    """
    return parameters(channels, reduction) + 2 * channels + 2


@exercise.misconception
def forgets_the_biases(channels, reduction):
    """You left the biases of the layers out.

    Each layer has one for each of its outputs.

    Add hidden + C in the channel branch, 3 * hidden + 1 in the spatial one.
    """
    return parameters(channels, reduction) - 4 * _hidden(channels, reduction) - channels - 1


@exercise.misconception
def counts_one_wide_layer(channels, reduction):
    """You counted one 3x3 convolution.

    The spatial branch has two.

    Count 9 * hidden * hidden + hidden twice.
    """
    hidden = _hidden(channels, reduction)
    return parameters(channels, reduction) - 9 * hidden**2 - hidden


@exercise.misconception
def takes_windows_for_places(channels, reduction):
    """You counted the 3x3 convolutions as 1x1.

    Each has nine weights for every pair of channels; the dilation spreads them and adds none.

    Take hidden * hidden nine times.
    """
    return parameters(channels, reduction) - 16 * _hidden(channels, reduction) ** 2


@exercise.misconception
def pays_for_the_dilation(channels, reduction):
    """You counted a dilated window as 9x9.

    It spans 9x9 places for d = 4, and looks at nine of them. That is its charm: a wide view at the price of a narrow
    one.

    Count 3 * 3 weights.
    """
    return parameters(channels, reduction) + 2 * 72 * _hidden(channels, reduction) ** 2


@exercise.misconception
def counts_the_channel_branch_only(channels, reduction):
    """You counted the channel branch alone.

    The spatial branch has layers of its own, four of them.

    Add the spatial branch.
    """
    return _channel(channels, _hidden(channels, reduction))


@exercise.misconception
def counts_the_spatial_branch_only(channels, reduction):
    """You counted the spatial branch alone.

    The channel branch has two layers and a batch norm.

    Add the channel branch.
    """
    return _spatial(channels, _hidden(channels, reduction))


@exercise.misconception
def forgets_the_floor(channels, reduction):
    """You let the hidden width fall to 0 where channels are fewer than the reduction.

    A layer without outputs carries nothing.

    Write `max(1, channels // reduction)`.
    """
    hidden = channels // reduction
    return _channel(channels, hidden) + _spatial(channels, hidden)


@exercise.misconception
def does_not_round(channels, reduction):
    """You divided without rounding.

    22 channels over 4 would be 5.5 hidden channels. A layer has a whole number of them.

    Write `channels // reduction`.
    """
    hidden = max(1, channels / reduction)
    return _channel(channels, hidden) + _spatial(channels, hidden)


@exercise.misconception
def counts_weights_only(channels, reduction):
    """You counted the weights of the six layers and nothing else.

    Biases are learned as well, and so are the scale and shift of each batch norm.

    Add a bias for each output of each layer, and 2 * channels + 2 for the norms.
    """
    return forgets_the_biases(channels, reduction) - 2 * channels - 2


@exercise.misconception
def normalises_the_hidden_layers(channels, reduction):
    """You counted the batch norms of the authors' code, behind the hidden layers.

    Asked is BAM as its paper builds it: one batch norm at the end of each branch, of C channels and of one.

    Count 2 * channels + 2 for the norms.
    """
    return forgets_the_batch_norms(channels, reduction) + 8 * _hidden(channels, reduction)


@exercise.misconception
def ignores_the_reduction(channels, reduction):
    """You wrote 16 where `reduction` belongs.

    That fits the default alone.

    Use the argument: `max(1, channels // reduction)`.
    """
    return parameters(channels, 16)
