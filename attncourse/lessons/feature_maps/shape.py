"""maps-shape: predict the shape that a convolution gives."""

from __future__ import annotations

from attncourse.checking import ValueExercise

exercise = ValueExercise(
    "maps-shape",
    answer="predicted_shape",
    title="Predict: the shape behind a convolution",
    points=1,
    task=(
        "A batch of 4 colour pictures, 151 pixels high and 128 wide, goes through "
        "`nn.Conv2d(3, 16, kernel_size=3, stride=2, padding=1)`. Set `predicted_shape` to the shape that comes out, as "
        "a tuple of four numbers."
    ),
    hints=[
        "Write the input's shape down first, as (B, C, H, W). Which of the four numbers can the layer not change?",
        "The layer has 16 filters. Each filter makes one map, whatever the number of channels it reads.",
        "Along one axis, n pixels become (n + 2 * padding - kernel_size) // stride + 1. Height first, then width.",
        "Height: (151 + 2 - 3) // 2 + 1. Width: (128 + 2 - 3) // 2 + 1.",
        "In full: `predicted_shape = (4, 16, 76, 64)`.",
    ],
)


@exercise.reference
def batch_channels_height_width() -> tuple[int, ...]:
    return (4, 16, 76, 64)


@exercise.misconception
def channels_last() -> tuple[int, ...]:
    """You put the channels last: (B, H, W, C).

    TensorFlow and picture files keep them there. PyTorch's layers read axis 1 as the channels, whatever the numbers:
    NCHW. A picture given the other way round is taken for one with 76 channels.

    Move the 16 to the second place.
    """
    return (4, 76, 64, 16)


@exercise.misconception
def width_before_height() -> tuple[int, ...]:
    """You wrote width before height, as one says "128 by 151".

    Screens count (x, y). Tensors count rows, then columns: the last axis runs along a row, so its length is the width.

    Exchange the last two numbers.
    """
    return (4, 16, 64, 76)


@exercise.misconception
def three_channels_stay() -> tuple[int, ...]:
    """You kept the three colour channels.

    A convolution does not treat colours one by one: each filter reads all three and makes one map. What comes out has
    as many channels as there are filters.

    Look for the number of filters in `nn.Conv2d(3, 16, ...)`.
    """
    return (4, 3, 76, 64)


@exercise.misconception
def filters_times_channels() -> tuple[int, ...]:
    """You counted one map for each filter and each colour: 16 times 3.

    A filter has a sheet of weights for each input channel, but it adds the three results up. One filter, one map.

    Count the filters alone.
    """
    return (4, 48, 76, 64)


@exercise.misconception
def batch_forgotten() -> tuple[int, ...]:
    """You described one picture and left the batch out.

    Layers work on batches, even on a batch of one, and most bugs with shapes begin with an axis that was forgotten.

    Put the number of pictures first.
    """
    return (16, 76, 64)


@exercise.misconception
def stride_forgotten() -> tuple[int, ...]:
    """You left height and width as they were.

    Padding 1 makes up for what a 3x3 filter loses at the border; that would be the end of it with stride 1. With
    stride 2 the filter stops at every second place only.

    Use the formula: (n + 2 * padding - kernel_size) // stride + 1.
    """
    return (4, 16, 151, 128)


@exercise.misconception
def halved_and_rounded_down() -> tuple[int, ...]:
    """You halved height and width, and rounded down.

    Halving is the rule of thumb, but an odd size decides: of 151 rows the filter stops at rows 0, 2, ..., 150. Count
    them.

    Use the formula, with its + 1 at the end.
    """
    return (4, 16, 75, 64)


@exercise.misconception
def padding_forgotten() -> tuple[int, ...]:
    """You used the formula without padding.

    Padding 1 puts a row of zeros above and another below, and a column on either side: n + 2 pixels, not n.

    Add 2 * padding before you take the kernel's size away.
    """
    return (4, 16, 75, 63)
