"""se-excitation: from the squeezed channels to one gate each (Hu et al., eq. 3, with biases)."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "se-excitation",
    answer="excitation",
    title="Excitation: from C means to C gates",
    points=2,
    task=(
        "Write `excitation(z, w1, b1, w2, b2)`: `(B, C) -> (B, C)`. Two linear layers with a ReLU between them and a "
        "sigmoid at the end. `w1` is `(hidden, C)` and `w2` is `(C, hidden)`, as `nn.Linear` keeps them."
    ),
    hints=[
        "Four steps: down to the hidden width, an activation, up to C again, another activation. Which is which?",
        "A linear layer with weight w and bias b computes z @ w.T + b. PyTorch has it as functional.linear(z, w, b).",
        "Between the layers negative numbers become zero. At the end every number must land between 0 and 1.",
        "First line: `hidden = torch.relu(z @ w1.T + b1)`. The second line has the same form, with a sigmoid.",
        "In full: `hidden = torch.relu(z @ w1.T + b1)`, then `return torch.sigmoid(hidden @ w2.T + b2)`.",
    ],
)


@exercise.reference
def excitation(z: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    """``(B, C) -> (B, C)``, each value in (0, 1)."""
    hidden = torch.relu(z @ w1.T + b1)
    return torch.sigmoid(hidden @ w2.T + b2)


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    yield Case("two channels, one hidden unit", _weights(draw, batch=1, channels=2, hidden=1))
    yield Case("a batch of four, five channels, three hidden units", _weights(draw, batch=4, channels=5, hidden=3))
    yield Case("a batch of three, twelve channels, two hidden units", _weights(draw, batch=3, channels=12, hidden=2))
    yield Case("a batch of five, six channels, four hidden units", _weights(draw, batch=5, channels=6, hidden=4))


def _weights(draw: Draw, batch: int, channels: int, hidden: int) -> tuple[Tensor, ...]:
    """z, w1, b1, w2, b2 in quarters: easy to read, large enough to matter, small enough not to saturate the gate."""
    shapes = [(batch, channels), (hidden, channels), (hidden,), (channels, hidden), (channels,)]
    return tuple((draw.normal(*shape) * 4).round() / 4 for shape in shapes)


@exercise.accepts
def functional_linear(z, w1, b1, w2, b2):
    return functional.linear(functional.linear(z, w1, b1).relu(), w2, b2).sigmoid()


@exercise.accepts
def one_by_one_convolutions(z, w1, b1, w2, b2):
    hidden = functional.conv2d(z[:, :, None, None], w1[:, :, None, None], b1)
    return functional.conv2d(hidden.clamp(min=0), w2[:, :, None, None], b2).sigmoid().flatten(1)


@exercise.accepts
def einsum(z, w1, b1, w2, b2):
    hidden = torch.einsum("bc,hc->bh", z, w1) + b1
    return 1 / (1 + torch.exp(-(torch.einsum("bh,ch->bc", hidden.relu(), w2) + b2)))


@exercise.accepts
def affine_in_one_call(z, w1, b1, w2, b2):
    return torch.addmm(b2, torch.addmm(b1, z, w1.t()).relu(), w2.t()).sigmoid()


@exercise.accepts
def sample_by_sample(z, w1, b1, w2, b2):
    return torch.stack([torch.sigmoid(w2 @ torch.relu(w1 @ sample + b1) + b2) for sample in z])


@exercise.accepts
def maximum_with_zero(z, w1, b1, w2, b2):
    first = z.matmul(w1.transpose(0, 1)) + b1
    return torch.sigmoid((first * (first > 0)).matmul(w2.transpose(0, 1)) + b2)


@exercise.misconception
def no_activation_between(z, w1, b1, w2, b2):
    """You put the two layers one behind the other, with nothing between them.

    Two linear layers without a ReLU are one linear layer: w2 @ w1 is a single matrix. The gate could then only go
    up or down with each mean, and never say "only if".

    Put a ReLU around the first layer's result.
    """
    return torch.sigmoid((z @ w1.T + b1) @ w2.T + b2)


@exercise.misconception
def no_sigmoid(z, w1, b1, w2, b2):
    """You returned the second layer's raw numbers.

    They are logits: of any size, negative ones too. As factors they would blow channels up or turn their sign. A gate
    lies between 0 and 1.

    Send the result through torch.sigmoid.
    """
    return torch.relu(z @ w1.T + b1) @ w2.T + b2


@exercise.misconception
def softmax_over_channels(z, w1, b1, w2, b2):
    """You ended with a softmax, so that the gates of a picture add up to 1.

    That makes the channels compete: one can open only as far as others close, and with 256 channels the average gate
    is 1/256. In SE each channel has a gate of its own, and all may be open at once. (Some texts say "share of all
    channels" and mean the sigmoid; a gate is no share.)

    Replace the softmax by a sigmoid.
    """
    return torch.softmax(torch.relu(z @ w1.T + b1) @ w2.T + b2, dim=1)


@exercise.misconception
def relu_on_the_logits(z, w1, b1, w2, b2):
    """You put a second ReLU before the sigmoid.

    Then no logit is negative, and sigmoid(0) is 0.5: no gate can ever close below one half.

    Only the hidden layer gets a ReLU. The second layer goes straight into the sigmoid.
    """
    return torch.sigmoid(torch.relu(torch.relu(z @ w1.T + b1) @ w2.T + b2))


@exercise.misconception
def activations_swapped(z, w1, b1, w2, b2):
    """You put the sigmoid inside and the ReLU at the end.

    At the end a ReLU lets through numbers of any size, and cuts many channels off for good: with it the authors
    measured a worse network than with no SE at all (second-hand figure).

    Swap them: ReLU between the layers, sigmoid last.
    """
    return torch.relu(torch.sigmoid(z @ w1.T + b1) @ w2.T + b2)


@exercise.misconception
def forgets_the_first_bias(z, w1, b1, w2, b2):
    """You left b1 out.

    A hidden unit can then only compare the weighted means with zero, never with a threshold of its own. (Equation 3
    of the paper writes no biases; the authors' networks have them, and this task gives you both.)

    Add b1 before the ReLU.
    """
    return torch.sigmoid(torch.relu(z @ w1.T) @ w2.T + b2)


@exercise.misconception
def forgets_the_second_bias(z, w1, b1, w2, b2):
    """You left b2 out.

    When all hidden units sleep, every gate is then sigmoid(0) = 0.5: no channel can be open or shut by default.

    Add b2 before the sigmoid.
    """
    return torch.sigmoid(torch.relu(z @ w1.T + b1) @ w2.T)


@exercise.misconception
def hyperbolic_tangent(z, w1, b1, w2, b2):
    """You ended with tanh.

    Its values lie between -1 and 1: a negative gate turns a channel's sign, and that is no weighing.

    Replace tanh by a sigmoid.
    """
    return torch.tanh(torch.relu(z @ w1.T + b1) @ w2.T + b2)


@exercise.misconception
def unbounded_gate(z, w1, b1, w2, b2):
    """You ended with SiLU, also called swish: u * sigmoid(u).

    There is a sigmoid in its name, but its values grow without bound and dip below zero. It is an activation for
    features, no gate.

    End with the sigmoid alone.
    """
    return functional.silu(torch.relu(z @ w1.T + b1) @ w2.T + b2)


@exercise.misconception
def hard_swish_gate(z, w1, b1, w2, b2):
    """You ended with h-swish, u * relu6(u + 3) / 6.

    It is a cheap activation for features, unbounded above and negative in a stretch. MobileNetV3 does use a cheap
    gate: the hard sigmoid, relu6(u + 3) / 6, which stays between 0 and 1.

    End with the sigmoid.
    """
    return functional.hardswish(torch.relu(z @ w1.T + b1) @ w2.T + b2)


@exercise.misconception
def weights_not_transposed(z, w1, b1, w2, b2):
    """You multiplied by w1 as it lies in memory.

    nn.Linear keeps its weight as (outputs, inputs), here (hidden, C). A row of z has C numbers, so it must meet the
    other axis.

    Write z @ w1.T, or functional.linear(z, w1, b1), and the same for w2.
    """
    return torch.sigmoid(torch.relu(z @ w1 + b1) @ w2 + b2)
