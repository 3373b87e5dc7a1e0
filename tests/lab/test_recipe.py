"""The recipe: its schedule, its optimiser, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn

from attncourse.lab.errors import LabError
from attncourse.lab.recipe import RECIPES, Recipe, recipe_for


def test_the_learning_rate_is_a_triangle_that_ends_at_zero() -> None:
    recipe = Recipe(learning_rate=0.8, warm_up=0.25)
    rates = [recipe.rate(done) for done in (0, 0.125, 0.25, 0.625, 1)]
    assert rates == pytest.approx([0, 0.4, 0.8, 0.4, 0])


def test_without_a_warm_up_it_only_falls() -> None:
    recipe = Recipe(learning_rate=0.8, warm_up=0)
    assert [recipe.rate(done) for done in (0, 0.5, 1)] == pytest.approx([0.8, 0.4, 0])


def test_beyond_the_end_it_stays_at_zero() -> None:
    """A budget can be passed by a part of a step."""
    assert Recipe().rate(1.01) == 0


def test_the_optimiser_is_nesterovs_and_lets_kernels_and_matrices_alone_decay() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))
    optimiser = Recipe(weight_decay=0.01, momentum=0.8).optimiser(model)
    decays = {id(p): group["weight_decay"] for group in optimiser.param_groups for p in group["params"]}
    assert [decays[id(p)] for p in model.parameters()] == [0.01, 0, 0, 0, 0.01, 0]
    assert all(group["nesterov"] and group["momentum"] == 0.8 for group in optimiser.param_groups)


def test_a_model_without_kernels_can_be_optimised_too() -> None:
    assert len(Recipe().optimiser(nn.BatchNorm2d(4)).param_groups) == 1


@pytest.mark.parametrize(
    ("number", "value", "said"),
    [
        ("epochs", 0, "epochs must be a whole number of at least 1; got 0"),
        ("epochs", 2.5, "got 2.5"),
        ("epochs", True, "got True"),
        ("batch_size", 1, "batch_size must be a whole number of at least 2"),
        ("learning_rate", -0.1, "learning_rate must be a number above 0"),
        ("learning_rate", float("nan"), "got nan"),
        ("learning_rate", float("inf"), "got inf"),
        ("momentum", 1.0, "momentum must be a number between 0 and 1"),
        ("weight_decay", -1, "weight_decay"),
        ("label_smoothing", 1.0, "label_smoothing"),
        ("warm_up", 1.0, "warm_up"),
        ("shift", -1, "shift must be a whole number of pixels"),
        ("learning_rate", "fast", "got 'fast'"),
    ],
)
def test_a_number_out_of_its_range_is_named(number: str, value: Any, said: str) -> None:
    with pytest.raises(LabError, match=said):
        Recipe(**{number: value})


def test_changes_leave_the_rest_as_it_is() -> None:
    assert Recipe().with_changes(epochs=3, batch_size=None) == Recipe(epochs=3)


def test_tasks_and_photographs_have_recipes_of_their_own() -> None:
    assert recipe_for("tasks:row") is RECIPES["tasks"]
    assert recipe_for("cifar10") is recipe_for("some/folder") is RECIPES["pictures"]
