"""cbam-repair: mend a residual block with CBAM that has three bugs: place, order of the halves, residual."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from attncourse.checking import Case, Draw, FunctionExercise
from attncourse.lessons.cbam._gates import channel_gate, channel_logits, spatial_gate, spatial_logits

exercise = FunctionExercise(
    "cbam-repair",
    answer="repaired",
    title="Repair: a residual block with three bugs",
    points=2,
    task=(
        "`published` above has three bugs. Write `repaired(shortcut, branch, first, second, kernel)`: CBAM on the "
        "branch's features, added to the shortcut, then ReLU. `(B, C, H, W)` twice, the MLP's weights `(h, C)` and "
        "`(C, h)`, the kernel `(1, 2, k, k)` `-> (B, C, H, W)`. No biases."
    ),
    hints=[
        "Set the branch to zero: what must come out? Set the weights to zero: how much of the branch must be left?",
        "Which tensor is weighed, branch or sum? From which tensor does each gate come? How often is what added?",
        "`refined = branch * channel_gate(branch, mlp)`; from there on only `refined`.",
        "The shortcut is added once, at the end, inside the ReLU.",
        "In full: `mlp, window = layers(first, second, kernel)`, `refined = branch * channel_gate(branch, mlp)`, "
        "`return torch.relu(shortcut + refined * spatial_gate(refined, window))`.",
    ],
)


@exercise.reference
def repaired(shortcut: Tensor, branch: Tensor, first: Tensor, second: Tensor, kernel: Tensor) -> Tensor:
    """``(B, C, H, W)`` twice, ``(h, C)``, ``(C, h)``, ``(1, 2, k, k)`` ``-> (B, C, H, W)``."""
    refined = branch * channel_gate(branch, first, second)
    return torch.relu(shortcut + refined * spatial_gate(refined, kernel))


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    yield Case("three channels of 2x3, a 3x3 kernel", _input(draw, (1, 3, 2, 3), 2, 3))
    yield Case("two pictures, four channels of 5x3, a 5x5 kernel", _input(draw, (2, 4, 5, 3), 3, 5))
    yield Case("three pictures, five channels of 4x6, a 3x3 kernel", _input(draw, (3, 5, 4, 6), 2, 3))


def _input(draw: Draw, shape: tuple[int, int, int, int], hidden: int, side: int) -> tuple[Tensor, ...]:
    """No two values of the branch are alike: a maximum has one gradient."""
    count = math.prod(shape)
    branch = ((draw.normal(count).argsort() - count // 3 + 0.5) * 6 / count).reshape(shape)
    weights = (draw.normal(hidden, shape[1]), draw.normal(shape[1], hidden), draw.normal(1, 2, side, side) / side)
    return draw.normal(*shape), branch, *weights


@exercise.accepts
def line_by_line(shortcut, branch, first, second, kernel):
    out = branch
    out = out * channel_gate(out, first, second)
    out = out * spatial_gate(out, kernel)
    out = out + shortcut
    return out.relu()


@exercise.accepts
def by_matrix_products(shortcut, branch, first, second, kernel):
    u = sum(torch.relu(z @ first.T) @ second.T for z in (branch.mean((2, 3)), branch.amax((2, 3))))
    refined = torch.einsum("bchw,bc->bchw", branch, u.sigmoid())
    return functional.relu(refined * spatial_gate(refined, kernel) + shortcut)


@exercise.accepts
def clamped(shortcut, branch, first, second, kernel):
    refined = channel_gate(branch, first, second) * branch
    return torch.clamp(shortcut + spatial_gate(refined, kernel) * refined, min=0)


@exercise.accepts
def layers_with_the_weights_put_in(shortcut, branch, first, second, kernel):
    hidden, channels = first.shape
    mlp = nn.Sequential(nn.Linear(channels, hidden, bias=False), nn.ReLU(), nn.Linear(hidden, channels, bias=False))

    def call(z):
        return torch.func.functional_call(mlp, {"0.weight": first, "2.weight": second}, z)

    gate = torch.sigmoid(call(branch.mean((2, 3))) + call(branch.amax((2, 3))))
    refined = branch * gate[..., None, None]
    return nn.ReLU()(shortcut + refined * spatial_gate(refined, kernel))


@exercise.accepts
def picture_by_picture(shortcut, branch, first, second, kernel):
    outputs = []
    for one in branch.split(1):
        refined = one * channel_gate(one, first, second)
        outputs.append(refined * spatial_gate(refined, kernel))
    return (torch.cat(outputs) + shortcut).relu()


@exercise.accepts
def windows_unfolded(shortcut, branch, first, second, kernel):
    refined, side = branch * channel_gate(branch, first, second), kernel.shape[-1]
    maps = torch.stack([refined.mean(1), refined.amax(1)], dim=1)
    u = (kernel.flatten() @ functional.unfold(maps, side, padding=side // 2)).view(len(branch), 1, *branch.shape[2:])
    return torch.relu(shortcut + refined / (1 + torch.exp(-u)))


@exercise.misconception
def leaves_the_unrefined_map(shortcut, branch, first, second, kernel):
    """You left the spatial gate as it was, computed beside the channel gate.

    The halves stand in a row: what the channel gate has shut, the spatial gate must not see.

    Compute the spatial gate from the refined features.
    """
    return torch.relu(shortcut + branch * channel_gate(branch, first, second) * spatial_gate(branch, kernel))


@exercise.misconception
def leaves_the_residual_inside(shortcut, branch, first, second, kernel):
    """You left the extra residual: the branch is added once more, unweighed.

    Then no channel and no place of the branch can be shut.

    Add the shortcut alone.
    """
    refined = branch * channel_gate(branch, first, second)
    return torch.relu(shortcut + branch + refined * spatial_gate(refined, kernel))


@exercise.misconception
def leaves_the_gates_behind_the_addition(shortcut, branch, first, second, kernel):
    """You left the addition before the gates.

    Then the shortcut is weighed as well, and is no longer a free way through: in a deep network gate upon gate shrinks
    it.

    Weigh the branch alone, then add the shortcut.
    """
    total = shortcut + branch
    refined = total * channel_gate(total, first, second)
    return torch.relu(refined * spatial_gate(refined, kernel))


@exercise.misconception
def puts_the_places_first(shortcut, branch, first, second, kernel):
    """You put the spatial half first.

    That is another module, and the paper tried it. Its equation 1 begins with the channels.

    Exchange the two halves.
    """
    placed = branch * spatial_gate(branch, kernel)
    return torch.relu(shortcut + placed * channel_gate(placed, first, second))


@exercise.misconception
def loses_the_channel_gate(shortcut, branch, first, second, kernel):
    """You multiplied the branch by the spatial gate, and the channel gate is lost.

    The refined features gave the map, but what is added must be refined as well.

    Multiply `refined`, not the branch, by the spatial gate.
    """
    return torch.relu(shortcut + branch * spatial_gate(branch * channel_gate(branch, first, second), kernel))


@exercise.misconception
def forgets_the_shortcut(shortcut, branch, first, second, kernel):
    """You left the shortcut out.

    Without it it is no residual block: where the gates are nearly shut the signal would be lost.

    Add the shortcut before the ReLU.
    """
    refined = branch * channel_gate(branch, first, second)
    return torch.relu(refined * spatial_gate(refined, kernel))


@exercise.misconception
def forgets_the_relu(shortcut, branch, first, second, kernel):
    """You left out the block's last ReLU.

    The sum may be negative; the block ends with a ReLU, with or without attention.

    Put torch.relu around the sum.
    """
    refined = branch * channel_gate(branch, first, second)
    return shortcut + refined * spatial_gate(refined, kernel)


@exercise.misconception
def relu_on_the_branch(shortcut, branch, first, second, kernel):
    """You put the ReLU on the gated branch, before the addition.

    Then the branch can only add, never take away.

    Put the ReLU around the whole sum.
    """
    refined = branch * channel_gate(branch, first, second)
    return shortcut + torch.relu(refined * spatial_gate(refined, kernel))


@exercise.misconception
def gates_the_shortcut(shortcut, branch, first, second, kernel):
    """You weighed the shortcut and left the branch as it is.

    The shortcut must stay a free way through; it is the branch whose features are weighed.

    Exchange the two.
    """
    refined = shortcut * channel_gate(shortcut, first, second)
    return torch.relu(branch + refined * spatial_gate(refined, kernel))


@exercise.misconception
def adds_the_logits(shortcut, branch, first, second, kernel):
    """You added what both halves give, and used one sigmoid.

    That is BAM, the next lesson. CBAM has a gate in each half, one after the other.

    Make two gates.
    """
    gate = torch.sigmoid(channel_logits(branch, first, second) + spatial_logits(branch, kernel))
    return torch.relu(shortcut + branch * gate)


@exercise.misconception
def one_gate_only(shortcut, branch, first, second, kernel):
    """You stopped after the channel half.

    The kernel is never read, so that it can never learn.

    Send the refined features through the spatial half.
    """
    return torch.relu(shortcut + branch * channel_gate(branch, first, second))
