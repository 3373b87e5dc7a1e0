"""Weights that depend on shapes alone, and what is seen with them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from attncourse.checking import Workbench
from attncourse.checking.filled import canonical, filling, observe_module, signature
from attncourse.checking.judge import agree
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
