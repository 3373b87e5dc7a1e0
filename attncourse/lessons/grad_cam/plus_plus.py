"""cam-plus-plus: the weights of Grad-CAM++."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from attncourse.checking import Case, Draw, FunctionExercise
from attncourse.lessons.grad_cam._plus_plus_mistakes import PLUS_PLUS_MISTAKES, alphas_of

exercise = FunctionExercise(
    "cam-plus-plus",
    answer="plus_plus_weights",
    title="The weights of Grad-CAM++",
    points=2,
    task=(
        "Write `plus_plus_weights(activations, gradients)`: `(B, K, h, w)` twice -> `(B, K)`. With g the gradient at a "
        "place and S the sum of its channel's activations over all places: alpha = g^2 / (2 g^2 + g^3 S), and the "
        "weight is the sum over places of alpha * ReLU(g). A place whose gradient is 0 adds nothing. Activations are "
        "at least 0, as behind a ReLU."
    ),
    gradients=False,
    equivalents={
        "alphas = squares / torch.where(denominators == 0, 2, denominators)": "any divisor but 0 will do for 0",
        "return (alphas * torch.relu(gradients).detach()).sum((2, 3))": "no gradient goes through a weight",
    },
    hints=[
        "Three quantities: g has a value at each place, S one for each channel, the weight one for each channel.",
        "`sums = activations.sum((2, 3), keepdim=True)` has the shape (B, K, 1, 1) and fits beside the gradients.",
        "alpha is computed place by place: the square, the cube, a quotient. What is 0 / 0 in torch?",
        "Where the denominator is 0, put any other number in its place: "
        "`torch.where(denominators == 0, 1, denominators)`. The numerator is 0 there.",
        "In full: `squares = gradients**2`; `denominators = 2 * squares + gradients**3 * sums`; divide with the guard; "
        "`return (alphas * torch.relu(gradients)).sum((2, 3))`.",
    ],
)


@exercise.reference
def plus_plus_weights(activations: Tensor, gradients: Tensor) -> Tensor:
    """``(B, K, h, w), (B, K, h, w) -> (B, K)``: equations 19 and 7 of the Grad-CAM++ paper."""
    return (alphas_of(activations, gradients) * torch.relu(gradients)).sum((2, 3))


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    # By hand: S is 2 and 4; alphas of the positive gradients are 1/4 and 1/3, then 1/6 and 1/10.
    activations = torch.tensor([[[[1.0, 0, 1]], [[0.0, 1, 3]]]])
    gradients = torch.tensor([[[[1.0, -2, 0.5]], [[1.0, 2, -0.25]]]])
    yield Case("one image, two channels of 1x3", (activations, gradients))
    yield Case("gradients of which some are 0", (activations, gradients * torch.tensor([1.0, 0, 1])))
    yield Case("a channel that is 0 everywhere", (activations * torch.tensor([1.0, 0])[:, None, None], gradients))
    for shape in ((2, 3, 3, 4), (3, 4, 5, 2)):
        gradients = draw.signed(*shape, low=0.2, high=1.5).float()
        yield Case(
            f"{shape[0]} images, {shape[1]} channels of {shape[2]}x{shape[3]}", (_active(draw, *shape), gradients)
        )
    yield Case("one place", (_active(draw, 2, 3, 1, 1), draw.signed(2, 3, 1, 1, low=0.2, high=1.5).float()))
    small = draw.signed(1, 3, 2, 3, low=1e-4, high=1.2e-4).abs().float()
    yield Case("gradients of 0.0001", (_active(draw, 1, 3, 2, 3), small))


def _active(draw: Draw, *shape: int) -> Tensor:
    """As behind a ReLU: at least 0, and 0 at some places."""
    return draw.integers(*shape, low=-2, high=4).clamp(min=0) * 0.5


@exercise.accepts
def divided_by_the_square(activations, gradients):
    alphas = 1 / (2 + gradients * activations.sum((-2, -1), keepdim=True))
    return torch.where(gradients > 0, alphas * gradients, torch.zeros_like(gradients)).sum((-2, -1))


@exercise.accepts
def by_loops(activations, gradients):
    weights = torch.zeros(gradients.shape[:2])
    for b, image in enumerate(gradients.tolist()):
        for k, rows in enumerate(image):
            total = float(activations[b, k].sum())
            for g in (g for row in rows for g in row if g > 0):
                weights[b, k] += g**2 / (2 * g**2 + g**3 * total) * g
    return weights


@exercise.accepts
def not_a_number_is_nothing(activations, gradients):
    second, third = gradients**2, gradients**3
    alphas = second / (2 * second + third * activations.flatten(2).sum(-1)[..., None, None])
    return (alphas.nan_to_num(0.0) * gradients.clamp(min=0)).flatten(2).sum(2)


@exercise.accepts
def positive_gradients_from_the_start(activations, gradients):
    g = torch.relu(gradients)
    bottom = 2 * g * g + g * g * g * torch.einsum("bkhw->bk", activations)[:, :, None, None]
    return torch.einsum("bkhw,bkhw->bk", torch.where(bottom > 0, g * g / bottom, 0), g)


@exercise.accepts
def in_double_precision(activations, gradients):
    a, g = activations.double(), gradients.double()
    alphas = g.pow(2) / (2 * g.pow(2) + g.pow(3) * a.sum(dim=[2, 3], keepdim=True) + 1e-16)
    return (alphas * g.relu()).sum(dim=[2, 3]).float()


def _with_epsilon(epsilon):
    def weights(activations, gradients):
        return (alphas_of(activations, gradients, epsilon) * torch.relu(gradients)).sum((2, 3))

    weights.__name__ = f"epsilon_{epsilon:.0e}".replace("-", "_")
    return weights


# Of larger ones the last case says the same as of 1e-6: nothing is left. Smaller ones cannot be told from none.
for size in (1e-6, 1e-7, 1e-8, 1e-9):
    exercise.accepts(
        _with_epsilon(size),
        remark=(
            "Your epsilon in the denominator is not small beside g^2 where gradients are 0.0001, as behind a mean over "
            "many places: there it shrinks the weights, as in a well-known library. 1 / (2 + g S) is the same "
            "quotient, and needs none."
        ),
    )


for mistake, dresses in PLUS_PLUS_MISTAKES:
    exercise.misconception(mistake, dresses)
