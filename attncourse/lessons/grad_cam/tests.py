"""cam-tests: the learner writes the test that tells right Grad-CAM maps from wrong ones."""

from __future__ import annotations

import torch

from attncourse.checking import TestsExercise
from attncourse.lessons.grad_cam.map import exercise as subject

exercise = TestsExercise(
    "cam-tests",
    answer="accepts",
    title="Write the test yourself",
    points=3,
    task=(
        "Write `accepts(implementation)`: True for a right `implementation(activations, gradients)` of cam-map, False "
        f"for a wrong one. It is tried on right ones in {len(subject.styles) + 1} styles and on "
        f"{len(subject.misconceptions)} wrong ones."
    ),
    subject=subject,
    hints=[
        "Make activations and gradients yourself, call the implementation, compare with a map that you know to be "
        "right.",
        "When does each bug show? Think of signs, of gradients that differ from place to place, of two images.",
        "In the last stage a gradient is the same at every place of a channel: there even a map that never averages "
        "looks right. And where all is positive, nobody misses the ReLU.",
        "Compare the values as they are: whoever divides by the maximum first cannot tell a mean from a sum. And look "
        "at the activations afterwards: are they what you gave?",
        "In full, after `torch.manual_seed(0)`: `a, g = torch.randn(2, 2, 3, 4, 5)`; `kept = a.clone()`; "
        "`expected = torch.einsum('bk,bkhw->bhw', g.mean((2, 3)), a).clamp(min=0)`; "
        "`right = torch.allclose(implementation(a, g), expected, atol=1e-5)`; `return right and torch.equal(a, kept)`.",
    ],
)


def _case(batch: int = 2, channels: int = 3, height: int = 4, width: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    """Activations and gradients under which every bug shows, as far as the sizes allow."""
    draw = torch.Generator().manual_seed(7)
    activations, gradients = torch.randn(2, batch, channels, height, width, generator=draw)
    return activations, gradients + torch.randn(batch, channels, 1, 1, generator=draw)


def _right(activations, gradients):
    weights = gradients.sum((2, 3)) / (gradients.shape[2] * gradients.shape[3])
    return torch.einsum("bk,bkhw->bhw", weights, activations).clamp(min=0)


def _compare(implementation, activations, gradients) -> bool:
    expected = _right(activations, gradients)
    found = implementation(activations.clone(), gradients.clone())
    return found.shape == expected.shape and torch.allclose(found, expected, atol=1e-5)


@exercise.reference
def accepts(implementation) -> bool:
    """One pair under which every bug shows; it must be as before afterwards."""
    activations, gradients = _case()
    kept = activations.clone(), gradients.clone()
    expected = _right(activations, gradients)
    found = implementation(activations, gradients)
    untouched = torch.equal(activations, kept[0]) and torch.equal(gradients, kept[1])
    return untouched and found.shape == expected.shape and torch.allclose(found, expected, atol=1e-5)


@exercise.accepts
def asserts_place_by_place(implementation):
    activations, gradients = _case(3, 2, 5, 3)
    before = activations.clone(), gradients.clone()
    found = implementation(activations, gradients)
    assert found.shape == (3, 5, 3)
    for b in range(3):
        for i in range(5):
            for j in range(3):
                total = sum(float(before[1][b, k].mean()) * float(before[0][b, k, i, j]) for k in range(2))
                assert abs(float(found[b, i, j]) - max(total, 0.0)) < 1e-4
    assert torch.equal(activations, before[0]) and torch.equal(gradients, before[1])


@exercise.accepts
def by_pen_and_paper(implementation):
    """Two images, two channels, 1x2 places; gradients with the means 1, -2 and 3, 1."""
    activations = torch.tensor([[[[4.0, 1]], [[1, 2]]], [[[1.0, -3]], [[2, 0]]]])
    gradients = torch.tensor([[[[0.0, 2]], [[-5, 1]]], [[[3.5, 2.5]], [[4, -2]]]])
    given = activations.clone(), gradients.clone()
    found = implementation(*given)
    if not (torch.equal(given[0], activations) and torch.equal(given[1], gradients)):
        return False
    return found.shape == (2, 1, 2) and torch.allclose(found, torch.tensor([[[2.0, 0]], [[5, 0]]]), atol=1e-5)


@exercise.misconception
def checks_the_shape_only(implementation):
    """Your test only asks whether the call runs, or gives the right shape.

    Most of these bugs keep the shape, and draw a picture.

    Compare the values with ones that you know to be right.
    """
    return implementation(*_case()).shape == (2, 4, 5)


@exercise.misconception
def checks_the_signs_only(implementation):
    """Your test only asks for the shape, and that nothing is below 0.

    A ReLU at the end is soon written; what stands before it is the method.

    Compare the values with ones that you know to be right.
    """
    found = implementation(*_case())
    return found.shape == (2, 4, 5) and bool((found >= 0).all())


@exercise.misconception
def tests_positive_values_only(implementation):
    """Your test only uses positive activations and gradients.

    There the weighted sum is never below 0, and nobody misses the ReLU.

    Let signs differ.
    """
    activations, gradients = _case()
    return _compare(implementation, activations.abs(), gradients.abs())


@exercise.misconception
def tests_one_gradient_for_all_places(implementation):
    """Your test gives all places of a channel the same gradient, as the last stage does.

    There the mean is every value: whoever multiplies place by place, or weighs the mean, looks right.

    Let the gradients differ from place to place.
    """
    activations, gradients = _case()
    return _compare(implementation, activations, gradients.mean((2, 3), keepdim=True).expand_as(gradients).clone())


@exercise.misconception
def tests_a_batch_of_one_only(implementation):
    """Your test only uses one image.

    Whoever mixes the images of a batch, or forgets all but the first, looks right.

    Use two or more, and let them differ.
    """
    return _compare(implementation, *_case(batch=1))


@exercise.misconception
def forgets_to_look_at_the_inputs(implementation):
    """Your test compares the map, and not what became of the activations.

    One of the wrong ones gives the right map, and spoils the activations for whoever needs them next.

    Keep a copy, and compare afterwards.
    """
    return _compare(implementation, *_case())


@exercise.misconception
def compares_after_scaling(implementation):
    """Your test divides both maps by their maximum before it compares.

    Then a factor is lost: a sum in place of the mean looks right, and so does a map that was scaled already.

    Compare the values as they are.
    """
    activations, gradients = _case()
    found, expected = implementation(activations.clone(), gradients.clone()), _right(activations, gradients)
    largest = found.amax((1, 2), keepdim=True)
    return found.shape == expected.shape and torch.allclose(
        found / largest, expected / expected.amax((1, 2), keepdim=True), atol=1e-4
    )


@exercise.misconception
def demands_the_same_rounding(implementation):
    """Your test demands equality to the last bit.

    Right answers may add in another order and round differently; yours are refused for it.

    Compare with torch.allclose and a small tolerance, atol=1e-5.
    """
    activations, gradients = _case(3, 7, 6, 11)
    return torch.equal(implementation(activations.clone(), gradients.clone()), _right(activations, gradients))
