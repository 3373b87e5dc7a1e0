"""The mutants: what each kind of change makes of a small source."""

from __future__ import annotations

import pytest

from grading.mutants import mutants


def after(source: str) -> set[str]:
    return {mutant.after for mutant in mutants(source)}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("s = torch.relu(x)", "s = x"),
        ("s = torch.sigmoid(x)", "s = torch.tanh(x)"),
        ("s = torch.sigmoid(x)", "s = 1 - torch.sigmoid(x)"),
        ("s = torch.sigmoid(x)", "s = torch.sigmoid(2 * x)"),
        ("z = x.mean(dim=(2, 3))", "z = x.mean(dim=(1, 3))"),
        ("z = x.mean(dim=(2, 3))", "z = x.amax(dim=(2, 3))"),
        ("z = x.mean(dim=1, keepdim=True)", "z = x.mean(dim=1)"),
        ("z = x.mean(dim=1, keepdim=True)", "z = x.mean(dim=1, keepdim=False)"),
        ("y = a + b", "y = a - b"),
        ("y = a * b", "y = a"),
        ("h = max(1, c // r)", "h = c // r"),
        ("s = torch.relu(x)", "s = torch.relu(x).detach()"),
        ("def f(c, r=16):\n    return c", "def f(c, r=17):"),
    ],
)
def test_one_small_change_each(source: str, expected: str) -> None:
    assert expected in after(source)


def test_a_layer_called_twice_gets_a_twin() -> None:
    source = (
        "class Gate(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.mlp = nn.Linear(2, 2)\n"
        "    def forward(self, a, m):\n        return self.mlp(a) + self.mlp(m)\n"
    )
    assert any("self.mlp_twin(m)" in mutant.source and "deepcopy" in mutant.source for mutant in mutants(source))


def test_docstrings_annotations_and_the_original_are_left_alone() -> None:
    source = 'def f(x: int = 3) -> "Tensor":\n    """Returns 5."""\n    return x'
    for mutant in mutants(source):
        assert '"""Returns 5."""' in mutant.source and "-> 'Tensor'" in mutant.source
    assert len({mutant.source for mutant in mutants(source)}) == len(mutants(source))


def test_mutants_come_in_the_same_order_each_time() -> None:
    source = "def f(x):\n    return torch.relu(x.mean(dim=(2, 3))) * 2 + 1"
    assert [m.source for m in mutants(source)] == [m.source for m in mutants(source)]
