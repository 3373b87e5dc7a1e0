"""cbam-channel-repair: mend a published kind of channel attention with three bugs, silent on square maps."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "cbam-channel-repair",
    answer="repaired",
    title="Repair: three bugs in seven lines",
    points=2,
    task=(
        "`published` above has three bugs. Write `repaired(x, w1, b1, w2, b2)`: x times the gate of equation 2, whose "
        "MLP has exactly these weights. `(B, C, H, W) -> (B, C, H, W)`; w1 is `(hidden, C)`, w2 is `(C, hidden)`."
    ),
    hints=[
        "Call `published` twice on the same square map. Call it on a 4x6 map and on a 6x4 one. Print y / x.",
        "The mean's branch is right but for its end. Compare the maximum's with it, line by line.",
        "The maximum belongs to the whole map: x.amax(dim=(2, 3)). It goes through w1, b1, w2, b2 like the mean.",
        "Two gates are added where two logits should be: one sigmoid, on the sum.",
        "In full: `def mlp(z): return functional.linear(functional.linear(z, w1, b1).relu(), w2, b2)`, then "
        "`gate = torch.sigmoid(mlp(x.mean(dim=(2, 3))) + mlp(x.amax(dim=(2, 3))))` and "
        "`return x * gate[:, :, None, None]`.",
    ],
)


@exercise.reference
def repaired(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    """``(B, C, H, W) -> (B, C, H, W)``."""
    mean, maximum = (_mlp(z, w1, b1, w2, b2) for z in _descriptors(x))
    return _gated(x, mean + maximum)


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    # So many hidden units that a freshly drawn layer is never asleep as a whole, which would hide that it is fresh.
    yield Case("two pictures, two channels of 2x3, eight hidden units", _input(draw, (2, 2, 2, 3), hidden=8))
    yield Case("three pictures, four channels of 3x5", _input(draw, (3, 4, 3, 5), hidden=6))
    yield Case("two pictures, six channels of 5x3", _input(draw, (2, 6, 5, 3), hidden=8))
    yield Case("five pictures, twelve channels of 4x4", _input(draw, (5, 12, 4, 4), hidden=6))


def _input(draw: Draw, shape: tuple[int, int, int, int], hidden: int) -> tuple[Tensor, ...]:
    """x, w1, b1, w2, b2; in each channel all values differ, and the channels' means lie well apart."""
    batch, channels, height, width = shape
    order = draw.normal(batch, channels, height * width).argsort(dim=-1).reshape(shape)
    x = order * (4 / (height * width)) + draw.signed(batch, channels, 1, 1, low=0.5, high=2.5).float() - 2.1
    sizes = [(hidden, channels), (hidden,), (channels, hidden), (channels,)]
    return (x, *((draw.normal(*size) * 4).round() / (8 if len(size) == 2 else 4) for size in sizes))


def _descriptors(x):
    return x.mean(dim=(2, 3)), x.amax(dim=(2, 3))


def _mlp(z, w1, b1, w2, b2):
    return functional.linear(torch.relu(functional.linear(z, w1, b1)), w2, b2)


def _gated(x, logits):
    return x * torch.sigmoid(logits)[:, :, None, None]


@exercise.accepts
def both_as_one_batch(x, w1, b1, w2, b2):
    z = torch.cat(_descriptors(x))
    logits = functional.linear(functional.linear(z, w1, b1).relu(), w2, b2)
    return x * logits.view(2, len(x), -1, 1, 1).sum(dim=0).sigmoid()


@exercise.accepts
def channels_axes_kept(x, w1, b1, w2, b2):
    def mlp(z):
        hidden = functional.conv2d(z, w1[:, :, None, None], b1).relu()
        return functional.conv2d(hidden, w2[:, :, None, None], b2)

    pools = (functional.adaptive_max_pool2d, functional.adaptive_avg_pool2d)
    return x * torch.stack([mlp(pool(x, 1)) for pool in pools]).sum(dim=0).sigmoid()


