"""BAM's probes of what goes in and what comes out: sizes, the identity, the range, each picture by itself."""

from __future__ import annotations

import torch
from torch import Tensor

from attncourse.checking import registration
from attncourse.checking.bam_gate import (
    DEFAULT,
    MIDDLE,
    PRECISION,
    SETTINGS,
    SMALL,
    constant_module,
    factors,
    features,
    random_module,
    worst_sample,
)
from attncourse.checking.bam_readings import Setting
from attncourse.checking.observation import AnswerError
from attncourse.checking.probes import Subject, Violation
from attncourse.checking.report import Witness

SIZES = ((1, 2, 3), (2, 3, 2), (1, 1, 1), (3, 9, 13), (2, 13, 6), (1, 7, 7))
DRAWS = 4
LARGE, NEAR = 10.0, 2e-3
# What y / x is where every parameter is zero, and what that tells.
WITHOUT_PARAMETERS = {
    0.25: "That is 1/2 * 1/2: two gates are multiplied, and the input itself is missing beside them",
    0.5: "The input itself is missing beside the gated features",
    1.0: "Without a signal the features come back as they were, so no sigmoid of 0, one half, is added",
    1.25: "That is 1 + 1/2 * 1/2: two gates are multiplied, where one sigmoid of a sum belongs",
    2.0: "That is 1 + 1/2 + 1/2: each branch has a sigmoid of its own",
    2.25: "That is 1.5 * 1.5: the features are gated twice",
    2.5: "The input is added twice",
}


def can_be_built(subject: Subject) -> None:
    """The class takes C, r and d, also where r does not divide C and where C is below r."""
    for setting in SETTINGS:
        subject.build(*setting.arguments, dtype="float32")
    subject.build(16, dtype="float32")


def knows_its_layers(subject: Subject) -> None:
    """What it computes depends on its parameters alone."""
    registration.knows_its_layers(subject, SMALL.arguments, (3, SMALL.channels, 2, 3))


def repeats_itself(subject: Subject) -> None:
    """Two calls give one result, in evaluation and in training mode."""
    x = features(subject, SMALL, 3, 3, 4)
    built = random_module(subject, SMALL)
    for train in (False, True):
        if not built.outcome(x, train).stable:
            mode = "training" if train else "evaluation"
            sentence = f"In {mode} mode two calls with the same input give two different outputs."
            raise Violation(sentence, Witness("x", (("x", x[0]),)))


def keeps_the_shape(subject: Subject) -> None:
    """``(B, C, H, W)`` comes back at six sizes and for four dilations, 1x1 and B = 1 among them."""
    for setting in (SMALL, MIDDLE, Setting(6, 3, 3), DEFAULT):
        built = subject.build(*setting.arguments, dtype="float32")
        for batch, height, width in SIZES:
            shape = (batch, setting.channels, height, width)
            x = subject.draw.integers(*shape)
            try:
                y = built.run(x)
            except AnswerError as error:
                sentence = f"With {setting.words}, an input {shape}: {error.told}."
                raise Violation(sentence, Witness(f"an input {shape}", (), f"shape {shape}", error)) from None
            if y.shape != x.shape:
                sentence = f"With {setting.words}, an input {shape} gives an output {tuple(y.shape)}."
                raise Violation(sentence, Witness(f"an input {shape}", (), f"shape {shape}", y))


def keeps_the_input_beside(subject: Subject) -> None:
    """With all parameters zero the factor is 1 + sigmoid(0)."""
    built = constant_module(subject, SMALL, 0.0)
    x = features(subject, SMALL, 1, 2, 3)
    y = built.run(x)
    factor = factors(x, y)
    if not bool((factor - 1.5).abs().max() < PRECISION):
        same = bool(factor.amax() - factor.amin() < PRECISION)
        first = float(factor.flatten()[0])
        known = next((words for value, words in WITHOUT_PARAMETERS.items() if abs(first - value) < PRECISION), "")
        sentence = "With every parameter 0 the factor must be 1 + sigmoid(0) = 1.5 everywhere; "
        sentence += (
            f"yours is {first:.4g}. {known + '.' if known else ''}" if same else "yours differs from value to value."
        )
        raise Violation(sentence.strip(), Witness("y / x, every parameter 0", (("x", x[0]),), None, factor[0]))


def stays_between_1_and_2(subject: Subject) -> None:
    """Under large weights the factors stay in [1, 2] and come near to both ends."""
    seen = []
    for _ in range(DRAWS):
        built = random_module(subject, SMALL, 1.0, 3.0)
        x = LARGE * features(subject, SMALL, 4, 5, 6)
        factor = factors(x, built.run(x))
        seen.append(factor)
        outside = worst_sample((factor < 1 - PRECISION) | (factor > 2 + PRECISION))
        if outside is not None:
            sentence = (
                f"Under large weights the factors go from {float(factor.min()):.3g} to {float(factor.max()):.3g}."
            )
            raise Violation(sentence, _some(factor, outside))
    every = torch.cat(seen)
    if float(every.min()) > 1 + NEAR or float(every.max()) < 2 - NEAR:
        sentence = f"Under large weights the factors only go from {float(every.min()):.4g} to {float(every.max()):.4g}."
        raise Violation(sentence, _some(every, 0))


def _some(factor: Tensor, sample: int) -> Witness:
    return Witness("the factors y / x of one sample, large weights", (), None, factor[sample])


def keeps_samples_apart(subject: Subject) -> None:
    """In evaluation mode a sample in a batch gets the factors that it gets alone."""
    for setting in (SMALL, MIDDLE):
        built = random_module(subject, setting)
        for batch in (2, 3):
            x = features(subject, setting, batch, 4, 5)
            together = factors(x, built.run(x))
            alone = torch.cat([factors(one[None], built.run(one[None])) for one in x])
            sample = worst_sample((alone - together).abs() > PRECISION)
            if sample is not None:
                label = f"the factors of a sample in a batch of {batch}; expected: alone"
                raise Violation(
                    "A sample is gated differently in a batch than alone: samples are mixed.",
                    Witness(label, (), alone[sample], together[sample]),
                )
