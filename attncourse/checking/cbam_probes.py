"""Probes for a CBAM: what goes in and out, each half by the probes of its own lesson, and how the halves are joined.

In the order in which a failure should be told. Each presupposes the ones before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from attncourse.checking import channel_contract as contract
from attncourse.checking.cbam_channel_probes import TWO_BRANCH_PROBES
from attncourse.checking.cbam_halves import HalfCandidate
from attncourse.checking.cbam_joining import (
    gradients_are_complete,
    joins_the_halves,
    keeps_samples_apart,
    multiplies_by_two_gates,
    zero_leaves_a_quarter,
)
from attncourse.checking.cbam_masks import CHANNEL, SPATIAL, Found, Half, masks
from attncourse.checking.channel_gate import DEFAULT, MIDDLE, NARROW, SMALL, UNEVEN, WIDE, count_values
from attncourse.checking.probes import Probe, Subject, Violation
from attncourse.checking.report import Witness
from attncourse.checking.spatial_probes import SPATIAL_GATE_PROBES

KERNELS = (3, 5, 9)
# What is asked of the whole module here, and not once more of each half.
OF_THE_WHOLE = {
    "can_be_built",
    "has_parameters",
    "keeps_the_shape",
    "leaves_the_input",
    "repeats_itself",
    "keeps_the_dtype",
    "has_the_right_number_of_parameters",
}


def _can_be_built(subject: Subject) -> None:
    contract.can_be_built(subject)
    for kernel in KERNELS:
        built = subject.build(4, 2, kernel, dtype="float32")
        for shape in ((1, 4, 2, 3), (2, 4, 7, 5), (2, 4, 1, 1)):
            y = built.run(subject.draw.normal(*shape))
            if y.shape != shape:
                sentence = f"With kernel_size={kernel} an input {shape} gives an output {tuple(y.shape)}."
                raise Violation(sentence, Witness(f"an input {shape}", (), f"shape {shape}", y))


def _has_the_right_number_of_parameters(subject: Subject) -> None:
    for size in (SMALL, MIDDLE, UNEVEN, NARROW, DEFAULT, WIDE):
        for kernel in (None, 5) if size.reduction else (None,):
            arguments = size.arguments if kernel is None else (*size.arguments, kernel)
            built = subject.build(*arguments, warm=(3, size.channels, 2, 3), dtype="float32")
            count, window = count_values(built.shapes), 2 * (kernel or 7) ** 2
            least, most = size.weights + window, size.weights + window + size.hidden + size.channels + 4
            if not least <= count <= most:
                label = f"the number of parameters of CBAM{arguments}"
                expected = (
                    f"2 * {size.channels} * {size.hidden} + 2 * {kernel or 7} * {kernel or 7} = {least} weights, "
                    "and a few biases"
                )
                raise Violation(
                    f"CBAM{arguments} has {count} parameters.".replace(",)", ")"),
                    Witness(label, (), expected, count),
                )


def _has_two_halves(subject: Subject) -> None:
    built = subject.build(*SMALL.arguments, 3, warm=(2, SMALL.channels, 3, 4))
    found = masks(subject.candidate, built.handle, SMALL.channels, subject.seed)
    missing: dict[Half, str] = {
        CHANNEL: "No parameter moves the channels apart: there is no channel half that learns.",
        SPATIAL: (
            "Every parameter moves the channels apart: there is no spatial half that learns, or the channel half comes "
            "behind it."
        ),
    }
    for half, sentence in missing.items():
        if not any(bool(one.any()) for one in found[half]):
            raise Violation(sentence)
    idle = sum(int((~(a | b)).sum()) for a, b in zip(found[CHANNEL], found[SPATIAL], strict=True))
    if idle:
        raise Violation(f"{idle} of its parameters change nothing.")


def _of_half(half: Half, probes: Sequence[Probe]) -> tuple[Probe, ...]:
    return tuple(_within(half, probe) for probe in probes if probe.holds.__name__ not in OF_THE_WHOLE)


def _within(half: Half, probe: Probe) -> Probe:
    def holds(subject: Subject) -> None:
        masks_found: Found = subject.once("masks of halves", dict)
        candidate = subject.once(half, lambda: HalfCandidate(subject.candidate, half, subject.seed, masks_found))
        probe.holds(Subject(candidate, subject.seed))

    return Probe(f"the {half} half: {probe.subgoal}", holds, probe.next_step)


CBAM_PROBES = (
    Probe(
        "CBAM(channels, reduction=16, kernel_size=7) can be built and run, for few channels and any odd kernel_size",
        _can_be_built,
        "super().__init__() first; hidden = max(1, channels // reduction); padding = kernel_size // 2.",
    ),
    Probe(
        "the layers are made once, in __init__, and can be learned",
        contract.has_parameters,
        "Make the MLP and the convolution in __init__; use them in forward.",
    ),
    Probe(
        "features go in and features of the same shape come out, at any height and width",
        contract.keeps_the_shape,
        "Return the gated features: both gates broadcast, (B, C, 1, 1) and (B, 1, H, W).",
    ),
    Probe("the input is left as it was", contract.leaves_the_input, "Make new tensors: x * gate, no *= and no mul_."),
    Probe("the same input gives the same output", contract.repeats_itself, "No layers and no dropout in forward."),
    Probe(
        "with all parameters zero both gates are one half, and a quarter of the input comes out",
        zero_leaves_a_quarter,
        "Two gates, each with one sigmoid, and nothing but the two multiplications.",
    ),
    Probe(
        "the output is x times a gate for each channel times a gate for each place",
        multiplies_by_two_gates,
        "Pool places away for the first gate, channels for the second, and multiply.",
    ),
    Probe("each sample is gated by itself", keeps_samples_apart, "Axis 0 is the batch: never pool over it."),
    Probe(
        "there is a channel half and a spatial half, and every parameter serves one of them",
        _has_two_halves,
        "Follow your forward from its last line back: both gates must be in what is returned.",
    ),
    Probe(
        "the second half works on what the first has refined",
        joins_the_halves,
        "refined = x * channel gate; then everything behind that line uses refined, never x.",
    ),
    Probe(
        "the layers have the sizes that channels, reduction and kernel_size ask for",
        _has_the_right_number_of_parameters,
        "Pass reduction on to the MLP and kernel_size on to the convolution; the defaults are 16 and 7.",
    ),
    *_of_half(CHANNEL, TWO_BRANCH_PROBES),
    *_of_half(SPATIAL, SPATIAL_GATE_PROBES),
    Probe(
        "gradients reach the input and every weight",
        gradients_are_complete,
        "No .detach(), .data, .item() or torch.no_grad() on the way from x to the output, nor between the halves.",
    ),
    Probe(
        "float32, float64 and bfloat16 come back as they went in", contract.keeps_the_dtype, "Cast back what you cast."
    ),
)
