"""Wrong answers to detect-share, each as the function that they would be."""

from __future__ import annotations

import torch

from attncourse.lessons.detection_cam._parts import pixels_of, share_of, with_contrast


def exchanges_rows_and_columns(maps, boxes):
    """You compared left and right with the rows, top and bottom with the columns.

    x runs along a row: it counts columns. In a tensor (B, H, W) it is the last axis.

    Compare left and right with the columns.
    """
    return share_of(maps, pixels_of(maps, boxes[:, [1, 0, 3, 2]]))


def reads_width_and_height(maps, boxes):
    """You read the last two numbers of a box as its width and height.

    Here they are right and bottom. Both ways are in use, and nothing in the numbers tells them apart.

    Compare the columns with `right`, the rows with `bottom`.
    """
    return share_of(maps, pixels_of(maps, torch.cat([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1)))


def slices_from_behind(maps, boxes):
    """You cut the box out with a slice, and a negative edge counts from behind.

    maps[-2:5] begins two rows before the end. A box that reaches beyond the image is then empty, or another one.

    Clamp the edges at 0 before the slice, or compare centres.
    """
    edges = (boxes - 0.5).ceil().int().tolist()
    filled = with_contrast(maps)
    return torch.stack([m[t:b, le:r].sum() / m.sum() for m, (le, t, r, b) in zip(filled, edges, strict=True)])


def slices_cut_off(maps, boxes):
    """The next one with slices, which count from behind as well."""
    filled, edges = with_contrast(maps), boxes.int().tolist()
    return torch.stack([m[t:b, le:r].sum() / m.sum() for m, (le, t, r, b) in zip(filled, edges, strict=True)])


def cuts_the_edges_off(maps, boxes):
    """You cut off what stands behind the point of each edge: 1.75 became 1.

    Then pixels whose centre lies outside are counted, and others are lost.

    Compare the centres, column + 0.5 and row + 0.5, with the edges as they are.
    """
    return share_of(maps, pixels_of(maps, boxes.trunc()))


def compares_the_corner_of_a_pixel(maps, boxes):
    """You compared the pixel's number, its upper left corner, with the edges.

    A box from 0.75 on does hold the centre of pixel 1, and a box to 2.25 does not hold that of pixel 2.

    Add 0.5.
    """
    return share_of(maps, pixels_of(maps, boxes + 0.5))


def gives_the_mean_inside(maps, boxes):
    """You gave the mean of the map inside the box.

    It says how bright the box is. A map that is bright everywhere gets a high number too.

    Divide the sum inside by the sum of the whole map.
    """
    inside = pixels_of(maps, boxes)
    return (with_contrast(maps) * inside).sum((1, 2)) / inside.sum((1, 2))


def compares_the_means(maps, boxes):
    """You divided the mean inside by the mean of the whole map.

    That asks how much brighter the box is: a fair question, and the number can be above 1.

    Divide the sums.
    """
    maps, inside = with_contrast(maps), pixels_of(maps, boxes)
    return (maps * inside).sum((1, 2)) / inside.sum((1, 2)) / maps.mean((1, 2))


def inside_against_outside(maps, boxes):
    """You divided what is inside by what is outside.

    That grows without end where all is inside.

    Divide by the sum of the whole map.
    """
    maps, inside = with_contrast(maps), pixels_of(maps, boxes)
    return (maps * inside).sum((1, 2)) / (maps * ~inside).sum((1, 2))


def counts_pixels_above_half(maps, boxes):
    """You counted the pixels above half of the maximum.

    A place of 0.49 then counts for nothing, and one of 0.51 for as much as the maximum.

    Add up the map's values.
    """
    maps = with_contrast(maps)
    return share_of((maps > maps.amax((1, 2), keepdim=True) / 2).to(maps.dtype), pixels_of(maps, boxes))


def gives_the_boxs_share_of_the_image(maps, boxes):
    """You gave the share of the image that the box covers.

    That is what a map without contrast gets: the level to beat. The map itself is not in it.

    Multiply the mask by the map.
    """
    return pixels_of(maps, boxes).to(maps.dtype).mean((1, 2))


def one_sum_for_the_batch(maps, boxes):
    """You divided by the sum of all maps together.

    Then a map's number depends on the others in the batch.

    Sum over the axes 1 and 2, and keep the batch.
    """
    maps = with_contrast(maps)
    return (maps * pixels_of(maps, boxes)).sum((1, 2)) / maps.sum()


def nothing_over_nothing(maps, boxes):
    """For a map of zeros you gave nan.

    One nan among a hundred scenes makes their mean nan.

    Take 1 everywhere for such a map: it then gets what a map without contrast gets.
    """
    return (maps * pixels_of(maps, boxes)).sum((1, 2)) / maps.sum((1, 2))


def nothing_is_zero(maps, boxes):
    """For a map of zeros you gave 0.

    0 would say: all of it lies outside, worse than a map without contrast. It says nothing at all.

    Take 1 everywhere for such a map.
    """
    return (maps * pixels_of(maps, boxes)).sum((1, 2)) / maps.sum((1, 2)).clamp(min=1e-12)


MISTAKES = (
    exchanges_rows_and_columns,
    reads_width_and_height,
    slices_from_behind,
    cuts_the_edges_off,
    compares_the_corner_of_a_pixel,
    gives_the_mean_inside,
    compares_the_means,
    inside_against_outside,
    counts_pixels_above_half,
    gives_the_boxs_share_of_the_image,
    one_sum_for_the_batch,
    nothing_over_nothing,
    nothing_is_zero,
)
DRESSES = {cuts_the_edges_off: (slices_cut_off,)}
