"""The coordinate probes of what goes in and what comes out, and of what the two gates may see."""

from __future__ import annotations

import torch
from torch import Tensor

from attncourse.checking import registration
from attncourse.checking.coordinate_gate import (
    MIDDLE,
    SIZES,
    SMALL,
    apart,
    factors,
    features,
    module,
    random_module,
    same_means,
    worst,
)
from attncourse.checking.observation import AnswerError
from attncourse.checking.probes import Built, Subject, Violation
from attncourse.checking.report import Witness

PLACES = ((1, 2, 3), (2, 3, 2), (1, 1, 1), (3, 5, 9), (2, 13, 11), (2, 1, 8), (1, 6, 6))
SEEN = ((SMALL, (2, 3, 4, 5)), (MIDDLE, (1, 30, 6, 3)))
ENDS = 1e-6
DRAWS = 4
# y / x with every parameter at zero, and what each number means. The right one is 1/4: two gates of one half.
AT_ZERO = {
    0.5: "only one gate, or one sigmoid, is in it",
    1.0: "the gates were added, not multiplied, or no gate is in it",
    1.25: "the input was added once more",
    2.25: "1 was added to each gate",
    1.5: "1 was added to a gate",
    0.0: "a gate without a sigmoid is in it",
    0.125: "three gates are in it",
    0.0625: "four gates are in it",
}


def can_be_built(subject: Subject) -> None:
    """The class takes the channels, and a reduction or none."""
    for size in SIZES:
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
        built.run(subject.draw.normal(2, SMALL.channels, 3, 3))
    except AnswerError:
        return  # The next property tells of it.
    if len(built.shapes) != before:
        raise Violation("Some parameters appear in the first call only: an optimiser made before misses them.")


def knows_its_layers(subject: Subject) -> None:
    """What it computes depends on its parameters alone."""
    registration.knows_its_layers(subject, SMALL.arguments, (2, SMALL.channels, 2, 3))


def keeps_the_shape(subject: Subject) -> None:
    """``(B, C, H, W)`` comes back, for maps that are wide, high, square and of one place."""
    for size in (SMALL, MIDDLE):
        built = subject.build(*size.arguments, dtype="float32")
        for batch, height, width in PLACES:
            shape = (batch, size.channels, height, width)
            x = subject.draw.integers(*shape)
            try:
                y = built.run(x)
            except AnswerError as error:
                sentence = f"With {size.words}, an input {shape}: {error.told}."
                raise Violation(sentence, Witness(f"an input {shape}", (), f"shape {shape}", error)) from None
            if y.shape != x.shape:
                sentence = f"With {size.words}, an input {shape} gives an output {tuple(y.shape)}."
                raise Violation(sentence, Witness(f"an input {shape}", (), f"shape {shape}", y))


def leaves_the_input(subject: Subject) -> None:
    """The tensor that was given holds the same values afterwards."""
    x = subject.draw.integers(1, SMALL.channels, 2, 3)
    if subject.build(*SMALL.arguments, dtype="float32").outcome(x).changed:
        raise Violation("After the call the input tensor holds other values than before.", Witness("x", (("x", x),)))


def repeats_itself(subject: Subject) -> None:
    """Two calls give one result."""
    x = features(subject.draw, 2, SMALL.channels, 3, 4)
    built = random_module(subject, SMALL)
    if not built.outcome(x).stable or not built.outcome(x, train=True).stable:
        raise Violation("Two calls with the same input give two different outputs.", Witness("x", (("x", x[0]),)))


def halves_twice(subject: Subject) -> None:
    """With every parameter at zero, both gates are one half, and y is a quarter of x."""
    built = module(subject, SMALL, lambda shape: torch.zeros(shape, dtype=torch.float64))
    x = features(subject.draw, 2, SMALL.channels, 3, 4)
    got = factors(built, x)
    if bool(apart(torch.full_like(got, 0.25), got).any()):
        share = float(got.flatten()[0])
        known = next((words for value, words in AT_ZERO.items() if abs(value - share) < 1e-4), "")
        sentence = f"With every parameter at zero y / x is {share:.4g}, not 1/4" + (f": {known}." if known else ".")
        raise Violation(sentence, Witness("y / x, one channel", (), torch.full_like(got[0, 0], 0.25), got[0, 0]))


def is_a_product(subject: Subject) -> None:
    """In each channel the factors are a number for each row times a number for each column."""
    for size, shape in ((SMALL, (2, 3, 2, 3)), (SMALL, (1, 3, 5, 4)), (MIDDLE, (2, 30, 3, 6))):
        built = random_module(subject, size)
        got = factors(built, features(subject.draw, *shape))
        crossed = got[:, :, :1] * got[:, :, :, :1] / got[:, :, :1, :1]
        place = worst(apart(crossed, got))
        if place is not None:
            label = "y / x in one channel; expected: what its first row and first column ask for"
            sentence = "y / x is not a number for each row times a number for each column."
            raise Violation(sentence, Witness(label, (), crossed[place], got[place]))


