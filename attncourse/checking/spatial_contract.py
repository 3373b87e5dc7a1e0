"""The spatial probes that hold for any gate of each place, whatever it looks at: what goes in and what comes out."""

from __future__ import annotations

import torch
from torch import Tensor

from attncourse.checking.channel_gate import gradients_lost_in_training
from attncourse.checking.observation import AnswerError, lacks_bfloat16
from attncourse.checking.probes import Subject, Violation
from attncourse.checking.report import Witness
from attncourse.checking.spatial_gate import (
    DEFAULT,
    KERNELS,
    MIDDLE,
    SMALL,
    Kernel,
    apart,
    features,
    gate_of,
    gates,
    logits,
    noise,
    random_module,
    two_maps,
    worst_sample,
)

SHAPES = ((1, 3, 2, 3), (2, 4, 3, 2), (1, 5, 1, 1), (3, 1, 5, 9), (2, 7, 13, 11), (2, 3, 1, 8))
FURTHER = Kernel(9)
ENDS = 1e-6
BATCH = 17
DRAWS = 4


def can_be_built(subject: Subject) -> None:
    """The class takes any odd kernel size, and none."""
    for kernel in (*KERNELS, FURTHER):
        subject.build(*kernel.arguments, dtype="float32")


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
    """``(B, C, H, W)`` comes back for four kernels and six sizes: 1x1, one channel and B = 1 among them."""
    for kernel in (SMALL, MIDDLE, DEFAULT, FURTHER):
        built = subject.build(*kernel.arguments, dtype="float32")
        for shape in SHAPES:
            x = subject.draw.integers(*shape)
            try:
                y = built.run(x)
            except AnswerError as error:
                sentence = f"With {kernel.words} an input {shape} fails: {error.kind}: {error.message}"
                raise Violation(sentence, Witness(f"an input {shape}", (("x", x),), f"shape {shape}", error)) from None
            if y.shape != x.shape:
                alone = y.ndim in (3, 4) and y.shape[0] == x.shape[0] and y.shape[-2:] == x.shape[-2:]
                gate = " That is the gate itself: multiply x by it." if alone else ""
                sentence = f"With {kernel.words} an input {shape} gives an output {tuple(y.shape)}.{gate}"
                raise Violation(sentence, Witness(f"an input {shape}", (("x", x),), f"shape {shape}", y))


def leaves_the_input(subject: Subject) -> None:
    """The tensor that was given holds the same values afterwards."""
    built = subject.build(*SMALL.arguments, dtype="float32")
    x = subject.draw.integers(*SHAPES[0])
    if built.outcome(x).changed:
        raise Violation("After the call the input tensor holds other values than before.", Witness("x", (("x", x),)))


def multiplies_each_place(subject: Subject) -> None:
    """``y = x * gate`` with one gate for each sample and place, the same for all channels."""
    for kernel, shape in (
        (SMALL, (1, 3, 2, 3)),
        (SMALL, (3, 5, 3, 2)),
        (MIDDLE, (2, 4, 5, 9)),
        (DEFAULT, (2, 6, 8, 7)),
    ):
        built = random_module(subject, kernel)
        x = subject.draw.signed(*shape, low=0.5, high=2.0)
        y = built.run(x)
        product = x * gate_of(x, y)[:, None]
        sample = worst_sample((y - product).abs() > 1e-5 * (1 + y.abs()))
        if sample is not None:
            note = "expected: the nearest to your output that is x times one number for each place"
            witness = Witness(f"one sample, {kernel.words}", (("x", x[sample]),), product[sample], y[sample], note)
            raise Violation(_another_form(x, y), witness)


def _another_form(x: Tensor, y: Tensor) -> str:
    """Which other form the output has, if a familiar one."""

    def constant(values: Tensor, *axes: int) -> bool:
        return bool((values.amax(dim=axes) - values.amin(dim=axes) < 1e-6).all())

    if constant(y, 1):
        return "At each place all channels of your output are equal: that is the gate, spread out. Multiply x by it."
    if constant(y - x, 1):
        return "Your output is x plus one number for each place. A gate multiplies."
    if constant(y / x, 2, 3):
        return "Your output is x times one number for each channel: a channel gate. Pool along the channels instead."
    return "Your output is not x times one number for each place: at one place the channels get different factors."


