"""se-repair: mend a published kind of squeeze-and-excite with four bugs, none of which raises on a square map."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "se-repair",
    answer="repaired",
    title="Repair: four bugs in six lines",
    points=2,
    task=(
        "`published` above has four bugs. Write `repaired(x, w1, b1, w2, b2)`, the right squeeze-and-excite with "
        "exactly these weights: `(B, C, H, W) -> (B, C, H, W)`. Your earlier functions may help."
    ),
    uses=("se-squeeze", "se-excitation", "se-scale"),
    hints=[
        "Call `published` twice on the same input and compare. Call it on a 4x6 map and on a 6x4 one. Print y / x.",
        "One bug sits in each stage: the window of the pooling, the first layer, the gate, and the last line.",
        "w1 and b1 are never used for what they hold: a new layer is drawn at every call. Use functional.linear.",
        "SiLU is no gate, and SE returns the product alone, without the input added.",
        "In full: `return scale(x, excitation(squeeze(x), w1, b1, w2, b2))`, with the functions that you built above.",
    ],
)


@exercise.reference
def repaired(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    """``(B, C, H, W) -> (B, C, H, W)``."""
    gate = _gate(x, w1, b1, w2, b2)
    return x * gate[:, :, None, None]


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    # So many hidden units that a freshly drawn layer is never asleep as a whole, which would hide that it is fresh.
    yield Case("two pictures, two channels of 2x3, eight hidden units", _input(draw, (2, 2, 2, 3), hidden=8))
    yield Case("three pictures, four channels of 3x5", _input(draw, (3, 4, 3, 5), hidden=6))
    yield Case("two pictures, six channels of 5x3", _input(draw, (2, 6, 5, 3), hidden=8))
    yield Case("five pictures, twelve channels of 4x4", _input(draw, (5, 12, 4, 4), hidden=6))


def _input(draw: Draw, shape: tuple[int, int, int, int], hidden: int) -> tuple[Tensor, ...]:
    """x, w1, b1, w2, b2; the channels' means lie well apart, since those of plain noise are all nearly zero."""
    batch, channels, _, _ = shape
    x = (draw.normal(*shape) * 2 + draw.normal(batch, channels, 1, 1) * 2).round() / 2
    sizes = [(hidden, channels), (hidden,), (channels, hidden), (channels,)]
    return (x, *((draw.normal(*size) * 4).round() / 4 for size in sizes))


def _gate(x, w1, b1, w2, b2):
    return torch.sigmoid(_logits(x.mean(dim=(2, 3)), w1, b1, w2, b2))


def _logits(z, w1, b1, w2, b2):
    return functional.linear(torch.relu(functional.linear(z, w1, b1)), w2, b2)


@exercise.accepts
def channels_axes_kept(x, w1, b1, w2, b2):
    z = functional.adaptive_avg_pool2d(x, 1)
    hidden = functional.conv2d(z, w1[:, :, None, None], b1).relu()
    return x * functional.conv2d(hidden, w2[:, :, None, None], b2).sigmoid()


@exercise.accepts
def matrix_products(x, w1, b1, w2, b2):
    z = x.flatten(2).mean(dim=2)
    gate = torch.sigmoid(torch.relu(z @ w1.T + b1) @ w2.T + b2)
    return x * gate.view(*z.shape, 1, 1)


@exercise.accepts
def einsum(x, w1, b1, w2, b2):
    hidden = torch.relu(torch.einsum("bchw,kc->bk", x, w1) / (x.shape[2] * x.shape[3]) + b1)
    return torch.einsum("bchw,bc->bchw", x, torch.sigmoid(torch.einsum("bk,ck->bc", hidden, w2) + b2))


@exercise.accepts
def layers_with_the_weights_put_in(x, w1, b1, w2, b2):
    def linear(z, weight, bias):
        layer = nn.Linear(weight.shape[1], weight.shape[0])
        return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, z)

    gate = linear(linear(x.mean((2, 3)), w1, b1).relu(), w2, b2).sigmoid()
    return gate[..., None, None] * x


@exercise.accepts
def sample_by_sample(x, w1, b1, w2, b2):
    outputs = []
    for sample in x:
        gate = torch.sigmoid(w2 @ torch.relu(w1 @ sample.mean(dim=(1, 2)) + b1) + b2)
        outputs.append(sample * gate.reshape(-1, 1, 1))
    return torch.stack(outputs)


