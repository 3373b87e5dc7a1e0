"""bam-tests: the learner writes the test that tells right ways to combine the branches from wrong ones."""

from __future__ import annotations

from itertools import product

import torch

from attncourse.checking import TestsExercise
from attncourse.lessons.bam.combine import exercise as combine

exercise = TestsExercise(
    "bam-tests",
    answer="accepts",
    title="Write the test yourself",
    points=3,
    task=(
        "Write `accepts(implementation)`: True for a right `implementation(x, channel, spatial)` of bam-combine, False "
        "for a wrong one. It is tried on right ones in seven styles and on fourteen wrong ones."
    ),
    uses=("bam-combine",),
    subject=combine,
    hints=[
        "Make x, channel and spatial yourself, call the implementation, compare with what you know to be right.",
        "At channel = 0 and spatial = 0, what must y / x be? Which wrong ones get even that wrong, and which do not?",
        "A product agrees with a sum at (0, 0) and at (2, 2). Random numbers agree nowhere. How many pictures?",
        "Right ones may round differently: torch.allclose with a small atol.",
        "In full, after `torch.manual_seed(0)`: `x, channel, spatial = torch.randn(2, 3, 4, 5), torch.randn(2, 3), "
        "torch.randn(2, 4, 5)`; `gate = torch.sigmoid(channel[:, :, None, None] + spatial[:, None])`; "
        "`return torch.allclose(implementation(x, channel, spatial), x * (1 + gate), atol=1e-5)`.",
    ],
)


def _case(batch: int = 2, channels: int = 3) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Inputs under which every bug shows, as far as the sizes allow."""
    generator = torch.Generator().manual_seed(7)
    sizes = (batch, channels, 4, 5), (batch, channels), (batch, 4, 5)
    x, channel, spatial = (2 * torch.randn(size, generator=generator) for size in sizes)
    return x, channel, spatial


def _right(x, channel, spatial):
    return x * (1 + torch.sigmoid(channel[:, :, None, None] + spatial[:, None]))


def _compare(implementation, given) -> bool:
    return torch.allclose(implementation(*given), _right(*given), atol=1e-5)


@exercise.reference
def accepts(implementation) -> bool:
    """One input under which every bug shows."""
    return _compare(implementation, _case())


@exercise.accepts
def asserts_instead_of_returning(implementation):
    for batch, channels in ((2, 3), (1, 1), (3, 5)):
        given = _case(batch, channels)
        torch.testing.assert_close(implementation(*given), _right(*given))


@exercise.accepts
def value_by_value(implementation):
    """One value at a time, by the formula."""
    x, channel, spatial = _case()
    y = implementation(x, channel, spatial)
    if y.shape != x.shape:
        return False
    for b, c, i, j in product(*map(range, x.shape)):
        gate = 1 / (1 + 2.718281828459045 ** -float(channel[b, c] + spatial[b, i, j]))
        if abs(float(y[b, c, i, j]) - float(x[b, c, i, j]) * (1 + gate)) > 1e-4:
            return False
    return True


@exercise.misconception
def checks_the_shape_only(implementation):
    """Your test only asks whether the call runs, or gives the right shape.

    Nearly every bug of this kind keeps the shape: that is why such code is published.

    Compare the values with ones that you know to be right.
    """
    x, channel, spatial = _case(batch=1)
    return implementation(x, channel, spatial).shape == x.shape


@exercise.misconception
def asks_whether_two_pictures_run(implementation):
    """Your test only asks whether the call runs, or gives the right shape, for two pictures or more.

    That catches the missing axis of spatial, and nothing else: all other bugs keep the shape.

    Compare the values with ones that you know to be right.
    """
    x, channel, spatial = _case()
    return implementation(x, channel, spatial).shape == x.shape


@exercise.misconception
def tests_zero_branches_only(implementation):
    """Your test only uses branches that are 0.

    There a sum, a product and one branch alone are all 0. A fresh network is near that, and hides the same bugs.

    Draw channel and spatial with torch.randn.
    """
    x, channel, spatial = _case()
    return _compare(implementation, (x, 0 * channel, 0 * spatial))


@exercise.misconception
def tests_branches_of_two_only(implementation):
    """Your test only uses branches that are 2 everywhere.

    2 * 2 is 2 + 2: the product of the authors' code slips through. So does a ReLU before the sigmoid.

    Draw channel and spatial with torch.randn.
    """
    x, channel, spatial = _case()
    return _compare(implementation, (x, torch.full_like(channel, 2.0), torch.full_like(spatial, 2.0)))


@exercise.misconception
def tests_positive_branches_only(implementation):
    """Your test only uses branches that are positive.

    A ReLU before the sigmoid leaves those as they are.

    Let some be negative.
    """
    x, channel, spatial = _case()
    return _compare(implementation, (x, channel.abs(), spatial.abs()))


@exercise.misconception
def silences_the_channel_branch(implementation):
    """Your test only uses a channel branch that is 0.

    Nobody can tell then whether it is used at all.

    Let both branches differ from 0.
    """
    x, channel, spatial = _case()
    return _compare(implementation, (x, 0 * channel, spatial))


@exercise.misconception
def tests_one_picture_only(implementation):
    """Your test only uses one picture.

    There `(1, H, W)` broadcasts as `(1, 1, H, W)` would: the missing axis does not show.

    Use two pictures or more, and another number of channels.
    """
    return _compare(implementation, _case(batch=1))


@exercise.misconception
def demands_the_same_rounding(implementation):
    """Your test demands equality to the last bit.

    Right answers may compute in another order and round differently; yours are refused for it.

    Compare with torch.allclose and a small tolerance, atol=1e-5.
    """
    given = _case(3, 5)
    return torch.equal(implementation(*given), _right(*given))
