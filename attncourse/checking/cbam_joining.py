"""The probes of a CBAM that need the whole: two gates multiplied, the order of the halves, gradients through both."""

from __future__ import annotations

import torch
from torch import Tensor

from attncourse.checking.cbam_halves import HalfCandidate
from attncourse.checking.cbam_masks import CHANNEL, SPATIAL, Half, factors
from attncourse.checking.channel_gate import MIDDLE, SMALL, Size, gradients
from attncourse.checking.draw import Draw
from attncourse.checking.probes import Built, Subject, Violation
from attncourse.checking.report import Witness

LOW, HIGH = 0.1, 0.4
PRECISION = 1e-5
STEP = 1e-3
TRIES = 3
KERNEL = 3
BATCH = 17
ZERO_RATIOS = {
    1.25: "the input was added once more",
    0.5: "only one gate with a sigmoid is at work",
    1.0: "no gate is at work, or two halves were added up",
    0.0: "a gate without a sigmoid",
    0.125: "there are three gates",
    0.75: "the input was added once more in one of the halves",
    2.25: "the input was added once more in each half",
}


def _features(draw: Draw, channels: int, batch: int = 3, height: int = 4, width: int = 5) -> Tensor:
    return draw.signed(batch, channels, height, width, low=0.3, high=2.0)


def zero_leaves_a_quarter(subject: Subject) -> None:
    """``y = x / 4`` where every parameter is zero."""
    built = subject.build(*SMALL.arguments, KERNEL, warm=(3, SMALL.channels, 3, 2))
    built.fill([torch.zeros(shape, dtype=torch.float64) for shape in built.shapes])
    x = _features(subject.draw, SMALL.channels, 1, 2, 3)
    y = built.run(x)
    if not bool(((y - x / 4).abs() < PRECISION).all()):
        ratio = y / x
        same = bool((ratio.max() - ratio.min()).abs() < PRECISION)
        told = next(
            (words for known, words in ZERO_RATIOS.items() if same and abs(float(ratio.mean()) - known) < 1e-4), ""
        )
        sentence = (
            f"With all parameters zero, y / x is {float(ratio.mean()):.4g} in place of 0.25"
            if same
            else ("With all parameters zero, y / x differs from place to place")
        )
        sentence += f": {told}." if told else "."
        raise Violation(sentence, Witness("all parameters zero", (("x", x),), x / 4, y))


def _filled(subject: Subject, size: Size) -> tuple[Built, list[Tensor]]:
    built = subject.build(*size.arguments, KERNEL, warm=(3, size.channels, 3, 2))
    values = [subject.draw.signed(*shape, low=LOW, high=HIGH) for shape in built.shapes]
    built.fill(values)
    return built, values


def multiplies_by_two_gates(subject: Subject) -> None:
    """y / x is positive, below 1, and a product of one number for each channel and one for each place."""
    for size, (batch, height, width) in ((SMALL, (1, 2, 3)), (SMALL, (3, 5, 4)), (MIDDLE, (2, 4, 6))):
        built, _ = _filled(subject, size)
        x = _features(subject.draw, size.channels, batch, height, width)
        y = built.run(x)
        log = factors(y, x)
        witness = Witness(f"y / x in one sample, {size.words}", (("x", x[0]),), None, (y / x)[0])
        if bool((y / x < 0).any()):
            raise Violation("Some of the features change their sign: a gate is above zero.", witness)
        if bool((log > PRECISION).any()):
            raise Violation("Some of the features become larger: a gate is below 1.", witness)
        twice = log - log.mean(dim=1, keepdim=True)
        twice = twice - twice.mean(dim=(2, 3), keepdim=True)
        if bool((twice.abs() > 1e-4).any()):
            raise Violation("y / x is no product of a gate for each channel and a gate for each place.", witness)


