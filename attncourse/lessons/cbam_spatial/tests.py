"""cbam-spatial-tests: the learner writes the test that tells right second halves of CBAM from wrong ones."""

from __future__ import annotations

import torch
from torch.nn import functional

from attncourse.checking import TestsExercise
from attncourse.lessons.cbam_spatial.repair import exercise as repair

exercise = TestsExercise(
    "cbam-spatial-tests",
    answer="accepts",
    title="Write the test yourself",
    points=3,
    task=(
        "Write `accepts(implementation)`: True for a right `implementation(x, channel_gate, weight)` of the second "
        "half of CBAM, False for a wrong one. It is tried on right ones in seven styles and on eleven wrong ones."
    ),
    uses=("cbam-spatial-descriptors",),
    subject=repair,
    hints=[
        "Make x, channel_gate and weight yourself, call the implementation, compare with what you know to be right.",
        "When does each bug show? Think of another kernel than 7x7, of two pictures, of channel gates that differ.",
        "A kernel of ones looks the same turned round, and does not care which map comes first. torch.randn does.",
        "Right ones may round differently: torch.allclose with a small atol.",
        "In full, after `torch.manual_seed(0)`: `x, weight = torch.randn(2, 4, 5, 7), torch.randn(1, 2, 3, 3)`; "
        "`channel_gate = torch.rand(2, 4, 1, 1)`; `refined = x * channel_gate`; "
        "`gate = functional.conv2d(descriptors(refined), weight, padding=1).sigmoid()`; "
        "`return torch.allclose(implementation(x, channel_gate, weight), refined * gate, atol=1e-5)`.",
    ],
)


def _case(batch: int = 2, channels: int = 4, side: int = 3) -> tuple[torch.Tensor, ...]:
    """Inputs under which every bug shows, as far as the sizes allow."""
    generator = torch.Generator().manual_seed(5)
    x = 2 * torch.randn(batch, channels, 5, 6, generator=generator)
    gate = torch.linspace(0.05, 0.95, batch * channels).reshape(batch, channels, 1, 1)
    return x, gate, torch.randn(1, 2, side, side, generator=generator) / side


def _right(x, channel_gate, weight):
    refined = x * channel_gate
    maps = torch.cat([refined.mean(dim=1, keepdim=True), refined.amax(dim=1, keepdim=True)], dim=1)
    return refined * functional.conv2d(maps, weight, padding=weight.shape[-1] // 2).sigmoid()


def _compare(implementation, given) -> bool:
    return torch.allclose(implementation(*given), _right(*given), atol=1e-5)


@exercise.reference
def accepts(implementation) -> bool:
    """One input under which every bug shows."""
    return _compare(implementation, _case())


@exercise.accepts
def asserts_instead_of_returning(implementation):
    for side in (3, 5, 7):
        given = _case(3, 5, side)
        torch.testing.assert_close(implementation(*given), _right(*given))


@exercise.accepts
def place_by_place(implementation):
    """One gate at a time, by plain sums."""
    x, channel_gate, weight = _case(side=5)
    y, refined = implementation(x, channel_gate, weight), x * channel_gate
    for row, column in ((0, 0), (2, 3), (4, 5)):
        u = torch.zeros(2)
        for down in range(-2, 3):
            for right in range(-2, 3):
                if 0 <= row + down < 5 and 0 <= column + right < 6:
                    place = refined[:, :, row + down, column + right]
                    kernels = weight[0, :, down + 2, right + 2]
                    u += kernels[0] * place.mean(dim=1) + kernels[1] * place.amax(dim=1)
        expected = refined[:, :, row, column] * torch.sigmoid(u)[:, None]
        if y.shape != x.shape or (y[:, :, row, column] - expected).abs().max() > 1e-4:
            return False
    return True


@exercise.misconception
def checks_the_shape_only(implementation):
    """Your test only asks whether the call runs, or gives the right shape.

    Nearly every bug of this kind keeps the shape: that is why such code is published.

    Compare the values with ones that you know to be right.
    """
    x, channel_gate, weight = _case(side=7)
    return implementation(x, channel_gate, weight).shape == x.shape


@exercise.misconception
def tests_seven_by_seven_only(implementation):
    """Your test only uses a 7x7 kernel.

    There a padding fixed at 3 is right.

    Use a 3x3 kernel as well, or instead.
    """
    return _compare(implementation, _case(side=7))


@exercise.misconception
def opens_every_channel(implementation):
    """Your test only uses channel gates of 1.

    Then the refined features are x itself, and nobody can tell from which of them the maps came.

    Let the channel gates differ: some open, some shut.
    """
    x, gate, weight = _case()
    return _compare(implementation, (x, torch.ones_like(gate), weight))


@exercise.misconception
def tests_a_batch_of_one_only(implementation):
    """Your test only uses a batch of one picture.

    With one picture, an answer that mixes the pictures of a batch looks right.

    Use two or more pictures, and let them differ.
    """
    return _compare(implementation, _case(batch=1))


@exercise.misconception
def uses_a_kernel_of_equal_weights(implementation):
    """Your test only uses a kernel whose weights are all the same.

    Turned round it looks the same, and both maps have the same kernel, so their order does not show.

    Draw the weights with torch.randn.
    """
    x, gate, weight = _case()
    return _compare(implementation, (x, gate, torch.full_like(weight, 0.3)))


@exercise.misconception
def tests_one_channel_only(implementation):
    """Your test only uses features of one channel.

    There the mean over the channels is the maximum, so their order does not show.

    Use several channels.
    """
    return _compare(implementation, _case(channels=1))


@exercise.misconception
def tests_with_zero_weights_only(implementation):
    """Your test only uses weights that are zero, or nearly so.

    Then every gate is about one half, whatever was pooled. The small weights of a fresh network hide bugs in the same
    way.

    Choose weights so large that the gates lie far apart.
    """
    x, gate, weight = _case(side=7)
    return _compare(implementation, (x, gate, 0 * weight))


@exercise.misconception
def tests_a_kernel_of_one_place(implementation):
    """Your test only uses a 1x1 kernel.

    It has no neighbours: it cannot be turned round.

    Use a 3x3 kernel.
    """
    return _compare(implementation, _case(side=1))


@exercise.misconception
def demands_the_same_rounding(implementation):
    """Your test demands equality to the last bit.

    Right answers may add in another order and round differently; yours are refused for it.

    Compare with torch.allclose and a small tolerance, atol=1e-5.
    """
    given = _case(3, 5, 5)
    return torch.equal(implementation(*given), _right(*given))
