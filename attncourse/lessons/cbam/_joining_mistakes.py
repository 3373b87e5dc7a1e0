"""Wrong answers to cbam-module, first part: how the two halves are joined.

Seen in published code or in the texts that learners come from, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

import torch

from attncourse.lessons.cbam._parts import Whole, public_modules


class UnrefinedMap(Whole):
    """You computed the spatial gate from x, not from what the channel gate has refined.

    Then both halves stand side by side: the spatial gate still sees the channels that were just shut. One widely read
    text does this in its code, against its own words.

    Name the first product, and give that to the spatial half: `refined = x * channel_gate`.
    """

    def forward(self, x):
        return x * self.channel_gate(x) * self.spatial_gate(x)


class PlacesFirst(Whole):
    """You put the spatial half first.

    That is another module: here the spatial gate sees channels that nobody has weighed yet. The paper tried both
    orders, and its equation 1 begins with the channels.

    Exchange the two halves.
    """

    def forward(self, x):
        return self.channel(self.spatial(x))


class AveragesTheHalves(Whole):
    """You ran both halves on x and averaged what they gave. (Expected.)

    Then neither can shut anything: what one half closes, the other brings back by half. In a row, each can close.

    Give the first half's output to the second half.
    """

    def forward(self, x):
        return (self.channel(x) + self.spatial(x)) / 2


class AddsTheHalves(Whole):
    """You ran both halves on x and added what they gave.

    The sum of two gates runs up to 2, and neither half can shut what the other lets through.

    Give the first half's output to the second half.
    """

    def forward(self, x):
        return self.channel(x) + self.spatial(x)


class AddsTheLogits(Whole):
    """You added what the two halves give before the sigmoid, and used one sigmoid.

    That is BAM, the next lesson: there both halves see x, and meet before the gate. CBAM has a sigmoid in each half,
    and the second half sees the first one's product.

    Make two gates, one after the other.
    """

    def forward(self, x):
        return x * torch.sigmoid(self.channel_logits(x) + self.spatial.logits(x))


class LosesTheChannelGate(Whole):
    """You multiplied x by the spatial gate, and the channel gate is lost.

    The refined features gave the map, but what is multiplied in the end must be refined as well.

    Multiply `refined`, not x, by the spatial gate.
    """

    def forward(self, x):
        return x * self.spatial_gate(x * self.channel_gate(x))


class ChannelsOnly(Whole):
    """You stopped after the channel half.

    The convolution is made and counted, but it has no part in what is returned: it gets no gradient. Nothing fails, it
    just never learns. (A softmax over its single channel has the same effect, for it is 1 everywhere.)

    Send the refined features through the spatial half.
    """

    def forward(self, x):
        return self.channel(x)


class PlacesOnly(Whole):
    """You left the channel half out.

    The MLP is made and counted, but nothing ever calls it: it gets no gradient.

    Begin with `refined = x * channel_gate`, and go on with that.
    """

    def forward(self, x):
        return self.spatial(x)


class ReluBetweenTheHalves(Whole):
    """You put a ReLU between the two halves. (Expected.)

    In a residual block the branch ends with a batch norm and may be negative, so that it can correct downwards. A ReLU
    throws that half away.

    Give the second half the product as it is.
    """

    def forward(self, x):
        return self.spatial(torch.relu(self.channel(x)))


class ReturnsTheSpatialGate(Whole):
    """You returned the last gate, `(B, 1, H, W)`.

    The features are gone. This module's contract is features in, gated features out.

    Return `refined * gate`.
    """

    def forward(self, x):
        return self.spatial_gate(x * self.channel_gate(x))


class ReturnsBothGates(Whole):
    """You returned the product of the two gates, without the features.

    The shape is that of x, but nothing of x is in it.

    Multiply x by it.
    """

    def forward(self, x):
        gate = self.channel_gate(x)
        return gate * self.spatial_gate(x * gate)


class CutsTheGradient(Whole):
    """You gave the spatial half a copy without gradient, with `detach`, `.data` or `torch.no_grad`. (Expected.)

    The values are right, but the channel half never learns what its gates do to the map.

    Leave the gradient on.
    """

    def forward(self, x):
        refined = self.channel(x)
        return refined * self.spatial_gate(refined.detach())


class ChangesTheInput(Whole):
    """You multiplied in place, with `*=` or `mul_`.

    The tensor that the caller gave you changes under its hands: the block around the module then adds the gated
    features, not its input.

    Make a new tensor: `refined = x * channel_gate`.
    """

    def forward(self, x):
        x.mul_(self.channel_gate(x))
        return x.mul_(self.spatial_gate(x))


JOINING_MISTAKES = public_modules(dict(vars()))
