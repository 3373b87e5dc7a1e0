"""Weights that depend on shapes alone, and what is seen with them."""

from __future__ import annotations

import sys
import warnings

import pytest
import torch
from torch import nn

from attncourse.checking import Workbench
from attncourse.checking.filled import canonical, filling, observe_module, signature
from attncourse.checking.judge import agree
from attncourse.checking.ours import MOST_PATTERNS, Ours
from attncourse.lessons.squeeze_excitation._module_styles import LinearLayers, TransposedMatrices
from attncourse.lessons.squeeze_excitation.module import exercise


def seen(answer, seed: int = 3):
    return list(observe_module(exercise, Workbench(answer), seed))


def ours(answer, seed: int = 3):
    return list(observe_module(exercise, Workbench(answer, trusted=True), seed))


def test_a_transposed_shape_gets_the_transposed_values() -> None:
    values = filling((4, 12), 5, 0.1, 0.4)
    assert torch.equal(filling((12, 4), 5, 0.1, 0.4), values.T)
    assert torch.equal(filling((4, 12, 1, 1), 5, 0.1, 0.4).reshape(4, 12), values)
    assert torch.equal(filling((1, 12, 1, 4), 5, 0.1, 0.4).reshape(12, 4), values.T)
    cube = filling((2, 3, 5), 5, 0.1, 0.4)
    assert torch.equal(filling((5, 2, 3), 5, 0.1, 0.4), cube.permute(2, 0, 1))
    assert torch.equal(filling((3, 5, 2), 5, 0.1, 0.4), cube.permute(1, 2, 0))


def test_values_depend_on_seed_and_shape_and_keep_away_from_zero() -> None:
    values = filling((7, 9), 5, 0.1, 0.4)
    assert values.dtype == torch.float64
    assert ((values.abs() >= 0.1) & (values.abs() <= 0.4)).all()
    assert not torch.equal(values, filling((7, 9), 6, 0.1, 0.4))
    assert not torch.equal(values.flatten(), filling((63,), 5, 0.1, 0.4))
    assert filling((), 5, 0.1, 0.4).shape == ()
    assert filling((3, 10**3, 1, 2, 3, 5, 7, 11), 5, 0.1, 0.4).isfinite().all()


def test_the_signature_knows_no_order_and_no_layout() -> None:
    assert canonical((4, 12, 1, 1)) == canonical((12, 4)) == (4, 12)
    assert signature([(4, 12), (4,), (12, 4, 1, 1), (12,)]) == signature([(12,), (12, 4), (4,), (12, 4)])


@pytest.mark.parametrize("style", [LinearLayers, TransposedMatrices])
def test_layers_and_matrices_are_seen_alike(style) -> None:
    reference = list(observe_module(exercise, Workbench(exercise.right, trusted=True), 3))
    got = list(observe_module(exercise, Workbench(style, trusted=True), 3))
    assert agree(reference, got)


def test_one_matrix_in_two_places_is_not_two() -> None:
    """Both matrices have the same values when filled; only the gradients tell."""

    class Tied(LinearLayers):
        __module__ = __name__

        def forward(self, x):
            hidden = self.reduce(x.mean((2, 3))).relu()
            gate = nn.functional.linear(hidden, self.reduce.weight.T, self.expand.bias)
            return x * gate.sigmoid()[:, :, None, None]

    reference = list(observe_module(exercise, Workbench(exercise.right, trusted=True), 3))
    assert not agree(reference, list(observe_module(exercise, Workbench(Tied, trusted=True), 3)))


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


def test_parameters_made_by_the_first_call_are_seen() -> None:
    class Late(nn.Module):
        def __init__(self, channels, reduction=16):
            super().__init__()
            self.size, self.inner = (channels, reduction), None

        def forward(self, x):
            if self.inner is None:
                self.inner = LinearLayers(*self.size).to(x)
            return self.inner(x)

    late = [
        o.outcome.value for o in observe_module(exercise, Workbench(Late, trusted=True), 3) if "first call" in o.label
    ]
    assert late[0] == 4


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_a_result_of_another_dtype_is_seen(dtype: torch.dtype) -> None:
    class Other(LinearLayers):
        __module__ = __name__

        def forward(self, x):
            y = super().forward(x)
            return y.half() if x.dtype == dtype else y

    reference = list(observe_module(exercise, Workbench(exercise.right, trusted=True), 3))
    assert not agree(reference, list(observe_module(exercise, Workbench(Other, trusted=True), 3)))


def test_a_lazy_layer_that_is_never_used_is_an_error_of_the_answer() -> None:
    class Unused(nn.Module):
        def __init__(self, channels, reduction=16):
            super().__init__()
            self.layer = nn.LazyLinear(3)

        def forward(self, x):
            return x

    raised = seen(Unused)[0].outcome.raised
    assert raised is not None
    assert raised.kind == "LazyError"


def test_a_comparison_runs_no_further_than_it_needs() -> None:
    built = []

    class Counted(LinearLayers):
        def __init__(self, *size):
            built.append(size)
            super().__init__(*size)

    next(iter(observe_module(exercise, Workbench(Counted, trusted=True), 3)))
    assert len(built) == 1


def test_a_module_that_returns_several_tensors_agrees_with_itself() -> None:
    class WithTheGate(LinearLayers):
        __module__ = __name__

        def forward(self, x):
            y = super().forward(x)
            return y, (y / x).mean((2, 3)), None

    assert agree(ours(WithTheGate), ours(WithTheGate))
    assert not agree(ours(WithTheGate), ours(LinearLayers))


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
