"""A report is plain JSON, whatever it shows."""

from __future__ import annotations

import json

import torch

from attncourse.checking import AnswerError, Fixture, Report, Witness
from attncourse.checking.rendering import as_html, as_text


def report(witness: Witness | None = None, state: str = "incorrect") -> Report:
    return Report("se-squeeze", "Squeeze", state, 0.0, 2.0, diagnosis="sums", witness=witness)


def test_passed_follows_the_state() -> None:
    assert report(state="correct").passed
    assert not report().passed
    assert not report(state="not attempted").passed


def test_nan_infinity_and_bfloat16_become_valid_json() -> None:
    odd = torch.tensor([float("nan"), float("inf"), -float("inf"), 1.5])
    witness = Witness("x", (("x", odd), ("gate", Fixture("doubling-gate"))), odd.bfloat16(), float("nan"))

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    read = json.loads(report(witness).to_json(), parse_constant=refuse)
    assert read["passed"] is False
    assert read["diagnosis"] == "sums"
    assert read["witness"]["inputs"][0][1] == {"shape": [4], "dtype": "float32", "values": ["nan", "inf", "-inf", 1.5]}
    assert read["witness"]["expected"]["dtype"] == "bfloat16"
    assert read["witness"]["got"] == "nan"


def test_large_tensors_are_cut_and_gradients_do_not_matter() -> None:
    large = torch.ones(3, 400, requires_grad=True)
    read = json.loads(report(Witness("x", (), large, torch.ones(2, dtype=torch.bool))).to_json())
    assert read["witness"]["expected"]["shape"] == [3, 400]
    assert len(read["witness"]["expected"]["values"]) == 200
    assert read["witness"]["got"]["values"] == [True, True]


def test_errors_and_nested_values_are_told_in_words() -> None:
    witness = Witness("x", (), (1, (2, None)), AnswerError("ValueError", "no", "line 3"))
    read = json.loads(report(witness).to_json())
    assert read["witness"]["expected"] == [1, [2, None]]
    assert "no" in read["witness"]["got"]


def test_the_repr_is_one_short_line() -> None:
    assert repr(report()) == "<Report se-squeeze: incorrect, 0 of 2, sums>"


def test_minus_zero_is_shown_as_zero() -> None:
    shown = report(Witness("x", (), torch.tensor([-0.0]), torch.tensor([1.0])))
    assert ">-0<" not in as_html(shown) and "-0 " not in as_text(shown)
