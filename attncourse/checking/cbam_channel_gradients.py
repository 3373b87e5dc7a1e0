"""The probe for gradients of CBAM's channel gate: its inputs keep every maximum at its place."""

from __future__ import annotations

import torch
from torch import Tensor

from attncourse.checking.channel_gate import SMALL, gate_of, gradients, module
from attncourse.checking.draw import Draw
from attncourse.checking.probes import Built, Subject, Violation
from attncourse.checking.report import Witness

STEP = 0.01


def gradients_are_complete(subject: Subject) -> None:
    """Gradients of x and of each parameter agree with central differences.

    All weights are positive. So all hidden values are above zero for a positive x or, where the first weight is
    stored with the other sign, for a negative one.
    """
    for shift in (0.0, -1.8):
        values: list[Tensor] = []

        def fill(shape: tuple[int, ...], values: list[Tensor] = values) -> Tensor:
            values.append(subject.draw.signed(*shape, low=0.2, high=0.4).abs())
            return values[-1]

        built = module(subject, SMALL, fill)
        x = _apart_by_steps(subject.draw) + shift
        weights = Draw(subject.seed).normal(*x.shape, dtype=torch.float64)
        of_input, of_parameters = gradients(built, x)
        _input_gradient(built, x, weights, of_input)
        for place, gradient in enumerate(of_parameters):
            _weight_gradient(subject, built, x, weights, values, place, gradient)


def _apart_by_steps(draw: Draw) -> Tensor:
    """``(2, C, 3, 1)``, values from 0.6 to 1.1: no step of a difference moves a maximum to another place."""
    lowest = draw.signed(2, SMALL.channels, 1, low=0.6, high=0.8).abs()
    steps = draw.normal(2, SMALL.channels, 3).argsort(dim=-1) * 0.15
    return (lowest + steps)[..., None]


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
        witness = Witness(label, (), (measured - direct)[0], (told - direct)[0])
        raise Violation("The gradient of the input does not go through the gate as it should.", witness)


def _weight_gradient(
    subject: Subject, built: Built, x: Tensor, weights: Tensor, values: list[Tensor], place: int, told: Tensor
) -> None:
    for _ in range(2):
        direction = subject.draw.signed(*told.shape, low=0.3, high=1.0)
        losses = []
        for step in (STEP, -STEP):
            built.fill([v + step * direction if i == place else v for i, v in enumerate(values)])
            losses.append(float((built.run(x) * weights).sum()))
        measured, got = (losses[0] - losses[1]) / (2 * STEP), float((told * direction).sum())
        built.fill(values)
        if _far(torch.tensor(measured), torch.tensor(got)):
            label = f"the slope along one direction of a parameter of shape {tuple(told.shape)}"
            raise Violation("The gradient of a parameter is not the slope.", Witness(label, (), measured, got))


def _far(measured: Tensor, told: Tensor) -> bool:
    return not bool(((measured - told).abs() <= 2e-4 + 0.02 * measured.abs().max()).all())