def keeps_samples_apart(subject: Subject) -> None:
    """In evaluation mode a sample in a batch gets the factors that it gets alone."""
    built = random_module(subject, SMALL)
    for batch in (2, 3):
        x = features(subject.draw, batch, SMALL.channels, 4, 3)
        together, alone = factors(built, x), torch.cat([factors(built, one[None]) for one in x])
        place = worst(apart(alone, together))
        if place is not None:
            witness = Witness("y / x in one channel; expected: alone", (), alone[place], together[place])
            raise Violation("A sample gets other gates in a batch than alone: samples are mixed.", witness)


def stays_between_0_and_1(subject: Subject) -> None:
    """Under large weights the factors stay in [0, 1] and reach near both ends."""
    seen = [
        factors(random_module(subject, SMALL, 1.0, 3.0), features(subject.draw, 4, SMALL.channels, 4, 5))
        for _ in range(DRAWS)
    ]
    every = torch.cat([one.flatten() for one in seen])
    low, high = float(every.min()), float(every.max())
    if low < -ENDS or high > 1 + ENDS:
        raise Violation(f"Under large weights y / x goes from {low:.3g} to {high:.3g}.", _some(seen[0]))
    if low > 0.05 or high < 0.95:
        raise Violation(f"Under large weights y / x only goes from {low:.3g} to {high:.3g}.", _some(seen[0]))


def _some(factor: Tensor) -> Witness:
    return Witness("y / x in one channel, large weights", (), None, factor[0, 0])


def sees_means_only(subject: Subject) -> None:
    """The gates depend on the mean of each row and of each column, in training mode as well."""
    for size, shape in SEEN:
        built = random_module(subject, size)
        x = features(subject.draw, *shape)
        other = same_means(subject.draw, x)
        _same(built, x, other, "Other values with the same row and column means give other gates.")
        _same(built, x, other, "In training mode more than the means is seen.", train=True)


def sees_means_at_any_size(subject: Subject) -> None:
    """A picture repeated below or beside itself has the means it had, and so the gates."""
    for size, shape in SEEN:
        built = random_module(subject, size)
        x = features(subject.draw, *shape)
        for words, repeated in (
            ("twice, one below the other,", x.repeat(1, 1, 2, 1)),
            ("three times, side by side,", x.repeat(1, 1, 1, 3)),
        ):
            _same(built, x, repeated, f"The same picture {words} has the same means, and gets other gates.")


def _same(built: Built, x: Tensor, changed: Tensor, sentence: str, train: bool = False) -> None:
    before = factors(built, x, train)
    after = factors(built, changed, train)[:, :, : x.shape[2], : x.shape[3]]
    place = worst(apart(before, after))
    if place is not None:
        raise Violation(sentence, Witness("y / x in one channel, before and after", (), before[place], after[place]))


def moves_its_own_row(subject: Subject) -> None:
    """What goes from one row to another moves the gates of these two rows, and no others; so with columns."""
    for size, shape in ((SMALL, (2, 3, 5, 6)), (SMALL, (1, 3, 5, 5)), (MIDDLE, (1, 30, 6, 5))):
        built = random_module(subject, size)
        x = features(subject.draw, *shape)
        before = factors(built, x)
        for axis, name in ((2, "row"), (3, "column")):
            change = torch.zeros_like(x)
            change.select(axis, 1).fill_(1.5)
            change.select(axis, 3).fill_(-1.5)
            moved = apart(before, factors(built, x + change)).any(dim=0).any(dim=0)
            lines = moved.any(dim=1 if axis == 2 else 0)
            expected = torch.zeros_like(lines)
            expected[[1, 3]] = True
            if not torch.equal(lines, expected):
                label = f"which {name}s have other gates (any channel)"
                sentence = f"Something goes from {name} 1 to {name} 3: the gates of {_listed(lines, name)} move."
                raise Violation(sentence, Witness(label, (), expected, lines))


def _listed(lines: Tensor, name: str) -> str:
    places = lines.nonzero().flatten().tolist()
    return f"{name}s {', '.join(map(str, places))}" if places else f"no {name}"


def treats_lines_alike(subject: Subject) -> None:
    """Rows in another order have their gates in that order; so with columns."""
    for size, shape in ((SMALL, (2, 3, 4, 5)), (MIDDLE, (1, 30, 5, 4))):
        for train in (False, True):
            built = random_module(subject, size)
            x = features(subject.draw, *shape)
            before = factors(built, x, train)
            for axis, name in ((2, "row"), (3, "column")):
                order = torch.arange(shape[axis]).roll(1).flip(0)
                after = factors(built, x.index_select(axis, order), train)
                place = worst(apart(before.index_select(axis, order), after))
                if place is not None:
                    witness = Witness("y / x in one channel", (), before.index_select(axis, order)[place], after[place])
                    raise Violation(f"A {name} gets another gate when it lies elsewhere in the picture.", witness)


def keeps_the_dtype(subject: Subject) -> None:
    """A module of one dtype returns that dtype."""
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        name = str(dtype).removeprefix("torch.")
        shape = (2, SMALL.channels, 3, 4)
        built = subject.build(*SMALL.arguments, warm=shape, dtype=name)
        y = built.run(subject.draw.normal(*shape, dtype=dtype))
        if y.dtype != dtype:
            returned = str(y.dtype).removeprefix("torch.")
            raise Violation(f"A {name} module with a {name} input returns {returned}.")
