"""Probes for a gate of each channel that is computed from the channels' means: squeeze-and-excitation.

In the order in which a failure should be told. Each presupposes the ones before it; what needs weights fills them
with chosen values, so that no default initialisation hides a mistake. That samples are kept apart is asked early,
because all later probes feed many at once.
"""

from __future__ import annotations

import torch
from torch import Tensor

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
    DEFAULT,
    LARGE,
    MIDDLE,
    NARROW,
    PRECISION,
    SMALL,
    UNEVEN,
    WIDE,
    Signs,
    Size,
    apart,
    constant_gate,
    constant_module,
    count_values,
    gates,
    maps,
    points,
    random_module,
    signs,
    worst_row,
)
from attncourse.checking.channel_structure import (
    bottleneck_is_narrow,
    gradients_are_complete,
    relu_between_the_layers,
    weights_have_their_own_parts,
)
from attncourse.checking.probes import Probe, Subject, Violation
from attncourse.checking.report import Witness


def _sees_the_mean_only(subject: Subject) -> None:
    few = ((2, 3, 1.0), (5, 9, 1.0), (9, 5, 4.0), (1, 1, 0.0), (1, 7, 1.0))
    large = tuple((height, width, 1.0) for height, width in LARGE)
    for size, shapes in ((SMALL, few + large), (MIDDLE, few)):
        built = random_module(subject, size)
        means = subject.draw.signed(5, size.channels, low=0.5, high=3.0)
        plain = gates(built, maps(subject.draw, means, 2, 3, spread=0.0))
        for height, width, spread in shapes:
            x = maps(subject.draw, means, height, width, spread)
            got = gates(built, x)
            row = worst_row(apart(plain, got))
            if row is not None:
                sentence = "Two inputs with the same channel means get different gates: not only the mean is seen."
                label = f"the gates for maps of {height}x{width}; expected: those for constant maps of the same means"
                raise Violation(sentence, Witness(label, (("means", means[row]),), plain[row], got[row]))


def _reacts_to_every_mean(subject: Subject) -> None:
    for size in (SMALL, MIDDLE):
        built = random_module(subject, size)
        base = subject.draw.signed(16, size.channels, low=0.5, high=2.0)
        moved = base[:, None, :] + 1.5 * torch.eye(size.channels, dtype=torch.float64)
        every = torch.cat([base[:, None, :], moved], dim=1)
        gate = gates(built, points(every.flatten(0, 1))).reshape(every.shape)
        reach = (gate[:, 1:] - gate[:, :1]).abs().amax(dim=0) > PRECISION
        if not bool(reach.any()):
            raise Violation(
                "The gates never change, whatever the channels' means are.", Witness("gates", got=gate[0, 0])
            )
        if not bool(reach.all()):
            source, target = (~reach).nonzero()[0].tolist()
            sentence = f"The mean of channel {source} never moves the gate of channel {target}."
            raise Violation(sentence, Witness("which mean (row) moves which gate (column)", got=reach))


def _has_the_right_number_of_parameters(subject: Subject) -> None:
    for size in (SMALL, MIDDLE, UNEVEN, NARROW, DEFAULT, WIDE):
        built = subject.build(*size.arguments, warm=(3, size.channels, 1, 2), dtype="float32")
        count = count_values(built.shapes)
        wanted = sorted({size.weights + a + b for a in (0, size.hidden) for b in (0, size.channels)})
        if count not in wanted:
            formula = f"2 * {size.channels} * {size.hidden} = {size.weights} weights"
            expected = f"{formula}, with biases {', '.join(map(str, wanted[1:-1]))} or {wanted[-1]}"
            witness = Witness(f"the number of parameters for {size.words}", (), expected, count, _as_if(size, count))
            raise Violation(f"For {size.words} it has {count} parameters.", witness)


