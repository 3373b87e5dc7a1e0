"""cbam-cost: what one CBAM costs, in parameters and in multiply-adds; added up, the figures of the paper's table 4."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "cbam-cost",
    answer="cost",
    title="The cost of one CBAM",
    points=2,
    task=(
        "Write `cost(channels, height, width, reduction=16, kernel_size=7)`: a pair of whole numbers, the parameters "
        "(both layers of the MLP with bias, the convolution without) and the multiply-adds for one picture. Biases, "
        "pooling, sigmoids and the products with x count nothing in the second."
    ),
    gradients=False,
    hints=[
        "Two layers and a convolution: write down the shapes of their weights and of the two biases.",
        "The parameters: 2 * C * hidden weights, hidden + C biases, 2 * k * k for the convolution.",
        "How often is the MLP called in one forward pass? And at how many places the window?",
        "Multiply-adds: twice the MLP's weights, and the window's weights at each of height * width places.",
        "In full: `hidden, window = max(1, channels // reduction), 2 * kernel_size**2`, `mlp = 2 * channels * hidden`, "
        "`return mlp + hidden + channels + window, 2 * mlp + window * height * width`.",
    ],
)


@exercise.reference
def cost(channels: int, height: int, width: int, reduction: int = 16, kernel_size: int = 7) -> tuple[int, int]:
    """Parameters, and multiply-adds."""
    hidden, window = max(1, channels // reduction), 2 * kernel_size**2
    mlp = 2 * channels * hidden
    return mlp + hidden + channels + window, 2 * mlp + window * height * width


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    settings: list[tuple[int, ...]] = [(4, 2, 3, 2, 3), (256, 14, 9), (6, 5, 4), (23, 8, 7, 4, 5), (64, 1, 1, 8)]
    settings.append((draw.integer(30, 300), draw.integer(8, 30), draw.integer(31, 60), draw.integer(2, 9), 9))
    for given in settings:
        channels, height, width, *rest = given
        words = [f"{name} {value}" for name, value in zip(("reduction", "kernel_size"), rest, strict=False)]
        yield Case(", ".join([f"{channels} channels", f"{height} x {width} places", *words]), given)


def _parts(channels: int, reduction: int, kernel_size: int) -> tuple[int, int, int]:
    """The weights of the MLP, its biases, the window's weights."""
    hidden = max(1, channels // reduction)
    return 2 * channels * hidden, hidden + channels, 2 * kernel_size**2


@exercise.accepts
def counted_in_layers(channels, height, width, reduction=16, kernel_size=7):
    hidden = max(1, channels // reduction)
    mlp = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))
    convolution = nn.Conv2d(2, 1, kernel_size, bias=False)
    parameters = sum(p.numel() for layer in (mlp, convolution) for p in layer.parameters())
    twice = 2 * (mlp[0].weight.numel() + mlp[2].weight.numel())
    return parameters, twice + convolution.weight.numel() * height * width


@exercise.accepts
def layer_by_layer(channels, height, width, reduction=16, kernel_size=7):
    hidden = channels // reduction or 1
    first, second = channels * hidden + hidden, hidden * channels + channels
    places = height * width
    return (first + second + 2 * kernel_size * kernel_size, 4 * channels * hidden + 2 * kernel_size**2 * places)


@exercise.accepts
def as_a_list(channels, height, width, reduction=16, kernel_size=7):
    weights, biases, window = _parts(channels, reduction, kernel_size)
    return [weights + biases + window, weights + weights + window * height * width]


@exercise.accepts
def place_by_place(channels, height, width, reduction=16, kernel_size=7):
    weights, biases, window = _parts(channels, reduction, kernel_size)
    return sum((weights, biases, window)), sum(window for _ in range(height * width)) + sum(weights for _ in range(2))


