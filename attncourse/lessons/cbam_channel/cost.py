"""cbam-channel-cost: what a channel attention costs, in parameters and in multiply-adds."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "cbam-channel-cost",
    answer="cost",
    title="The cost of one channel attention",
    points=2,
    task=(
        "Write `cost(channels, reduction)`: a pair of whole numbers, the parameters of one module, biases included, "
        "and the multiply-adds of its layers for one picture. A multiplication with its addition counts as one; "
        "biases, pooling and the scaling of x count nothing."
    ),
    gradients=False,
    hints=[
        "In lesson 01 you wrote the first number. Which layers does this module have beyond those of SE?",
        "None: the MLP is shared, and a maximum has nothing to learn. But how often does it run for one picture?",
        "A layer of n inputs and m outputs needs n * m multiply-adds each time it runs.",
        "Both layers together: 2 * channels * hidden. Two descriptors: twice that.",
        "In full: `hidden = max(1, channels // reduction)`, `weights = 2 * channels * hidden`, then "
        "`return weights + hidden + channels, 2 * weights`.",
    ],
)


@exercise.reference
def cost(channels: int, reduction: int) -> tuple[int, int]:
    """Parameters, and multiply-adds."""
    hidden = max(1, channels // reduction)
    weights = 2 * channels * hidden
    return weights + hidden + channels, 2 * weights


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
    down, up = channels * hidden, hidden * channels
    return [down + hidden + up + channels, sum(2 * [down + up])]


@exercise.accepts
def factored(channels, reduction):
    hidden = max(channels // reduction, 1)
    return hidden * (2 * channels + 1) + channels, 4 * channels * hidden


@exercise.accepts
def counted_on_linear_layers(channels, reduction):
    hidden = max(1, channels // reduction)
    layers = nn.Sequential(nn.Linear(channels, hidden), nn.Linear(hidden, channels))
    parameters = sum(parameter.numel() for parameter in layers.parameters())
    return parameters, 2 * sum(layer.weight.numel() for layer in layers if isinstance(layer, nn.Linear))


@exercise.accepts
def descriptor_by_descriptor(channels, reduction):
    hidden = max(1, int(channels / reduction))
    multiplications = 0
    for _ in ("mean", "maximum"):
        multiplications += channels * hidden
        multiplications += hidden * channels
    return channels * hidden * 2 + channels + hidden, multiplications


@exercise.accepts
def as_a_tensor(channels, reduction):
    hidden = max(1, channels // reduction)
    weights = torch.tensor([channels * hidden, channels * hidden])
    return int(weights.sum()) + hidden + channels, int(2 * weights.sum())


@exercise.misconception
def pays_for_two_mlps(channels, reduction):
    """You counted two MLPs.

    Shared means that both descriptors use the same numbers: they are learned, stored and counted once. What doubles is
    the work, not the parameters.

    Halve the first number.
    """
    hidden = max(1, channels // reduction)
    weights = 2 * channels * hidden
    return 2 * (weights + hidden + channels), 2 * weights


@exercise.misconception
def runs_the_mlp_once(channels, reduction):
    """You let the MLP run once.

    Its parameters count once, but it runs for the means and again for the maxima. (One printed table makes the same
    mistake: it gives this module the multiply-adds of SE.)

    Double the second number.
    """
    hidden = max(1, channels // reduction)
    weights = 2 * channels * hidden
    return weights + hidden + channels, weights


@exercise.misconception
def forgets_the_biases(channels, reduction):
    """You counted the two matrices, not the biases.

    A layer with bias learns one more number for each output: hidden in the first layer, C in the second.

    Add hidden + channels to the first number.
    """
    weights = 2 * channels * max(1, channels // reduction)
    return weights, 2 * weights


@exercise.misconception
def multiplies_by_biases(channels, reduction):
    """You counted the biases among the multiply-adds.

    A bias is added; nothing is multiplied by it. The task's convention counts multiplications.

    Leave the biases out of the second number.
    """
    hidden = max(1, channels // reduction)
    parameters = 2 * channels * hidden + hidden + channels
    return parameters, 2 * parameters


@exercise.misconception
def counts_additions_too(channels, reduction):
    """You counted each multiplication and each addition.

    Then everything is twice as much. Tables differ here, and those of CBAM count a multiply-add as one.

    Halve the second number.
    """
    hidden = max(1, channels // reduction)
    weights = 2 * channels * hidden
    return weights + hidden + channels, 4 * weights


@exercise.misconception
def counts_one_layer(channels, reduction):
    """You counted the layer that narrows, not the one that widens again.

    The MLP has two layers: C to hidden, and hidden back to C.

    Add the second layer to both numbers.
    """
    hidden = max(1, channels // reduction)
    return channels * hidden + hidden, 2 * channels * hidden


@exercise.misconception
def widens_the_first_layer(channels, reduction):
    """You counted a first layer of 2C inputs, for both descriptors at once.

    That is concatenation. Here the descriptors go through the same C inputs, one after the other.

    Count C inputs, and two runs.
    """
    hidden = max(1, channels // reduction)
    weights = 3 * channels * hidden
    return weights + hidden + channels, weights


@exercise.misconception
def ignores_the_reduction(channels, reduction):
    """You divided by 16, whatever the reduction is.

    It is the usual value, and much published code takes the argument and never uses it.

    Use the argument.
    """
    hidden = max(1, channels // 16)
    weights = 2 * channels * hidden
    return weights + hidden + channels, 2 * weights


@exercise.misconception
def multiplies_by_the_reduction(channels, reduction):
    """You multiplied by the reduction: a hidden layer of C * r.

    Some code has a ratio of 0.5 and multiplies. A reduction of 16 makes the hidden layer sixteen times narrower.

    Divide: channels // reduction.
    """
    weights = 2 * channels * channels * reduction
    return weights + channels * reduction + channels, 2 * weights


@exercise.misconception
def lets_the_hidden_width_fall_to_zero(channels, reduction):
    """You let the hidden width fall to 0 when there are fewer channels than the reduction.

    6 // 16 is 0: a layer without outputs, and gates that look at nothing.

    Take at least one: max(1, channels // reduction).
    """
    hidden = channels // reduction
    weights = 2 * channels * hidden
    return weights + hidden + channels, 2 * weights


@exercise.misconception
def divides_with_a_fraction(channels, reduction):
    """You divided with /, so that 22 channels over 4 are 5.5 hidden units.

    A layer has a whole number of outputs.

    Divide with //, which rounds down.
    """
    hidden = max(1, channels / reduction)
    weights = 2 * channels * hidden
    return weights + hidden + channels, 2 * weights


@exercise.misconception
def exchanges_the_two(channels, reduction):
    """You gave the multiply-adds first.

    Both numbers are right.

    Exchange them: the parameters first.
    """
    hidden = max(1, channels // reduction)
    weights = 2 * channels * hidden
    return 2 * weights, weights + hidden + channels
