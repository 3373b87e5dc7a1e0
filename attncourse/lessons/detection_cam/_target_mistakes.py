"""Wrong answers to detect-target, each as the function that they would be."""

from __future__ import annotations

import torch

from attncourse.lessons.detection_cam._parts import CLASSES, CONFIDENCE, at, channel_of, score_of


def counts_column_by_column(outputs, box, number=None):
    """You counted the boxes column by column.

    Box 1 is then the one below box 0. On a map that is not square it is another box altogether, often one in the empty
    background, and its map still looks like something.

    Row by row: box = row * w + column, with w = outputs.shape[3].
    """
    return at(outputs[:, channel_of(number)].transpose(1, 2), box)


def takes_the_height_for_the_width(outputs, box, number=None):
    """You divided by the height h to find row and column.

    A row is w boxes long. On square maps the two are one number.

    row = box // w, column = box % w.
    """
    height, width = outputs.shape[2:]
    row, column = (box // height).clamp(max=height - 1), (box % height).clamp(max=width - 1)
    return outputs[torch.arange(len(outputs)), channel_of(number), row, column]


def after_the_sigmoid(outputs, box, number=None):
    """You gave the score after the sigmoid.

    A confident box has 0.999 there, and hardly any gradient: the map of the surest box gets the smallest numbers.

    Give the score as the network gives it.
    """
    return at(outputs[:, channel_of(number)], box).sigmoid()


def after_a_softmax(outputs, box, number=None):
    """You took a softmax over the classes.

    Then the score of one class also grows where another one's falls, and a sure box has no gradient left.

    Give the score as the network gives it.
    """
    if number is None:
        return score_of(outputs, box)
    return at(outputs[:, CLASSES:].softmax(1)[:, number], box)


def sums_over_all_boxes(outputs, box, number=None):
    """You added up the scores of all boxes.

    Then the map explains everything that the detector sees in the image, and no box.

    Choose the box that was asked for.
    """
    return outputs[:, channel_of(number)].sum((1, 2))


def takes_the_best_box(outputs, box, number=None):
    """You took the box with the highest score, whichever was asked for.

    So all boxes of an image get one and the same picture.

    Use `box`.
    """
    return outputs[:, channel_of(number)].flatten(1).amax(1)


def takes_the_most_confident_box(outputs, box, number=None):
    """You took the most confident box of each image.

    It is one of the boxes; asked for was another.

    Use `box`.
    """
    return score_of(outputs, outputs[:, CONFIDENCE].flatten(1).argmax(1), number)


def forgets_the_five(outputs, box, number=None):
    """You took channel `number` for class `number`.

    The first five are x, y, width, height and confidence: "class 2" would be a width.

    The classes begin at channel 5.
    """
    return at(outputs[:, CONFIDENCE if number is None else number], box)


def begins_the_classes_at_the_confidence(outputs, box, number=None):
    """Your classes begin at channel 4.

    That one is the confidence: whether there is anything.

    Channel 5 + number.
    """
    return at(outputs[:, CONFIDENCE + (number or 0)], box)


def takes_zero_for_none(outputs, box, number=None):
    """You wrote `if number` or `if not number`.

    Class 0 counts as false in Python: asked for the first class, you gave the confidence.

    Compare with None: `number is None`.
    """
    return at(outputs[:, CLASSES + number if number else CONFIDENCE], box)


def multiplies_by_the_confidence(outputs, box, number=None):
    """You multiplied the class score by the confidence.

    Detectors rank their boxes by such a product, of two sigmoids. Of raw scores it means little: two negative ones make
    a positive one.

    Give the one number that was asked for.
    """
    confidence = at(outputs[:, CONFIDENCE], box)
    return confidence if number is None else confidence * at(outputs[:, CLASSES + number], box)


def one_box_for_all_images(outputs, box, number=None):
    """You used the first image's box for all images.

    Each image has its own.

    Index image and box together: `[torch.arange(B), box]`, or gather.
    """
    return outputs[:, channel_of(number)].flatten(1)[:, int(box[0])]


def every_box_of_every_image(outputs, box, number=None):
    """You took every box of `box` from every image: (B, B).

    `[:, box]` takes all images times all boxes. With one image it looks right.

    Index image and box together: `[torch.arange(B), box]`, or gather.
    """
    return outputs[:, channel_of(number)].flatten(1)[:, box]


def cuts_the_gradient(outputs, box, number=None):
    """Your values are right, and no gradient flows through them.

    CAM needs the gradient of this number. `.item()`, `.detach()`, `.tolist()` of scores and `torch.tensor(...)` cut it.

    Index the outputs themselves.
    """
    return score_of(outputs, box, number).detach()


MISTAKES = (
    counts_column_by_column,
    takes_the_height_for_the_width,
    after_the_sigmoid,
    after_a_softmax,
    sums_over_all_boxes,
    takes_the_best_box,
    takes_the_most_confident_box,
    forgets_the_five,
    begins_the_classes_at_the_confidence,
    takes_zero_for_none,
    multiplies_by_the_confidence,
    one_box_for_all_images,
    every_box_of_every_image,
    cuts_the_gradient,
)
