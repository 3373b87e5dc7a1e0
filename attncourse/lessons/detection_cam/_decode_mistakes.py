"""Wrong answers to detect-decode, each as the function that they would be."""

from __future__ import annotations

import torch

from attncourse.lessons.detection_cam._parts import around, cells, centres, sizes


def exchanges_rows_and_columns(outputs, stride, prior):
    """You counted rows for x and columns for y.

    x runs along a row: it counts columns. All boxes are mirrored at the diagonal; on square images of one centred thing
    nobody notices.

    Add the column to x and the row to y.
    """
    row, column = cells(outputs)
    x, y = (row + outputs[:, 0].sigmoid()) * stride, (column + outputs[:, 1].sigmoid()) * stride
    return around(x, y, *sizes(outputs, prior))


def takes_the_centre_for_the_corner(outputs, stride, prior):
    """You took the centre for the left upper corner.

    All boxes lie half their size too far to the right and too low.

    left = x - w / 2, right = x + w / 2.
    """
    x, y = centres(outputs, stride)
    w, h = sizes(outputs, prior)
    return torch.stack([x, y, x + w, y + h], dim=3).flatten(1, 2)


def moves_by_a_pixel_at_most(outputs, stride, prior):
    """You added the sigmoid after multiplying by the stride.

    It is a share of a cell. So it moves the centre by one pixel at most, and boxes are off by up to a cell.

    (cell + sigmoid) * stride.
    """
    row, column = cells(outputs)
    x, y = column * stride + outputs[:, 0].sigmoid(), row * stride + outputs[:, 1].sigmoid()
    return around(x, y, *sizes(outputs, prior))


def is_mended_in_no_place(outputs, stride, prior):
    """This is the published function as it was.

    All three bugs are still there: look at the picture of its boxes.

    Begin with one cell and zeros: where is its centre, and where are the edges of its box?
    """
    row, column = cells(outputs)
    x, y = row * stride + outputs[:, 0].sigmoid(), column * stride + outputs[:, 1].sigmoid()
    w, h = sizes(outputs, prior)
    return torch.stack([x, y, x + w, y + h], dim=3).flatten(1, 2)


def mirrored_and_from_the_corner(outputs, stride, prior):
    row, column = cells(outputs)
    x, y = (row + outputs[:, 0].sigmoid()) * stride, (column + outputs[:, 1].sigmoid()) * stride
    w, h = sizes(outputs, prior)
    return torch.stack([x, y, x + w, y + h], dim=3).flatten(1, 2)


def a_pixel_and_from_the_corner(outputs, stride, prior):
    row, column = cells(outputs)
    x, y = column * stride + outputs[:, 0].sigmoid(), row * stride + outputs[:, 1].sigmoid()
    w, h = sizes(outputs, prior)
    return torch.stack([x, y, x + w, y + h], dim=3).flatten(1, 2)


def mirrored_by_a_pixel(outputs, stride, prior):
    row, column = cells(outputs)
    x, y = row * stride + outputs[:, 0].sigmoid(), column * stride + outputs[:, 1].sigmoid()
    return around(x, y, *sizes(outputs, prior))


def is_mended_in_one_place(outputs, stride, prior):
    """You mended one of the three bugs; two are still there.

    One is which of row and column goes with x, one whether (x, y) is the middle, one how far a sigmoid moves it.

    Begin with one cell and zeros: where is its centre, and where are the edges of its box?
    """
    return mirrored_by_a_pixel(outputs, stride, prior)


def gives_centre_and_size(outputs, stride, prior):
    """You gave centre and size: x, y, width, height.

    Both forms are in use, and nothing in four numbers says which it is. Asked for were the edges.

    left, top, right, bottom.
    """
    return torch.stack([*centres(outputs, stride), *sizes(outputs, prior)], dim=3).flatten(1, 2)


def takes_the_width_to_either_side(outputs, stride, prior):
    """You went a whole width to the left and a whole width to the right.

    The boxes are twice as wide and twice as high.

    Half of it to either side.
    """
    w, h = sizes(outputs, prior)
    return around(*centres(outputs, stride), 2 * w, 2 * h)


def leaves_the_sigmoid_out(outputs, stride, prior):
    """You left out the sigmoid of x and y.

    Then a centre can lie cells away from its own cell.

    (cell + sigmoid(x)) * stride.
    """
    row, column = cells(outputs)
    x, y = (column + outputs[:, 0]) * stride, (row + outputs[:, 1]) * stride
    return around(x, y, *sizes(outputs, prior))


def leaves_the_exponential_out(outputs, stride, prior):
    """You multiplied the prior by width and height themselves.

    They are logarithms: 0 means "as wide as the prior". A negative one would turn the box inside out.

    prior * exp(width).
    """
    return around(*centres(outputs, stride), prior * outputs[:, 2], prior * outputs[:, 3])


def goes_column_by_column(outputs, stride, prior):
    """Your boxes are right, and stand column by column.

    Box number row * w + column is then another one, with another one's confidence.

    Flatten (B, h, w, 4) from axis 1 to 2.
    """
    height, width = outputs.shape[2:]
    boxes = around(*centres(outputs, stride), *sizes(outputs, prior)).view(-1, height, width, 4)
    return boxes.transpose(1, 2).flatten(1, 2)


def exchanges_width_and_height(outputs, stride, prior):
    """You exchanged width and height.

    Channel 2 is the width, which goes with x; channel 3 the height.

    left = x - width / 2, top = y - height / 2.
    """
    w, h = sizes(outputs, prior)
    return around(*centres(outputs, stride), h, w)


MISTAKES = (
    exchanges_rows_and_columns,
    takes_the_centre_for_the_corner,
    moves_by_a_pixel_at_most,
    is_mended_in_no_place,
    is_mended_in_one_place,
    gives_centre_and_size,
    takes_the_width_to_either_side,
    leaves_the_sigmoid_out,
    leaves_the_exponential_out,
    goes_column_by_column,
    exchanges_width_and_height,
)
DRESSES = {is_mended_in_one_place: (mirrored_and_from_the_corner, a_pixel_and_from_the_corner)}
