"""cbam-tests: the learner writes the test that tells right residual blocks with CBAM from wrong ones."""

from __future__ import annotations

import torch

from attncourse.checking import TestsExercise
from attncourse.lessons.cbam.repair import exercise as repair

exercise = TestsExercise(
    "cbam-tests",
    answer="accepts",
    title="Write the test yourself",
    points=3,
    task=(
        "Write `accepts(implementation)`: True for a right `implementation(shortcut, branch, first, second, kernel)`, "
        "False for a wrong one. It is tried on right ones in seven styles and on eleven wrong ones."
    ),
    uses=("cbam-repair",),
    subject=repair,
    hints=[
        "Make the five tensors yourself, call the implementation, compare with what you know to be right.",
        "When does each bug show? Think of the shortcut, of sums below zero, of gates far from one half.",
        "Zero weights open every gate by half, and then no order shows. torch.randn gives weights that differ.",
        "Right ones may round differently: torch.allclose with a small atol.",
        "In full, after `torch.manual_seed(0)`: `given = (torch.randn(2, 4, 5, 7), torch.randn(2, 4, 5, 7), "
        "torch.randn(2, 4), torch.randn(4, 2), torch.randn(1, 2, 3, 3))`, "
        "`return torch.allclose(implementation(*given), repaired(*given), atol=1e-5)`; without your `repaired`, write "
        "the right block out.",
    ],
)


def _case(batch: int = 2) -> tuple[torch.Tensor, ...]:
    """Inputs under which every bug shows."""
    generator = torch.Generator().manual_seed(5)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    return draw(batch, 4, 5, 6), 2 * draw(batch, 4, 5, 6), draw(3, 4), draw(4, 3), draw(1, 2, 3, 3) / 2


def _compare(implementation, given) -> bool:
    return torch.allclose(implementation(*given), repair.right(*given), atol=1e-5)


@exercise.reference
def accepts(implementation) -> bool:
    """One input under which every bug shows."""
    return _compare(implementation, _case())


@exercise.accepts
def asserts_instead_of_returning(implementation):
    for batch in (1, 3):
        given = _case(batch)
        torch.testing.assert_close(implementation(*given), repair.right(*given))


@exercise.misconception
def checks_the_shape_only(implementation):
    """Your test only asks whether the call runs, or gives the right shape.

    Every bug of this kind keeps the shape: that is why such code is published.

    Compare the values with ones that you know to be right.
    """
    given = _case()
    return implementation(*given).shape == given[0].shape


@exercise.misconception
def tests_with_zero_weights_only(implementation):
    """Your test only uses weights that are zero, or nearly so.

    Then every gate is one half, whatever it looks at, and no order shows. The small weights of a fresh network hide
    bugs in the same way.

    Choose weights so large that the gates lie far apart.
    """
    shortcut, branch, *weights = _case()
    return _compare(implementation, (shortcut, branch, *(0 * weight for weight in weights)))


@exercise.misconception
def leaves_the_shortcut_zero(implementation):
    """Your test only uses a shortcut of zero.

    Then nobody can tell whether it was added, weighed or forgotten.

    Draw the shortcut with torch.randn.
    """
    shortcut, *rest = _case()
    return _compare(implementation, (torch.zeros_like(shortcut), *rest))


@exercise.misconception
def uses_a_large_shortcut_only(implementation):
    """Your test only uses a shortcut so large that no sum falls below zero.

    Then the ReLU has nothing to do, and nobody can tell where it stands.

    Let the sum be negative in places.
    """
    shortcut, *rest = _case()
    return _compare(implementation, (shortcut.abs() + 20, *rest))


@exercise.misconception
def leaves_the_kernel_zero(implementation):
    """Your test only uses a kernel of zeros.

    Then the spatial gate is one half everywhere, whatever it was computed from.

    Draw the kernel with torch.randn.
    """
    *rest, kernel = _case()
    return _compare(implementation, (*rest, 0 * kernel))


@exercise.misconception
def demands_the_same_rounding(implementation):
    """Your test demands equality to the last bit.

    Right answers may add in another order and round differently; yours are refused for it.

    Compare with torch.allclose and a small tolerance, atol=1e-5.
    """
    given = _case(3)
    return torch.equal(implementation(*given), repair.right(*given))
