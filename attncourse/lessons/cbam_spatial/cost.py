"""cbam-spatial-cost: what the convolution of a spatial gate costs, in parameters and in multiply-adds."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from attncourse.checking import Case, Draw, FunctionExercise

exercise = FunctionExercise(
    "cbam-spatial-cost",
    answer="cost",
    title="The cost of one spatial gate",
    points=2,
    task=(
        "Write `cost(kernel_size, height, width)`: a pair of whole numbers, the weights of the convolution (no bias) "
        "and the multiply-adds for one picture of height x width. One multiplication with its addition counts as one; "
        "the zeros beyond the border are multiplied too."
    ),
    gradients=False,
    hints=[
        "Why are the channels not among the arguments?",
        "How many numbers are in a window of k x k, given that there are two maps? Each has one weight.",
        "Each gate needs every number of its window once, and there is one gate for each place.",
        "weights = 2 * kernel_size * kernel_size; multiply-adds: as many for each of height * width places.",
        "In full: `weights = 2 * kernel_size**2`, then `return weights, weights * height * width`.",
    ],
)


@exercise.reference
def cost(kernel_size: int, height: int, width: int) -> tuple[int, int]:
    """Weights, and multiply-adds."""
    weights = 2 * kernel_size**2
    return weights, weights * height * width


@exercise.cases
def cases(draw: Draw) -> Iterator[Case]:
    settings = [(3, 4, 5), (7, 14, 9), (5, 1, 1), (1, 6, 7), (7, 56, 56), (9, 7, 8)]
    settings.append((2 * draw.integer(1, 5) + 1, draw.integer(8, 30), draw.integer(31, 60)))
    for kernel_size, height, width in settings:
        yield Case(f"a {kernel_size}x{kernel_size} kernel, {height} x {width} places", (kernel_size, height, width))


@exercise.accepts
def step_by_step(kernel_size, height, width):
    window = kernel_size * kernel_size
    both = window + window
    return [both, height * width * both]


@exercise.accepts
def counted_on_a_layer(kernel_size, height, width):
    weights = nn.Conv2d(2, 1, kernel_size, bias=False).weight.numel()
    return weights, weights * height * width


@exercise.accepts
def place_by_place(kernel_size, height, width):
    per_place = len(range(kernel_size)) * len(range(kernel_size)) * 2
    return per_place, sum(per_place for _ in range(height) for _ in range(width))


@exercise.accepts
def as_a_tensor(kernel_size, height, width):
    sizes = torch.tensor([2, kernel_size, kernel_size])
    return int(sizes.prod()), int(sizes.prod() * height * width)


@exercise.accepts
def by_powers(kernel_size, height, width):
    return (pow(kernel_size, 2) * 2, pow(kernel_size, 2) * 2 * height * width)


@exercise.misconception
def forgets_one_map(kernel_size, height, width):
    """You counted one kernel.

    The convolution sees two maps, the mean and the maximum, and has a kernel for each.

    Take it twice.
    """
    return kernel_size**2, kernel_size**2 * height * width


@exercise.misconception
def counts_a_side_of_the_window(kernel_size, height, width):
    """You counted 2 * kernel_size, a row of the window.

    The window is a square: kernel_size rows of kernel_size numbers.

    Square the kernel size.
    """
    return 2 * kernel_size, 2 * kernel_size * height * width


@exercise.misconception
def forgets_the_places(kernel_size, height, width):
    """You counted the multiply-adds of one place.

    The same weights are used again at every place: few parameters, many multiplications.

    Multiply by height * width.
    """
    return 2 * kernel_size**2, 2 * kernel_size**2


@exercise.misconception
def pays_for_every_place_in_weights(kernel_size, height, width):
    """You gave each place weights of its own.

    A convolution uses one kernel everywhere; that is why it fits maps of any size.

    Leave height and width out of the first number.
    """
    both = 2 * kernel_size**2 * height * width
    return both, both


@exercise.misconception
def leaves_the_border_out(kernel_size, height, width):
    """You counted only the places whose whole window lies inside the map.

    With padding there is a gate for every place, also at the border, where zeros are multiplied.

    Count height * width places.
    """
    inside = max(0, height - kernel_size + 1) * max(0, width - kernel_size + 1)
    return 2 * kernel_size**2, 2 * kernel_size**2 * inside


@exercise.misconception
def counts_additions_too(kernel_size, height, width):
    """You counted each multiplication and each addition.

    Then everything is twice as much. Tables differ here, and those of CBAM count a multiply-add as one.

    Divide by 2.
    """
    return 2 * kernel_size**2, 4 * kernel_size**2 * height * width


@exercise.misconception
def counts_a_bias(kernel_size, height, width):
    """You counted a bias as well.

    A convolution may have one, and your module may. The task asks for the weights alone.

    Leave the + 1 out.
    """
    return 2 * kernel_size**2 + 1, 2 * kernel_size**2 * height * width


@exercise.misconception
def exchanges_the_two(kernel_size, height, width):
    """You gave the multiply-adds first.

    Both numbers are right.

    Exchange them: the weights first.
    """
    return 2 * kernel_size**2 * height * width, 2 * kernel_size**2
