"""se-scale: each channel times its own gate (Hu et al., eq. 4)."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "se-scale",
    answer="scale",
    title="Scale: each channel times its gate",
    points=1,
    task="Write `scale(x, gate)`: `(B, C, H, W)` and `(B, C)` -> `(B, C, H, W)`, each channel times its own gate.",
    hints=[
        "Lesson 00: broadcasting lines shapes up at the right. Write (B, C) below (B, C, H, W): what meets what?",
        "The gate must have four axes, and its two must come to stand below B and C. What belongs below H and W?",
        "Axes of size 1 stretch. `gate[:, :, None, None]` has the shape (B, C, 1, 1).",
        "In full: `return x * gate[:, :, None, None]`.",
    ],
)


@exercise.reference
def scale(x: Tensor, gate: Tensor) -> Tensor:
    """``(B, C, H, W), (B, C) -> (B, C, H, W)``."""
    return x * gate[:, :, None, None]


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    # The first two are the shapes in which a gate that was not reshaped runs in silence.
    for label, shape in (
        ("one picture, two channels of 2x2", (1, 2, 2, 2)),
        ("two pictures, three channels of 2x3", (2, 3, 2, 3)),
        ("two pictures, three channels of 3x2", (2, 3, 3, 2)),
        ("three pictures, four channels of 1x5", (3, 4, 1, 5)),
        ("five pictures, two channels of 4x3", (5, 2, 4, 3)),
    ):
        yield Case(label, (draw.integers(*shape), draw.integers(*shape[:2], low=1, high=9) / 10))


@exercise.accepts
def unsqueezed_twice(x, gate):
    return gate.unsqueeze(-1).unsqueeze(-1) * x


@exercise.accepts
def viewed_and_expanded(x, gate):
    b, c, _, _ = x.size()
    return x * gate.view(b, c, 1, 1).expand_as(x)


@exercise.accepts
def einsum(x, gate):
    return torch.einsum("bchw,bc->bchw", x, gate)


@exercise.accepts
def channels_last(x, gate):
    return (x.permute(2, 3, 0, 1) * gate).permute(2, 3, 0, 1)


@exercise.accepts
def loops(x, gate):
    rows = [[x[b, c] * gate[b, c] for c in range(x.shape[1])] for b in range(x.shape[0])]
    return torch.stack([torch.stack(row) for row in rows])


@exercise.accepts
def flattened_maps(x, gate):
    return (x.flatten(2) * gate[..., None]).reshape(x.shape)


@exercise.misconception
def multiplies_without_reshaping(x, gate):
    """You wrote x * gate as they are, and trusted broadcasting to find the channels.

    Broadcasting lines shapes up from the right: (B, C) comes to lie on (H, W). Mostly that is an error; where the
    sizes happen to fit it runs, and weighs places instead of channels. It knows no names of axes.

    Give the gate two more axes of size 1 at its end.
    """
    return x * gate


@exercise.misconception
def lays_the_gate_along_the_columns(x, gate):
    """You put the new axes between B and C: (B, 1, 1, C).

    Then C lies on W, and each column of the picture gets a gate. It runs where W happens to be C.

    The empty axes belong behind C: (B, C, 1, 1).
    """
    return x * gate[:, None, None, :]


@exercise.misconception
def lays_the_gate_along_the_rows(x, gate):
    """You put one new axis before C and one behind it: (B, 1, C, 1).

    Then C lies on H, and each row of the picture gets a gate. It runs where H happens to be C.

    Both empty axes belong behind C: (B, C, 1, 1).
    """
    return x * gate[:, None, :, None]


@exercise.misconception
def adds_the_gate(x, gate):
    """You added the gate to the features.

    That shifts every channel by less than one and can silence none. A gate is a factor: 0 shuts, 1 lets through.

    Multiply.
    """
    return x + gate[:, :, None, None]


@exercise.misconception
def keeps_the_input_too(x, gate):
    """You added the input to the gated features.

    Then the factor is 1 + gate, between 1 and 2: no channel can be weakened any more. The residual connection of a
    ResNet lies around the whole block, not inside the SE module.

    Return the product alone.
    """
    return x + x * gate[:, :, None, None]


@exercise.misconception
def returns_the_gate(x, gate):
    """You returned the gate, spread out to the shape of x.

    The shape is right, so the next layer will not complain; but the features themselves are gone.

    Multiply x by it.
    """
    return gate[:, :, None, None].expand_as(x)


@exercise.misconception
def one_gate_for_the_whole_batch(x, gate):
    """You used the first picture's gates for every picture.

    Each picture has its own means, and so its own gates. With a batch of one nobody notices.

    Keep the batch axis of the gate: gate[:, :, None, None].
    """
    return x * gate[:1, :, None, None]


@exercise.misconception
def divides_by_the_gate(x, gate):
    """You divided by the gate.

    A nearly shut gate would then make its channel enormous: the contrary of a gate.

    Multiply.
    """
    return x / gate[:, :, None, None]