def repeats_itself(subject: Subject) -> None:
    """Two calls give one result."""
    built = random_module(subject, SMALL)
    x = subject.draw.signed(2, 3, 3, 4, low=0.5, high=2.0)
    if not built.outcome(x).stable or not built.outcome(x, train=True).stable:
        raise Violation("Two calls with the same input give two different outputs.", Witness("x", (("x", x[0]),)))


def keeps_samples_apart(subject: Subject) -> None:
    """In evaluation mode a sample in a batch gets the gates that it gets alone."""
    for kernel in (SMALL, DEFAULT):
        built = random_module(subject, kernel)
        x = subject.draw.signed(BATCH, 4, 5, 6, low=0.3, high=2.0)
        together = gates(built, x)[:3]
        alone = torch.cat([gates(built, sample[None]) for sample in x[:3]])
        sample = worst_sample(apart(alone, together))
        if sample is not None:
            label = f"the gates of a sample in a batch of {BATCH}; expected: alone"
            witness = Witness(label, (), alone[sample], together[sample])
            raise Violation("A sample gets other gates in a batch than alone: samples are mixed.", witness)


def stays_between_0_and_1(subject: Subject) -> None:
    """Under large weights the gates stay in [0, 1], reach near both ends, and are no shares of 1."""
    seen = []
    for _ in range(DRAWS):
        x = subject.draw.signed(4, 3, 6, 7, low=0.5, high=2.0)
        gate = gates(random_module(subject, SMALL, 1.0, 3.0), x)
        seen.append(gate)
        outside = worst_sample((gate < -ENDS) | (gate > 1 + ENDS))
        if outside is not None:
            lowest, highest = float(gate.min()), float(gate.max())
            sentence = f"Under large weights the gates go from {lowest:.3g} to {highest:.3g}."
            raise Violation(sentence, _some_gates(gate, outside))
        if not bool(((gate.sum(dim=(1, 2)) - 1).abs() > 1e-4).any()):
            sentence = "The gates of each map add up to 1: they are shares, and places compete."
            raise Violation(sentence, _some_gates(gate, 0))
    every = torch.cat(seen)
    if float(every.min()) > 0.05 or float(every.max()) < 0.95:
        sentence = f"Under large weights the gates only go from {float(every.min()):.3g} to {float(every.max()):.3g}."
        raise Violation(sentence, _some_gates(every, 0))


def _some_gates(gate: Tensor, sample: int) -> Witness:
    return Witness("the gates of one sample, large weights", (), None, gate[sample])


def trains_as_it_runs(subject: Subject) -> None:
    """In training mode the logits are those of evaluation mode, up to a scale and a shift.

    A batch norm behind the convolution is allowed. In evaluation mode it works with its default statistics here, for
    nothing has been trained; in training mode with the batch's, which scale and shift all logits alike.
    """
    built = random_module(subject, SMALL)
    x = features(subject.draw, *two_maps(subject.draw, 3, 4, 5))
    calm = logits(built, x)
    trained = torch.logit(gate_of(x, built.run(x, train=True)), eps=1e-12)
    columns = torch.stack([calm.flatten(), torch.ones_like(calm.flatten())], dim=1)
    fitted = torch.linalg.lstsq(columns, trained.flatten()[:, None]).solution
    left = (columns @ fitted)[:, 0].reshape(calm.shape) - trained
    sample = worst_sample(left.abs() > 4 * noise(calm) + 4 * noise(trained))
    if sample is not None or float(fitted[0]) <= 0:
        where = sample or 0
        label = "what the sigmoid gets after module.train(); expected: after module.eval()"
        witness = Witness(label, (), calm[where], trained[where])
        raise Violation("In training mode the gates are others than in evaluation mode.", witness)
    lost = gradients_lost_in_training(built, x)
    if lost:
        raise Violation(f"In training mode no gradient reaches {lost}; in evaluation mode one does.")


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
