"""Probes for BAM: two branches, one sum, one sigmoid, the identity. In the order in which a failure should be told.

What is left open on purpose: biases, and batch norms at the end of each branch, behind its hidden layers, or both.
"""

from __future__ import annotations

from attncourse.checking.bam_contract import (
    can_be_built,
    keeps_samples_apart,
    keeps_the_input_beside,
    keeps_the_shape,
    knows_its_layers,
    repeats_itself,
    stays_between_1_and_2,
)
from attncourse.checking.bam_formula import (
    computes_the_formula,
    gradients_are_complete,
    has_the_right_number_of_parameters,
    weights_have_their_own_parts,
)
from attncourse.checking.bam_structure import (
    adds_the_branches,
    channels_by_their_means,
    places_by_a_dilated_window,
)
from attncourse.checking.channel_contract import (
    has_parameters,
    keeps_the_dtype,
    leaves_the_input,
)
from attncourse.checking.probes import Probe

BAM_PROBES = (
    Probe(
        "BAM(channels, reduction=16, dilation=4) can be built, also for few channels",
        can_be_built,
        "The hidden width is max(1, channels // reduction). Call super().__init__() first.",
    ),
    Probe(
        "the layers are made once, in __init__, and can be learned",
        has_parameters,
        "Make both branches in __init__, as self.channel and self.spatial; use them in forward.",
    ),
    Probe(
        "all layers are known to the module",
        knows_its_layers,
        "Bind each layer to self, or put it into nn.Sequential or nn.ModuleList: a plain list hides it.",
    ),
    Probe(
        "features go in and features of the same shape come out, for any size and dilation",
        keeps_the_shape,
        "Return one tensor, x * (1 + gate). Pool over both H and W; pad the 3x3 convolutions by their dilation.",
    ),
    Probe("the input is left as it was", leaves_the_input, "Make a new tensor: no *= and no mul_."),
    Probe(
        "the same input gives the same output",
        repeats_itself,
        "Nothing random in forward, and nothing kept from the last call: no layers, no dropout, no state.",
    ),
    Probe("float32, float64 and bfloat16 come back as they went in", keeps_the_dtype, "Cast back what you cast."),
    Probe(
        "the input stays beside the gated features, and a gate without a signal is one half",
        keeps_the_input_beside,
        "Return x * (1 + gate), with one sigmoid around the sum of both branches.",
    ),
    Probe(
        "each factor lies between 1 and 2, and can come near to both",
        stays_between_1_and_2,
        "One sigmoid around the sum, and no ReLU behind the last layer of a branch.",
    ),
    Probe(
        "each sample is gated by itself",
        keeps_samples_apart,
        "Axis 0 is the batch: pool over axes 2 and 3 only, and use no statistics of the batch in evaluation mode.",
    ),
    Probe(
        "the branches meet in a sum: one number for each channel, one for each place",
        adds_the_branches,
        "(B, C, 1, 1) + (B, 1, H, W), before the sigmoid.",
    ),
    Probe(
        "the channel branch sees the mean of each channel, and nothing else of it",
        channels_by_their_means,
        "Begin the channel branch with the mean over both H and W.",
    ),
    Probe(
        "the spatial branch looks around with two dilated 3x3 windows",
        places_by_a_dilated_window,
        "1x1, 3x3, 3x3, 1x1; both 3x3 with dilation=dilation and padding=dilation.",
    ),
    Probe(
        "the layers have the sizes that channels and reduction ask for",
        has_the_right_number_of_parameters,
        "C to hidden to C; C to hidden, hidden to hidden twice, hidden to 1; a batch norm in each branch.",
    ),
    Probe(
        "the factor is 1 + sigmoid(channel + spatial)",
        computes_the_formula,
        "Write both branches down layer by layer beside your code: which ReLU, norm, layer or term differs?",
    ),
    Probe(
        "gradients reach the input and every parameter",
        gradients_are_complete,
        "No .detach(), .data, .item() or torch.no_grad() on the way from x to the output.",
    ),
    Probe(
        "each weight has its own part in the result",
        weights_have_their_own_parts,
        "Six full layers: no weight used twice, none left out.",
    ),
)
