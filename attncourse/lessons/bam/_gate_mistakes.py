"""Wrong answers to bam-module, first part: how the two branches become one gate, and what is returned.

Seen in published code, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

from itertools import product

import torch
from torch import nn
from torch.nn import functional

from attncourse.lessons.bam._parts import (
    BOTH,
    EVERYWHERE,
    HIDDEN,
    LAST,
    NOWHERE,
    WHERE_NO_NORM,
    Bam,
    public_modules,
)


class MultipliesTheBranches(Bam):
    """You multiplied the two branches, as the authors' published code does.

    Their paper adds them (section 3), and so does this course. In a product a branch at 0 silences the other: the
    gate is one half then, whatever that says. And two "no" make a "yes".

    Replace the product by a sum.
    """

    # The one that most learners meet: known wherever its norms stand, with and without biases.
    other_dresses = tuple(
        {"norm": norm, "biases": biases}
        for norm, biases in product((LAST, HIDDEN, BOTH), (EVERYWHERE, NOWHERE, WHERE_NO_NORM))
        if (norm, biases) != (LAST, EVERYWHERE)
    )

    def logits(self, x):
        return self.channel_logits(x) * self.spatial_logits(x)


class IdentityMissing(Bam):
    """You returned x * gate, without the input beside it.

    BAM stands between stages: all that follows passes through it. Gates below 1 at every bottleneck would weaken
    everything. The paper keeps the identity: x + gate * x.

    Return `x * (1 + gate)`.
    """

    def forward(self, x):
        return x * self.gate(x)


class ReluOnTheLastLogits(Bam):
    """You put a ReLU at the end of each branch as well.

    Then both give numbers of at least 0, their sum too, and no gate can fall below one half. A branch must be able to
    say no.

    Leave the ReLU out behind the last layer of each branch.
    """

    def channel_logits(self, x):
        return torch.relu(super().channel_logits(x))

    def spatial_logits(self, x):
        return torch.relu(super().spatial_logits(x))


class ReluOnTheLastSpatialLogits(Bam):
    """You put a ReLU at the end of the spatial branch as well.

    It can open a place then, and never shut one: all its numbers are at least 0.

    Leave the ReLU out behind the last layer of the spatial branch.
    """

    def spatial_logits(self, x):
        return torch.relu(super().spatial_logits(x))


class ReluOnTheLastChannelLogits(Bam):
    """You put a ReLU at the end of the channel branch as well.

    It can open a channel then, and never shut one: all its numbers are at least 0.

    Leave the ReLU out behind the last layer of the channel branch.
    """

    def channel_logits(self, x):
        return torch.relu(super().channel_logits(x))


class ReluBeforeTheSigmoid(Bam):
    """You put a ReLU between the sum and the sigmoid. (Expected.)

    The sigmoid then never sees a negative number, and no gate can fall below one half.

    Leave the ReLU out: the sigmoid gets the sum as it is.
    """

    def logits(self, x):
        return torch.relu(super().logits(x))


class SigmoidInEachBranch(Bam):
    """You gave each branch a sigmoid of its own, and added the two gates.

    Their sum runs to 2, and the factor to 3. In BAM the branches give plain numbers; the sigmoid follows the sum, so
    that a strong no of one can outweigh a weak yes of the other.

    Add the branches first, then apply one sigmoid.
    """

    def gate(self, x):
        return self.channel_logits(x).sigmoid() + self.spatial_logits(x).sigmoid()


class SigmoidThereAndAgain(Bam):
    """You applied a sigmoid in each branch, and again to their sum.

    The sum then lies between 0 and 2, and its sigmoid between 0.5 and 0.88: no gate can shut.

    Keep the last sigmoid alone.
    """

    def logits(self, x):
        return self.channel_logits(x).sigmoid() + self.spatial_logits(x).sigmoid()


class ProductOfTwoGates(Bam):
    """You gave each branch a sigmoid, and multiplied the two gates.

    That is a fair idea, and not BAM's: there the branches add up before one sigmoid. In your product either branch
    alone can shut a place.

    Add the branches, then apply one sigmoid.
    """

    def gate(self, x):
        return self.channel_logits(x).sigmoid() * self.spatial_logits(x).sigmoid()


class SigmoidTwice(Bam):
    """You applied the sigmoid twice, one upon the other. (Expected.)

    The sigmoid of a number between 0 and 1 lies between 0.5 and 0.73: all gates are nearly the same.

    Keep one.
    """

    def gate(self, x):
        return torch.sigmoid(super().gate(x))


class OneInsideTheSigmoid(Bam):
    """You added the 1 inside the sigmoid. (Expected.)

    There it only shifts the logits, as a bias does, and the identity is missing: the factor lies between 0 and 1.

    Close the sigmoid's parenthesis first: `x * (1 + torch.sigmoid(...))`.
    """

    def forward(self, x):
        return x * torch.sigmoid(1 + self.logits(x))


class NoSigmoid(Bam):
    """You left the sigmoid out.

    The factor 1 + u can be negative or far above 2: features are turned round or blown up, at every bottleneck anew.

    Put `torch.sigmoid` around the sum of the branches.
    """

    def gate(self, x):
        return self.logits(x)


class TanhGate(Bam):
    """You used tanh for the gate.

    It runs from -1 to 1, and your factor from 0 to 2. BAM's gate lies between 0 and 1, its factor between 1 and 2.

    Replace tanh by a sigmoid.
    """

    def gate(self, x):
        return torch.tanh(self.logits(x))


class ReturnsTheGate(Bam):
    """You returned the gate, and left the multiplication to the caller.

    It has the shape of x, so nothing complains; but the features are lost.

    Return `x * (1 + gate)`.
    """

    def forward(self, x):
        return self.gate(x)


class ReturnsTheFactor(Bam):
    """You returned 1 + gate, the factor, and did not multiply x by it.

    The shape is right, and the features are lost.

    Return `x * (1 + gate)`.
    """

    def forward(self, x):
        return 1 + self.gate(x)


class AddsTheGate(Bam):
    """You added the gate to the features. (Expected.)

    `x + gate` shifts every value by less than 1, whatever its strength. The paper's identity is x + gate * x.

    Multiply the gate by x before you add x.
    """

    def forward(self, x):
        return x + self.gate(x)


class IdentityTwice(Bam):
    """You added the input twice: x + x * (1 + gate). (Expected.)

    The 1 in `1 + gate` is the identity already. Your factor lies between 2 and 3.

    Write `x * (1 + gate)` or `x + x * gate`, not both.
    """

    def forward(self, x):
        return x + super().forward(x)


class OneBehindTheOther(Bam):
    """You gated with one branch, and gave the result to the other. (Expected.)

    That is CBAM's order. BAM's branches stand side by side: both see the same x, and they meet in one sum before one
    sigmoid.

    Compute both branches from x, add them, then gate once.
    """

    def forward(self, x):
        refined = x * (1 + self.channel_logits(x).sigmoid())
        return refined * (1 + self.spatial_logits(refined).sigmoid())


class SpatialBranchNeverCalled(Bam):
    """You made the spatial branch and never called it.

    Its parameters get no gradient, and all places of a channel get the same gate.

    Add `self.spatial(x)` to what the channel branch gives.
    """

    def logits(self, x):
        return self.channel_logits(x).expand_as(x)


class ChannelBranchNeverCalled(Bam):
    """You made the channel branch and never called it.

    Its parameters get no gradient, and all channels of a place get the same gate.

    Add what the channel branch gives to `self.spatial(x)`.
    """

    def logits(self, x):
        return self.spatial_logits(x).expand_as(x)


class GateNeverUsed(Bam):
    """You made both branches, and then returned the input as it is.

    Nothing is weighed, and no parameter gets a gradient.

    Follow your `forward` from its last line back: the gate must be in what is returned.
    """

    def forward(self, x):
        return x.clone()


class ChangesTheInput(Bam):
    """You multiplied in place, with `*=` or `mul_`.

    The tensor that the caller gave you changes under its hands, and nothing says so.

    Make a new tensor: `return x * (1 + gate)`.
    """

    def forward(self, x):
        return x.mul_(1 + self.gate(x))


class DetachedGate(Bam):
    """You cut the gate off from the gradient, with `detach`, `.data` or `torch.no_grad`.

    The values are right, but neither branch ever learns.

    Compute the gate with gradients on, and use it as it is.
    """

    def gate(self, x):
        return super().gate(x).detach()


class LayersMadeInForward(nn.Module):
    """You made the layers inside `forward`.

    Every call gets new random weights: nothing can be learned, and the module has no parameters at all.

    Make all layers once, in `__init__`.
    """

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__()
        self.sizes = channels, max(1, channels // reduction), dilation

    def forward(self, x):
        channels, hidden, reach = self.sizes
        reduce, expand = nn.Conv2d(channels, hidden, 1).to(x), nn.Conv2d(hidden, channels, 1).to(x)
        narrow, narrow_to_one = nn.Conv2d(channels, hidden, 1).to(x), nn.Conv2d(hidden, 1, 1).to(x)
        wide = nn.Conv2d(hidden, hidden, 3, padding=reach, dilation=reach).to(x)
        of_channel = expand(reduce(functional.adaptive_avg_pool2d(x, 1)).relu())
        return x * (1 + torch.sigmoid(of_channel + narrow_to_one(wide(narrow(x).relu()).relu())))


GATE_MISTAKES = public_modules(vars())