@exercise.misconception
def leaves_the_fresh_layer(x, w1, b1, w2, b2):
    """You left the first layer as it was: a new nn.Linear at every call.

    It draws new random weights each time. w1 and b1 are never used, nothing is ever learned, and two calls with the
    same input disagree.

    Apply the weights that you are given: functional.linear(z, w1, b1).
    """
    hidden = nn.Linear(w1.shape[1], w1.shape[0])(x.mean(dim=(2, 3))).relu()
    gate = torch.sigmoid(functional.linear(hidden, w2, b2))
    return x * gate[:, :, None, None]


@exercise.misconception
def leaves_the_square_window(x, w1, b1, w2, b2):
    """You left the pooling's window: as wide as the map is high.

    On a square map that is the whole map. On a wider one only the left part is seen, in silence; on a narrower one the
    call fails.

    Average over both axes, whatever their sizes.
    """
    z = functional.avg_pool2d(x, x.shape[2])[:, :, 0, 0]
    return x * torch.sigmoid(_logits(z, w1, b1, w2, b2))[:, :, None, None]


@exercise.misconception
def leaves_the_unbounded_gate(x, w1, b1, w2, b2):
    """You left SiLU at the end of the excitation.

    u * sigmoid(u) grows without bound and dips below zero: no gate.

    End with the sigmoid alone.
    """
    return x * functional.silu(_logits(x.mean(dim=(2, 3)), w1, b1, w2, b2))[:, :, None, None]


@exercise.misconception
def leaves_the_extra_residual(x, w1, b1, w2, b2):
    """You left the input in the sum.

    x + x * gate is a factor of 1 + gate, between 1 and 2: no channel can be weakened. The shortcut of a residual block
    lies around the block, not inside SE.

    Return the product alone.
    """
    return x + x * _gate(x, w1, b1, w2, b2)[:, :, None, None]


@exercise.misconception
def leaves_the_gate_and_the_residual(x, w1, b1, w2, b2):
    """You mended the pooling and the first layer; the gate and the last line are as they were.

    SiLU is unbounded and may be negative, and adding x keeps any channel from being weakened.

    End the excitation with a sigmoid, and return the product alone.
    """
    return x + x * functional.silu(_logits(x.mean(dim=(2, 3)), w1, b1, w2, b2))[:, :, None, None]


@exercise.misconception
def loses_the_hidden_relu(x, w1, b1, w2, b2):
    """You replaced the first layer, and the ReLU behind it got lost.

    Two linear layers in a row are one: the bottleneck could no longer say "only if".

    Keep the ReLU between the two layers.
    """
    logits = functional.linear(functional.linear(x.mean(dim=(2, 3)), w1, b1), w2, b2)
    return x * torch.sigmoid(logits)[:, :, None, None]


@exercise.misconception
def clamps_the_gate(x, w1, b1, w2, b2):
    """You kept SiLU and cut its values off at 0 and 1.

    The gate is bounded now, but it is another function: at a logit of 0 it is shut instead of half open, and where it
    is cut off no gradient comes through, so that it cannot learn to open again.

    Use the sigmoid: bounded by itself, with a slope everywhere.
    """
    gate = functional.silu(_logits(x.mean(dim=(2, 3)), w1, b1, w2, b2)).clamp(0, 1)
    return x * gate[:, :, None, None]


@exercise.misconception
def softmax_over_channels(x, w1, b1, w2, b2):
    """You replaced SiLU by a softmax over the channels.

    That bounds the gates too, but makes them shares of 1: a channel can open only as far as others close. SE's gates
    are independent.

    Use the sigmoid, one channel at a time.
    """
    return x * _logits(x.mean(dim=(2, 3)), w1, b1, w2, b2).softmax(dim=1)[:, :, None, None]


@exercise.misconception
def averages_the_batch(x, w1, b1, w2, b2):
    """You squeezed the batch as well: every picture gets the same gates.

    The mean over (0, 2, 3) is batch norm's, not SE's. With a batch of one nobody notices.

    Average over (2, 3) only.
    """
    return x * _gate(x.mean(dim=0, keepdim=True), w1, b1, w2, b2)[:, :, None, None]


@exercise.misconception
def returns_the_gate(x, w1, b1, w2, b2):
    """You returned the gate, spread out to the shape of x.

    The shape is right, but the features are gone.

    Multiply x by the gate.
    """
    return _gate(x, w1, b1, w2, b2)[:, :, None, None].expand_as(x)
