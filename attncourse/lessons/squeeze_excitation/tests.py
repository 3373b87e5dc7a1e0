"""se-tests: the learner writes the test that tells right squeeze-and-excites from wrong ones."""

from __future__ import annotations

import torch
from torch.nn import functional

from attncourse.checking import TestsExercise
from attncourse.lessons.squeeze_excitation.repair import exercise as repair

exercise = TestsExercise(
    "se-tests",
    answer="accepts",
    title="Write the test yourself",
    points=3,
    task=(
        "Write `accepts(implementation)`: True for a right `implementation(x, w1, b1, w2, b2)` of squeeze-and-excite, "
        "False for a wrong one. It is tried on right ones in several styles and on ten wrong ones. Choose your inputs "
        "well."
    ),
    uses=("se-squeeze", "se-excitation", "se-scale"),
    subject=repair,
    hints=[
        "Make x and the four weights yourself, call the implementation, compare with what you know to be right.",
        "When does each bug show? Think of H != W, of two pictures, of negative hidden values, of large weights.",
        "The mean of plain noise is nearly zero, whatever the channel: add something to each channel of each picture.",
        "Right ones may round differently: torch.allclose with a small atol. Your own functions give what is right.",
        "In full, after `torch.manual_seed(0)`: `x = torch.randn(3, 4, 5, 7) + 3 * torch.randn(3, 4, 1, 1)`; "
        "`w1, b1 = torch.randn(6, 4), torch.randn(6)`; `w2, b2 = torch.randn(4, 6), torch.randn(4)`; "
        "`right = scale(x, excitation(squeeze(x), w1, b1, w2, b2))`; "
        "`return torch.allclose(implementation(x, w1, b1, w2, b2), right, atol=1e-5)`.",
    ],
)


def _case(batch: int, height: int, width: int) -> tuple[torch.Tensor, ...]:
    """Inputs under which every bug shows, as far as batch and size allow: the hidden units are both on and off."""
    generator = torch.Generator().manual_seed(3)
    centres = torch.linspace(-3, 3, batch * 4).reshape(batch, 4, 1, 1)
    x = centres + torch.randn(batch, 4, height, width, generator=generator)
    w1 = torch.tensor([[1.0, -0.5, 0.5, 0.25], [-1.0, 0.5, 0.5, -0.75], [0.5, 0.5, -1.0, -1.0]])
    w2 = torch.tensor([[1.0, -0.5, 0.5], [-1.0, 1.0, 0.5], [0.5, 1.0, -1.0], [-0.5, 0.25, 1.0]])
    return x, w1, torch.tensor([0.5, -0.25, 0.25]), w2, torch.tensor([0.5, -0.5, 0.25, -0.25])


def _right(x, w1, b1, w2, b2):
    hidden = torch.relu(functional.linear(x.mean(dim=(2, 3)), w1, b1))
    return x * torch.sigmoid(functional.linear(hidden, w2, b2))[:, :, None, None]


@exercise.reference
def accepts(implementation) -> bool:
    """One input under which every bug shows."""
    given = _case(batch=2, height=5, width=3)
    return torch.allclose(implementation(*given), _right(*given), atol=1e-5)


@exercise.accepts
def asserts_instead_of_returning(implementation):
    for height, width in ((3, 5), (5, 3)):
        given = _case(3, height, width)
        torch.testing.assert_close(implementation(*given), _right(*given))


@exercise.accepts
def keeps_to_properties(implementation):
    """No reference: zero weights, two calls, a picture alone, shuffled places, hidden units that sleep."""
    x, w1, b1, w2, b2 = _case(3, 4, 6)
    y = implementation(x, w1, b1, w2, b2)
    alone = torch.cat([implementation(picture[None], w1, b1, w2, b2) for picture in x])
    flipped = implementation(x.flip(3), w1, b1, w2, b2).flip(3)
    asleep = implementation(x, w1, b1 - 1000, w2, b2)
    known = x * torch.sigmoid(b2)[:, None, None]
    pairs = [(y, implementation(x, w1, b1, w2, b2)), (y, alone), (y, flipped), (asleep, known)]
    moves = not torch.allclose(y, asleep, atol=1e-3)
    return moves and all(torch.allclose(one, other, atol=1e-4) for one, other in pairs)


@exercise.misconception
def checks_the_shape_only(implementation):
    """Your test only asks whether the call runs, or gives the right shape.

    Nearly every bug of this kind keeps the shape: that is why such code is published. A gate spread out to the shape
    of x has the right shape too.

    Compare the values with ones that you know to be right.
    """
    x, w1, b1, w2, b2 = _case(2, 4, 4)
    return implementation(x, w1, b1, w2, b2).shape == x.shape


@exercise.misconception
def tests_with_zero_weights_only(implementation):
    """Your test only uses weights that are zero, or nearly so.

    Then every logit is about 0 and every gate about one half, whatever was pooled and whether a ReLU stood there or
    not. The same holds for freshly made layers: small weights hide the gate.

    Choose weights so large that the gates lie far apart.
    """
    x, *weights = _case(2, 5, 5)
    return torch.allclose(implementation(x, *(0 * weight for weight in weights)), x / 2)


@exercise.misconception
def tests_a_batch_of_one_only(implementation):
    """Your test only uses a batch of one picture.

    With one picture, an answer that mixes the pictures of a batch looks right.

    Use two or more pictures, and let them differ.
    """
    given = _case(1, 5, 3)
    return torch.allclose(implementation(*given), _right(*given), atol=1e-5)


@exercise.misconception
def tests_square_maps_only(implementation):
    """Your test only uses square maps.

    With H = W a window of H x H is the whole map, and swapped axes do not show.

    Use a map with H != W.
    """
    given = _case(2, 5, 5)
    return torch.allclose(implementation(*given), _right(*given), atol=1e-5)


@exercise.misconception
def keeps_every_hidden_unit_awake(implementation):
    """Your test only uses numbers for which the ReLU does nothing.

    With positive means, weights and biases every hidden value is positive, and an answer without a ReLU computes the
    same.

    Let some of the hidden values be negative.
    """
    x, w1, b1, w2, b2 = _case(2, 5, 3)
    given = (x.abs(), w1.abs(), b1.abs(), w2, b2)
    return torch.allclose(implementation(*given), _right(*given), atol=1e-5)


@exercise.misconception
def looks_at_the_range_only(implementation):
    """Your test only asks whether y / x lies between 0 and 1.

    That catches an unbounded gate and an extra residual. But a gate can lie between 0 and 1 and be wrong: a softmax, a
    clamped one, one that came from another picture.

    Compare the values themselves as well.
    """
    x, *weights = _case(2, 5, 5)
    ratio = implementation(x, *weights) / x
    return bool(((ratio >= -1e-6) & (ratio <= 1 + 1e-6)).all())


@exercise.misconception
def demands_the_same_rounding(implementation):
    """Your test demands equality to the last bit.

    Right answers may add in another order and round differently; yours are refused for it.

    Compare with torch.allclose and a small tolerance, atol=1e-5.
    """
    given = _case(3, 7, 5)
    return torch.equal(implementation(*given), _right(*given))
