"""The channel probes that hold for any gate of each channel, whatever it looks at: what goes in and what comes out."""

from __future__ import annotations

import torch
from torch import Tensor

from attncourse.checking.channel_gate import (
    DEFAULT,
    MIDDLE,
    NARROW,
    SMALL,
    UNEVEN,
    apart,
    gate_of,
    gates,
    gradients_lost_in_training,
    maps,
    points,
    random_module,
    worst_row,
)
from attncourse.checking.observation import AnswerError, lacks_bfloat16
from attncourse.checking.probes import Subject, Violation
from attncourse.checking.report import Witness

SHAPES = ((1, 4, 2, 3), (3, 4, 3, 2), (1, 4, 1, 1), (2, 4, 5, 9), (5, 4, 9, 5), (2, 4, 1, 7))
ENDS = 1e-6
DRAWS = 4
BATCH = 17


def can_be_built(subject: Subject) -> None:
    """The class takes C and r, also where r does not divide C and where C is below r."""
    for size in (SMALL, MIDDLE, UNEVEN, NARROW, DEFAULT):
        subject.build(*size.arguments, dtype="float32")


def has_parameters(subject: Subject) -> None:
    """The parameters exist before the first call and require gradients; a lazy one may lack its shape."""
    built = subject.build(*SMALL.arguments, dtype="float32")
    if not built.shapes:
        raise Violation(
            "It has no parameters, so nothing can be learned.", Witness("list(module.parameters())", got=())
        )
    if not all(subject.candidate.trainable(built.handle)):
        raise Violation("Some of its parameters do not require a gradient, so they are never learned.")
    before = len(built.shapes)
    try:
        built.run(subject.draw.normal(*SHAPES[0]))
    except AnswerError:
        return  # The next property tells of it.
    late = len(built.shapes) - before
    if late:
        raise Violation(
            f"{late} of its parameters appear in the first call only: an optimiser made before misses them."
        )


def keeps_the_shape(subject: Subject) -> None:
    """``(B, C, H, W)`` comes back at six sizes, 1x1 and B = 1 among them."""
    built = subject.build(*SMALL.arguments, dtype="float32")
    for shape in SHAPES:
        x = subject.draw.integers(*shape)
        y = built.run(x)
        if y.shape != x.shape:
            gate = (
                " That is the gate itself: multiply x by it." if y.shape[:2] == x.shape[:2] and y.ndim in (2, 4) else ""
            )
            sentence = f"For an input {shape} the output has shape {tuple(y.shape)}.{gate}"
            raise Violation(sentence, Witness(f"an input {shape}", (("x", x),), f"shape {shape}", y))


def leaves_the_input(subject: Subject) -> None:
    """The tensor that was given holds the same values afterwards."""
    built = subject.build(*SMALL.arguments, dtype="float32")
    x = subject.draw.integers(*SHAPES[0])
    if built.outcome(x).changed:
        raise Violation("After the call the input tensor holds other values than before.", Witness("x", (("x", x),)))


def multiplies_each_channel(subject: Subject) -> None:
    """``y = x * gate`` with one gate for each sample and channel."""
    for size, shape in ((SMALL, (1, 2, 3)), (SMALL, (3, 3, 2)), (MIDDLE, (2, 5, 9)), (MIDDLE, (5, 4, 3))):
        built = random_module(subject, size)
        x = maps(subject.draw, subject.draw.signed(shape[0], size.channels, low=0.5, high=2.0), *shape[1:])
        y = built.run(x)
        product = x * gate_of(x, y)[:, :, None, None]
        row = worst_row((y - product).abs() > 1e-5 * (1 + y.abs()))
        if row is not None:
            note = "expected: the nearest to your output that is x times one number for each channel"
            witness = Witness(f"one sample of {size.words}", (("x", x[row]),), product[row], y[row], note)
            raise Violation(_additive(x, y), witness)


def _additive(x: Tensor, y: Tensor) -> str:
    """Which other form the output has, if a familiar one."""
    if bool((y.amax(dim=(2, 3)) - y.amin(dim=(2, 3)) < 1e-6).all()):
        return "Each map of your output is one constant: that is the gate, spread out. Multiply x by it."
    if bool(((y - x).amax(dim=(2, 3)) - (y - x).amin(dim=(2, 3)) < 1e-6).all()):
        return "Your output is x plus one number for each channel. A gate multiplies."
    return "Your output is not x times one number for each sample and channel: the factor varies within a map."


