"""Probes for a gate of each row and one of each column, computed from their means: coordinate attention.

In the order in which a failure should be told. Each presupposes the ones before it; what needs weights fills them
with chosen values, so that no default initialisation hides a mistake.

What is left open on purpose: biases, a batch norm behind the first layer (over rows and columns together, or one after
the other), and which of a few usual activations follows it.
"""

from __future__ import annotations

from attncourse.checking.coordinate_contract import (
    can_be_built,
    halves_twice,
    has_parameters,
    is_a_product,
    keeps_samples_apart,
    keeps_the_dtype,
    keeps_the_shape,
    knows_its_layers,
    leaves_the_input,
    moves_its_own_row,
    repeats_itself,
    sees_means_at_any_size,
    sees_means_only,
    stays_between_0_and_1,
    treats_lines_alike,
)
from attncourse.checking.coordinate_structure import (
    computes_the_formula,
    gradients_are_complete,
    has_the_right_number_of_parameters,
    shares_the_first_layer,
    weights_have_their_own_parts,
)
from attncourse.checking.probes import Probe

COORDINATE_PROBES = (
    Probe(
        "CoordinateAttention(channels, reduction=32) can be built, for any channels and reduction",
        can_be_built,
        "Call super().__init__() first. The hidden width is max(8, channels // reduction).",
    ),
    Probe(
        "the layers are made once, in __init__, and can be learned",
        has_parameters,
        "Make them in __init__, as self.shared = nn.Conv2d(...) and so on; use them in forward.",
    ),
    Probe(
        "all layers are known to the module",
        knows_its_layers,
        "Bind each layer to self, or put it into nn.Sequential or nn.ModuleList: a plain list hides it.",
    ),
    Probe(
        "features go in and features of the same shape come out, whether wide, high or square",
        keeps_the_shape,
        "Write the shape behind each of your lines, for H = 2 and W = 3. Where do H and W meet on one axis?",
    ),
    Probe("the input is left as it was", leaves_the_input, "Make a new tensor: x * gate, no *= and no mul_."),
    Probe(
        "the same input gives the same output",
        repeats_itself,
        "Nothing random in forward, and nothing kept from the last call: no layers, no dropout, no state.",
    ),
    Probe("float32, float64 and bfloat16 come back as they went in", keeps_the_dtype, "Cast back what you cast."),
    Probe(
        "the output is x times two gates, each behind one sigmoid",
        halves_twice,
        "Return x * row_gate * column_gate, with one sigmoid around each gate.",
    ),
    Probe(
        "in each channel a gate for each row is multiplied by a gate for each column",
        is_a_product,
        "The row gate is (B, C, H, 1), the column gate (B, C, 1, W): multiply, and broadcasting does the rest.",
    ),
    Probe(
        "each sample is gated by itself",
        keeps_samples_apart,
        "Axis 0 is the batch: pool over W or over H only, and use no statistics of the batch in evaluation mode.",
    ),
    Probe(
        "each gate lies between 0 and 1, and can come near to both",
        stays_between_0_and_1,
        "One sigmoid on what each second layer gives, and nothing after it but the multiplication.",
    ),
    Probe(
        "the gates depend on the mean of each row and of each column, and on nothing else",
        sees_means_only,
        "x.mean(dim=3, keepdim=True) for the rows, x.mean(dim=2, keepdim=True) for the columns.",
    ),
    Probe(
        "the gate of a row depends on that row alone, that of a column on that column",
        moves_its_own_row,
        "The layers are 1x1: they mix channels, never places. Nothing may be averaged along the H + W places.",
    ),
    Probe(
        "the gates do not depend on how many rows and columns there are",
        sees_means_at_any_size,
        "Means, not sums: divide rows by W and columns by H. The rows' part of the line is its first H places.",
    ),
    Probe(
        "all rows are treated alike, and so are all columns",
        treats_lines_alike,
        "The same layers at every place, and nothing that knows the position.",
    ),
    Probe(
        "there are three layers of C x max(8, C // r) weights",
        has_the_right_number_of_parameters,
        "One first layer for rows and columns, C to hidden; one second layer for each, hidden to C.",
    ),
    Probe(
        "rows and columns share the first layer, and each has a second layer of its own",
        shares_the_first_layer,
        "Put the two descriptors end to end and send them through one layer; split, then one layer for each part.",
    ),
    Probe(
        "the gates are sigmoid(F(act(norm(F1(means)))))",
        computes_the_formula,
        "Write the formula beside your forward: which factor, sign, term or activation is another one?",
    ),
    Probe(
        "gradients reach the input and every weight",
        gradients_are_complete,
        "No .detach(), .data, .item() or torch.no_grad() on the way from x to the output.",
    ),
    Probe(
        "each weight has its own part in the result",
        weights_have_their_own_parts,
        "Three full layers: no weight used twice, none left out.",
    ),
)