def _as_if(size: Size, count: int) -> str:
    for hidden in range(4 * size.channels):
        for biases in (0, hidden, size.channels, hidden + size.channels):
            if count == 2 * size.channels * hidden + biases and hidden != size.hidden:
                return f"{count} would fit a hidden width of {hidden}; the task asks for {size.hidden}"
    return ""


def _computes_the_formula(subject: Subject) -> None:
    far, near = (-30.0, -4.0, 3.0, 30.0), (-6.0, -2.0, 1.0, 5.0)
    readings: set[Signs] | None = None
    for size, values, span in ((SMALL, (0.5, -0.5), near), (MIDDLE, (0.2, -0.2), near), (NARROW, (0.9, -0.9), far)):
        sums = torch.tensor(span, dtype=torch.float64)
        means = maps(subject.draw, sums[:, None] / size.channels, size.channels, 1)[:, 0, :, 0]
        built = [constant_module(subject, size, value) for value in values]
        count = count_values(built[0].shapes) - size.weights
        got = torch.cat([gates(one, points(means)) for one in built])
        exact = points(means)[:, :, 0, 0].sum(dim=1)
        expected = {
            sign: torch.cat([constant_gate(size, value, exact, sign) for value in values])[:, None].expand_as(got)
            for sign in signs(size, count)
        }
        fitting = {sign for sign, gate in expected.items() if not bool(apart(gate, got).any())}
        readings = fitting if readings is None else readings & fitting
        if not readings:
            plain = next(iter(expected.values()))
            row = worst_row(apart(plain, got)) or 0
            value, inputs = values[row // len(span)], means[row % len(span)]
            label = f"the gates for {size.words}, every weight and bias set to {value:g}"
            note = f"the means add up to {float(inputs.sum()):.3g}"
            raise Violation(_alternative(plain, got), Witness(label, (("means", inputs),), plain[row], got[row], note))


def _alternative(expected: Tensor, got: Tensor) -> str:
    """A familiar function that gives these gates."""
    if not bool(apart(1 - expected, got).any()):
        return "Your gate is 1 minus the right one: it closes where it should open."
    return "With all weights and biases set to one known value, the gates are not sigmoid(W2 relu(W1 z + b1) + b2)."


MEAN_GATE_PROBES = (
    Probe(
        "SqueezeExcitation(channels, reduction=16) can be built, also for few channels",
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
        "Squeeze H and W away before the layers, and multiply x by the gate at the end.",
    ),
    Probe("the same input gives the same output", repeats_itself, "Nothing random in forward: no layers, no dropout."),
    Probe(
        "training and evaluation mode compute the same",
        trains_as_it_runs,
        "The block has no dropout and no batch normalisation.",
    ),
    Probe(
        "each sample is gated by itself", keeps_samples_apart, "Axis 0 is the batch: average over axes 2 and 3 only."
    ),
    Probe(
        "each gate lies between 0 and 1, and can come near to both",
        stays_between_0_and_1,
        "One sigmoid, on what the second layer gives, and nothing after it but the multiplication.",
    ),
    Probe(
        "the gates depend on the mean of each channel, and on nothing else of it",
        _sees_the_mean_only,
        "Squeeze with the mean over both H and W: no maximum, no sum, no window.",
    ),
    Probe(
        "every channel's mean can move every gate",
        _reacts_to_every_mean,
        "Both layers are fully connected: C values in, hidden values, C values out.",
    ),
    Probe(
        "the layers have the sizes that channels and reduction ask for",
        _has_the_right_number_of_parameters,
        "Two layers, C to hidden and hidden to C, with hidden = max(1, channels // reduction) and reduction=16.",
    ),
    Probe(
        "the gate is sigmoid(W2 relu(W1 z + b1) + b2)",
        _computes_the_formula,
        "Write the formula beside your forward: which factor, sign, term or activation is too many or missing?",
    ),
    Probe(
        "between the two layers stands a ReLU on each hidden value",
        relu_between_the_layers,
        "torch.relu on the first layer's output, value by value.",
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