@exercise.accepts
def by_the_shape_of_the_pooled(channels, height, width, reduction=16, kernel_size=7):
    hidden = max(channels // reduction, 1)
    total = hidden * (2 * channels + 1) + channels + pow(kernel_size, 2) * 2
    return total, 2 * (channels * hidden + hidden * channels) + height * width * pow(kernel_size, 2) * 2


@exercise.misconception
def calls_the_mlp_once(channels, height, width, reduction=16, kernel_size=7):
    """You counted the MLP's multiply-adds once.

    It is called twice, for the means and for the maxima. Its weights are shared, its work is not.

    Double the MLP's part of the second number.
    """
    weights, biases, window = _parts(channels, reduction, kernel_size)
    return weights + biases + window, weights + window * height * width


@exercise.misconception
def pays_for_two_mlps(channels, height, width, reduction=16, kernel_size=7):
    """You counted two MLPs.

    One MLP serves both descriptors: its parameters count once, however often it is called.

    Count its weights and biases once in the first number.
    """
    weights, biases, window = _parts(channels, reduction, kernel_size)
    return 2 * (weights + biases) + window, 2 * weights + window * height * width


@exercise.misconception
def forgets_the_biases(channels, height, width, reduction=16, kernel_size=7):
    """You left the biases out of the parameters.

    The paper's table cannot be had without them: ResNet-50 with CBAM would come out at 28.07 million, not at 28.09.

    Add hidden + channels to the first number.
    """
    weights, _, window = _parts(channels, reduction, kernel_size)
    return weights + window, 2 * weights + window * height * width


@exercise.misconception
def forgets_the_places(channels, height, width, reduction=16, kernel_size=7):
    """You counted the window once.

    The same weights are used again at every place: few parameters, many multiplications.

    Multiply the window's part of the second number by height * width.
    """
    weights, biases, window = _parts(channels, reduction, kernel_size)
    return weights + biases + window, 2 * weights + window


@exercise.misconception
def runs_the_mlp_at_every_place(channels, height, width, reduction=16, kernel_size=7):
    """You let the MLP run at every place.

    The pooling comes before it: the MLP sees one mean and one maximum of each channel, whatever the map's size.

    Multiply only the window's part by height * width.
    """
    weights, biases, window = _parts(channels, reduction, kernel_size)
    return weights + biases + window, (2 * weights + window) * height * width


@exercise.misconception
def counts_one_map(channels, height, width, reduction=16, kernel_size=7):
    """You counted one kernel in the convolution.

    It sees two maps, the mean and the maximum, and has a kernel for each.

    Take kernel_size * kernel_size twice.
    """
    weights, biases, window = _parts(channels, reduction, kernel_size)
    return weights + biases + window // 2, 2 * weights + window // 2 * height * width


@exercise.misconception
def a_window_for_every_channel(channels, height, width, reduction=16, kernel_size=7):
    """You gave the window a kernel for each channel.

    The channels are pooled before it: two maps are left, whatever C is.

    Count 2 * kernel_size * kernel_size weights.
    """
    weights, biases, window = _parts(channels, reduction, kernel_size)
    all_channels = window // 2 * channels
    return weights + biases + all_channels, 2 * weights + all_channels * height * width


@exercise.misconception
def forgets_the_floor(channels, height, width, reduction=16, kernel_size=7):
    """You left out the floor of 1 for the hidden width.

    With 6 channels and a reduction of 16 there would be no hidden value at all.

    Write max(1, channels // reduction).
    """
    hidden, window = channels // reduction, 2 * kernel_size**2
    mlp = 2 * channels * hidden
    return mlp + hidden + channels + window, 2 * mlp + window * height * width


@exercise.misconception
def counts_additions_too(channels, height, width, reduction=16, kernel_size=7):
    """You counted each multiplication and each addition.

    Then the second number is twice as much. Tables differ here, and CBAM's count a multiply-add as one.

    Divide by 2.
    """
    weights, biases, window = _parts(channels, reduction, kernel_size)
    return weights + biases + window, 2 * (2 * weights + window * height * width)


@exercise.misconception
def exchanges_the_two(channels, height, width, reduction=16, kernel_size=7):
    """You gave the multiply-adds first.

    Both numbers are right.

    Exchange them: the parameters first.
    """
    weights, biases, window = _parts(channels, reduction, kernel_size)
    return 2 * weights + window * height * width, weights + biases + window
