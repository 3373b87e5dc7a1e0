"""Probes for a gate of each channel that is computed from the channels' means and maxima: CBAM's channel attention.

In the order in which a failure should be told. Each presupposes the ones before it. What holds for any gate of each
channel, and for the two layers inside, is asked as in the lesson on squeeze-and-excitation: where each channel is
constant, mean and maximum are one, and a shared MLP is squeeze-and-excitation's with twice the logit.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from attncourse.checking.cbam_channel_gradients import gradients_are_complete
from attncourse.checking.cbam_channel_inputs import LEAST_GAP, descriptors, maps
from attncourse.checking.cbam_channel_structure import (
    adds_the_branches,
    computes_the_formula,
    has_the_right_number_of_parameters,
    relu_between_the_layers,
    shares_the_layers,
)
from attncourse.checking.channel_contract import (
    can_be_built,
    has_parameters,
    keeps_samples_apart,
    keeps_the_dtype,
    keeps_the_shape,
    leaves_the_input,
    multiplies_each_channel,
    repeats_itself,
    stays_between_0_and_1,
    trains_as_it_runs,
)
from attncourse.checking.channel_gate import (
    LARGE,
    MIDDLE,
    PRECISION,
    SMALL,
    Size,
    apart,
    gates,
    random_module,
    worst_row,
)
from attncourse.checking.channel_structure import bottleneck_is_narrow, weights_have_their_own_parts
from attncourse.checking.probes import Probe, Subject, Violation
from attncourse.checking.report import Witness

SAMPLES = 16
DRAWS = 3
Move = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


def _sees_the_mean_and_the_maximum_only(subject: Subject) -> None:
    few = ((2, 3, 0.8), (5, 9, 0.8), (9, 5, 0.3), (1, 2, 0.0), (1, 7, 0.6), (4, 3, 0.8))
    large = tuple((height, width, 0.5) for height, width in LARGE)
    for size, shapes in ((SMALL, few + large), (MIDDLE, few)):
        built = random_module(subject, size)
        means, maxima = descriptors(subject.draw, 5, size.channels)
        plain = gates(built, maps(subject.draw, means, maxima, 2, 3, spread=0.0))
        for height, width, spread in shapes:
            got = gates(built, maps(subject.draw, means, maxima, height, width, spread))
            row = worst_row(apart(plain, got))
            if row is not None:
                sentence = "Two inputs with the same means and the same maxima get different gates."
                label = f"the gates for maps of {height}x{width}; expected: those for others of the same descriptors"
                inputs = (("means", means[row]), ("maxima", maxima[row]))
                raise Violation(sentence, Witness(label, inputs, plain[row], got[row]))


def _reacts_to_every_mean(subject: Subject) -> None:
    _reacts(subject, "mean", lambda means, maxima, move: (means - move, maxima))


def _reacts_to_every_maximum(subject: Subject) -> None:
    _reacts(subject, "maximum", lambda means, maxima, move: (means, maxima + move))


def _reacts(subject: Subject, name: str, moved: Move) -> None:
    for size in (SMALL, MIDDLE):
        reach = torch.zeros(size.channels, size.channels, dtype=torch.bool)
        for _ in range(DRAWS):
            gate = _gates_moved(subject, size, moved)
            reach |= (gate[:, 1:] - gate[:, :1]).abs().amax(dim=0) > PRECISION
        if not bool(reach.any()):
            sentence = f"The gates never change when a channel's {name} does and nothing else."
            raise Violation(sentence, Witness("gates, before and after", got=gate[0, :2]))
        if not bool(reach.all()):
            source, target = (~reach).nonzero()[0].tolist()
            sentence = f"The {name} of channel {source} never moves the gate of channel {target}."
            raise Violation(sentence, Witness(f"which {name} (row) moves which gate (column)", got=reach))


def _gates_moved(subject: Subject, size: Size, moved: Move) -> Tensor:
    """The gates ``(samples, 1 + C, C)`` of new weights: as they are, and after one descriptor of each channel moved.

    Half of the samples lie low, so that means and maxima come with either sign: a hidden unit may sleep on one side.
    """
    built = random_module(subject, size)
    low = torch.tensor([0.0, -3.0], dtype=torch.float64).repeat(SAMPLES // 2)[:, None]
    means, maxima = ((one + low)[:, None] for one in descriptors(subject.draw, SAMPLES, size.channels))
    moves = 2 * LEAST_GAP * torch.eye(size.channels, dtype=torch.float64)
    still = torch.zeros(1, size.channels, dtype=torch.float64)
    every = moved(means, maxima, torch.cat([still, moves]))
    moved_means, moved_maxima = (one.expand(-1, size.channels + 1, -1).flatten(0, 1) for one in every)
    return gates(built, maps(subject.draw, moved_means, moved_maxima)).unflatten(0, (SAMPLES, -1))


TWO_BRANCH_PROBES = (
    Probe(
        "ChannelAttention(channels, reduction=16) can be built, also for few channels",
        can_be_built,
        "The hidden width is max(1, channels // reduction). Call super().__init__() first.",
    ),
    Probe(
        "the layers are made once, in __init__, and can be learned",
        has_parameters,
        "Make both layers in __init__, as self.reduce = nn.Linear(...) and so on; use them in forward.",
    ),
    Probe(
        "features go in and features of the same shape come out, at any height and width",
        keeps_the_shape,
        "Pool over H and W whatever they are, give the gate the shape (B, C, 1, 1), and return x * gate.",
    ),
    Probe("the input is left as it was", leaves_the_input, "Make a new tensor: x * gate, no *= and no mul_."),
    Probe(
        "the output is x times one number for each sample and channel",
        multiplies_each_channel,
        "Pool H and W away before the layers, and multiply x by the gate at the end.",
    ),
    Probe("the same input gives the same output", repeats_itself, "Nothing random in forward: no layers, no dropout."),
    Probe(
        "training and evaluation mode compute the same",
        trains_as_it_runs,
        "The block has no dropout and no batch normalisation.",
    ),
    Probe("each sample is gated by itself", keeps_samples_apart, "Axis 0 is the batch: pool over axes 2 and 3 only."),
    Probe(
        "each gate lies between 0 and 1, and can come near to both",
        stays_between_0_and_1,
        "Add first, then one sigmoid on the sum, and nothing after it but the multiplication.",
    ),
    Probe(
        "the gates depend on the mean and the maximum of each channel, and on nothing else of it",
        _sees_the_mean_and_the_maximum_only,
        "x.mean(dim=(2, 3)) and x.amax(dim=(2, 3)): whole maps, no window, nothing more.",
    ),
    Probe(
        "every channel's mean can move every gate",
        _reacts_to_every_mean,
        "Send the means through both layers; both are fully connected.",
    ),
    Probe(
        "every channel's maximum can move every gate",
        _reacts_to_every_maximum,
        "Send the maxima through both layers as well, and add what comes out.",
    ),
    Probe(
        "the two branches are added before the sigmoid",
        adds_the_branches,
        "sigmoid(mlp(mean) + mlp(maximum)): the MLP is called twice, the sigmoid once.",
    ),
    Probe(
        "one MLP serves both descriptors",
        shares_the_layers,
        "Make two layers in all, and call both of them for each descriptor.",
    ),
    Probe(
        "the layers have the sizes that channels and reduction ask for",
        has_the_right_number_of_parameters,
        "Two layers in all, C to hidden and hidden to C, with hidden = max(1, channels // reduction) and reduction=16.",
    ),
    Probe(
        "the gate is sigmoid(MLP(mean) + MLP(max)), with MLP(z) = W2 relu(W1 z + b1) + b2",
        computes_the_formula,
        "Write the formula beside your forward: which factor, sign, term or activation is too many or missing?",
    ),
    Probe(
        "between the two layers stands a ReLU on each hidden value",
        relu_between_the_layers,
        "torch.relu on the first layer's output, value by value, for each descriptor by itself.",
    ),
    Probe(
        "the gates go through a hidden layer of max(1, channels // reduction) values",
        bottleneck_is_narrow,
        "The second layer takes the hidden values and nothing else.",
    ),
    Probe(
        "gradients reach the input and every weight",
        gradients_are_complete,
        "No .detach(), .data, .item() or torch.no_grad() on the way from x to the output.",
    ),
    Probe(
        "each weight has its own part in the result",
        weights_have_their_own_parts,
        "Two full matrices: no weight used twice, none left out.",
    ),
    Probe("float32, float64 and bfloat16 come back as they went in", keeps_the_dtype, "Cast back what you cast."),
)