@exercise.accepts
def matrix_products(x, w1, b1, w2, b2):
    logits = sum(torch.relu(z @ w1.T + b1) @ w2.T + b2 for z in _descriptors(x))
    return x * torch.sigmoid(logits).view(*x.shape[:2], 1, 1)


@exercise.accepts
def hidden_values_added_first(x, w1, b1, w2, b2):
    awake = sum(torch.relu(torch.einsum("bc,kc->bk", z, w1) + b1) for z in _descriptors(x))
    return torch.einsum("bchw,bc->bchw", x, torch.sigmoid(torch.einsum("bk,ck->bc", awake, w2) + 2 * b2))


@exercise.accepts
def layers_with_the_weights_put_in(x, w1, b1, w2, b2):
    layers = nn.Sequential(nn.Linear(w1.shape[1], w1.shape[0]), nn.ReLU(), nn.Linear(w2.shape[1], w2.shape[0]))
    weights = {"0.weight": w1, "0.bias": b1, "2.weight": w2, "2.bias": b2}
    mean, maximum = (torch.func.functional_call(layers, weights, z) for z in _descriptors(x))
    return (mean + maximum).sigmoid()[..., None, None] * x


@exercise.accepts
def sample_by_sample(x, w1, b1, w2, b2):
    outputs = []
    for sample in x:
        flat = sample.flatten(1)
        u = sum(w2 @ torch.relu(w1 @ z + b1) + b2 for z in (flat.mean(dim=1), flat.max(dim=1).values))
        outputs.append(sample / (1 + torch.exp(-u)).reshape(-1, 1, 1))
    return torch.stack(outputs)


@exercise.misconception
def leaves_the_fresh_mlp(x, w1, b1, w2, b2):
    """You left the maximum's MLP as it was: new layers at every call.

    They draw new random weights each time, nothing in them is ever learned, and they are not shared. Two calls with
    the same input disagree.

    Send the maximum through w1, b1, w2, b2, as the mean.
    """
    fresh = nn.Sequential(nn.Linear(w1.shape[1], len(w1)), nn.ReLU(), nn.Linear(len(w1), len(w2)))
    mean, maximum = _descriptors(x)
    return _gated(x, _mlp(mean, w1, b1, w2, b2) + fresh(maximum))


@exercise.misconception
def leaves_the_square_window(x, w1, b1, w2, b2):
    """You left the maximum's window: as wide as the map is high.

    On a square map that is the whole map. On a wider one only the left part is seen, in silence; on a narrower one the
    call fails.

    Take the maximum over both axes, whatever their sizes.
    """
    maximum = functional.max_pool2d(x, x.shape[2])[:, :, 0, 0]
    return _gated(x, _mlp(x.mean(dim=(2, 3)), w1, b1, w2, b2) + _mlp(maximum, w1, b1, w2, b2))


@exercise.misconception
def leaves_the_two_sigmoids(x, w1, b1, w2, b2):
    """You left a sigmoid in each branch.

    The sum of two gates runs from 0 to 2: the module can double a channel.

    Add the branches first, then apply one sigmoid.
    """
    mean, maximum = (torch.sigmoid(_mlp(z, w1, b1, w2, b2)) for z in _descriptors(x))
    return x * (mean + maximum)[:, :, None, None]


@exercise.misconception
def adds_a_third_sigmoid(x, w1, b1, w2, b2):
    """You put a sigmoid around the sum and left the two in the branches.

    The last one only sees numbers from 0 to 2, so that every gate lies between 0.5 and 0.88.

    Take the sigmoids out of the branches.
    """
    mean, maximum = (torch.sigmoid(_mlp(z, w1, b1, w2, b2)) for z in _descriptors(x))
    return _gated(x, mean + maximum)


@exercise.misconception
def averages_two_gates(x, w1, b1, w2, b2):
    """You halved the sum of the two gates, so that it stays below 1.

    That mends the range, not the module: a branch that says "shut" can then only halve the other.

    Add before the sigmoid.
    """
    mean, maximum = (torch.sigmoid(_mlp(z, w1, b1, w2, b2)) for z in _descriptors(x))
    return x * ((mean + maximum) / 2)[:, :, None, None]


