"""bam-combine: one number for each channel, one for each place, one gate for each value (Park et al., section 3)."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "bam-combine",
    answer="combine",
    title="Two branches, one gate",
    points=2,
    task=(
        "Write `combine(x, channel, spatial)`: x * (1 + sigmoid(channel + spatial)). x is `(B, C, H, W)`; channel has "
        "one number for each channel, `(B, C)`; spatial one for each place, `(B, H, W)`. The sum broadcasts."
    ),
    hints=[
        "Two tensors broadcast from their last axis on. Which axes must channel get so that it fits x? Which spatial?",
        "`channel[:, :, None, None]` is `(B, C, 1, 1)`. Do the like with spatial, so that it is `(B, 1, H, W)`.",
        "Their sum is `(B, C, H, W)`: one number for every value of x. One sigmoid makes it a gate.",
        "In full: `gate = torch.sigmoid(channel[:, :, None, None] + spatial[:, None])`, then `return x * (1 + gate)`.",
    ],
)


@exercise.reference
def combine(x: Tensor, channel: Tensor, spatial: Tensor) -> Tensor:
    """``(B, C, H, W)``, ``(B, C)``, ``(B, H, W)`` ``-> (B, C, H, W)``."""
    return x * (1 + torch.sigmoid(_sum(channel, spatial)))


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    for words, shape in (
        ("one picture, two channels of 2x3", (1, 2, 2, 3)),
        ("two pictures, three channels of 4x2", (2, 3, 4, 2)),
        ("three pictures, two channels of 1x5", (3, 2, 1, 5)),
        ("two pictures, five channels of 3x4", (2, 5, 3, 4)),
    ):
        batch, channels, height, width = shape
        x = draw.integers(*shape) + 0.5
        yield Case(words, (x, 2 * draw.normal(batch, channels), 2 * draw.normal(batch, height, width)))


def _sum(channel, spatial):
    return channel[:, :, None, None] + spatial[:, None]


@exercise.accepts
def identity_and_gated(x, channel, spatial):
    return x + x * (spatial.unsqueeze(1) + channel.unsqueeze(-1).unsqueeze(-1)).sigmoid()


@exercise.accepts
def viewed(x, channel, spatial):
    batch, channels, height, width = x.shape
    u = channel.view(batch, channels, 1, 1).expand_as(x) + spatial.view(batch, 1, height, width).expand_as(x)
    return torch.addcmul(x, x, torch.sigmoid(u))


@exercise.accepts
def by_its_formula(x, channel, spatial):
    return x * (1 + 1 / (1 + torch.exp(-channel[..., None, None]) * torch.exp(-spatial[:, None])))


@exercise.accepts
def picture_by_picture(x, channel, spatial):
    parts = zip(x, channel, spatial, strict=True)
    return torch.stack([one * (1 + torch.sigmoid(what[:, None, None] + where)) for one, what, where in parts])


@exercise.accepts
def places_flattened(x, channel, spatial):
    u = channel[:, :, None] + spatial.flatten(1)[:, None, :]
    return (x.flatten(2) * (2 - torch.sigmoid(-u))).view_as(x)


@exercise.accepts
def channel_by_channel(x, channel, spatial):
    gates = [torch.sigmoid(spatial + one[:, None, None]) for one in channel.unbind(1)]
    return x * torch.stack([1 + gate for gate in gates], dim=1)


@exercise.misconception
def multiplies_the_branches(x, channel, spatial):
    """You multiplied the two branches, as the authors' published code does.

    The paper adds them. In a product a branch at 0 silences the other, and two "no" make a "yes".

    Replace * by + between the branches.
    """
    return x * (1 + torch.sigmoid(channel[:, :, None, None] * spatial[:, None]))


@exercise.misconception
def forgets_the_identity(x, channel, spatial):
    """You returned x * gate.

    All that follows in the network passes through BAM. The 1 keeps what was there: BAM strengthens, it never weakens.

    Multiply by `1 + gate`.
    """
    return x * torch.sigmoid(_sum(channel, spatial))


@exercise.misconception
def a_sigmoid_for_each_branch(x, channel, spatial):
    """You gave each branch a sigmoid, and added the two.

    Their sum is no gate: it runs to 2. The sigmoid belongs around the sum.

    Add first, then apply one sigmoid.
    """
    return x * (1 + channel.sigmoid()[:, :, None, None] + spatial.sigmoid()[:, None])


@exercise.misconception
def multiplies_two_gates(x, channel, spatial):
    """You gave each branch a sigmoid, and multiplied the two.

    Either branch alone can shut a place then. In BAM they are weighed against each other before one sigmoid.

    Add first, then apply one sigmoid.
    """
    return x * (1 + channel.sigmoid()[:, :, None, None] * spatial.sigmoid()[:, None])


@exercise.misconception
def forgets_the_sigmoid(x, channel, spatial):
    """You left the sigmoid out.

    The sum can be any number; 1 + the sum may turn x round or blow it up.

    Put `torch.sigmoid` around the sum.
    """
    return x * (1 + _sum(channel, spatial))


@exercise.misconception
def puts_the_one_inside(x, channel, spatial):
    """You added the 1 inside the sigmoid.

    There it only shifts the sum, and the identity is missing.

    Close the sigmoid's parenthesis before the 1 comes in: `1 + torch.sigmoid(...)`.
    """
    return x * torch.sigmoid(1 + _sum(channel, spatial))


@exercise.misconception
def adds_the_gate(x, channel, spatial):
    """You added the gate to x.

    That moves every value by less than 1, whatever its size. The formula is x + gate * x.

    Multiply the gate by x before you add x.
    """
    return x + torch.sigmoid(_sum(channel, spatial))


@exercise.misconception
def cuts_off_what_is_negative(x, channel, spatial):
    """You put a ReLU before the sigmoid.

    Then no gate falls below one half: the branches can say yes and never no.

    The sigmoid gets the sum as it is.
    """
    return x * (1 + torch.sigmoid(functional.relu(_sum(channel, spatial))))


@exercise.misconception
def gives_spatial_no_channel_axis(x, channel, spatial):
    """You left spatial `(B, H, W)` as it is.

    Broadcasting lines shapes up from the right: the pictures of spatial come to lie on the channels. With one picture,
    or as many pictures as channels, that runs without a word.

    Write `spatial[:, None]`, which is `(B, 1, H, W)`.
    """
    return x * (1 + torch.sigmoid(channel[:, :, None, None] + spatial))


@exercise.misconception
def leaves_the_channel_branch_out(x, channel, spatial):
    """You used the spatial branch alone.

    All channels of a place then get the same gate.

    Add `channel[:, :, None, None]`.
    """
    return x * (1 + torch.sigmoid(spatial[:, None]))


@exercise.misconception
def leaves_the_spatial_branch_out(x, channel, spatial):
    """You used the channel branch alone.

    All places of a channel then get the same gate.

    Add `spatial[:, None]`.
    """
    return x * (1 + torch.sigmoid(channel[:, :, None, None]))


@exercise.misconception
def averages_the_branches(x, channel, spatial):
    """You averaged the branches.

    That halves what the sigmoid gets, and pulls all gates towards one half. BAM adds.

    Leave the division by 2 out.
    """
    return x * (1 + torch.sigmoid(_sum(channel, spatial) / 2))


@exercise.misconception
def returns_the_gate(x, channel, spatial):
    """You returned the gate.

    The shape is right, and the features are lost.

    Return x * (1 + gate).
    """
    return torch.sigmoid(_sum(channel, spatial)).expand_as(x)


@exercise.misconception
def returns_the_factor(x, channel, spatial):
    """You returned 1 + gate.

    The shape is right, and the features are lost.

    Multiply by x.
    """
    return (1 + torch.sigmoid(_sum(channel, spatial))).expand_as(x)
