"""Probes for a gate of each place, computed from the mean and the maximum over the channels: CBAM's spatial attention.

In the order in which a failure should be told. Each presupposes the ones before it; what needs weights fills them
with chosen values, so that no default initialisation hides a mistake.

What is left open on purpose: the order in which the two maps are stacked, a mirrored or transposed kernel, biases, and
a batch norm behind the convolution. A batch norm is judged as it is built: in evaluation mode with its default
statistics, where it is a scale and a shift; in training mode by the batch's, where it must be one scale and shift for
all logits.
"""

from __future__ import annotations

from torch import Tensor

from attncourse.checking.probes import Built, Probe, Subject, Violation
from attncourse.checking.report import Witness
from attncourse.checking.spatial_contract import (
    can_be_built,
    has_parameters,
    keeps_samples_apart,
    keeps_the_dtype,
    keeps_the_shape,
    leaves_the_input,
    multiplies_each_place,
    repeats_itself,
    stays_between_0_and_1,
    trains_as_it_runs,
)
from attncourse.checking.spatial_gate import (
    MIDDLE,
    SMALL,
    apart,
    features,
    gates,
    logits,
    noise,
    random_module,
    two_maps,
    worst_sample,
)
from attncourse.checking.spatial_structure import (
    computes_the_formula,
    gradients_are_complete,
    has_the_right_number_of_parameters,
    is_the_same_everywhere,
    sees_a_window,
    weights_have_their_own_parts,
)

DRAWS = 3


def _sees_the_mean_and_the_maximum_only(subject: Subject) -> None:
    for kernel in (SMALL, MIDDLE):
        built = random_module(subject, kernel)
        means, maxima = two_maps(subject.draw, 2, 5, 4)
        x = features(subject.draw, means, maxima)
        expected = gates(built, x)
        others = {
            "the same channels in another order": x[:, [3, 0, 4, 2, 1]],
            "5 other channels": features(subject.draw, means, maxima),
            "3 channels": features(subject.draw, means, maxima, channels=3),
            "9 channels": features(subject.draw, means, maxima, channels=9),
            "129 channels": features(subject.draw, means, maxima, channels=129),
        }
        for words, other in others.items():
            got = gates(built, other)
            sample = worst_sample(apart(expected, got))
            if sample is not None:
                sentence = f"{words.capitalize()} with the same mean and maximum at each place give different gates."
                label = f"the gates for {words}; expected: those for the first five"
                raise Violation(sentence, Witness(label, (), expected[sample], got[sample]))


def _needs_both_maps(subject: Subject) -> None:
    built = random_module(subject, SMALL)
    means, maxima = two_maps(subject.draw, 4, 4, 5)
    before = gates(built, features(subject.draw, means, maxima))
    shift = subject.draw.signed(*means.shape, low=0.2, high=0.8).abs()
    for name, after in (("mean", (means - shift, maxima)), ("maximum", (means, maxima + shift))):
        got = gates(built, features(subject.draw, *after))
        if not bool(apart(before, got).any()):
            sentence = f"The {name} over the channels never moves a gate."
            raise Violation(sentence, Witness("the gates, before and after", (), None, got[0]))


def _only_weighs_the_maps(subject: Subject) -> None:
    for kernel in (SMALL, MIDDLE):
        built = random_module(subject, kernel)
        for strength in [0.3, *[1.5] * DRAWS]:
            one, other = (two_maps(subject.draw, 3, 5, 6) for _ in range(2))
            halfway = tuple((a + b) / 2 for a, b in zip(one, other, strict=True))
            u = [_logits_of(subject, built, pair, strength) for pair in (one, other, halfway)]
            bend = u[0] + u[1] - 2 * u[2]
            sample = worst_sample(bend.abs() > noise(u[0]) + noise(u[1]) + 2 * noise(u[2]))
            if sample is not None:
                sentence = (
                    "Halfway between two inputs, what the sigmoid gets is not halfway: something bends it, "
                    "before the convolution or behind it."
                )
                label = "what the sigmoid gets halfway; expected: the average of both ends"
                raise Violation(sentence, Witness(label, (), ((u[0] + u[1]) / 2)[sample], u[2][sample]))


