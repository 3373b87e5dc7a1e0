"""bam-repair: a spatial branch with three bugs of published kinds, to be mended."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "bam-repair",
    answer="repaired",
    title="Repair: three bugs in a spatial branch",
    points=2,
    task=(
        "`published` above has three bugs. Write `repaired(x, w1, w2, w3, w4, dilation)`: the logits of BAM's spatial "
        "branch with these weights, without biases and without the batch norm. w1 is `(h, C, 1, 1)`, w2 and w3 are "
        "`(h, h, 3, 3)`, w4 is `(1, h, 1, 1)`. `(B, C, H, W) -> (B, 1, H, W)`; w2 comes before w3."
    ),
    hints=[
        "Try dilation 2 on a map of 6x7, and print the shapes. Change w3: does anything move?",
        "A window of dilation d reaches d places beyond its middle. Which padding keeps the map's size?",
        "Which weight is used twice, and which never? Can the last line ever be negative?",
        "Three lines change: w3 for the second w2, `padding=dilation` in both, no ReLU at the end.",
        "In full: `y = functional.conv2d(x, w1).relu()`, then for w in (w2, w3): "
        "`y = functional.conv2d(y, w, padding=dilation, dilation=dilation).relu()`, then "
        "`return functional.conv2d(y, w4)`.",
    ],
)


@exercise.reference
def repaired(x: Tensor, w1: Tensor, w2: Tensor, w3: Tensor, w4: Tensor, dilation: int) -> Tensor:
    """``(B, C, H, W) -> (B, 1, H, W)``."""
    y = functional.conv2d(x, w1).relu()
    for weight in (w2, w3):
        y = functional.conv2d(y, weight, padding=dilation, dilation=dilation).relu()
    return functional.conv2d(y, w4)


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    for words, shape, hidden, dilation in (
        ("one picture, three channels of 2x3, dilation 1", (1, 3, 2, 3), 2, 1),
        ("two pictures, four channels of 6x5, dilation 2", (2, 4, 6, 5), 3, 2),
        ("two pictures, three channels of 5x9, dilation 4", (2, 3, 5, 9), 2, 4),
        ("one picture, six channels of 9x4, dilation 3", (1, 6, 9, 4), 4, 3),
    ):
        channels = shape[1]
        weights = [(hidden, channels, 1, 1), (hidden, hidden, 3, 3), (hidden, hidden, 3, 3), (1, hidden, 1, 1)]
        drawn = [_lively(draw, weight) for weight in weights]
        yield Case(words, (draw.normal(*shape) + 0.3, *drawn, dilation))


def _lively(draw: Draw, shape: tuple[int, ...]) -> Tensor:
    """Weights of both signs that leave few hidden values asleep, and no logit positive throughout."""
    values = draw.normal(*shape) + (0.3 if shape[0] > 1 else -0.2)
    return (values * 8).round() / 8


@exercise.accepts
def layers_with_the_weights_put_in(x, w1, w2, w3, w4, dilation):
    for number, weight in enumerate((w1, w2, w3, w4)):
        reach = dilation if weight.shape[-1] == 3 else 0
        layer = nn.Conv2d(
            weight.shape[1], weight.shape[0], weight.shape[-1], padding=reach, dilation=max(1, reach), bias=False
        )
        x = torch.func.functional_call(layer, {"weight": weight}, (x,))
        x = torch.relu(x) if number < 3 else x
    return x


@exercise.accepts
def same_padding(x, w1, w2, w3, w4, dilation):
    hidden = torch.einsum("bchw,kcij->bkhw", x, w1).clamp(min=0)
    hidden = functional.relu(functional.conv2d(hidden, w2, padding="same", dilation=dilation))
    hidden = functional.relu(functional.conv2d(hidden, w3, padding="same", dilation=dilation))
    return (hidden * w4).sum(dim=1, keepdim=True)


@exercise.accepts
def padded_by_hand(x, w1, w2, w3, w4, dilation):
    y = functional.conv2d(x, w1).relu()
    y = functional.conv2d(functional.pad(y, [dilation] * 4), w2, dilation=dilation).relu()
    y = functional.conv2d(functional.pad(y, [dilation] * 4), w3, dilation=dilation).relu()
    return functional.conv2d(y, w4)


@exercise.accepts
def windows_unfolded(x, w1, w2, w3, w4, dilation):
    y = functional.conv2d(x, w1).relu()
    for weight in (w2, w3):
        rows = functional.unfold(y, 3, dilation=dilation, padding=dilation)
        y = (weight.flatten(1) @ rows).view_as(y).relu()
    return functional.conv2d(y, w4)


@exercise.accepts
def picture_by_picture(x, w1, w2, w3, w4, dilation):
    return torch.cat([repaired(one[None], w1, w2, w3, w4, dilation) for one in x])


@exercise.accepts
def kernels_spread_out(x, w1, w2, w3, w4, dilation):
    """A dilated kernel written out, with its zeros."""
    y, side = functional.conv2d(x, w1).relu(), 2 * dilation + 1
    for weight in (w2, w3):
        wide = weight.new_zeros(*weight.shape[:2], side, side)
        wide[:, :, ::dilation, ::dilation] = weight
        y = functional.conv2d(y, wide, padding=dilation).relu()
    return functional.conv2d(y, w4)


def _branch(x, w1, w2, w3, w4, dilation, padding):
    y = functional.conv2d(x, w1).relu()
    y = functional.conv2d(y, w2, padding=padding, dilation=dilation).relu()
    y = functional.conv2d(y, w3, padding=padding, dilation=dilation).relu()
    return functional.conv2d(y, w4)


@exercise.misconception
def leaves_the_padding_at_one(x, w1, w2, w3, w4, dilation):
    """You left the padding at 1.

    That fits dilation 1. With a wider one the map shrinks: on a map of 7x7, dilation 4 leaves nothing to convolve.

    Let the padding follow: `padding=dilation`.
    """
    return _branch(x, w1, w2, w3, w4, dilation, 1)


@exercise.misconception
def takes_the_dilation_out(x, w1, w2, w3, w4, dilation):
    """You mended the shapes by leaving the dilation out.

    The map keeps its size, but each place sees its near neighbours alone.

    Keep `dilation=dilation`, and pad by as much.
    """
    return _branch(x, w1, w2, w3, w4, 1, 1)


@exercise.misconception
def leaves_the_relu_at_the_end(x, w1, w2, w3, w4, dilation):
    """You left the ReLU on the last logits.

    Then the branch never gives a negative number: it can open a place and never shut one.

    Return what the last convolution gives.
    """
    return repaired(x, w1, w2, w3, w4, dilation).relu()


@exercise.misconception
def leaves_one_weight_unused(x, w1, w2, w3, w4, dilation):
    """You used w2 in both 3x3 convolutions.

    w3 would never get a gradient; half of the window's weights are lost.

    Give the second 3x3 convolution w3.
    """
    return repaired(x, w1, w2, w2, w4, dilation)


@exercise.misconception
def swaps_the_wide_layers(x, w1, w2, w3, w4, dilation):
    """You used w3 before w2.

    Both have the same shape, so nothing complains, but they do not commute.

    w2 comes first.
    """
    return repaired(x, w1, w3, w2, w4, dilation)


@exercise.misconception
def takes_all_relus_out(x, w1, w2, w3, w4, dilation):
    """You took all ReLUs out, not the last one alone.

    Then the four layers are one linear layer.

    Keep the ReLU behind w1, w2 and w3.
    """
    y = functional.conv2d(functional.conv2d(x, w1), w2, padding=dilation, dilation=dilation)
    return functional.conv2d(functional.conv2d(y, w3, padding=dilation, dilation=dilation), w4)


@exercise.misconception
def adds_a_sigmoid(x, w1, w2, w3, w4, dilation):
    """You ended in a sigmoid.

    Asked are the logits. The sigmoid comes later, around the sum of both branches.

    Return what the last convolution gives.
    """
    return repaired(x, w1, w2, w3, w4, dilation).sigmoid()
