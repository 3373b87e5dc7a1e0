"""Wrong answers to cbam-spatial-module, first part: what is done with the convolution's result.

Seen in published code or in the texts that learners come from, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from attncourse.lessons.cbam_spatial._parts import Spatial, Unordered, public_modules


class NoSigmoid(Spatial):
    """You multiplied by the convolution's output as it is, without a sigmoid.

    Such a weight can be negative or far above 1: it turns places round and blows them up. A gate lies in (0, 1).

    Put `torch.sigmoid` around the convolution's output.
    """

    def gate(self, x):
        return self.logits(x)


class TanhGate(Spatial):
    """You used tanh to bound the gate.

    It runs from -1 to 1: a negative gate turns the sign of a whole place. To weigh means 0 to 1.

    Replace tanh by a sigmoid.
    """

    def gate(self, x):
        return torch.tanh(self.logits(x))


class HardSigmoidGate(Spatial):
    """You used the hard-sigmoid, a cheap stand-in for the sigmoid.

    It is exactly 0 or 1 beyond +-3 and then learns nothing. Equation 3 has a sigmoid.

    Replace the hard-sigmoid by a sigmoid.
    """

    def gate(self, x):
        return functional.hardsigmoid(self.logits(x))


class SoftmaxOverPlaces(Spatial):
    """You made the gates of a map add up to 1, with a softmax over its places. (Expected.)

    Then places compete: on a map of 56 x 56 each keeps about 1/3136 of its strength. CBAM decides on each place by
    itself; all may be open at once.

    Replace the softmax by a sigmoid.
    """

    def gate(self, x):
        u = self.logits(x)
        return u.flatten(2).softmax(dim=2).view_as(u)


class SigmoidTwice(Spatial):
    """You applied the sigmoid twice.

    The sigmoid of a number between 0 and 1 lies between 0.5 and 0.73: all places get nearly the same gate.

    Look for a sigmoid in the layers and another in `forward`, and keep one.
    """

    def gate(self, x):
        return torch.sigmoid(super().gate(x))


class ReluBeforeTheSigmoid(Spatial):
    """You put a ReLU between the convolution and the sigmoid.

    The sigmoid then never sees a negative number, and no gate can fall below 0.5: no place can be switched off. The
    authors' helper class adds a ReLU unless it is told `relu=False`.

    Leave the ReLU out.
    """

    def logits(self, x):
        return torch.relu(super().logits(x))


class OneGateForEachMap(Unordered):
    """You gave each of the two maps a sigmoid of its own, and added the two gates. (Expected.)

    Their sum runs to 2, so it is no gate. CBAM's convolution weighs both maps together, and one sigmoid follows.

    Stack the maps, convolve them together, then apply one sigmoid.
    """

    def layer(self, kernel_size):
        return nn.ModuleList(nn.Conv2d(1, 1, kernel_size, padding=kernel_size // 2) for _ in range(2))

    def gate(self, x):
        return sum(self.behind(layer(one)).sigmoid() for layer, one in zip(self.convolution, self.maps(x), strict=True))


class ReturnsTheGate(Spatial):
    """You returned the gate, `(B, 1, H, W)`, and left the multiplication to the caller.

    Much published code does so, but this module's contract is features in, gated features out.

    Multiply: return `x * gate`.
    """

    def forward(self, x):
        return self.gate(x)


class ReturnsTheGateSpreadOut(Spatial):
    """You spread the gate out to the shape of x and returned that.

    The shape is right, and the features are lost: at each place all channels hold the same number.

    Multiply: return `x * gate`. Broadcasting spreads it by itself.
    """

    def forward(self, x):
        return self.gate(x).expand_as(x)


class ExtraResidual(Spatial):
    """You added the input once more: x + x * gate.

    That is a gate between 1 and 2, which can never make a place weaker. One much-copied CBAM does so; the residual
    belongs to the block around it.

    Return the product alone.
    """

    def forward(self, x):
        return x + super().forward(x)


class AddsTheGate(Spatial):
    """You added the gate to the features. (Expected.)

    That shifts a place by a number below 1, whatever its strength. To weigh a place is to multiply it.

    Replace + by *.
    """

    def forward(self, x):
        return x + self.gate(x)


class GateNeverUsed(Spatial):
    """You made the convolution, and what you return is the input as it came.

    Nothing is weighed, and the kernel never gets a gradient. Either the gate is not in what is returned, or it is 1
    everywhere: a softmax over a single channel is.

    Follow your `forward` from its last line back: the gate, a sigmoid, must be in what is returned.
    """

    def forward(self, x):
        return x.clone()


class ChangesTheInput(Spatial):
    """You multiplied in place, with `*=` or `mul_`.

    The tensor that the caller gave you changes under its hands: a residual around the block then adds the gated
    features, not the original ones.

    Make a new tensor: `return x * gate`.
    """

    def forward(self, x):
        return x.mul_(self.gate(x))


class DetachedGate(Spatial):
    """You cut the gate off from the gradient, with `detach`, `.data` or `torch.no_grad`.

    The values are right, but the kernel never learns.

    Compute the gate with gradients on, and multiply by it as it is.
    """

    def gate(self, x):
        return super().gate(x).detach()


class ConvolutionMadeInForward(nn.Module):
    """You made the convolution inside `forward`.

    Every call gets new random weights: nothing can be learned, and the module has no parameters at all.

    Make the convolution once, in `__init__`, as `self.convolution`.
    """

    def __init__(self, kernel_size=7):
        super().__init__()
        self.kernel_size = kernel_size

    def forward(self, x):
        convolution = nn.Conv2d(2, 1, self.kernel_size, padding=self.kernel_size // 2).to(x)
        maps = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return x * convolution(maps).sigmoid()


class _OfOnePrecision(ConvolutionMadeInForward):
    """Nothing fits the new layer to x: in float64 torch complains, with a bias and without in other words."""

    bias = True

    def forward(self, x):
        convolution = nn.Conv2d(2, 1, self.kernel_size, padding=self.kernel_size // 2, bias=self.bias)
        maps = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return x * convolution(maps).sigmoid()


class _OfOnePrecisionWithoutBias(_OfOnePrecision):
    bias = False


GATE_MISTAKES = public_modules(vars())
GATE_DRESSES = (_OfOnePrecision, _OfOnePrecisionWithoutBias)
