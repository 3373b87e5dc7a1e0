"""se-parameters: what an SE module costs in parameters."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "se-parameters",
    answer="parameters",
    title="The parameter formula",
    points=2,
    task=(
        "Write `parameters(channels, reduction)`: how many numbers an SE module learns, biases included. The hidden "
        "width is `channels // reduction`, and at least 1."
    ),
    hints=[
        "Write the shapes of the four tensors down for 12 channels and reduction 3. How many numbers has each?",
        "First layer: hidden x C weights and hidden biases. Second layer: C x hidden weights and how many biases?",
        "The reduction divides. `//` rounds down, and for few channels it gives 0: max(1, ...) mends that.",
        "With `hidden = max(1, channels // reduction)` the two matrices have 2 * channels * hidden numbers.",
        "In full: `hidden = max(1, channels // reduction)`, then `return 2 * channels * hidden + hidden + channels`.",
    ],
)


@exercise.reference
def parameters(channels: int, reduction: int) -> int:
    """Weights and biases of both layers."""
    hidden = max(1, channels // reduction)
    return 2 * channels * hidden + hidden + channels


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    few = draw.integer(2, 5)
    odd = 4 * draw.integer(4, 20) + 3
    settings = [(12, 3), (64, 16), (22, 4), (6, 16), (256, 16), (256, 8), (few, 2 * few), (odd, 4), (odd + 1, 1)]
    for channels, reduction in settings:
        yield Case(f"{channels} channels, reduction {reduction}", (channels, reduction))


@exercise.accepts
def layer_by_layer(channels, reduction):
    hidden = channels // reduction or 1
    down = channels * hidden + hidden
    up = hidden * channels + channels
    return down + up


@exercise.accepts
def factored(channels, reduction):
    hidden = max(channels // reduction, 1)
    return hidden * (2 * channels + 1) + channels


@exercise.accepts
def counted_on_linear_layers(channels, reduction):
    hidden = max(1, channels // reduction)
    layers = nn.Sequential(nn.Linear(channels, hidden), nn.Linear(hidden, channels))
    return sum(parameter.numel() for parameter in layers.parameters())


@exercise.accepts
def counted_on_convolutions(channels, reduction):
    hidden = max(1, int(channels / reduction))
    layers = [nn.Conv2d(channels, hidden, 1), nn.Conv2d(hidden, channels, 1)]
    return sum(p.numel() for layer in layers for p in layer.parameters())


@exercise.accepts
def with_a_condition(channels, reduction):
    hidden = 1 if reduction > channels else channels // reduction
    return sum([channels * hidden, hidden, hidden * channels, channels])


@exercise.accepts
def as_a_tensor(channels, reduction):
    hidden = max(1, channels // reduction)
    return torch.tensor([2 * channels * hidden, hidden, channels]).sum()


@exercise.misconception
def forgets_the_biases(channels, reduction):
    """You counted the two matrices, not the biases.

    2 C^2 / r is the paper's formula, and the lion's share. But a layer with bias learns one more number for each
    output: hidden of them in the first layer, C in the second. Published tables count them.

    Add hidden + channels.
    """
    return 2 * channels * max(1, channels // reduction)


@exercise.misconception
def writes_the_papers_formula(channels, reduction):
    """You wrote the paper's formula down, 2 C^2 / r.

    It leaves the biases out, and takes C / r for a whole number: 22 channels over 4 would be 5.5 hidden units. A layer
    has `max(1, channels // reduction)` outputs, and learns a bias for each.

    Work out the hidden width first, then count weights and biases.
    """
    return 2 * channels * channels / reduction


@exercise.misconception
def rounds_the_product(channels, reduction):
    """You divided the whole product, 2 C^2 // r.

    What is rounded is the hidden width: 22 // 4 = 5 units, so 2 * 22 * 5 weights, not 2 * 22 * 22 // 4. And the biases
    are missing.

    Work out `hidden = max(1, channels // reduction)` first, then count weights and biases.
    """
    return 2 * channels * channels // reduction


@exercise.misconception
def counts_the_first_layer_only(channels, reduction):
    """You counted the layer that narrows, not the one that widens again.

    There are two layers: C to hidden, and hidden back to C. The gates need the second one: one logit for each channel.

    Add the second layer's weights and biases.
    """
    hidden = max(1, channels // reduction)
    return channels * hidden + hidden


@exercise.misconception
def multiplies_by_the_reduction(channels, reduction):
    """You multiplied by the reduction: a hidden layer of C * r.

    Some texts say "C times ratio neurons" while their code divides. A reduction of 16 makes the hidden layer sixteen
    times narrower, not wider.

    Divide: channels // reduction.
    """
    hidden = max(1, channels * reduction)
    return 2 * channels * hidden + hidden + channels


@exercise.misconception
def ignores_the_reduction(channels, reduction):
    """You divided by 16, whatever the reduction is.

    It is the usual value, and much published code takes the argument and never uses it. A second setting shows it at
    once: 256 channels with reduction 8 must cost about twice as much as with 16.

    Use the argument.
    """
    hidden = max(1, channels // 16)
    return 2 * channels * hidden + hidden + channels


@exercise.misconception
def lets_the_hidden_width_fall_to_zero(channels, reduction):
    """You let the hidden width fall to 0 when there are fewer channels than the reduction.

    6 // 16 is 0: a layer without outputs. What remains is the second bias, and a gate that looks at nothing.

    Take at least one: max(1, channels // reduction).
    """
    hidden = channels // reduction
    return 2 * channels * hidden + hidden + channels


@exercise.misconception
def divides_with_a_fraction(channels, reduction):
    """You divided with /, so that 22 channels over 4 are 5.5 hidden units.

    A layer has a whole number of outputs.

    Divide with //, which rounds down.
    """
    hidden = max(1, channels / reduction)
    return 2 * channels * hidden + hidden + channels


@exercise.misconception
def rounds_up(channels, reduction):
    """You rounded the hidden width up.

    That is a possible design, and libraries do differ here: one rounds to multiples of 8. This course and most code
    follow channels // reduction, which rounds down.

    Divide with //, then take at least 1.
    """
    hidden = -(-channels // reduction)
    return 2 * channels * hidden + hidden + channels


@exercise.misconception
def gives_each_layer_c_biases(channels, reduction):
    """You gave both layers C biases.

    A layer has one bias for each output. The first layer has only hidden outputs.

    Count hidden biases for the first layer and C for the second.
    """
    hidden = max(1, channels // reduction)
    return 2 * channels * hidden + 2 * channels
