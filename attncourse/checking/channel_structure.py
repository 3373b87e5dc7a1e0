"""The dearer channel probes: the ReLU, the bottleneck, the gradients, and the part of each weight."""

from __future__ import annotations

import torch
from torch import Tensor

from attncourse.checking.channel_gate import (
    MIDDLE,
    SMALL,
    count_values,
    gate_of,
    gradients,
    logits,
    module,
    points,
    random_module,
)
from attncourse.checking.draw import Draw
from attncourse.checking.probes import Built, Subject, Violation
from attncourse.checking.report import Witness

LINES = 3
STEPS = 161
CLOSER = 0.002
STEP = 0.01
HIGH = 0.4
NOT_A_BEND = 5e-6


def relu_between_the_layers(subject: Subject) -> None:
    """Along a line of means the logits are straight but for at most one kink for each hidden value, and never jump."""
    kinks = 0
    for size in (SMALL, MIDDLE) * LINES:
        built = random_module(subject, size, 0.1, HIGH)
        start = subject.draw.signed(size.channels, low=0.05, high=0.3)
        direction = subject.draw.signed(size.channels, low=0.5, high=1.0)
        places = torch.linspace(-6, 6, STEPS, dtype=torch.float64)
        u = logits(built, points(start + places[:, None] * direction))
        bends = _bends(u)
        kinks += int(bends.any())
        if int(bends.sum()) > 2 * size.hidden:
            sentence = "As the means move evenly, what the sigmoid gets bends too often: each ReLU bends once."
            raise Violation(sentence, _along(places, u))
        # A jump looks like a kink until one looks closer.
        steepest = size.hidden * HIGH**2 * float(direction.abs().sum()) * CLOSER
        for first in places[:-2][bends]:
            near = torch.arange(0, float(places[2] - places[0]), CLOSER, dtype=torch.float64) + first
            closer = logits(built, points(start + near[:, None] * direction))
            noise = 1e-5 * torch.cosh(closer[1:] / 2) ** 2
            if bool(((closer[1:] - closer[:-1]).abs() > 1.2 * steepest + noise).any()):
                raise Violation("As the means move evenly, the gate jumps.", _along(near, closer))
    if not kinks:
        raise Violation("As the means move evenly, so does what the sigmoid gets: there is no ReLU.", _along(places, u))


def _bends(u: Tensor) -> Tensor:
    noise = 1e-6 * torch.cosh(u[1:-1] / 2) ** 2
    return ((u[2:] - 2 * u[1:-1] + u[:-2]).abs() > noise + NOT_A_BEND).any(dim=1)


def _along(places: Tensor, u: Tensor) -> Witness:
    shown = slice(None, None, len(places) // 8)
    label = "what the sigmoid of channel 0 gets, at nine points of a line"
    return Witness(label, (("place on the line", places[shown]),), None, u[shown, 0])


def bottleneck_is_narrow(subject: Subject) -> None:
    """The logits of many inputs span as many directions as there are hidden values."""
    size = MIDDLE
    built = random_module(subject, size, 0.2, 0.5)
    u = logits(built, points(subject.draw.signed(96, size.channels, low=0.2, high=2.0)))
    strength = torch.linalg.svdvals(u - u[:1])
    strength = strength / strength[0]
    label = f"the strength of each direction in which the gates move, {size.words}"
    if float(strength[size.hidden]) > 1e-4:
        raise Violation(f"The gates move in more than {size.hidden} directions.", Witness(label, got=strength))
    if float(strength[size.hidden - 1]) < 1e-3:
        raise Violation(f"The gates move in fewer than {size.hidden} directions.", Witness(label, got=strength))


def gradients_are_complete(subject: Subject) -> None:
    """Gradients of x and of each parameter agree with central differences.

    All weights are positive. So all hidden values are above zero for a positive x or, where the first weight is
    stored with the other sign, for a negative one.
    """
    for sign in (1.0, -1.0):
        values: list[Tensor] = []

        def fill(shape: tuple[int, ...], values: list[Tensor] = values) -> Tensor:
            values.append(subject.draw.signed(*shape, low=0.2, high=0.4).abs())
            return values[-1]

        built = module(subject, SMALL, fill)
        x = subject.draw.signed(3, SMALL.channels, 2, 1, low=0.6, high=1.2).abs() * sign
        weights = Draw(subject.seed).normal(*x.shape, dtype=torch.float64)
        of_input, of_parameters = gradients(built, x)
        _input_gradient(built, x, weights, of_input)
        _weight_gradients(subject, built, x, weights, values, of_parameters)


def _input_gradient(built: Built, x: Tensor, weights: Tensor, told: Tensor) -> None:
    """The part that goes through the gate is compared: beside the factor gate * x it is small, and easily missed."""
    entries = x[0].numel()
    moves = torch.eye(entries, dtype=torch.float64).reshape(entries, *x.shape[1:]) * STEP
    moved = torch.stack([x[:, None] + moves, x[:, None] - moves])
    losses = (built.run(moved.flatten(0, 2)).reshape(moved.shape) * weights[:, None]).sum(dim=(3, 4, 5))
    measured = ((losses[0] - losses[1]) / (2 * STEP)).reshape(x.shape)
    direct = weights * gate_of(x, built.run(x))[:, :, None, None]
    if _far(measured - direct, told - direct):
        label = "the gradient of x, without the factor of the gate itself"
        witness = Witness(label, (), measured - direct, told - direct)
        raise Violation("The gradient of the input does not go through the gate as it should.", witness)


def _weight_gradients(
    subject: Subject, built: Built, x: Tensor, weights: Tensor, values: list[Tensor], told: list[Tensor]
) -> None:
    for place, gradient in enumerate(told):
        for _ in range(2):
            direction = subject.draw.signed(*gradient.shape, low=0.3, high=1.0)
            losses = []
            for step in (STEP, -STEP):
                built.fill([v + step * direction if i == place else v for i, v in enumerate(values)])
                losses.append(float((built.run(x) * weights).sum()))
            measured, got = (losses[0] - losses[1]) / (2 * STEP), float((gradient * direction).sum())
            built.fill(values)
            if _far(torch.tensor(measured), torch.tensor(got)):
                label = f"the slope along one direction of a parameter of shape {tuple(gradient.shape)}"
                raise Violation("The gradient of a parameter is not the slope.", Witness(label, (), measured, got))


def _far(measured: Tensor, told: Tensor) -> bool:
    return not bool(((measured - told).abs() <= 2e-4 + 0.02 * measured.abs().max()).all())


def weights_have_their_own_parts(subject: Subject) -> None:
    """The gradients of many inputs span all parameters but for one scale of each hidden value, which is free."""
    built = random_module(subject, SMALL, 0.2, 0.5)
    count = count_values(built.shapes)
    rows = []
    for _ in range(count + 4):
        x = points(subject.draw.signed(5, SMALL.channels, low=0.3, high=2.0))
        rows.append(torch.cat([gradient.flatten() for gradient in gradients(built, x)[1]]))
    strength = torch.linalg.svdvals(torch.stack(rows))
    free = int((strength > 1e-5 * strength[0]).sum())
    if free < count - SMALL.hidden:
        sentence = f"Only {free} of {count} parameters have an effect of their own ({count - SMALL.hidden} should)."
        raise Violation(sentence)
