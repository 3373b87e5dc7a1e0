"""Wrong answers to cbam-channel-module: activations, and what is done with the gate.

Seen in published code, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from attncourse.lessons.cbam_channel._parts import Channel, public_modules


class NoSigmoid(Channel):
    """You multiplied by the sum of the branches as it is, without a sigmoid.

    Such a factor can be negative or far above 1: it turns channels round and blows them up. A gate lies in (0, 1).

    Put `torch.sigmoid` around the sum.
    """

    def gate(self, x):
        return self.join(self.mean(x), self.maximum(x))


class SoftmaxGate(Channel):
    """You used softmax, so that the gates add up to 1. (Expected.)

    Then channels compete, and of 512 each keeps about 1/512 of its strength. CBAM decides on each channel by itself.

    Replace the softmax by a sigmoid.
    """

    def gate(self, x):
        return self.join(self.mean(x), self.maximum(x)).softmax(dim=1)


class TanhGate(Channel):
    """You used tanh to bound the gate.

    It runs from -1 to 1: a negative gate turns the sign of a whole channel. To weigh means 0 to 1.

    Replace tanh by a sigmoid.
    """

    def gate(self, x):
        return torch.tanh(self.join(self.mean(x), self.maximum(x)))


class SwishGate(Channel):
    """You ended the gate with SiLU (swish).

    SiLU is an activation for features, u * sigmoid(u): it has no upper bound and dips below 0. It does not gate.

    End with a sigmoid alone.
    """

    def gate(self, x):
        return functional.silu(self.join(self.mean(x), self.maximum(x)))


class HardSwishGate(Channel):
    """You ended the gate with h-swish.

    It is an activation for features and grows without bound. It does not gate.

    End with a sigmoid.
    """

    def gate(self, x):
        return functional.hardswish(self.join(self.mean(x), self.maximum(x)))


class HardSigmoidGate(Channel):
    """You used the hard-sigmoid, as MobileNetV3 does in its squeeze-and-excitation.

    It is exactly 0 or 1 beyond +-3 and then learns nothing. The paper's gate is a sigmoid.

    Replace the hard-sigmoid by a sigmoid, and keep the variant in mind.
    """

    def gate(self, x):
        return functional.hardsigmoid(self.join(self.mean(x), self.maximum(x)))


class NoRelu(Channel):
    """You put the two layers one after the other, with nothing between them.

    Two linear layers in a row are one. Worse: mean and maximum are then only ever seen as their sum, for
    MLP(mean) + MLP(max) is a linear map of mean + max.

    Apply `torch.relu` to the first layer's output.
    """

    def mlp(self, z):
        return self.expand(self.reduce(z))


class SigmoidInTheMiddle(Channel):
    """You put a sigmoid between the two layers.

    The hidden values are features, not gates: the paper uses ReLU there, which passes large values on and cuts
    negative ones off.

    Replace the inner sigmoid by a ReLU.
    """

    def mlp(self, z):
        return self.expand(torch.sigmoid(self.reduce(z)))


class ReturnsTheGate(Channel):
    """You returned the gate, `(B, C, 1, 1)`, and left the multiplication to the caller.

    Much published code does so, and its CBAM class multiplies. This module's contract is features in, gated features
    out.

    Multiply: return `x * gate`.
    """

    def forward(self, x):
        return self.gate(x)[:, :, None, None]


class ReturnsTheVector(Channel):
    """You returned what the sigmoid gives, `(B, C)`.

    The next layer expects feature maps of the input's shape; the gates are only the weights for them.

    Give the gates two axes of length 1, `[:, :, None, None]`, and multiply x by them.
    """

    def forward(self, x):
        return self.gate(x)


class SpreadsTheGate(Channel):
    """You returned the gate, spread out to the shape of x.

    The shape is right, and the features are gone.

    Multiply: return `x * gate`.
    """

    def forward(self, x):
        return self.gate(x)[:, :, None, None].expand_as(x)


class ExtraResidual(Channel):
    """You added the input once more: x + x * gate.

    That is a gate between 1 and 2, which can never make a channel weaker. The residual belongs to the block around the
    module.

    Return the product alone.
    """

    def forward(self, x):
        return x + super().forward(x)


class AddsTheGate(Channel):
    """You added the gate to the features. (Expected.)

    That shifts a channel by a constant below 1, whatever its strength. To weigh a channel is to multiply it.

    Replace + by *.
    """

    def forward(self, x):
        return x + self.gate(x)[:, :, None, None]


class GateNeverUsed(Channel):
    """You made the layers, and then returned the input without using them.

    Nothing is weighed, and the layers never get a gradient, so they cannot learn.

    Follow your `forward` from its last line back: the gate must be in what is returned.
    """

    def forward(self, x):
        self.gate(x)
        return x.clone()


class ChangesTheInput(Channel):
    """You multiplied in place, with `*=` or `mul_`.

    The tensor that the caller gave you changes under its hands: a residual around the block then adds the gated
    features, not the original ones.

    Make a new tensor: `return x * gate`.
    """

    def forward(self, x):
        return x.mul_(self.gate(x)[:, :, None, None])


class DetachedGate(Channel):
    """You cut the gate off from the gradient, with `detach`, `.data` or `torch.no_grad`.

    The values are right, but the two layers never learn.

    Compute the gate with gradients on, and multiply by it as it is.
    """

    def gate(self, x):
        return super().gate(x).detach()


GATE_MISTAKES = public_modules(dict(vars()))
