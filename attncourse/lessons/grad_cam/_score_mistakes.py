"""Wrong answers to cam-capture, first part: what is differentiated, and with respect to what.

Seen in tutorials and in published code, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch.nn import functional

from attncourse.lessons.grad_cam import _capturing
from attncourse.lessons.grad_cam._capturing import NEVER, class_scores, from_input, untidy


def _probabilities(scores, classes):
    return class_scores(scores.softmax(1), classes)


def _log_probabilities(scores, classes):
    return class_scores(scores.log_softmax(1), classes)


def _loss(scores, classes):
    return functional.cross_entropy(scores, classes)


def _whole_loss(scores, classes):
    return functional.cross_entropy(scores, classes, reduction="sum")


def _predicted(scores, classes):
    return scores.amax(1).sum()


def _all_classes(scores, classes):
    return scores.sum()


def _crossed(scores, classes):
    return scores[:, classes].sum()


def _first_image(scores, classes):
    return scores[0, classes[0]]


def _mean(scores, classes):
    return scores.gather(1, classes[:, None]).mean()


def gradient_of_the_probability(model, layer, images, classes):
    """You took the gradient of the softmax's output.

    A probability also grows when the other classes' scores fall, so its map shows what speaks against the others too.
    And where the network is sure, the softmax is flat and the gradient nearly 0.

    Take the score itself, before the softmax.
    """
    return _capturing.capture(model, layer, images, classes, score=_probabilities)


def gradient_of_the_log_probability(model, layer, images, classes):
    """You took the gradient of the log-softmax.

    It is the score minus what all classes have together: evidence for the others enters with a minus.

    Take the score itself, before any softmax.
    """
    return _capturing.capture(model, layer, images, classes, score=_log_probabilities)


def gradient_of_the_loss(model, layer, images, classes):
    """You took the gradient of the loss, as in training.

    The loss falls where the class's score grows, so the sign is turned round; and cross-entropy holds the softmax and
    the mean over the batch as well.

    No loss here: the score of the class, before the softmax.
    """
    return _capturing.capture(model, layer, images, classes, score=_loss)


def gradient_of_the_predicted_class(model, layer, images, classes):
    """You took the class with the largest score, not the one that was asked for.

    Then one can never ask what speaks for another class, and that is the question when the network is wrong.

    Pick each image's score with `classes`.
    """
    return _capturing.capture(model, layer, images, classes, score=_predicted)


def gradient_of_all_classes(model, layer, images, classes):
    """You took the gradient of all scores together.

    Such a gradient belongs to no class: it is the same whichever was asked for.

    Pick one score of each image with `classes`, then sum over the images alone.
    """
    return _capturing.capture(model, layer, images, classes, score=_all_classes)


def every_image_all_asked_classes(model, layer, images, classes):
    """You indexed scores[:, classes]: every image, at every class of the list.

    That is a table of B x B scores. Each image's gradient gets a part of the others' classes; with one image it cannot
    be seen.

    `scores.gather(1, classes[:, None])`, or `scores[torch.arange(len(classes)), classes]`, pairs image and class.
    """
    return _capturing.capture(model, layer, images, classes, score=_crossed)


def first_image_alone(model, layer, images, classes):
    """You took the score of the first image alone.

    It does not depend on the other images, so their gradients are 0.

    Sum the class scores of all images, then differentiate once.
    """
    return _capturing.capture(model, layer, images, classes, score=_first_image)


def mean_over_the_batch(model, layer, images, classes):
    """You took the mean of the images' scores.

    So each gradient is divided by the number of images that happened to come along.

    Sum them: the derivative of the sum with respect to one image's activations is that of its own score.
    """
    return _capturing.capture(model, layer, images, classes, score=_mean)


def keeps_the_input(model, layer, images, classes):
    """You kept what goes into the layer.

    A forward hook gets (module, inputs, output). The map of a layer is made of what that layer gave.

    Keep `output`.
    """
    return _capturing.capture(model, layer, images, classes, wanted=from_input)


def gradient_with_respect_to_the_input(model, layer, images, classes):
    """You took the first thing that a backward hook offers, grad_input.

    That is the gradient with respect to what went into the layer. The activations are what came out of it.

    Take `grad_output[0]`.
    """
    activations, _ = _capturing.capture(model, layer, images, classes)
    return activations, _capturing.capture(model, layer, images, classes, wanted=from_input)[1]


def detaches_too_early(model, layer, images, classes):
    """You detached the activations in the hook, and then asked for a gradient with respect to them.

    A detached tensor is cut out of the computation: the score does not depend on it any more, as torch says.

    Keep the output itself and detach it at the end; or let the network go on from your copy, by returning that.
    """
    return _capturing.capture(model, layer, images, classes, wanted=lambda inputs, output: output.detach())


def looks_for_an_attribute(model, layer, images, classes):
    """You asked the model for an attribute of the whole dotted name.

    `getattr(model, "body.relu")` looks for one part with a dot in its name; the layer is a part of a part.

    `model.get_submodule(layer)` follows the dots.
    """
    getattr(model, layer)
    return _capturing.capture(model, layer, images, classes)


def gradients_first(model, layer, images, classes):
    """You gave the gradients first (expected).

    They have the same shape, so nothing would complain later; the map would be a different one.

    Return activations, then gradients.
    """
    return tuple(reversed(_capturing.capture(model, layer, images, classes)))


Mistake = tuple[Callable[..., object], tuple[Callable[..., object], ...]]
SCORE_MISTAKES: tuple[Mistake, ...] = (
    (gradient_of_the_probability, tuple(untidy(score=_probabilities))),
    (gradient_of_the_log_probability, tuple(untidy(score=_log_probabilities))),
    (
        gradient_of_the_loss,
        (
            partial(_capturing.capture, score=_whole_loss),
            *untidy(score=_loss),
            *untidy(score=_whole_loss),
        ),
    ),
    (gradient_of_the_predicted_class, tuple(untidy(score=_predicted))),
    (gradient_of_all_classes, tuple(untidy(score=_all_classes))),
    (every_image_all_asked_classes, tuple(untidy(score=_crossed))),
    (first_image_alone, tuple(untidy(score=_first_image))),
    (mean_over_the_batch, tuple(untidy(score=_mean))),
    (keeps_the_input, tuple(untidy(wanted=from_input))),
    (gradient_with_respect_to_the_input, ()),
    (detaches_too_early, (partial(_capturing.capture, wanted=lambda inputs, output: output.detach(), removes=NEVER),)),
    (looks_for_an_attribute, ()),
    (gradients_first, ()),
)
