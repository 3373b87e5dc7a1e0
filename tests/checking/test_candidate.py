"""The Workbench runs whatever a learner wrote, and nothing but AnswerError and KeyboardInterrupt comes out."""

from __future__ import annotations

import sys
import warnings

import numpy
import pytest
import torch
from torch import Tensor, nn

from attncourse.attention import SqueezeExcitation
from attncourse.checking import AnswerError, Fixture, Outcome, Workbench
from attncourse.checking.observation import UNUSABLE
from attncourse.checking.plain import plain


def scale(x):
    return 3 * x


class Scale(nn.Module):
    def __init__(self, factor=2.0):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, x):
        return x * self.factor


def gradients(outcome: Outcome) -> list[Tensor]:
    """All of them; fails where one is missing."""
    assert outcome.gradients is not None
    found = [gradient for gradient in outcome.gradients if gradient is not None]
    assert len(found) == len(outcome.gradients)
    return found


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (None, "nothing"),
        (..., "nothing"),
        (Scale, "module class"),
        (int, "class"),
        (Scale(), "module"),
        (scale, "function"),
        (torch.zeros(2), "value"),
        (True, "value"),
        ((2, 3), "value"),
        ({1: 2}, "other"),
    ],
)
def test_it_tells_what_the_answer_is(answer, what) -> None:
    assert Workbench(answer).describe()["what"] == what


def test_ours_is_ours_however_it_is_wrapped() -> None:
    class Derived(SqueezeExcitation):
        pass

    class Containing(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.inner = SqueezeExcitation(channels)

        def forward(self, x):
            return self.inner(x)

    class Hiding(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))
            self.hidden = [SqueezeExcitation(channels)]

        def forward(self, x):
            return self.hidden[0](x)

    assert Workbench(SqueezeExcitation).describe()["ours"]
    assert Workbench(Derived).describe()["ours"]
    assert not Workbench(Containing).describe()["ours"]
    assert not Workbench(SqueezeExcitation, trusted=True).describe()["ours"]
    with pytest.raises(AnswerError, match="contains the course's own"):
        Workbench(Containing).build((4,))
    bench = Workbench(Hiding)
    outcome = bench.run(bench.build((4,)), torch.ones(1, 4, 2, 3), seed=0)
    assert outcome.raised is not None
    assert outcome.raised.kind == "OursError"


def test_a_call_tells_value_gradient_and_what_was_changed() -> None:
    x = torch.tensor([[1.0, 2.0]])
    outcome = Workbench(scale).call((x,), seed=0)
    assert torch.equal(outcome.value, 3 * x)
    assert outcome.changed == ()
    assert outcome.stable
    (slope,) = gradients(outcome)
    assert slope.shape == x.shape
    assert slope.ne(0).all()


def test_a_change_of_the_input_is_noticed_and_does_not_reach_ours() -> None:
    x = torch.ones(2, 3)
    assert Workbench(lambda x: x.add_(1)).call((x,), seed=0).changed == (0,)
    assert torch.equal(x, torch.ones(2, 3))


def test_randomness_is_noticed() -> None:
    assert not Workbench(lambda x: x + torch.rand(())).call((torch.ones(2),), seed=0).stable


def test_a_cut_gradient_is_none() -> None:
    assert Workbench(lambda x: x.detach() * 2).call((torch.ones(2),), seed=0).gradients == (None,)


