"""maps-one-channel: what a single channel computes, at every place."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "maps-one-channel",
    answer="one_channel",
    title="Build: what one channel computes",
    points=3,
    task=(
        "Write `one_channel(x, weight, bias)`: features `(B, C, H, W)`, one filter `(C, h, w)` and one number -> "
        "`(B, H - h + 1, W - w + 1)`. At each place: the window times the filter, added up over all input channels, "
        "plus the bias. No padding, no activation."
    ),
    hints=[
        "Begin with one place, the top left. `x[:, :, 0:h, 0:w]` is its window: of which shape?",
        "Window and filter have the same last three axes, so `window * weight` works as it is. Which axes must then be "
        "added up, so that one number a picture is left?",
        "The window's top row i runs from 0 to H - h. So there are H - h + 1 rows; the columns go likewise.",
        "Make `out = x.new_zeros(B, rows, columns)` and fill `out[:, i, j]` with "
        "`(window * weight).sum(dim=(1, 2, 3)) + bias`.",
        "The same in one line, by the library: `return functional.conv2d(x, weight[None])[:, 0] + bias`.",
    ],
)


@exercise.reference
def one_channel(x: Tensor, weight: Tensor, bias: float) -> Tensor:
    """``(B, C, H, W), (C, h, w), number -> (B, H - h + 1, W - w + 1)``."""
    return functional.conv2d(x, weight[None]).squeeze(1) + bias


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    for label, pictures, filter_size, bias in (
        ("one picture, two channels of 2x3, a 1x2 filter", (1, 2, 2, 3), (1, 2), 2.0),
        ("two pictures, two channels of 3x4, a 2x3 filter", (2, 2, 3, 4), (2, 3), 0.5),
        ("two pictures, three channels of 5x4, a 3x2 filter", (2, 3, 5, 4), (3, 2), -1.5),
        ("three pictures, one channel of 4x7, a 3x3 filter", (3, 1, 4, 7), (3, 3), 1.0),
        ("two pictures, four channels of 7x5, a 5x3 filter", (2, 4, 7, 5), (5, 3), 0.25),
    ):
        yield Case(label, (draw.integers(*pictures), draw.integers(pictures[1], *filter_size, low=-3, high=3), bias))


@exercise.accepts
def place_by_place(x, weight, bias):
    rows, columns = x.shape[2] - weight.shape[1] + 1, x.shape[3] - weight.shape[2] + 1
    out = x.new_zeros(x.shape[0], rows, columns)
    for i in range(rows):
        for j in range(columns):
            window = x[:, :, i : i + weight.shape[1], j : j + weight.shape[2]]
            out[:, i, j] = (window * weight).sum(dim=(1, 2, 3)) + bias
    return out


@exercise.accepts
def library_with_bias(x, weight, bias):
    return functional.conv2d(x, weight.unsqueeze(0), torch.tensor([bias], dtype=x.dtype))[:, 0]


@exercise.accepts
def unfolded_windows(x, weight, bias):
    _, h, w = weight.shape
    windows = x.unfold(2, h, 1).unfold(3, w, 1)
    return torch.einsum("bcijhw,chw->bij", windows, weight) + bias


@exercise.accepts
def columns_and_matrix_product(x, weight, bias):
    _, h, w = weight.shape
    flat = weight.flatten() @ functional.unfold(x, (h, w)) + bias
    return flat.reshape(len(x), x.shape[-2] - h + 1, x.shape[-1] - w + 1)


@exercise.accepts
def shifted_pictures(x, weight, bias):
    c, h, w = weight.shape
    rows, columns = x.shape[2] - h + 1, x.shape[3] - w + 1
    total = bias
    for k in range(c):
        for i in range(h):
            for j in range(w):
                total = total + weight[k, i, j] * x[:, k, i : i + rows, j : j + columns]
    return total


@exercise.accepts
def channel_by_channel(x, weight, bias):
    parts = [functional.conv2d(x[:, [k]], weight[k][None, None]) for k in range(x.shape[1])]
    return torch.cat(parts, dim=1).sum(dim=1) + bias


@exercise.misconception
def keeps_the_channels_apart(x, weight, bias):
    """You let the filter work on each input channel by itself, and kept one map for each.

    A filter is as deep as its input: it has a sheet of weights for every channel, and adds up what they find. One
    filter gives one map. (What you built exists: it is called a depthwise convolution.)

    Add up over the channel axis as well, before the bias.
    """
    return functional.conv2d(x, weight[:, None], groups=x.shape[1]) + bias


@exercise.misconception
def averages_over_the_channels(x, weight, bias):
    """You took the mean over the input channels.

    The channels' contributions are added. How much each counts is already in the filter's weights.

    Use a sum where you have a mean over axis 1.
    """
    return functional.conv2d(x, weight[None])[:, 0] / x.shape[1] + bias


@exercise.misconception
def averages_the_window(x, weight, bias):
    """You took the mean of the products instead of their sum.

    A convolution adds. A filter that is to average brings its own small weights, such as 1/9 nine times.

    Replace the mean by a sum.
    """
    return functional.conv2d(x, weight[None])[:, 0] / weight.numel() + bias


@exercise.misconception
def reads_the_first_channel_only(x, weight, bias):
    """You used the first input channel only.

    In a colour picture that would be the red. A filter reads all input channels at once; two of three sheets of its
    weights were never used.

    Multiply the whole window, all its channels, by the whole filter.
    """
    return functional.conv2d(x[:, :1], weight[None, :1])[:, 0] + bias


@exercise.misconception
def adds_the_pictures_of_the_batch(x, weight, bias):
    """You added up everything in the window, the pictures of the batch included.

    `.sum()` without axes does not stop at the batch: all pictures then get the same map. With a batch of one nobody
    notices.

    Name the axes that are to go: `.sum(dim=(1, 2, 3))`.
    """
    return functional.conv2d(x, weight[None])[:, 0].sum(dim=0, keepdim=True).expand(len(x), -1, -1) + bias


@exercise.misconception
def forgets_the_bias(x, weight, bias):
    """You left the bias out.

    It shifts the whole map by one number: with a ReLU behind it, it decides how strong an answer must be to be heard.

    Add `bias` at the end, once.
    """
    return functional.conv2d(x, weight[None])[:, 0]


@exercise.misconception
def adds_the_bias_for_each_channel(x, weight, bias):
    """You added the bias once for each input channel.

    It belongs to the filter, not to its sheets: one filter, one bias.

    Add it after the sum over the channels.
    """
    return functional.conv2d(x, weight[None])[:, 0] + bias * x.shape[1]


@exercise.misconception
def turns_the_filter_round(x, weight, bias):
    """You mirrored the filter before you used it, as a convolution does in mathematics.

    Deep learning's "convolution" does not: window and filter are multiplied as they lie. As the weights are learned,
    nothing is lost. With a hand-made filter it changes the sign of your edges.

    Leave the flip out.
    """
    return functional.conv2d(x, weight.flip(1, 2)[None])[:, 0] + bias


@exercise.misconception
def pads_the_border(x, weight, bias):
    """You padded the picture with zeros, to keep its size.

    Networks often do. This task asks for the places only where the filter lies wholly inside, so that no number in
    your map comes from an invented pixel.

    Leave the padding out: H - h + 1 rows remain.
    """
    _, h, w = weight.shape
    return functional.conv2d(x, weight[None], padding=(h // 2, w // 2))[:, 0] + bias


@exercise.misconception
def stops_one_too_early(x, weight, bias):
    """Your map lacks its last row and its last column.

    If the window may begin at row 0 up to and including row H - h, it has H - h + 1 places. `range(H - h)` has one
    fewer.

    Add 1 to the number of rows and of columns.
    """
    return functional.conv2d(x, weight[None])[:, 0, :-1, :-1] + bias


@exercise.misconception
def keeps_an_axis_of_length_one(x, weight, bias):
    """You left a channel axis of length 1 in: (B, 1, H - h + 1, W - w + 1).

    The numbers are right. The library's conv2d makes a map for each of a set of filters, here a set of one. The task
    asks for that one map; the next cell stacks several of them, and the axis would then be there twice.

    Take the only channel: `[:, 0]`.
    """
    return functional.conv2d(x, weight[None]) + bias


@exercise.misconception
def cuts_off_the_negative_part(x, weight, bias):
    """You applied a ReLU.

    In a network one mostly follows, but it is a layer of its own. Without it a map also says where the filter finds
    the contrary: a dark-to-bright edge gives plus, a bright-to-dark one minus.

    Return the sum as it is.
    """
    return functional.conv2d(x, weight[None])[:, 0].add(bias).relu()
