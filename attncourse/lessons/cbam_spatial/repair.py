"""cbam-spatial-repair: mend the second half of a published CBAM with three bugs."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "cbam-spatial-repair",
    answer="repaired",
    title="Repair: three bugs in seven lines",
    points=2,
    task=(
        "`published` above has three bugs. Write `repaired(x, channel_gate, weight)`: x times the channel gate, and "
        "that times the spatial gate that the refined features give with this kernel. `(B, C, H, W)`, `(B, C, 1, 1)`, "
        "`(1, 2, k, k)` `-> (B, C, H, W)`; weight[:, 0] is for the mean."
    ),
    uses=("cbam-spatial-descriptors",),
    equivalents={"half = weight.shape[-2] // 2": "the kernel is square: its height is its width"},
    hints=[
        "Try a 3x3 kernel. Print y / x for one channel. Shut the loudest channel with the channel gate, and compare.",
        "From which tensor are the maps computed? Which axes are pooled away? To which kernel does padding=3 belong?",
        "`descriptors(refined)` mends two of the three at once.",
        "The padding follows the kernel: `weight.shape[-1] // 2`.",
        "In full: `refined, half = x * channel_gate, weight.shape[-1] // 2`, "
        "`return refined * functional.conv2d(descriptors(refined), weight, padding=half).sigmoid()`.",
    ],
)


@exercise.reference
def repaired(x: Tensor, channel_gate: Tensor, weight: Tensor) -> Tensor:
    """``(B, C, H, W)``, ``(B, C, 1, 1)``, ``(1, 2, k, k)`` ``-> (B, C, H, W)``."""
    refined = x * channel_gate
    return refined * _gate(_maps(refined), weight)


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    yield Case("three channels of 2x3, a 3x3 kernel", _input(draw, (1, 3, 2, 3), 3))
    yield Case("two pictures, four channels of 5x3, a 5x5 kernel", _input(draw, (2, 4, 5, 3), 5))
    yield Case("two pictures, three channels of 4x6, a 3x3 kernel", _input(draw, (2, 3, 4, 6), 3))
    yield Case("three pictures, five channels of 6x7, a 7x7 kernel", _input(draw, (3, 5, 6, 7), 7))


def _input(draw: Draw, shape: tuple[int, int, int, int], side: int) -> tuple[Tensor, ...]:
    """x, channel_gate, weight; no two values of x are alike, and none is 0: a maximum has one gradient."""
    count = math.prod(shape)
    x = ((draw.normal(count).argsort() - count // 3 + 0.5) * 6 / count).reshape(shape)
    gate = torch.sigmoid(2 * draw.normal(shape[0], shape[1], 1, 1))
    return x, gate, (draw.normal(1, 2, side, side) * 4).round() / (2 * side)


def _maps(x):
    return torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)


def _gate(maps, weight):
    return torch.sigmoid(functional.conv2d(maps, weight, padding=weight.shape[-1] // 2))


@exercise.accepts
def same_padding(x, channel_gate, weight):
    y = channel_gate * x
    return functional.conv2d(torch.stack([y.mean(1), y.max(1)[0]], 1), weight, padding="same").sigmoid() * y


@exercise.accepts
def a_layer_with_the_weights_put_in(x, channel_gate, weight):
    x = x * channel_gate
    layer = nn.Conv2d(2, 1, weight.shape[2], padding=weight.shape[2] // 2, bias=False)
    return x * torch.func.functional_call(layer, {"weight": weight}, _maps(x)).sigmoid()


@exercise.accepts
def two_convolutions(x, channel_gate, weight):
    refined = torch.einsum("bchw,bcij->bchw", x, channel_gate)
    half = weight.shape[-1] // 2
    u = functional.conv2d(refined.mean(1, keepdim=True), weight[:, :1], padding=half)
    return refined * torch.sigmoid(u + functional.conv2d(refined.amax(1, keepdim=True), weight[:, 1:], padding=half))


@exercise.accepts
def windows_unfolded(x, channel_gate, weight):
    refined, side = x * channel_gate, weight.shape[-1]
    windows = functional.unfold(_maps(refined), side, padding=side // 2)
    return refined * torch.sigmoid(weight.flatten() @ windows).view(x.shape[0], 1, *x.shape[2:])


@exercise.accepts
def picture_by_picture(x, channel_gate, weight):
    outputs = []
    for picture, gate in zip(x, channel_gate, strict=True):
        refined = picture * gate
        padded = functional.pad(_maps(refined[None]), (weight.shape[-1] // 2,) * 4)
        outputs.append(refined * functional.conv2d(padded, weight)[0].sigmoid())
    return torch.stack(outputs)


@exercise.accepts
def shifted_and_added(x, channel_gate, weight):
    refined, side, (height, width) = x * channel_gate, weight.shape[-1], x.shape[2:]
    padded = functional.pad(_maps(refined), (side // 2,) * 4)
    u = sum(
        (padded[:, :, row : row + height, column : column + width] * weight[:, :, row, column, None, None]).sum(1)
        for row in range(side)
        for column in range(side)
    )
    return refined / (1 + torch.exp(-u))[:, None]


@exercise.misconception
def leaves_the_unrefined_input(x, channel_gate, weight):
    """You left the maps as they were: computed from x.

    The two modules stand in a row. What the channel gate has shut must not be seen by the spatial gate; yours still
    sees it, as if both stood side by side.

    Compute both maps from the refined features.
    """
    return x * channel_gate * _gate(_maps(x), weight)


@exercise.misconception
def leaves_the_wrong_axes(x, channel_gate, weight):
    """You left the pooling along axes 1 and 2.

    Axis 2 is the height. One gate for each column remains, and broadcasting copies it to every row without a word.

    Pool along axis 1 alone.
    """
    refined = x * channel_gate
    maps = [refined.mean(dim=(1, 2), keepdim=True), refined.amax(dim=(1, 2), keepdim=True)]
    return refined * _gate(torch.cat(maps, dim=1), weight)


@exercise.misconception
def leaves_the_padding_at_three(x, channel_gate, weight):
    """You left the padding at 3.

    It belongs to a 7x7 kernel. With any other the gate map has another size than the features.

    Let it follow the kernel: `weight.shape[-1] // 2`.
    """
    refined = x * channel_gate
    return refined * functional.conv2d(_maps(refined), weight, padding=3).sigmoid()


@exercise.misconception
def gates_the_unrefined_input(x, channel_gate, weight):
    """You multiplied x by the spatial gate, and the channel gate is lost.

    The refined features gave the maps, but the result must be refined as well: x times both gates.

    Multiply the refined features by the spatial gate.
    """
    return x * _gate(_maps(x * channel_gate), weight)


@exercise.misconception
def forgets_the_channel_gate(x, channel_gate, weight):
    """You did not use the channel gate at all.

    CBAM's second half works on what the first half lets through.

    Begin with `refined = x * channel_gate`, and use it wherever x stands behind.
    """
    return x * _gate(_maps(x), weight)


@exercise.misconception
def drops_the_sigmoid(x, channel_gate, weight):
    """You multiplied by the convolution's output, without a sigmoid.

    A weight outside (0, 1) turns features round or blows them up. It was there in the published code.

    Put the sigmoid back.
    """
    refined = x * channel_gate
    return refined * functional.conv2d(_maps(refined), weight, padding=weight.shape[-1] // 2)


@exercise.misconception
def stacks_the_maximum_first(x, channel_gate, weight):
    """You gave the mean's kernel to the maximum, and the other way round.

    A module that learns its kernels may stack them in either order. Here they are given, and weight[:, 0] is meant for
    the mean.

    Stack the mean first.
    """
    refined = x * channel_gate
    return refined * _gate(_maps(refined).flip(1), weight)


@exercise.misconception
def uses_the_mean_alone(x, channel_gate, weight):
    """You used the mean's kernel alone.

    Half of the weight is never read, and one loud channel among quiet ones goes unseen.

    Stack both maps and convolve them together.
    """
    refined = x * channel_gate
    return refined * _gate(refined.mean(dim=1, keepdim=True), weight[:, :1])


@exercise.misconception
def adds_the_input(x, channel_gate, weight):
    """You added the input at the end.

    The residual connection belongs to the block around the module.

    Return the product alone.
    """
    refined = x * channel_gate
    return x + refined * _gate(_maps(refined), weight)


@exercise.misconception
def mixes_the_pictures(x, channel_gate, weight):
    """You pooled along the batch as well.

    All pictures then share one gate map, and what a picture gets depends on its neighbours.

    Pool along axis 1 alone.
    """
    y = x * channel_gate
    maps = torch.cat([y.mean(dim=(0, 1), keepdim=True), y.amax(dim=(0, 1), keepdim=True)], dim=1)
    return y * _gate(maps, weight)


@exercise.misconception
def mirrors_the_kernel(x, channel_gate, weight):
    """You turned the kernel round, as the textbook's convolution does.

    What deep learning calls a convolution does not mirror. For kernels that are learned it makes no difference; these
    are given.

    Use functional.conv2d with the weight as it is.
    """
    refined = x * channel_gate
    return refined * _gate(_maps(refined), weight.flip(2, 3))