def test_the_gradients_weights_come_from_the_seed() -> None:
    one, same, other = (gradients(Workbench(scale).call((torch.ones(5),), seed=seed))[0] for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_fixtures_are_made_where_the_answer_runs() -> None:
    outcome = Workbench(lambda x, gate: gate(x)).call((torch.ones(2), Fixture("doubling-gate")), seed=0)
    assert torch.equal(outcome.value, torch.full((2,), 2.0))


def endless(x):
    return endless(x)


def leaves(x):
    sys.exit(3)


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


def raises_unprintable(x):
    raise Unprintable


@pytest.mark.parametrize(
    ("function", "kind", "words"),
    [
        (endless, "RecursionError", "calls itself without end"),
        (leaves, "SystemExit", "3"),
        (raises_unprintable, "Unprintable", "could not be read"),
        (lambda x: x @ x, "RuntimeError", ""),
        (lambda: 1, "TypeError", "positional argument"),
        (lambda x: x.numpy(), UNUSABLE, "numpy array"),
        (lambda x: {"a": x}, UNUSABLE, "dict"),
        (lambda x: (part for part in x), UNUSABLE, "use return"),
        (lambda x: x.to_sparse(), UNUSABLE, "sparse"),
        (lambda x: x.to("meta"), UNUSABLE, "on meta"),
        (lambda x: x.new_zeros(1).expand(10**9), UNUSABLE, "1,000,000,000 values"),
        (lambda x: 10**400, UNUSABLE, "bits"),
        (lambda x: "a" * 10**6, UNUSABLE, "1,000,000 characters"),
    ],
)
def test_whatever_is_raised_comes_out_as_an_answer_error(function, kind, words) -> None:
    raised = Workbench(function).call((torch.ones(2, 3),), seed=0).raised
    assert raised is not None
    assert raised.kind == kind
    assert words in raised.message


class Overbearing(int):
    def __rsub__(self, other):
        raise RuntimeError

    def __repr__(self) -> str:
        raise RuntimeError


class Answering(Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        raise RuntimeError


def test_what_comes_out_is_of_torch_s_and_python_s_own_types() -> None:
    for given, kind in (
        (Overbearing(3), int),
        (numpy.float64(0.5), float),
        (torch.ones(2).as_subclass(Answering), Tensor),
    ):
        value = plain(given)
        assert type(value) is kind
    assert plain(Overbearing(3)) == 3


def test_an_answer_that_cannot_be_looked_at_is_described() -> None:
    class Hidden:
        @property  # type: ignore[misc]
        def __class__(self):
            raise RuntimeError

    class Numbered(nn.Module):
        __module__ = 5  # type: ignore[assignment]

    assert Workbench(Hidden()).describe()["what"] == "other"
    assert Workbench(Numbered).describe()["ours"] is False


def test_an_input_that_changed_its_dtype_is_changed() -> None:
    def widens(x):
        x.data = x.data.double()
        return x.sum()

    assert Workbench(widens).call((torch.ones(2),), seed=0).changed == (0,)


def test_the_learner_s_own_line_is_told() -> None:
    raised = Workbench(leaves).call((torch.ones(2),), seed=0).raised
    assert raised is not None
    assert "in leaves" in raised.where
    assert "sys.exit(3)" in raised.where


def test_the_keyboard_still_works() -> None:
    def stopped(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Workbench(stopped).call((torch.ones(2),), seed=0)


def test_warnings_and_stderr_are_kept_from_the_cell(capsys) -> None:
    def chatty(x):
        warnings.warn("old", stacklevel=1)
        print("debug", file=sys.stderr)
        return x

    Workbench(chatty).call((torch.ones(2),), seed=0)
    assert capsys.readouterr().err == ""


def test_a_module_is_built_filled_cast_and_run() -> None:
    bench = Workbench(Scale)
    handle = bench.build((4.0,))
    assert bench.shapes(handle) == [()]
    assert bench.trainable(handle) == [True]
    bench.cast(handle, "float64")
    bench.fill(handle, [torch.tensor(7.0)])
    x = torch.ones(2, 1, 1, 3, dtype=torch.float64)
    outcome = bench.run(handle, x, seed=0)
    assert torch.equal(outcome.value, 7 * x)
    assert outcome.value.dtype == torch.float64
    of_input, of_factor = gradients(outcome)
    torch.testing.assert_close(of_factor, (of_input / 7).sum())
    bench.release(handle)


def test_training_mode_lasts_for_the_call_only() -> None:
    class Modes(Scale):
        def forward(self, x):
            return x + float(self.training)

    bench = Workbench(Modes)
    handle = bench.build(())
    x = torch.zeros(1, 1, 1, 1)
    assert bench.run(handle, x, seed=0, train=True).value.item() == 1
    assert bench.run(handle, x, seed=0).value.item() == 0


def test_what_is_no_module_cannot_be_built() -> None:
    with pytest.raises(AnswerError, match="gave int, not a torch.nn.Module"):
        Workbench(lambda channels: channels).build((4,))


def test_a_lazy_parameter_has_no_shape_yet() -> None:
    bench = Workbench(lambda width: nn.LazyLinear(width))
    handle = bench.build((3,))
    assert bench.shapes(handle) == [(-1,), (-1,)]
    bench.run(handle, torch.ones(2, 5), seed=0, gradients=False)
    assert bench.shapes(handle) == [(3, 5), (3,)]


@pytest.mark.parametrize(
    ("test", "accepts"),
    [(lambda f: f(2) == 4, True), (lambda f: f(2) == 5, False), (lambda f: None, True), (lambda f: 1 / 0, False)],
)
def test_a_learner_s_test_is_examined(test, accepts) -> None:
    assert Workbench(test).examine(lambda x: x * x)["accepts"] is accepts


def test_a_call_by_names_is_a_call_and_is_told_what_to_do() -> None:
    found = Workbench(lambda f: f(x=2) == 4).examine(lambda x: x * x)
    assert found["called"] == 1 and not found["accepts"]
    assert found["said"] == "TypeError: give x by position: implementations differ in their arguments' names"


def test_a_numpy_value_is_a_number_or_a_sequence() -> None:
    assert Workbench(numpy.array([9])).value() == 9 and Workbench(numpy.array([2, 11])).value() == (2, 11)


def test_plain_values_only() -> None:
    assert plain([1, (2.5, "a")]) == (1, (2.5, "a"))
    assert plain(numpy.float64(2.5)) == 2.5
    assert plain(numpy.array([9])) == 9 and plain(numpy.array([[True]])) is True
    assert plain(...) is None
    x = torch.ones(2, requires_grad=True)
    assert not plain(x).requires_grad
    with pytest.raises(AnswerError, match="object"):
        plain(object())
