"""The spatial probes that look into the gate: its window, its formula, the gradients, and the part of each weight."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from attncourse.checking.channel_gate import LARGE, count_values, gradients, told_by_its_scale
from attncourse.checking.draw import Draw
from attncourse.checking.probes import Built, Subject, Violation
from attncourse.checking.report import Witness
from attncourse.checking.spatial_gate import (
    DEFAULT,
    KERNELS,
    MIDDLE,
    SMALL,
    Kernel,
    apart,
    constant_module,
    extras,
    features,
    gate_of,
    gates,
    module,
    random_module,
    two_maps,
    window_sums,
    worst_sample,
)

MOVE = 3.0
STEP = 0.01
MOST_EXTRAS = 4
# torch's epsilon of a batch norm, and that of TensorFlow's, which some bring along.
EPSILONS = (1e-5, 1e-3)


def sees_a_window(subject: Subject) -> None:
    """One disturbed place moves the gates in a window of k x k around it, for the mean and for the maximum."""
    for kernel, size in ((SMALL, (6, 7)), (MIDDLE, (9, 8)), (DEFAULT, (11, 12))):
        built = random_module(subject, kernel)
        means, maxima = (0.3 * one for one in two_maps(subject.draw, 1, *size))
        for row, column in ((size[0] // 2, size[1] // 2), (0, 1), (size[0] - 1, size[1] - 2)):
            expected = _window(size, row, column, kernel.side)
            change = torch.zeros(1, *size, dtype=torch.float64)
            change[0, row, column] = MOVE
            before = gates(built, features(subject.draw, means, maxima))
            for name, after in (("mean", (means - change, maxima)), ("maximum", (means, maxima + change))):
                moved = apart(before, gates(built, features(subject.draw, *after)))[0]
                if not torch.equal(moved, expected):
                    rows, columns = _extent(moved)
                    sentence = (
                        f"With {kernel.words}, the {name} at row {row}, column {column} of a {size[0]}x{size[1]} map "
                        f"moves {int(moved.sum())} gates, in {rows} rows and {columns} columns; "
                        f"its window holds {int(expected.sum())}."
                    )
                    raise Violation(sentence, Witness("which gates move", (), expected, moved))


def _window(size: tuple[int, int], row: int, column: int, side: int) -> Tensor:
    reach = side // 2
    window = torch.zeros(size, dtype=torch.bool)
    window[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1] = True
    return window


def _extent(moved: Tensor) -> tuple[int, int]:
    return int(moved.any(dim=1).sum()), int(moved.any(dim=0).sum())


def is_the_same_everywhere(subject: Subject) -> None:
    """What lies in a window decides its gate, wherever in the picture the window is."""
    for kernel, down, right in ((SMALL, 2, 3), (MIDDLE, 3, 1)):
        built = random_module(subject, kernel)
        x = features(subject.draw, *two_maps(subject.draw, 2, 11, 12))
        reach = kernel.side // 2
        whole = gates(built, x)[:, down + reach :, right + reach :]
        part = gates(built, x[:, :, down:, right:].contiguous())[:, reach:, reach:]
        sample = worst_sample(apart(whole, part))
        if sample is not None:
            label = f"gates of a part of the picture, {reach} places off its border; expected: in the whole picture"
            sentence = "The same neighbourhood gets another gate when it lies elsewhere in the picture."
            raise Violation(sentence, Witness(label, (), whole[sample], part[sample]))


def has_the_right_number_of_parameters(subject: Subject) -> None:
    """``2 k^2`` weights, and a few for biases or a batch norm."""
    for kernel in KERNELS:
        built = subject.build(*kernel.arguments, warm=(2, 5, 4, 6), dtype="float32")
        count = count_values(built.shapes)
        if not 0 <= count - kernel.weights <= MOST_EXTRAS:
            expected = f"2 * {kernel.side} * {kernel.side} = {kernel.weights} weights, with a bias {kernel.weights + 1}"
            label = f"the number of parameters for {kernel.words}"
            raise Violation(
                f"For {kernel.words} it has {count} parameters.",
                Witness(label, (), expected, count, _as_if(kernel, count)),
            )


def _as_if(kernel: Kernel, count: int) -> str:
    for maps, words in ((1, "a single map"), (5, "all five channels of the input"), (10, "two maps of each channel")):
        if 0 <= count - maps * kernel.side**2 <= 1:
            return f"{count} would fit a {kernel.side}x{kernel.side} kernel for {words}"
    for side in range(1, 15):
        if 0 <= count - 2 * side**2 <= 1 and side != kernel.side:
            return f"{count} would fit kernels of {side}x{side}"
    return ""


def computes_the_formula(subject: Subject) -> None:
    """With every parameter at one value the gate is known at each place, borders included."""
    for kernel, value, size in (
        (SMALL, 0.2, (4, 5)),
        (SMALL, -0.3, (5, 4)),
        (MIDDLE, 0.1, (7, 6)),
        (DEFAULT, 0.05, (9, 8)),
        # As high or wide as the first maps of a network, and more places than a fixed window covers.
        *((SMALL, 0.2, size) for size in LARGE),
    ):
        built = constant_module(subject, kernel, value)
        means, maxima = two_maps(subject.draw, 2, *size)
        for strength in (1.0, 4.0):
            x = features(subject.draw, means * strength, maxima * strength)
            got = gates(built, x)
            both = value * window_sums((means + maxima) * strength, kernel.side)
            expected = [torch.sigmoid(u) for u in _readings(both, value, extras(kernel, built.shapes))]
            wrong = [apart(gate, got) for gate in expected]
            if all(bool(one.any()) for one in wrong):
                sample = worst_sample(wrong[0]) or 0
                label = f"the gates for {kernel.words}, every weight and bias set to {value:g}"
                witness = Witness(label, (("x", x[sample]),), expected[0][sample], got[sample])
                raise Violation(_alternative(expected[0], got, kernel), witness)


def _readings(both: Tensor, value: float, count: int) -> list[Tensor]:
    """What the sigmoid gets, for each meaning that the values beyond the kernels may have.

    They may all be biases that add up. Two of them may be the scale and shift of a batch norm. Without any there may be
    a batch norm that has none. Its statistics are the defaults, mean 0 and variance 1.
    """
    scales = [1 / math.sqrt(1 + epsilon) for epsilon in EPSILONS]
    biases = [both + count * value]
    if count == 0:
        return [*biases, *(both * scale for scale in scales)]
    if count == 1:
        return [*biases, *((both + value) * scale for scale in scales)]
    return [*biases, *((both + (count - 2) * value) * scale * value + value for scale in scales)]


def _alternative(expected: Tensor, got: Tensor, kernel: Kernel) -> str:
    """A familiar function that gives these gates."""
    reach = kernel.side // 2
    inner = (slice(None), slice(reach, -reach), slice(reach, -reach))
    if not bool(apart(1 - expected, got).any()):
        return "Your gate is 1 minus the right one: it closes where it should open."
    if expected[inner].numel() and not bool(apart(expected[inner], got[inner]).any()):
        return "Inside the map your gates are right, at its border they are not: beyond the border there are zeros."
    plain = "With all weights and biases set to one known value, the gates are not sigmoid(conv([mean; max]))."
    return told_by_its_scale(expected, got) or plain


def gradients_are_complete(subject: Subject) -> None:
    """Gradients of x and of each parameter agree with central differences."""
    values: list[Tensor] = []

    def fill(shape: tuple[int, ...]) -> Tensor:
        values.append(subject.draw.signed(*shape, low=0.2, high=0.4))
        return values[-1]

    built = module(subject, SMALL, fill)
    # The channels lie far apart at each place: no step moves the maximum to another one.
    x = features(subject.draw, *two_maps(subject.draw, 1, 3, 4), channels=3)
    weights = Draw(subject.seed).normal(*x.shape, dtype=torch.float64)
    of_input, of_parameters = gradients(built, x)
    _input_gradient(built, x, weights, of_input)
    for place, gradient in enumerate(of_parameters):
        _weight_gradient(subject, built, x, weights, values, place, gradient)


def _input_gradient(built: Built, x: Tensor, weights: Tensor, told: Tensor) -> None:
    """The part that goes through the gate is compared: beside the factor gate * x it is small, and easily missed."""
    moves = torch.eye(x.numel(), dtype=torch.float64).reshape(x.numel(), *x.shape[1:]) * STEP
    losses = [(built.run(x + sign * moves) * weights).sum(dim=(1, 2, 3)) for sign in (1, -1)]
    measured = ((losses[0] - losses[1]) / (2 * STEP)).reshape(x.shape)
    direct = weights * gate_of(x, built.run(x))[:, None]
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


def weights_have_their_own_parts(subject: Subject) -> None:
    """The gradients of many inputs span all weights of both kernels, and a shift where there is one."""
    built = random_module(subject, SMALL, 0.1, 0.3)
    count = count_values(built.shapes)
    wanted = SMALL.weights + min(1, extras(SMALL, built.shapes))
    rows = []
    for _ in range(count + 4):
        x = features(subject.draw, *two_maps(subject.draw, 2, 4, 5), channels=3)
        rows.append(torch.cat([gradient.flatten() for gradient in gradients(built, x)[1]]))
    strength = torch.linalg.svdvals(torch.stack(rows))
    free = int((strength > 1e-5 * strength[0]).sum())
    if free < wanted:
        raise Violation(f"Only {free} of {count} parameters have an effect of their own ({wanted} should).")
