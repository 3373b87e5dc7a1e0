"""The course's own modules at a glimpse: which biases to leave out, and what can be told from one call."""

from __future__ import annotations

import sys
import warnings

import pytest
from torch import nn

from attncourse.checking import Judge, Workbench
from attncourse.checking.filled import ALL_PARAMETERS, observe_module
from attncourse.checking.judge import agree
from attncourse.checking.ours import MOST_PATTERNS, Ours, parts
from attncourse.lessons.squeeze_excitation._module_styles import LinearLayers
from attncourse.lessons.squeeze_excitation.module import exercise


def seen(answer, seed: int = 3):
    return list(observe_module(exercise, Workbench(answer), seed))


def ours(answer, seed: int = 3):
    return list(observe_module(exercise, Workbench(answer, trusted=True), seed))


def test_biases_are_left_out_until_the_parameters_fit() -> None:
    class WithoutFirst(nn.Module):
        def __init__(self, channels, reduction=16):
            super().__init__()
            hidden = max(1, channels // reduction)
            self.one, self.two = nn.Linear(channels, hidden, bias=False), nn.Linear(hidden, channels)

        def forward(self, x):
            return x * self.two(self.one(x.mean((2, 3))).relu()).sigmoid()[:, :, None, None]

    got = seen(WithoutFirst)
    (left_out,) = Ours(exercise, LinearLayers).patterns(got)
    names = [name for name, _ in LinearLayers(4, 2).named_parameters()]
    assert [names[place] for place in left_out] == ["reduce.bias"]
    assert agree(list(observe_module(exercise, Workbench(LinearLayers, trusted=True), 3, left_out)), got)


def test_no_pattern_fits_other_layers() -> None:
    assert (
        Ours(exercise, LinearLayers).patterns(seen(lambda channels, reduction=16: nn.Conv2d(channels, channels, 1)))
        == []
    )


def test_a_module_of_ours_that_warns_when_it_is_built_is_not_heard(capsys: pytest.CaptureFixture[str]) -> None:
    """nbgrader scores a check cell 0 as soon as anything reaches stderr."""

    class Warns(LinearLayers):
        def __init__(self, *size):
            super().__init__(*size)
            warnings.warn("this is about to change", UserWarning, stacklevel=1)
            print("to be heard", file=sys.stderr)

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        assert Ours(exercise, Warns).patterns(ours(LinearLayers)) == [frozenset()]
    assert not heard and not capsys.readouterr().err


def test_a_module_of_ours_that_cannot_be_built_has_no_patterns_to_try() -> None:
    def refuses(channels, reduction=16):
        raise ValueError("never")

    assert Ours(exercise, refuses).patterns(ours(LinearLayers)) == [frozenset()]


class ManyBiases(nn.Module):
    """Thirty layers from one value to one, each with a bias, and one of two values."""

    def __init__(self, channels, reduction=16, without=0):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(2, 2, bias=place >= without) for place in range(30))
        self.last = nn.Linear(2, 3, bias=not without)

    def forward(self, x):
        return x


def test_patterns_stay_few_however_many_biases_there_are() -> None:
    fewer = seen(lambda channels, reduction=16: ManyBiases(channels, without=15))
    found = Ours(exercise, ManyBiases).patterns(fewer)
    assert 0 < len(found) == len(set(found)) <= MOST_PATTERNS
    last = [name for name, _ in ManyBiases(4).named_parameters()].index("last.bias")
    assert all(len(pattern) == 16 and last in pattern for pattern in found)


def test_a_glimpse_parts_none_that_agree_and_most_that_do_not() -> None:
    forms = [wrong.implementation for wrong in exercise.misconceptions]
    judge = Judge(exercise, 3)
    told = 0
    for one in forms:
        glimpse = Ours(exercise, one).glimpse(3, ALL_PARAMETERS)
        for other in forms:
            parted = parts(glimpse, judge.observations(other))
            told += parted
            assert not (parted and agree(judge.observations(one), judge.observations(other)))
        assert not parts(glimpse, judge.observations(one))
    assert told > len(forms) ** 2 / 2


def test_who_raises_is_not_who_does_not() -> None:
    class Breaks(LinearLayers):
        def forward(self, x):
            raise ValueError("never")

    class BreaksElsewhere(LinearLayers):
        def forward(self, x):
            raise ValueError("here")

    breaks = Ours(exercise, Breaks).glimpse(3, ALL_PARAMETERS)
    works = Ours(exercise, LinearLayers).glimpse(3, ALL_PARAMETERS)
    assert parts(breaks, ours(LinearLayers)) and parts(works, ours(Breaks)) and parts(breaks, ours(BreaksElsewhere))
    assert not parts(breaks, ours(Breaks)) and not parts(works, ours(LinearLayers))
    assert not parts(None, ours(LinearLayers)) and not parts(None, ours(Breaks))


def test_a_lazy_module_of_ours_is_left_to_the_observations() -> None:
    lazy = Ours(exercise, lambda channels, reduction=16: nn.LazyLinear(3))
    assert lazy.signature is None and lazy.glimpse(3, ALL_PARAMETERS) is None
    assert lazy.patterns(ours(LinearLayers)) == [ALL_PARAMETERS]