@exercise.misconception
def drops_the_maximum(x, w1, b1, w2, b2):
    """You took the faulty branch out altogether.

    What remains is squeeze-and-excitation: one bright spot and an even grey look the same.

    Mend the maximum's branch instead.
    """
    return _gated(x, _mlp(x.mean(dim=(2, 3)), w1, b1, w2, b2))


@exercise.misconception
def takes_the_mean_twice(x, w1, b1, w2, b2):
    """You sent the mean through the MLP twice.

    On an even map nobody would notice, for there the maximum is the mean. Look at the second pooling.

    Make one of the two a maximum.
    """
    mean = x.mean(dim=(2, 3))
    return _gated(x, 2 * _mlp(mean, w1, b1, w2, b2))


@exercise.misconception
def takes_the_maximum_twice(x, w1, b1, w2, b2):
    """You sent the maximum through the MLP twice.

    On an even map nobody would notice, for there the mean is the maximum. Look at the first pooling.

    Make one of the two a mean.
    """
    maximum = x.amax(dim=(2, 3))
    return _gated(x, 2 * _mlp(maximum, w1, b1, w2, b2))


@exercise.misconception
def adds_the_descriptors(x, w1, b1, w2, b2):
    """You added mean and maximum, and called the MLP once.

    Cheaper, but another module: the ReLU then sees both mixed.

    Call the MLP for each, and add what comes out.
    """
    mean, maximum = _descriptors(x)
    return _gated(x, _mlp(mean + maximum, w1, b1, w2, b2))


@exercise.misconception
def counts_the_last_bias_once(x, w1, b1, w2, b2):
    """You added the two before the last bias, so that it counts once.

    In a module that learns, nobody would notice. Here the weights are given, and the MLP of equation 2 adds b2 at each
    of its two calls.

    Call the whole MLP twice.
    """
    mean, maximum = (_mlp(z, w1, b1, w2, 0 * b2) for z in _descriptors(x))
    return _gated(x, mean + maximum + b2)


@exercise.misconception
def loses_the_hidden_relu(x, w1, b1, w2, b2):
    """You lost the ReLU between the layers.

    Two linear layers in a row are one, and then MLP(mean) + MLP(max) only knows the sum of mean and maximum.

    Keep the ReLU between the two layers, in both branches.
    """
    mean, maximum = (functional.linear(functional.linear(z, w1, b1), w2, b2) for z in _descriptors(x))
    return _gated(x, mean + maximum)


@exercise.misconception
def pools_the_batch(x, w1, b1, w2, b2):
    """You took the maximum over the batch as well.

    What a picture gets then depends on its neighbours. With a batch of one nobody notices.

    Pool over (2, 3) only.
    """
    maximum = x.amax(dim=(0, 2, 3)).expand(len(x), -1)
    return _gated(x, _mlp(x.mean(dim=(2, 3)), w1, b1, w2, b2) + _mlp(maximum, w1, b1, w2, b2))


@exercise.misconception
def takes_the_index(x, w1, b1, w2, b2):
    """You took where the maximum stands, not how large it is.

    `max` gives two things where an axis is named: the values and their indices. A channel attention knows no places.

    Take the values, or use amax.
    """
    where = x.flatten(2).argmax(dim=2).to(x.dtype)
    return _gated(x, _mlp(x.mean(dim=(2, 3)), w1, b1, w2, b2) + _mlp(where, w1, b1, w2, b2))


@exercise.misconception
def adds_the_input(x, w1, b1, w2, b2):
    """You added the input at the end.

    The residual connection belongs to the block around the module.

    Return the product alone.
    """
    mean, maximum = (_mlp(z, w1, b1, w2, b2) for z in _descriptors(x))
    return x + _gated(x, mean + maximum)


@exercise.misconception
def returns_the_gate(x, w1, b1, w2, b2):
    """You returned the gate, spread out to the shape of x.

    The shape is right, but the features are gone.

    Multiply x by the gate.
    """
    mean, maximum = (_mlp(z, w1, b1, w2, b2) for z in _descriptors(x))
    return torch.sigmoid(mean + maximum)[:, :, None, None].expand_as(x)
