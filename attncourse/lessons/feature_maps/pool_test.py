"""maps-pool-test: the learner inspects implementations of global mean pooling."""

from __future__ import annotations

import torch

from attncourse.checking import TestsExercise
from attncourse.lessons.feature_maps._global_mean import subject

exercise = TestsExercise(
    "maps-pool-test",
    answer="is_global_mean",
    title="Inspect: is that a global mean?",
    points=3,
    task=(
        "Write `is_global_mean(pool)`: call `pool` on a tensor of your own making, `(B, C, H, W)`, and return True if "
        "the result is right: `(B, C)`, the mean of each map. Right implementations must pass, wrong ones must not."
    ),
    subject=subject,
    hints=[
        "On a map of ones the mean, the maximum and the median are all 1. So ones tell nothing. Which values would?",
        "Make it hard for whoever errs: several pictures, several channels, all different, and H not equal to W.",
        "Two questions, both needed: is the shape (B, C)? Are the values those of a mean that you know to be right?",
        "`torch.randn(2, 3, 4, 5) ** 3` has negative values and some that lie far out. Compare with "
        "`x.mean(dim=(2, 3))` by `torch.allclose`, which forgives rounding.",
        "In full: `x = torch.randn(2, 3, 4, 5) ** 3`, `result = pool(x)`, then "
        "`return result.shape == (2, 3) and torch.allclose(result, x.mean(dim=(2, 3)), atol=1e-5)`.",
    ],
)


def _skewed(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1)) ** 3


@exercise.reference
def shape_and_values(pool):
    x = _skewed(2, 3, 4, 5)
    result = pool(x)
    return result.shape == (2, 3) and torch.allclose(result, x.mean(dim=(2, 3)), atol=1e-5)


@exercise.accepts
def assertions(pool):
    x = _skewed(3, 2, 5, 6)
    torch.testing.assert_close(pool(x), x.mean(dim=(2, 3)))


@exercise.accepts
def by_hand(pool):
    x = torch.tensor([[[[1.0, 2.0, 9.0]], [[0.0, -3.0, 0.0]]], [[[4.0, 4.0, -2.0]], [[5.0, 0.0, 7.0]]]])
    return pool(x).tolist() == [[4.0, -1.0], [2.0, 4.0]]


@exercise.accepts
def several_sizes(pool):
    for shape in ((1, 1, 2, 3), (2, 3, 7, 5), (3, 2, 4, 9)):
        x = _skewed(*shape)
        wanted = torch.stack([torch.stack([m.sum() / m.numel() for m in picture]) for picture in x])
        if pool(x).shape != wanted.shape or (pool(x) - wanted).abs().max() > 1e-4:
            return False
    return True


@exercise.accepts
def difference_to_a_library(pool):
    x = _skewed(2, 4, 3, 6)
    result = pool(x)
    assert list(result.shape) == [2, 4], "expected (B, C)"
    assert (result[:, :, None, None] - torch.nn.AdaptiveAvgPool2d(1)(x)).abs().sum() < 1e-3


@exercise.accepts
def one_number_at_a_time(pool):
    x = _skewed(2, 2, 3, 4)
    result = pool(x)
    if result.dim() != 2:
        return False
    return all(abs(float(result[b, c]) - float(x[b, c].mean())) < 1e-4 for b in range(2) for c in range(2))


@exercise.misconception
def looks_at_the_shape_only(pool):
    """You looked at the shape only.

    Sums, maxima and medians have the right shape as well. A shape is what most tests look at, and what most mistakes
    get right.

    Compare the values too, with a mean that you know to be right.
    """
    return pool(_skewed(2, 3, 4, 5)).shape == (2, 3)


@exercise.misconception
def throws_the_comparison_away(pool):
    """You called the implementation, and whatever came out, you accepted it.

    A comparison that stands alone on its line does nothing: its True or False is thrown away, and the function returns
    None.

    Return the comparison, or write assert before it.
    """
    x = _skewed(2, 3, 4, 5)
    torch.allclose(pool(x), x.mean())


