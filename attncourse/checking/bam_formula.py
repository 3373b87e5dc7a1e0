"""BAM's probes of the numbers: how many parameters, the formula, the gradients, the part of each weight."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import product

import torch
from torch import Tensor

from attncourse.checking.bam_gate import (
    PRECISION,
    SETTINGS,
    SMALL,
    STRENGTHS,
    constant_module,
    factors,
    features,
    module,
    random_module,
    worst_sample,
)
from attncourse.checking.bam_readings import EPSILONS, Reading, Right, Setting, all_readings
from attncourse.checking.channel_gate import count_values, gradients
from attncourse.checking.draw import Draw
from attncourse.checking.filled import filling, signature
from attncourse.checking.probes import Built, Subject, Violation
from attncourse.checking.report import Witness

DRAWS = 3
STEP = 1e-4
VALUES = (0.15, -0.15, 0.4, 0.8)


def has_the_right_number_of_parameters(subject: Subject) -> None:
    """The weights of six layers, and what biases and batch norms bring."""
    _fitting(subject)


def _fitting(subject: Subject) -> list[Reading]:
    readings = list(all_readings())
    for setting in SETTINGS:
        built = subject.build(*setting.arguments, warm=(3, setting.channels, 4, 5), dtype="float32")
        count = count_values(built.shapes)
        left = [reading for reading in readings if reading.count(setting) == count]
        if not left:
            usual = max(reading.count(setting) for reading in readings if reading.channel.norm == "last")
            expected = f"{setting.weights} weights; about {usual} with biases and batch norms"
            label = f"the number of parameters for {setting.words}"
            raise Violation(
                f"For {setting.words} it has {count} parameters: no right choice of biases and batch norms gives that.",
                Witness(label, (), expected, count),
            )
        readings = left
    return readings


def computes_the_formula(subject: Subject) -> None:
    """With every parameter at one value the factor is known, in evaluation and in training mode."""
    readings = _fitting(subject)
    readings += [Reading(one.channel, one.spatial, EPSILONS[1]) for one in readings]
    for setting, size in ((SMALL, (3, 4)), (Setting(6, 2, 2), (6, 5))):
        # Large features too: a bend or a bound far from zero shows there alone. On a single place the spatial branch
        # stays small beside the channel branch, and does not hide it.
        small, alone = features(subject, setting, 3, *size), features(subject, setting, 3, 1, 1).abs()
        for value in VALUES:
            built = constant_module(subject, setting, value)
            right = {reading: _constant(reading, setting, value) for reading in readings}
            # Training mode last: what a batch norm then takes down is seen in evaluation mode.
            for train, x in product((False, True), (small, 50 * small, 200 * alone)):
                got = factors(x, built.run(x, train=train))
                expected = [_expected(right[reading], x, train) for reading in readings]
                left = [r for r, e in zip(readings, expected, strict=True) if (e - got).abs().max() < PRECISION]
                if not left:
                    mode = "training" if train else "evaluation"
                    label = f"y / x for {setting.words}, every parameter set to {value:g}, in {mode} mode"
                    worst = worst_sample((expected[0] - got).abs() > PRECISION) or 0
                    raise Violation(
                        "With all parameters set to one known value, the factor is not 1 + sigmoid(channel + spatial), "
                        f"in {mode} mode.",
                        Witness(label, (), expected[0][worst], got[worst]),
                    )
                readings = left


def _constant(reading: Reading, setting: Setting, value: float) -> Right:
    right = Right(reading, setting)
    with torch.no_grad():
        for parameter in right.parameters():
            parameter.fill_(value)
    return right


def _expected(right: Right, x: Tensor, train: bool) -> Tensor:
    with torch.no_grad():
        return right.train(train)(x) / x


def _agrees_when_filled(subject: Subject, readings: Sequence[Reading]) -> bool:
    """Whether, with the same values in every parameter of one shape, a right module does the same.

    The gradients' sizes too: where two parameters have the same values, the output alone can't tell one from the other.
    """
    setting = Setting(10, 3, 2)
    built = module(subject, setting, lambda shape: filling(shape, subject.seed, 0.1, 0.4))
    x = features(subject, setting, 3, 6, 5)
    y, sizes = built.run(x), _sizes(gradients(built, x)[1])
    for reading in readings:
        right = Right(reading, setting).eval()
        if signature([tuple(one.shape) for one in right.parameters()]) != signature(built.shapes):
            continue
        with torch.no_grad():
            for parameter in right.parameters():
                parameter.copy_(filling(parameter.shape, subject.seed, 0.1, 0.4))
        result = right(x)
        # The same weights of the sum as ``Candidate.run`` has.
        total = (Draw(built.seed).normal(*x.shape, dtype=x.dtype) * result).sum()
        expected = _sizes(torch.autograd.grad(total, list(right.parameters())))
        same = (factors(x, result) - factors(x, y)).abs().max() < PRECISION
        if bool(same) and torch.allclose(sizes, expected, rtol=1e-4, atol=1e-6):
            return True
    return False


def _sizes(gradients: Sequence[Tensor]) -> Tensor:
    return torch.stack([gradient.norm() for gradient in gradients]).sort().values


def gradients_are_complete(subject: Subject) -> None:
    """Gradients of x and of each parameter agree with central differences."""
    values: list[Tensor] = []

    def fill(shape: tuple[int, ...]) -> Tensor:
        values.append(subject.draw.signed(*shape, low=0.2, high=0.4).abs())
        return values[-1]

    built = module(subject, SMALL, fill)
    # All weights and values are positive: no ReLU bends within a step.
    x = features(subject, SMALL, 2, 2, 3).abs() * 0.3
    weights = Draw(subject.seed).normal(*x.shape, dtype=torch.float64)
    of_input, of_parameters = gradients(built, x)
    direct = weights * factors(x, built.run(x))
    for _ in range(DRAWS):
        direction = subject.draw.signed(*x.shape, low=0.3, high=1.0)
        measured = _slope(built, weights, x + STEP * direction, x - STEP * direction)
        through, told = (float(one - (direct * direction).sum()) for one in (measured, (of_input * direction).sum()))
        if _far(through, told):
            label = "the slope along one direction of x, without the factor itself"
            raise Violation("The gradient of x does not go through the gate.", Witness(label, (), through, told))
    for place, gradient in enumerate(of_parameters):
        direction = subject.draw.signed(*gradient.shape, low=0.3, high=1.0)
        losses = []
        for step in (STEP, -STEP):
            built.fill([v + step * direction if i == place else v for i, v in enumerate(values)])
            losses.append(float((built.run(x) * weights).sum()))
        built.fill(values)
        through, told = (losses[0] - losses[1]) / (2 * STEP), float((gradient * direction).sum())
        if _far(through, told):
            label = f"the slope along one direction of a parameter of shape {tuple(gradient.shape)}"
            raise Violation("The gradient of a parameter is not the slope.", Witness(label, (), through, told))


def _slope(built: Built, weights: Tensor, above: Tensor, below: Tensor) -> Tensor:
    return ((built.run(above) - built.run(below)) * weights).sum() / (2 * STEP)


def _far(measured: float, told: float) -> bool:
    return not abs(measured - told) <= 1e-4 + 0.02 * abs(measured)


def weights_have_their_own_parts(subject: Subject) -> None:
    """The gradients of many inputs span the weights of all six layers, but for one scale of each hidden value.

    An answer whose parameters have the shapes of a right module is compared with that; the others are asked here.
    """
    if _agrees_when_filled(subject, _fitting(subject)):
        return
    count = count_values(random_module(subject, SMALL).shapes)
    wanted, best = SMALL.weights - 4 * SMALL.hidden, 0
    for low, high in STRENGTHS:
        built = module(subject, SMALL, partial(_lively, subject, low=low, high=high))
        rows = []
        for _ in range(SMALL.weights + 10):
            x = features(subject, SMALL, 1, 4, 5)
            rows.append(torch.cat([gradient.flatten() for gradient in gradients(built, x)[1]]))
        strength = torch.linalg.svdvals(torch.stack(rows))
        best = max(best, int((strength > 1e-7 * strength[0]).sum()))
        if best >= wanted:
            return
    raise Violation(f"Only {best} of {count} parameters have an effect of their own ({wanted} should).")


def _lively(subject: Subject, shape: tuple[int, ...], low: float, high: float) -> Tensor:
    """Biases and scales above zero, so that few hidden values sleep."""
    values = subject.draw.signed(*shape, low=low, high=high)
    return values.abs() if sum(size > 1 for size in shape) < 2 and values.numel() < SMALL.weights // 2 else values