def _logits_of(subject: Subject, built: Built, maps: tuple[Tensor, ...], strength: float) -> Tensor:
    means, maxima = (one * strength for one in maps)
    return logits(built, features(subject.draw, means, maxima))


SPATIAL_GATE_PROBES = (
    Probe(
        "SpatialAttention(kernel_size=7) can be built, for any odd kernel_size",
        can_be_built,
        "Call super().__init__() first. The convolution takes the kernel_size that it is given.",
    ),
    Probe(
        "the convolution is made once, in __init__, and can be learned",
        has_parameters,
        "Make it in __init__, as self.convolution = nn.Conv2d(2, 1, ...); use it in forward.",
    ),
    Probe(
        "features go in and features of the same shape come out, for any size, channels and kernel",
        keeps_the_shape,
        "Pool along the channels, pad by kernel_size // 2, and return x * gate with a gate of (B, 1, H, W).",
    ),
    Probe("the input is left as it was", leaves_the_input, "Make a new tensor: x * gate, no *= and no mul_."),
    Probe("the same input gives the same output", repeats_itself, "Nothing random in forward: no layers, no dropout."),
    Probe(
        "the output is x times one number for each place",
        multiplies_each_place,
        "One gate map, (B, 1, H, W), which broadcasts over the channels.",
    ),
    Probe(
        "each sample is gated by itself",
        keeps_samples_apart,
        "Axis 0 is the batch: pool along axis 1 only, and use no statistics of the batch in evaluation mode.",
    ),
    Probe(
        "each gate lies between 0 and 1, and can come near to both",
        stays_between_0_and_1,
        "One sigmoid, on what the convolution gives, and nothing after it but the multiplication.",
    ),
    Probe(
        "the gates depend on the mean and the maximum over the channels, and on nothing else of them",
        _sees_the_mean_and_the_maximum_only,
        "x.mean(dim=1, keepdim=True) and x.amax(dim=1, keepdim=True), nothing more.",
    ),
    Probe(
        "both maps are used: the mean and the maximum",
        _needs_both_maps,
        "Put both maps side by side with torch.cat([mean, maximum], dim=1): two channels for the convolution.",
    ),
    Probe(
        "nothing but a convolution stands between the maps and the sigmoid",
        _only_weighs_the_maps,
        "No ReLU and no second layer. A batch norm would be allowed, one that normalises each map by itself is not.",
    ),
    Probe(
        "training and evaluation mode compute the same, but for a batch norm",
        trains_as_it_runs,
        "The block has no dropout. A batch norm may stand behind the convolution, nowhere else.",
    ),
    Probe(
        "each gate sees a window of kernel_size x kernel_size around its place",
        sees_a_window,
        "One convolution with kernel_size, padding=kernel_size // 2, no stride and no dilation.",
    ),
    Probe(
        "the same neighbourhood gets the same gate wherever it lies",
        is_the_same_everywhere,
        "A convolution and nothing that knows the position.",
    ),
    Probe(
        "the convolution has 2 x kernel_size x kernel_size weights",
        has_the_right_number_of_parameters,
        "nn.Conv2d(2, 1, kernel_size): two maps in, one out.",
    ),
    Probe(
        "the gate is sigmoid(conv([mean; max]))",
        computes_the_formula,
        "Write the formula beside your forward: which factor, sign, term or border is another one?",
    ),
    Probe(
        "gradients reach the input and every weight",
        gradients_are_complete,
        "No .detach(), .data, .item() or torch.no_grad() on the way from x to the output.",
    ),
    Probe(
        "each weight has its own part in the result",
        weights_have_their_own_parts,
        "Two full kernels, one for each map: no weight used twice, none left out.",
    ),
    Probe("float32, float64 and bfloat16 come back as they went in", keeps_the_dtype, "Cast back what you cast."),
)
