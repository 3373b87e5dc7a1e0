"""The coordinate probes that look inside: what is shared, the formula, the gradients, and the part of each weight.

A batch norm behind the first layer is judged as it is built: in evaluation mode with its default statistics, where it
is a scale and a shift; in training mode with the batch's, over rows and columns together or over each by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional

from attncourse.checking.channel_gate import count_values, gradients
from attncourse.checking.coordinate_gate import (
    SIZES,
    SMALL,
    Size,
    constant_module,
    factor_of,
    factors,
    features,
    module,
    random_module,
)
from attncourse.checking.draw import Draw
from attncourse.checking.probes import Subject, Violation
from attncourse.checking.report import Witness

STEP = 1e-3
TRIES = 3
# So large that every hidden unit is on for some row and off for another.
STRONG = 10.0
# torch's epsilon of a batch norm, and that of TensorFlow's, which some bring along.
EPSILONS = (1e-5, 1e-3)
ACTIVATIONS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "h-swish": lambda a, _: functional.hardswish(a),
    "ReLU": lambda a, _: a.relu(),
    "SiLU": lambda a, _: functional.silu(a),
    "ReLU6": lambda a, _: functional.relu6(a),
    "PReLU": lambda a, slope: torch.where(a > 0, a, slope * a),
}


def has_the_right_number_of_parameters(subject: Subject) -> None:
    """Three layers of ``C * max(8, C // r)`` weights, and biases and a batch norm."""
    for size in SIZES:
        built = subject.build(*size.arguments, warm=(2, size.channels, 3, 4), dtype="float32")
        count = count_values(built.shapes)
        most = size.weights + 4 * size.hidden + 2 * size.channels
        if not size.weights <= count <= most:
            label = f"the number of parameters for {size.words}"
            expected = (
                f"3 * {size.channels} * {size.hidden} = {size.weights} weights, {most - size.hidden} with all biases"
            )
            raise Violation(f"For {size.words} it has {count} parameters.", Witness(label, (), expected, count))


def shares_the_first_layer(subject: Subject) -> None:
    """Each weight of the first layer serves rows and columns; each of a second layer serves one of the two."""
    values: list[Tensor] = []

    def fill(shape: tuple[int, ...]) -> Tensor:
        values.append(subject.draw.signed(*shape, low=0.1, high=0.4))
        return values[-1]

    built = module(subject, SMALL, fill)
    x = features(subject.draw, 6, SMALL.channels, 5, 6, strength=STRONG)
    before = factors(built, x).log()
    counts = {"rows": 0, "columns": 0, "both": 0, "nothing": 0}
    for place, value in enumerate(values):
        for entry in range(value.numel()):
            moved = value.clone()
            moved.view(-1)[entry] += 0.1
            built.fill([moved if number == place else other for number, other in enumerate(values)])
            counts[_served(factors(built, x).log() - before)] += 1
    layer, channels = SMALL.channels * SMALL.hidden, SMALL.channels
    fits = (
        layer <= counts["rows"] <= layer + channels
        and layer <= counts["columns"] <= layer + channels
        and layer <= counts["both"] <= layer + 4 * SMALL.hidden
        and not counts["nothing"]
    )
    if not fits:
        sentence = (
            f"Of its parameters for {SMALL.words}, {counts['rows']} serve the row gate alone, {counts['columns']} the "
            f"column gate alone, {counts['both']} both and {counts['nothing']} neither."
        )
        expected = f"{layer} weights for rows, {layer} for columns, {layer} for both, and biases"
        raise Violation(sentence, Witness("whom each parameter serves", (), expected, str(counts)))


def _served(change: Tensor) -> str:
    """Which gate a change of the log factors ``(B, C, H, W)`` belongs to: the other one's part is constant."""
    rows = bool((change - change[:, :, :1]).abs().max() > 1e-9)
    columns = bool((change - change[:, :, :, :1]).abs().max() > 1e-9)
    return {(True, True): "both", (True, False): "rows", (False, True): "columns", (False, False): "nothing"}[
        rows, columns
    ]


@dataclass(frozen=True)
class Reading:
    """What the values beyond the three layers may mean."""

    activation: str
    norm: str  # "none", "plain" or "affine"
    epsilon: float
    together: bool
    first_bias: bool
    row_bias: bool
    column_bias: bool

    def idle(self, size: Size) -> int:
        """How many of the parameters say the same as others."""
        # Behind a ReLU each hidden unit has a free scale; a batch norm's scale and shift repeat those of the layer.
        kinked = self.activation in ("ReLU", "PReLU")
        return size.hidden * (kinked + (self.norm == "affine") * (1 + self.first_bias))

    def factor(self, size: Size, value: float, x: Tensor, train: bool) -> Tensor:
        """y / x ``(B, 1, H, W)`` of the right block whose parameters are all ``value``."""
        sums = x.sum(dim=1)
        rows, columns = (value * sums.mean(dim=axis) + self.first_bias * value for axis in (2, 1))
        rows, columns = self._normalised(rows, columns, value, train)
        hidden = [ACTIVATIONS[self.activation](one, value) for one in (rows, columns)]
        row = torch.sigmoid(value * (size.hidden * hidden[0] + self.row_bias))
        column = torch.sigmoid(value * (size.hidden * hidden[1] + self.column_bias))
        return row[:, None, :, None] * column[:, None, None, :]

    def _normalised(self, rows: Tensor, columns: Tensor, value: float, train: bool) -> tuple[Tensor, Tensor]:
        if self.norm == "none":
            return rows, columns
        both = torch.cat([rows, columns], dim=1)
        done = []
        for one in (rows, columns):
            over = both if self.together else one
            mean, variance = (over.mean(), over.var(unbiased=False)) if train else (torch.zeros(()), torch.ones(()))
            scaled = (one - mean) / (variance + self.epsilon).sqrt()
            done.append(scaled * value + value if self.norm == "affine" else scaled)
        return done[0], done[1]


def readings(size: Size, count: int) -> Iterator[Reading]:
    """The right blocks that have ``count`` parameters; the paper's first."""
    flags = (True, False)
    for activation, norm, first, row, column in product(ACTIVATIONS, ("affine", "plain", "none"), flags, flags, flags):
        extras = (2 * (norm == "affine") + first) * size.hidden + (row + column) * size.channels
        slopes = (1, size.hidden) if activation == "PReLU" else (0,)
        if count - size.weights - extras in slopes:
            for epsilon, together in product(EPSILONS, flags) if norm != "none" else [(0.0, True)]:
                yield Reading(activation, norm, epsilon, together, first, row, column)


def computes_the_formula(subject: Subject) -> None:
    """With every parameter at one value, y / x is known at each place; so in training mode."""
    for size, values in ((SMALL, (0.3, -0.3, 0.6, -0.5)), (Size(20, 2), (0.1, -0.15))):
        possible: list[Reading] | None = None
        for value, strength, train in product(values, (1.0, 12.0), (False, True)):
            built = constant_module(subject, size, value)
            x = features(subject.draw, 3, size.channels, 4, 5, strength=strength)
            if possible is None:
                possible = list(readings(size, count_values(built.shapes)))
            got = factor_of(x, built.run(x, train))
            expected = [reading.factor(size, value, x, train).expand_as(x) for reading in possible]
            possible = [reading for reading, one in zip(possible, expected, strict=True) if _close(one, got)]
            if not possible:
                mode = "in training mode" if train else "in evaluation mode"
                label = f"y / x in one channel for {size.words}, every parameter set to {value:g}, {mode}"
                want = expected[0][0, 0] if expected else None
                sentence = (
                    "With every parameter set to one known value, y / x is not the product of the two gates "
                    f"sigmoid(F(act(norm(F1(means))))), {mode}."
                )
                raise Violation(sentence, Witness(label, (), want, got[0, 0]))


def _close(expected: Tensor, got: Tensor) -> bool:
    """Compared as logarithms, so that small factors count as well."""
    if not bool((got > 0).all()):
        return False
    return bool(((expected.log() - got.log()).abs() <= 1e-4 * (1 + expected.log().abs())).all())


def gradients_are_complete(subject: Subject) -> None:
    """Gradients of x and of the parameters agree with central differences, in one of three tries: ReLU has a kink."""
    for last in (False,) * (TRIES - 1) + (True,):
        try:
            return _gradients(subject)
        except Violation:
            if last:
                raise


def _gradients(subject: Subject) -> None:
    values: list[Tensor] = []

    def fill(shape: tuple[int, ...]) -> Tensor:
        values.append(subject.draw.signed(*shape, low=0.2, high=0.4))
        return values[-1]

    built = module(subject, SMALL, fill)
    x = features(subject.draw, 1, SMALL.channels, 3, 4, strength=3.0)
    weights = Draw(subject.seed).normal(*x.shape, dtype=torch.float64)
    of_input, of_parameters = gradients(built, x)
    moves = torch.eye(x.numel(), dtype=torch.float64).reshape(x.numel(), *x.shape[1:]) * STEP
    up, down = ((built.run(x + sign * moves) * weights).sum(dim=(1, 2, 3)) for sign in (1, -1))
    # The part through the gates is compared: beside the factor itself it is small, and easily missed.
    direct = weights * factors(built, x)
    measured = ((up - down) / (2 * STEP)).reshape(x.shape) - direct
    if _far(measured, of_input - direct):
        told = (of_input - direct)[0, 0]
        witness = Witness("the gradient of x, one channel, without the gates' factor", (), measured[0, 0], told)
        raise Violation("The gradient of the input does not go through the gates as it should.", witness)
    for place, gradient in enumerate(of_parameters):
        direction = subject.draw.signed(*gradient.shape, low=0.3, high=1.0)
        losses = []
        for step in (STEP, -STEP):
            built.fill([v + step * direction if i == place else v for i, v in enumerate(values)])
            losses.append((built.run(x) * weights).sum())
        slope = (losses[0] - losses[1]) / (2 * STEP)
        built.fill(values)
        if _far(slope, (gradient * direction).sum()):
            label = f"the slope along one direction of a parameter of shape {tuple(gradient.shape)}"
            witness = Witness(label, (), float(slope), float((gradient * direction).sum()))
            raise Violation("The gradient of a parameter is not the slope.", witness)


def _far(measured: Tensor, told: Tensor) -> bool:
    return not bool(((measured - told).abs() <= 5e-3 + 0.03 * measured.abs().max()).all())


def weights_have_their_own_parts(subject: Subject) -> None:
    """The gradients of many inputs span all parameters but those that say the same as others."""
    built = random_module(subject, SMALL)
    count = count_values(built.shapes)
    wanted = count - max((reading.idle(SMALL) for reading in readings(SMALL, count)), default=0)
    rows = []
    for _ in range(count + 4):
        x = features(subject.draw, 3, SMALL.channels, 4, 5, strength=STRONG)
        rows.append(torch.cat([gradient.flatten() for gradient in gradients(built, x)[1]]))
    strength = torch.linalg.svdvals(torch.stack(rows))
    free = int((strength > 1e-7 * strength[0]).sum())
    if free < wanted:
        raise Violation(f"Only {free} of {count} parameters have an effect of their own ({wanted} should).")