def keeps_samples_apart(subject: Subject) -> None:
    """In evaluation mode a sample in a batch gets what it gets alone."""
    for size in (SMALL, MIDDLE):
        built, _ = _filled(subject, size)
        x = _features(subject.draw, size.channels, BATCH)
        together, alone = built.run(x)[:3], torch.cat([built.run(sample[None]) for sample in x[:3]])
        if not bool(((together - alone).abs() < PRECISION).all()):
            witness = Witness(f"a sample in a batch of {BATCH}; expected: alone", (), alone[0], together[0])
            raise Violation("A sample gets other gates in a batch than alone: samples are mixed.", witness)


def joins_the_halves(subject: Subject) -> None:
    """The output is the spatial half's for what the channel half gives; the other usual way is named."""
    for size, train in ((SMALL, False), (MIDDLE, False), (SMALL, True)):
        whole, values = _filled(subject, size)
        channel, spatial = (_Part(subject, half, size, values, train) for half in (CHANNEL, SPATIAL))
        x = _features(subject.draw, size.channels)
        y, refined = whole.run(x, train), channel.of(x)
        expected = spatial.of(refined)
        if not _differ(expected, y):
            continue
        told = "The output is not what the spatial half makes of the channel half's output."
        # Side by side, the spatial half is given x itself, which it gets here for half of x.
        if not _differ(refined * spatial.of(x / 2) * 2 / x, y):
            told = "The spatial gate is computed from x, not from the refined features."
        if train:
            told += " This holds in training mode; in evaluation mode it is right."
        witness = Witness(f"one sample, {size.words}", (("x", x[0]),), expected[0], y[0])
        raise Violation(told, witness)


class _Part:
    """One half of the module of one size, with its own part of the whole module's values."""

    def __init__(self, subject: Subject, half: Half, size: Size, values: list[Tensor], train: bool) -> None:
        self.half = HalfCandidate(subject.candidate, half, subject.seed, subject.once("masks of halves", dict))
        self.arguments = (*size.arguments, KERNEL)
        self.values = values
        self.seed = subject.seed
        self.train = train

    def of(self, x: Tensor) -> Tensor:
        """The half's output for x."""
        outcome = self.half.run_with(self.arguments, self.values, x, self.seed, self.train)
        if outcome.raised:
            raise outcome.raised
        assert isinstance(outcome.value, Tensor)
        return outcome.value


def _differ(expected: Tensor, got: Tensor) -> bool:
    return not bool(((expected - got).abs() < PRECISION * (1 + expected.abs())).all())


def gradients_are_complete(subject: Subject) -> None:
    """Gradients of x and of each parameter agree with central differences, along random directions.

    A kink between the two ends of a difference can disturb one try, and hardly three.
    """
    built, values = _filled(subject, SMALL)
    places = [-1, *range(len(values))]
    for place in places:
        wrong = []
        for _ in range(TRIES):
            x = _features(subject.draw, SMALL.channels)
            weights = Draw(subject.seed).normal(*x.shape, dtype=torch.float64)
            of_input, of_parameters = gradients(built, x)
            told = of_input if place < 0 else of_parameters[place]
            direction = subject.draw.signed(*told.shape, low=0.3, high=1.0)
            losses = []
            for step in (STEP, -STEP):
                moved = [v + step * direction if number == place else v for number, v in enumerate(values)]
                built.fill(moved)
                losses.append(float((built.run(x + step * direction if place < 0 else x) * weights).sum()))
            built.fill(values)
            measured, got = (losses[0] - losses[1]) / (2 * STEP), float((told * direction).sum())
            if abs(measured - got) <= 2e-3 * (abs(measured) + 0.1):
                break
            wrong.append((measured, got))
        if len(wrong) == TRIES:
            what = "the input" if place < 0 else f"a parameter of shape {tuple(values[place].shape)}"
            witness = Witness(f"the slope along one direction of {what}", (), *wrong[0])
            raise Violation(f"The gradient of {what} is not the slope.", witness)