@exercise.misconception
def tries_equal_values_only(pool):
    """You tried maps whose values are all the same.

    There the mean, the maximum and the median agree, and so do all channels and pictures. The easier the input, the
    more mistakes pass.

    Let values, channels and pictures all differ.
    """
    return pool(torch.ones(2, 3, 4, 5)).tolist() == [[1.0] * 3] * 2


@exercise.misconception
def tries_square_maps_only(pool):
    """You tried square maps only.

    Dividing by H * H is right there. Several published attention modules are right on square inputs alone.

    Choose H and W different.
    """
    x = _skewed(2, 3, 4, 4)
    result = pool(x)
    return result.shape == (2, 3) and torch.allclose(result, x.mean(dim=(2, 3)), atol=1e-5)


@exercise.misconception
def tries_one_picture_only(pool):
    """You tried a batch of one.

    Whoever mixes pictures up, or takes the first for all, is right there.

    Use two pictures or more, and let them differ.
    """
    x = _skewed(1, 3, 4, 5)
    result = pool(x)
    return result.shape == (1, 3) and torch.allclose(result, x.mean(dim=(2, 3)), atol=1e-5)


@exercise.misconception
def tries_one_channel_only(pool):
    """You tried a single channel.

    Whoever mixes channels is right there.

    Use two channels or more, and let them differ.
    """
    x = _skewed(2, 1, 4, 5)
    result = pool(x)
    return result.shape == (2, 1) and torch.allclose(result, x.mean(dim=(2, 3)), atol=1e-5)


@exercise.misconception
def tries_positive_values_only(pool):
    """You tried positive values only.

    Whoever drops the signs is right there. Behind a ReLU all is positive, behind a batch norm it is not.

    Put negative values in: torch.randn has them, torch.rand has not.
    """
    x = _skewed(2, 3, 4, 5).abs()
    result = pool(x)
    return result.shape == (2, 3) and torch.allclose(result, x.mean(dim=(2, 3)), atol=1e-5)


@exercise.misconception
def counts_upwards(pool):
    """You tried values that count upwards, such as torch.arange gives.

    They are spread evenly: the middle value is the mean. And none is negative. Whoever takes the median, or drops the
    signs, passes.

    Use uneven values with both signs, such as torch.randn(...) ** 3.
    """
    x = torch.arange(120.0).reshape(2, 3, 4, 5)
    result = pool(x)
    return result.shape == (2, 3) and torch.allclose(result, x.mean(dim=(2, 3)), atol=1e-5)


@exercise.misconception
def compares_one_total(pool):
    """You compared one number, the mean of everything.

    It stays the same however channels and pictures are mixed, and whatever the shape.

    Compare number by number, and look at the shape.
    """
    x = _skewed(2, 3, 4, 5)
    return torch.allclose(pool(x).mean(), x.mean(), atol=1e-5)


@exercise.misconception
def ignores_the_shape(pool):
    """You compared the values and let the shape pass.

    Flattening or squeezing first makes (B, C, 1, 1) and (B, C) equal. The next layer will not be so kind.

    Ask for `result.shape == (B, C)` as well.
    """
    x = _skewed(2, 3, 4, 5)
    result = pool(x)
    return result.numel() == 6 and torch.allclose(result.flatten(), x.mean(dim=(2, 3)).flatten(), atol=1e-5)


@exercise.misconception
def asks_for_the_empty_axes(pool):
    """You asked for (B, C, 1, 1), as AdaptiveAvgPool2d(1) returns it.

    The task says (B, C): so you refuse whoever did as told, and accept the one who did not.

    Compare with a tensor of shape (B, C).
    """
    x = _skewed(2, 3, 4, 5)
    result = pool(x)
    return result.shape == (2, 3, 1, 1) and torch.allclose(result, x.mean(dim=(2, 3), keepdim=True), atol=1e-5)
