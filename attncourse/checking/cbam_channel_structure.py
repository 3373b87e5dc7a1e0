"""The probes that look into CBAM's channel gate: two branches added, one MLP for both, its size, formula and ReLU."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from attncourse.checking.cbam_channel_inputs import descriptors, maps, noise, what_the_sigmoid_gets
from attncourse.checking.channel_gate import (
    DEFAULT,
    MIDDLE,
    NARROW,
    SMALL,
    UNEVEN,
    WIDE,
    Signs,
    Size,
    apart,
    constant_module,
    count_values,
    gates,
    has_bias2,
    random_module,
    signs,
    told_by_its_scale,
    worst_row,
)
from attncourse.checking.probes import Built, Subject, Violation
from attncourse.checking.report import Witness

SAMPLES = 12
LINES = 3
STEPS = 161
CLOSER = 0.002
HIGH = 0.4
# An answer that computes in float32 bends by less.
NOT_A_BEND = 5e-5
# What some put in the place of the ReLU.
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "nothing": lambda hidden: hidden,
    "a GELU": functional.gelu,
    "a GELU, approximated by tanh,": lambda hidden: functional.gelu(hidden, approximate="tanh"),
    "a SiLU (swish)": functional.silu,
    "an h-swish": functional.hardswish,
    "a leaky ReLU": functional.leaky_relu,
    "a leaky ReLU of slope 0.1": lambda hidden: functional.leaky_relu(hidden, 0.1),
    "a leaky ReLU of slope 0.2": lambda hidden: functional.leaky_relu(hidden, 0.2),
    "an ELU": functional.elu,
    "a softplus": functional.softplus,
    "a ReLU6": functional.relu6,
    "a squared ReLU": lambda hidden: functional.relu(hidden) ** 2,
    "a tanh": torch.tanh,
    "a sigmoid": torch.sigmoid,
}


def adds_the_branches(subject: Subject) -> None:
    """What the sigmoid gets is one number from the means plus one from the maxima: exchanged, they add up the same."""
    for size in (SMALL, MIDDLE):
        built = random_module(subject, size)
        means = [subject.draw.signed(SAMPLES, size.channels, low=0.2, high=2.0) - 2.2 for _ in range(2)]
        maxima = [subject.draw.signed(SAMPLES, size.channels, low=0.2, high=1.2) + 1.5 for _ in range(2)]
        pairs = ((0, 0), (1, 1), (0, 1), (1, 0))
        u = [what_the_sigmoid_gets(built, subject.draw, means[a], maxima[m]) for a, m in pairs]
        straight, crossed = u[0] + u[1], u[2] + u[3]
        row = worst_row((straight - crossed).abs() > sum(map(noise, u), torch.zeros(())))
        if row is not None:
            sentence = (
                "What the sigmoid gets is not one part from the means plus one from the maxima. Either the two meet "
                "before the MLP is done, or behind the sigmoid, or what ends the gate is no sigmoid."
            )
            label = "logits of two inputs, added; expected: the same after they have exchanged their maxima"
            raise Violation(sentence, Witness(label, (), crossed[row], straight[row]))


def shares_the_layers(subject: Subject) -> None:
    """Where every channel is one constant, both branches see the same. So they must give the same."""
    for size in (SMALL, MIDDLE):
        built = random_module(subject, size)
        means, maxima = descriptors(subject.draw, SAMPLES, size.channels)
        pairs = ((means, maxima), (means, means), (maxima, maxima))
        u, both_means, both_maxima = (what_the_sigmoid_gets(built, subject.draw, a, m) for a, m in pairs)
        expected = (both_means + both_maxima) / 2
        row = worst_row((u - expected).abs() > noise(u) + noise(both_means) + noise(both_maxima))
        if row is not None:
            inputs = (("means", means[row]), ("maxima", maxima[row]))
            label = "what the sigmoid gets; expected: as if the same layers had seen the means and the maxima"
            sentence = "The means and the maxima do not go through the same layers in the same way."
            raise Violation(sentence, Witness(label, inputs, expected[row], u[row]))


def has_the_right_number_of_parameters(subject: Subject) -> None:
    """Two layers, whatever goes through them: the count of squeeze-and-excitation."""
    for size in (SMALL, MIDDLE, UNEVEN, NARROW, DEFAULT, WIDE):
        built = subject.build(*size.arguments, warm=(3, size.channels, 1, 2), dtype="float32")
        count = count_values(built.shapes)
        biases = sorted({a + b for a in (0, size.hidden) for b in (0, size.channels)})
        if count - size.weights not in biases:
            wanted = [size.weights + bias for bias in biases]
            formula = f"2 * {size.channels} * {size.hidden} = {size.weights} weights"
            expected = f"{formula}, with biases {', '.join(map(str, wanted[1:-1]))} or {wanted[-1]}"
            note = _as_if(size, count)
            witness = Witness(f"the number of parameters for {size.words}", (), expected, count, note)
            raise Violation(f"For {size.words} it has {count} parameters.", witness)


def _as_if(size: Size, count: int) -> str:
    """Which other layers have so many numbers."""
    for hidden in range(4 * size.channels):
        for biases in (0, hidden, size.channels, hidden + size.channels):
            one = 2 * size.channels * hidden + biases
            if count == 2 * one and hidden == size.hidden:
                return f"{count} is twice {one}: two MLPs, one for each descriptor"
            if count == one and hidden != size.hidden:
                return f"{count} would fit a hidden width of {hidden}; the task asks for {size.hidden}"
    return ""


def computes_the_formula(subject: Subject) -> None:
    """With all parameters one constant, the gates are known in closed form.

    The second layer's bias may count once or twice: ``W2 h(mean) + W2 h(max) + b2`` can be learned as well.
    """
    far, near = (-30.0, -4.0, 3.0, 30.0), (-6.0, -2.0, 1.0, 5.0)
    readings: set[tuple[Signs, int]] | None = None
    for size, values, span in ((SMALL, (0.5, -0.5), near), (MIDDLE, (0.2, -0.2), near), (NARROW, (0.6, -0.6), far)):
        sums = torch.tensor(span, dtype=torch.float64)[:, None].expand(-1, size.channels)
        means = (sums + subject.draw.signed(len(span), size.channels, low=0.1, high=0.3)) / size.channels
        gaps = subject.draw.signed(len(span), size.channels, low=1.0, high=5.0).abs()
        maxima = means + gaps / size.channels
        x = maps(subject.draw, means, maxima)
        built = [constant_module(subject, size, value) for value in values]
        count = count_values(built[0].shapes) - size.weights
        got = torch.cat([gates(one, x) for one in built])
        factors = (2, 1) if has_bias2(size, count) else (2,)
        expected = {
            (sign, factor): torch.cat([_gate(size, value, means, maxima, sign, factor) for value in values])
            for sign in signs(size, count)
            for factor in factors
        }
        fitting = {reading for reading, gate in expected.items() if not bool(apart(gate, got).any())}
        readings = fitting if readings is None else readings & fitting
        if not readings:
            plain = next(iter(expected.values()))
            row = worst_row(apart(plain, got)) or 0
            value, sample = values[row // len(span)], row % len(span)
            label = f"the gates for {size.words}, every weight and bias set to {value:g}"
            note = (
                f"the means add up to {float(means[sample].sum()):.3g}, the maxima to {float(maxima[sample].sum()):.3g}"
            )
            inputs = (("means", means[sample]), ("maxima", maxima[sample]))
            told = _alternative(plain, got)
            for name, activation in ACTIVATIONS.items():
                others = (
                    torch.cat([_gate(size, v, means, maxima, sign, factor, activation) for v in values])
                    for sign, factor in expected
                )
                if any(not bool(apart(one, got).any()) for one in others):
                    told = f"Between your two layers stands {name} where a ReLU belongs."
                    break
            raise Violation(told, Witness(label, inputs, plain[row], got[row], note))


def _gate(
    size: Size,
    value: float,
    means: Tensor,
    maxima: Tensor,
    sign: Signs,
    factor: int,
    activation: Callable[[Tensor], Tensor] = torch.relu,
) -> Tensor:
    hidden = sum(
        activation(value * (sign.weight1 * seen.sum(dim=1, keepdim=True) + sign.bias1)) for seen in (means, maxima)
    )
    logit = value * (sign.weight2 * size.hidden * hidden + sign.bias2 * factor)
    return torch.sigmoid(torch.as_tensor(logit)).expand(-1, size.channels)


def _alternative(expected: Tensor, got: Tensor) -> str:
    """A familiar function that gives these gates."""
    if not bool(apart(1 - expected, got).any()):
        return "Your gate is 1 minus the right one: it closes where it should open."
    half = torch.sigmoid(torch.logit(expected, eps=1e-12) / 2)
    if not bool(apart(half, got).any()):
        return "Your logit is half of the right one: the two branches are averaged, not added."
    plain = "With all weights and biases set to one known value, the gates are not sigmoid(MLP(mean) + MLP(max))."
    return told_by_its_scale(expected, got) or plain


def relu_between_the_layers(subject: Subject) -> None:
    """Along a line of means and maxima the logits are straight, but for one kink a hidden value and branch at most."""
    kinks = 0
    for size in (SMALL, MIDDLE) * LINES:
        built = random_module(subject, size, 0.1, HIGH)
        means, maxima = descriptors(subject.draw, 1, size.channels)
        direction = subject.draw.signed(size.channels, low=0.5, high=1.0)

        def along(
            places: Tensor, built: Built = built, ends: tuple[Tensor, ...] = (means, maxima, direction)
        ) -> Tensor:
            lines = (end / 5 + places[:, None] * ends[2] for end in ends[:2])
            return what_the_sigmoid_gets(built, subject.draw, *lines)

        places = torch.linspace(-6, 6, STEPS, dtype=torch.float64)
        u = along(places)
        bends = ((u[2:] - 2 * u[1:-1] + u[:-2]).abs() > noise(u[1:-1]) / 10 + NOT_A_BEND).any(dim=1)
        kinks += int(bends.any())
        if int(bends.sum()) > 4 * size.hidden:
            sentence = "As the descriptors move evenly, what the sigmoid gets bends too often: each ReLU bends once."
            raise Violation(sentence, _along(places, u))
        # A jump looks like a kink until one looks closer.
        steepest = 2 * size.hidden * HIGH**2 * float(direction.abs().sum()) * CLOSER
        for first in places[:-2][bends]:
            near = torch.arange(0, float(places[2] - places[0]), CLOSER, dtype=torch.float64) + first
            closer = along(near)
            if bool(((closer[1:] - closer[:-1]).abs() > 1.2 * steepest + noise(closer[1:])).any()):
                raise Violation("As the descriptors move evenly, the gate jumps.", _along(near, closer))
    if not kinks:
        raise Violation("As the descriptors move evenly, so does what the sigmoid gets: no ReLU.", _along(places, u))


def _along(places: Tensor, u: Tensor) -> Witness:
    shown = slice(None, None, len(places) // 8)
    label = "what the sigmoid of channel 0 gets, at nine points of a line"
    return Witness(label, (("place on the line", places[shown]),), None, u[shown, 0])
