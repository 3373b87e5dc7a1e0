"""cbam-channel-tests: the learner writes the test that tells right channel attentions from wrong ones."""

from __future__ import annotations

import torch
from torch.nn import functional

from attncourse.checking import TestsExercise
from attncourse.lessons.cbam_channel.repair import exercise as repair

exercise = TestsExercise(
    "cbam-channel-tests",
    answer="accepts",
    title="Write the test yourself",
    points=3,
    task=(
        "Write `accepts(implementation)`: True for a right `implementation(x, w1, b1, w2, b2)` of channel attention, "
        "False for a wrong one. It is tried on right ones in seven styles and on fifteen wrong ones."
    ),
    uses=("cbam-channel-repair",),
    subject=repair,
    hints=[
        "Make x and the four weights yourself, call the implementation, compare with what you know to be right.",
        "When does each bug show? Think of H != W, of two pictures, of hidden values that sleep, of biases.",
        "A map of one place, or an even one, has one number for its mean and its maximum. Use maps that vary.",
        "Right ones may round differently: torch.allclose with a small atol. Your own `repaired` gives what is right.",
        "In full, after `torch.manual_seed(0)`: `x = torch.randn(3, 4, 5, 7)`; "
        "`w1, b1 = torch.randn(6, 4), torch.randn(6)`; `w2, b2 = torch.randn(4, 6), torch.randn(4)`; "
        "`right = repaired(x, w1, b1, w2, b2)`; "
        "`return torch.allclose(implementation(x, w1, b1, w2, b2), right, atol=1e-5)`.",
    ],
)


def _case(batch: int = 2, height: int = 5, width: int = 7) -> tuple[torch.Tensor, ...]:
    """Inputs under which every bug shows, as far as the sizes allow: hidden units both on and off in each branch."""
    generator = torch.Generator().manual_seed(7)
    x = torch.linspace(-1, 1, batch * 4).reshape(batch, 4, 1, 1) + torch.randn(
        batch, 4, height, width, generator=generator
    )
    w1 = torch.tensor([[1.0, -0.5, 0.5, 0.25], [-1.0, 0.5, 0.5, -0.75], [0.5, 0.5, -1.0, -1.0]])
    w2 = torch.tensor([[1.0, -0.5, 0.5], [-1.0, 1.0, 0.5], [0.5, 1.0, -1.0], [-0.5, 0.25, 1.0]])
    return x, w1, torch.tensor([0.5, -0.25, 0.25]), w2, torch.tensor([0.5, -0.5, 0.25, -0.25])


def _right(x, w1, b1, w2, b2):
    logits = torch.zeros(())
    for z in (x.mean(dim=(2, 3)), x.amax(dim=(2, 3))):
        logits = logits + functional.linear(torch.relu(functional.linear(z, w1, b1)), w2, b2)
    return x * torch.sigmoid(logits)[:, :, None, None]


def _compare(implementation, given) -> bool:
    return torch.allclose(implementation(*given), _right(*given), atol=1e-5)


@exercise.reference
def accepts(implementation) -> bool:
    """One input under which every bug shows."""
    return _compare(implementation, _case())


@exercise.accepts
def asserts_instead_of_returning(implementation):
    for height, width in ((3, 5), (5, 3)):
        given = _case(3, height, width)
        torch.testing.assert_close(implementation(*given), _right(*given))


@exercise.accepts
def keeps_to_properties(implementation):
    """No reference: constant maps, a known bias, a spike, two calls, a picture alone, shuffled places."""
    x, w1, b1, w2, b2 = _case(3, 4, 6)
    y = implementation(x, w1, b1, w2, b2)
    if not torch.allclose(y, implementation(x, w1, b1, w2, b2), atol=1e-5):
        return False
    alone = torch.cat([implementation(picture[None], w1, b1, w2, b2) for picture in x])
    flipped = implementation(x.flip(3), w1, b1, w2, b2).flip(3)
    asleep = implementation(x, w1, b1 - 1000, w2, b2)
    even = x[:, :, :1, :1].expand_as(x)
    twice = torch.relu(functional.linear(even[:, :, 0, 0], w1, b1))
    known = [
        (y, alone),
        (y, flipped),
        (asleep, x * torch.sigmoid(2 * b2)[:, None, None]),
        (
            implementation(even, w1, b1, w2, b2),
            even * torch.sigmoid(2 * functional.linear(twice, w2, b2))[..., None, None],
        ),
    ]
    gate, half = y[:, :, 0, 0] / x[:, :, 0, 0], x.amax(dim=(2, 3), keepdim=True).expand_as(x)
    lower = x.mean(dim=(2, 3), keepdim=True).expand_as(x)
    logits = [(implementation(one, w1, b1, w2, b2) / one)[:, :, 0, 0].logit() for one in (half, lower)]
    known.append((gate.logit(), (logits[0] + logits[1]) / 2))
    return all(torch.allclose(one, other, atol=1e-3) for one, other in known)


@exercise.misconception
def checks_the_shape_only(implementation):
    """Your test only asks whether the call runs, or gives the right shape.

    Nearly every bug of this kind keeps the shape: that is why such code is published.

    Compare the values with ones that you know to be right.
    """
    given = _case(2, 4, 4)
    return implementation(*given).shape == given[0].shape


@exercise.misconception
def tests_with_zero_weights_only(implementation):
    """Your test only uses weights and biases that are zero, or nearly so.

    Then every logit is about 0, whatever was pooled and however often the MLP was called. The small weights of a fresh
    network hide bugs in the same way.

    Choose weights so large that the gates lie far apart.
    """
    x, *weights = _case()
    return torch.allclose(implementation(x, *(0 * weight for weight in weights)), x / 2)


@exercise.misconception
def tests_constant_maps_only(implementation):
    """Your test only uses maps that hold one number everywhere, or have a single place.

    There the mean is the maximum: whoever forgets or exchanges one of them is not seen.

    Let the values of each map differ.
    """
    x, *weights = _case()
    return _compare(implementation, (x[:, :, :1, :1].expand_as(x), *weights))


@exercise.misconception
def tests_a_batch_of_one_only(implementation):
    """Your test only uses a batch of one picture.

    With one picture, an answer that mixes the pictures of a batch looks right.

    Use two or more pictures, and let them differ.
    """
    return _compare(implementation, _case(batch=1))


@exercise.misconception
def tests_square_maps_only(implementation):
    """Your test only uses square maps.

    With H = W a window of H x H is the whole map.

    Use a map with H != W.
    """
    return _compare(implementation, _case(height=5, width=5))


@exercise.misconception
def leaves_the_biases_at_zero(implementation):
    """Your test only uses biases of zero, or weights so large that every gate sits at 0 or 1.

    Then nobody sees whether the last bias counts once or twice.

    Draw the biases with torch.randn as well, and look at the gates that you get.
    """
    x, w1, b1, w2, b2 = _case()
    return _compare(implementation, (x, w1, 0 * b1, w2, 0 * b2))


@exercise.misconception
def keeps_every_hidden_unit_awake(implementation):
    """Your test only uses numbers for which the ReLU does nothing.

    With positive features, weights and biases every hidden value is positive, and an answer without a ReLU computes
    the same.

    Let some of the hidden values be negative.
    """
    x, w1, b1, w2, b2 = _case()
    return _compare(implementation, (x.abs() / 4, w1.abs(), b1.abs(), w2, b2))


@exercise.misconception
def looks_at_the_range_only(implementation):
    """Your test only asks whether y / x lies between 0 and 1.

    That catches a sum of two gates and an extra residual. But a gate can lie between 0 and 1 and be wrong.

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