def stays_between_0_and_1(subject: Subject) -> None:
    """Under large weights the gates stay in [0, 1], reach near both ends, and are no shares of 1."""
    for size in (SMALL, MIDDLE):
        seen = []
        # Several draws: in one of them, all weights of the last layer may have the same sign.
        for _ in range(DRAWS):
            x = points(subject.draw.signed(16, size.channels, low=0.5, high=2.0))
            gate = gates(random_module(subject, size, 1.0, 3.0), x)
            row = worst_row(~((gate > -ENDS) & (gate < 1 + ENDS)))
            if row is not None:
                ends = f"{float(gate[row].min()):.3g} to {float(gate[row].max()):.3g}"
                raise Violation(f"The gates of one sample run from {ends}.", _some_gates(x, gate, row))
            if not bool(apart(torch.ones(len(gate), dtype=torch.float64), gate.sum(dim=1)).any()):
                raise Violation("The gates of each sample add up to 1: they are shares.", _some_gates(x, gate, 0))
            seen.append(gate)
        low, high = float(torch.cat(seen).min()), float(torch.cat(seen).max())
        if low > 0.1 or high < 0.9:
            sentence = f"Under large weights the gates only go from {low:.3g} to {high:.3g}."
            raise Violation(sentence, _some_gates(x, gate, 0))


def _some_gates(x: Tensor, gate: Tensor, row: int) -> Witness:
    return Witness("the gates of one sample, large weights", (("means", x[row, :, 0, 0]),), None, gate[row])


def repeats_itself(subject: Subject) -> None:
    """Two calls give one result."""
    built = random_module(subject, SMALL)
    x = maps(subject.draw, subject.draw.signed(3, 4, low=0.5, high=2.0), 3, 2)
    seen = built.outcome(x)
    if not seen.stable:
        raise Violation("Two calls with the same input give two different outputs.", Witness("x", (("x", x[0]),)))


def trains_as_it_runs(subject: Subject) -> None:
    """Training mode computes what evaluation mode computes."""
    built = random_module(subject, SMALL)
    x = maps(subject.draw, subject.draw.signed(3, 4, low=0.5, high=2.0), 3, 2)
    calm, train = gates(built, x), built.outcome(x, train=True)
    got = gate_of(x, train.value) if isinstance(train.value, Tensor) else calm
    row = worst_row(apart(calm, got)) if train.stable else 0
    if row is not None:
        witness = Witness("gates after module.train(); expected: after module.eval()", (), calm[row], got[row])
        raise Violation("In training mode the gates are others than in evaluation mode.", witness)
    lost = gradients_lost_in_training(built, x)
    if lost:
        raise Violation(f"In training mode no gradient reaches {lost}; in evaluation mode one does.")


def keeps_samples_apart(subject: Subject) -> None:
    """A sample in a batch gets the gates that it gets alone."""
    for size in (SMALL, MIDDLE):
        built = random_module(subject, size)
        means = subject.draw.signed(BATCH, size.channels, low=0.5, high=3.0)
        x = maps(subject.draw, means, 3, 2)
        together = gates(built, x)[:3]
        alone = torch.cat([gates(built, sample[None]) for sample in x[:3]])
        row = worst_row(apart(alone, together))
        if row is not None:
            label = f"the gates of a sample in a batch of {BATCH}; expected: alone"
            witness = Witness(label, (), alone[row], together[row])
            raise Violation("A sample gets other gates in a batch than alone: samples are mixed.", witness)


def keeps_the_dtype(subject: Subject) -> None:
    """A module of one dtype returns that dtype."""
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        name = str(dtype).removeprefix("torch.")
        built = subject.build(*SMALL.arguments, warm=SHAPES[0], dtype=name)
        try:
            y = built.run(subject.draw.normal(*SHAPES[0], dtype=dtype))
        except AnswerError as error:
            if lacks_bfloat16(error):
                continue
            raise
        if y.dtype != dtype:
            returned = str(y.dtype).removeprefix("torch.")
            raise Violation(f"A {name} module with a {name} input returns {returned}.")
