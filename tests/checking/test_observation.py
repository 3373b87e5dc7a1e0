"""Where two outcomes part, and in which words."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch

from attncourse.checking.observation import UNUSABLE, AnswerError, Outcome, compare, describe, difference, wrong

X = torch.tensor([[1.0, 2.0, 3.0]])


def aspect(expected: Outcome, got: Outcome) -> str | None:
    found = difference(expected, got)
    return found.aspect if found else None


def test_equal_outcomes_do_not_differ() -> None:
    assert aspect(Outcome(X, gradients=(X,)), Outcome(X + 1e-7, gradients=(X,))) is None


def test_each_aspect_is_told_and_the_graver_first() -> None:
    assert aspect(Outcome(X), Outcome(raised=AnswerError("ValueError", "no"))) == "raised"
    assert aspect(Outcome(X), Outcome(None)) == "type"
    assert aspect(Outcome(X), Outcome(X[0])) == "shape"
    assert aspect(Outcome(X), Outcome(X.long())) == "dtype"
    assert aspect(Outcome(X), Outcome(X + 0.1)) == "value"
    assert aspect(Outcome(X), Outcome(X + 0.1, changed=(0,))) == "value"
    assert aspect(Outcome(X), Outcome(X, changed=(0,))) == "changed"
    assert aspect(Outcome(X), Outcome(X, stable=False)) == "unstable"
    assert aspect(Outcome(X, gradients=(X,)), Outcome(X, gradients=(2 * X,))) == "gradient"
    assert aspect(Outcome(X, gradients=(X,)), Outcome(X, gradients=(None,))) == "gradient"


def test_a_missing_gradient_is_a_zero_one() -> None:
    zero = torch.zeros_like(X)
    assert aspect(Outcome(X, gradients=(zero,)), Outcome(X, gradients=(None,))) is None
    assert aspect(Outcome(X, gradients=(None,)), Outcome(X, gradients=(zero,))) is None
    assert aspect(Outcome(X, gradients=(None,)), Outcome(X, gradients=(X,))) == "gradient"


def test_errors_are_the_same_by_kind_and_message_wherever_they_were_raised() -> None:
    here, there = AnswerError("ValueError", "no", "line 3"), AnswerError("ValueError", "no", "line 9")
    assert aspect(Outcome(raised=here), Outcome(raised=there)) is None
    assert aspect(Outcome(raised=here), Outcome(raised=AnswerError("ValueError", "yes"))) == "raised"
    assert aspect(Outcome(raised=here), Outcome(X)) == "raised"


def test_nan_is_a_value() -> None:
    nan = torch.tensor([float("nan"), 1.0])
    assert compare(nan, nan.clone()) is None
    found = compare(torch.tensor([0.0, 1.0]), nan)
    assert found is not None
    assert found.sentence == "1 of 2 values differ"
    assert wrong(torch.tensor([0.0, 1.0]), nan).tolist() == [True, False]


def test_complex_values_are_compared_whole_and_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compare(X + 1j, X + 1j) is None
        assert compare(X + 1j, X + 2j) is not None
        assert compare(X, X + 0j) is not None


def test_numbers_words_and_sequences() -> None:
    assert compare(2, 2.0) is None
    assert compare(2.5, torch.tensor(2.5)) is None
    assert compare("Channels", " channels ") is None
    assert compare((1, X), [1, X]) is None
    assert compare(True, 1) is not None
    assert compare(None, 0) is not None
    short, nested = compare((1, 2), (1,)), compare((1, (2, 3)), (1, (2, 4)))
    assert short is not None and short.aspect == "shape"
    assert nested is not None and nested.sentence == "value 1: value 1: expected 3, got 4"


def test_a_letter_is_read_however_it_is_set() -> None:
    for given in ("b", "(B)", "B)", " B. ", "**B**"):
        assert compare("B", given) is None
    assert compare("B", "A or B") is not None
    assert compare(0.5, torch.tensor([0.5])) is None
    assert compare((4, 16), torch.tensor([4, 16])) is None


def test_what_nobody_raised_is_not_told_as_raised() -> None:
    found = difference(Outcome(X), Outcome(raised=AnswerError(UNUSABLE, "the result is a dict")))
    assert found is not None
    assert (found.aspect, found.sentence) == ("type", "the result is a dict")


def test_values_are_described_for_sentences() -> None:
    assert describe(X) == "a float32 tensor of shape (1, 3)"
    assert describe(None) == "None (nothing was returned)"
    assert describe("b") == "the text 'b'"


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        (2_515_968, 2_515_968, True),
        (2_515_968, 2_515_968.0, True),
        (2_515_968, 2_515_969, False),
        (2_515_968, 2_515_969.0, False),
        (0, 1e-16, True),
        (3, 0.1 * 30, True),
        (0.25, 0.250001, True),
        (2_515_968.0, 2_515_969, True),
        (torch.tensor([2_515_968]), torch.tensor([2_515_969]), False),
        (torch.tensor([2_515_968]), torch.tensor([2_515_968], dtype=torch.int32), True),
        (torch.tensor([3]), torch.tensor([3 + 0j]), False),
    ],
)
def test_what_is_counted_is_compared_exactly(expected: Any, got: Any, same: bool) -> None:
    assert (compare(expected, got) is None) == same
