"""maps-gate: logits become gates, gates meet the feature maps."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "maps-gate",
    answer="gated",
    title="Build: gate the channels",
    points=2,
    task=(
        "Write `gated(x, logits)`: `(B, C, H, W)` and `(B, C)` -> `(B, C, H, W)`. Each channel of each picture is "
        "multiplied by the sigmoid of its own logit."
    ),
    hints=[
        "Two steps: turn logits into gates, then let the gates meet the features. Which needs care with axes?",
        "`torch.sigmoid` works number by number and leaves the shape (B, C) as it is.",
        "The gates must stand below B and C. Align (B, C, H, W) at the right: what has to stand below H and W?",
        "Axes of length 1 stretch: `gates[:, :, None, None]` has the shape (B, C, 1, 1).",
        "In full: `return x * torch.sigmoid(logits)[:, :, None, None]`.",
    ],
)


@exercise.reference
def gated(x: Tensor, logits: Tensor) -> Tensor:
    """``(B, C, H, W), (B, C) -> (B, C, H, W)``."""
    return x * torch.sigmoid(logits)[:, :, None, None]


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    # In the first two a gate that was not reshaped runs in silence.
    for label, shape in (
        ("one picture, two channels of 1x2", (1, 2, 1, 2)),
        ("two pictures, three channels of 2x3", (2, 3, 2, 3)),
        ("two pictures, three channels of 3x2", (2, 3, 3, 2)),
        ("three pictures, four channels of 1x5", (3, 4, 1, 5)),
        ("five pictures, two channels of 4x3", (5, 2, 4, 3)),
    ):
        yield Case(label, (draw.integers(*shape), draw.integers(*shape[:2], low=-6, high=6) / 2 + 0.25))


@exercise.accepts
def two_steps(x, logits):
    gates = logits.sigmoid()
    return gates.unsqueeze(-1).unsqueeze(-1) * x


@exercise.accepts
def viewed_and_expanded(x, logits):
    b, c, _, _ = x.shape
    return x * torch.nn.Sigmoid()(logits).view(b, c, 1, 1).expand_as(x)


@exercise.accepts
def by_the_formula(x, logits):
    return x / (1 + torch.exp(-logits))[..., None, None]


@exercise.accepts
def einsum(x, logits):
    return torch.einsum("bchw,bc->bchw", x, torch.sigmoid(logits))


@exercise.accepts
def channels_last(x, logits):
    return (x.permute(2, 3, 0, 1) * torch.sigmoid(logits)).permute(2, 3, 0, 1)


@exercise.accepts
def loops(x, logits):
    out = torch.zeros_like(x)
    for b in range(x.shape[0]):
        for c in range(x.shape[1]):
            out[b, c] = x[b, c] * torch.sigmoid(logits[b, c])
    return out


@exercise.misconception
def forgets_the_sigmoid(x, logits):
    """You multiplied by the logits as they are.

    A logit can be any number: -2 would turn the channel's sign round, 5 would blow it up. So a weight of 1.8 comes
    about. The sigmoid makes a gate of it, between 0 and 1.

    Put torch.sigmoid around the logits.
    """
    return x * logits[:, :, None, None]


@exercise.misconception
def shares_by_softmax(x, logits):
    """You used softmax, and made the gates shares of 1.

    Then channels compete: opening one shuts the others, and with 512 channels each keeps about 1/512 of its strength.
    Gates decide one by one; all may be open.

    Replace the softmax by a sigmoid.
    """
    return x * logits.softmax(dim=1)[:, :, None, None]


@exercise.misconception
def bounds_by_tanh(x, logits):
    """You used tanh to bound the gates.

    It bounds, but from -1 to 1: a channel with a negative logit changes its sign instead of fading.

    Use the sigmoid.
    """
    return x * torch.tanh(logits)[:, :, None, None]


@exercise.misconception
def cuts_the_logits_off(x, logits):
    """You cut the logits off at 0 and 1.

    The range is right, but beyond its ends the gate is flat: no gradient tells it to move, and it never learns.
    The sigmoid flattens out too, but is nowhere quite flat.

    Replace the clamp by torch.sigmoid.
    """
    return x * logits.clamp(0, 1)[:, :, None, None]


@exercise.misconception
def switches_on_or_off(x, logits):
    """You made switches: a channel is on where its logit is positive, else off.

    A gate can also be half open. And a switch has no slope: a network could not learn where to set it.

    Use the sigmoid of the logit, not the question whether it is above 0.
    """
    return x * (logits > 0).to(x.dtype)[:, :, None, None]


@exercise.misconception
def squashes_the_features(x, logits):
    """You applied the sigmoid last, to the product of features and logits.

    Then the features themselves are pressed between 0 and 1, and a silent place, 0, becomes 0.5. Only the weights are
    to be bounded, not what they weigh.

    Take the sigmoid of the logits alone, then multiply.
    """
    return torch.sigmoid(x * logits[:, :, None, None])


@exercise.misconception
def trusts_broadcasting(x, logits):
    """You multiplied (B, C, H, W) by (B, C), and trusted broadcasting to find the channels.

    Shapes are aligned at their right ends: the gates come to lie on H and W. Mostly that raises; where the sizes happen
    to fit, it weighs places instead of channels and says nothing.

    Give the gates two more axes of length 1 at their end.
    """
    return x * torch.sigmoid(logits)


@exercise.misconception
def lays_channels_on_columns(x, logits):
    """You put the new axes between B and C: (B, 1, 1, C).

    C then meets W: each column gets a gate, where W happens to be C, and an error otherwise.

    The axes of length 1 belong behind C: (B, C, 1, 1).
    """
    return x * torch.sigmoid(logits)[:, None, None, :]


@exercise.misconception
def lays_channels_on_rows(x, logits):
    """You put one new axis before C and one behind: (B, 1, C, 1).

    C then meets H: each row gets a gate, where H happens to be C, and an error otherwise.

    Both axes of length 1 belong behind C: (B, C, 1, 1).
    """
    return x * torch.sigmoid(logits)[:, None, :, None]


@exercise.misconception
def first_picture_for_all(x, logits):
    """You used the first picture's gates for the whole batch.

    Each picture has logits of its own: what matters in one need not matter in the next.

    Keep the batch axis of the gates.
    """
    return x * torch.sigmoid(logits[0])[None, :, None, None]


@exercise.misconception
def returns_the_gates(x, logits):
    """You returned the gates and left the features behind.

    Gates are only weights. What goes on to the next layer is what they weighed.

    Multiply x by them, and return the product.
    """
    return torch.sigmoid(logits)


@exercise.misconception
def adds_the_input(x, logits):
    """You added the input to the gated input.

    The factor is then 1 + gate, between 1 and 2: it can strengthen a channel and never weaken one.

    Return the product alone.
    """
    return x + x * torch.sigmoid(logits)[:, :, None, None]


@exercise.misconception
def adds_the_gates(x, logits):
    """You added the gates to the features.

    That shifts each map by less than 1 and silences nothing.

    To weigh is to multiply: replace + by *.
    """
    return x + torch.sigmoid(logits)[:, :, None, None]


@exercise.misconception
def changes_the_input(x, logits):
    """You multiplied in place, with `*=` or `mul_`.

    The values are right, but the caller's tensor has changed under its hands: whoever still needs x, such as a residual
    connection, now gets something else.

    Make a new tensor: `x * gates`.
    """
    return x.mul_(torch.sigmoid(logits)[:, :, None, None])
