"""Wrong answers to se-module: what people get wrong, each as the class that they would write.

Seen in published code or in the texts that learners come from, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class _Block(nn.Module):
    """The right block, in parts that one mistake at a time replaces."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        hidden = self.hidden(channels, reduction)
        self.reduce = nn.Linear(channels, hidden)
        self.expand = nn.Linear(hidden, channels)

    def hidden(self, channels, reduction):
        return max(1, channels // reduction)

    def squeeze(self, x):
        return x.mean(dim=(2, 3))

    def logits(self, z):
        return self.expand(torch.relu(self.reduce(z)))

    def gate(self, x):
        return torch.sigmoid(self.logits(self.squeeze(x)))

    def forward(self, x):
        return x * self.gate(x)[:, :, None, None]


class NoSigmoid(_Block):
    """You multiplied by the second layer's output as it is, without a sigmoid.

    Such a weight can be negative or far above 1: it turns channels round and blows them up. A gate lies in (0, 1).

    Put `torch.sigmoid` around the second layer's output.
    """

    def gate(self, x):
        return self.logits(self.squeeze(x))


class SoftmaxGate(_Block):
    """You took the gates for shares, and used softmax, so that they add up to 1. (Expected.)

    Then channels compete, and with 512 of them each keeps about 1/512 of its strength. SE decides on each channel by
    itself: all may be open at once.

    Replace the softmax by a sigmoid.
    """

    def gate(self, x):
        return self.logits(self.squeeze(x)).softmax(dim=1)


class TanhGate(_Block):
    """You used tanh to bound the gate.

    It runs from -1 to 1: a negative gate turns the sign of a whole channel. To weigh means 0 to 1.

    Replace tanh by a sigmoid.
    """

    def gate(self, x):
        return torch.tanh(self.logits(self.squeeze(x)))


class SwishGate(_Block):
    """You ended the gate with SiLU (swish).

    SiLU is an activation for features, u * sigmoid(u): it has no upper bound and dips below 0. It does not gate.

    End with a sigmoid alone.
    """

    def gate(self, x):
        return functional.silu(self.logits(self.squeeze(x)))


class HardSwishGate(_Block):
    """You ended the gate with h-swish.

    Hardswish is an activation for features: it grows without bound. MobileNetV3's gate is the hard-sigmoid, another
    function, and the paper's is the sigmoid.

    End with a sigmoid.
    """

    def gate(self, x):
        return functional.hardswish(self.logits(self.squeeze(x)))


class HardSigmoidGate(_Block):
    """You used the hard-sigmoid: MobileNetV3's variant of SE.

    It is a fair choice on a telephone, but it is exactly 0 or 1 beyond +-3 and then learns nothing. This task asks for
    the paper's block, whose gate is a sigmoid.

    Replace the hard-sigmoid by a sigmoid, and keep the variant in mind.
    """

    def gate(self, x):
        return functional.hardsigmoid(self.logits(self.squeeze(x)))


class NoRelu(_Block):
    """You put the two layers one after the other, with nothing between them.

    Two linear layers in a row are one linear layer: the gate cannot react to a combination of channels. The ReLU
    between them makes the difference.

    Apply `torch.relu` to the first layer's output.
    """

    def logits(self, z):
        return self.expand(self.reduce(z))


class SigmoidInTheMiddle(_Block):
    """You used a sigmoid after both layers.

    The hidden values are features, not gates: the paper uses ReLU there, which passes large values on and cuts
    negative ones off.

    Make the first of the two activations a ReLU.
    """

    def logits(self, z):
        return self.expand(torch.sigmoid(self.reduce(z)))


class ActivationsSwapped(_Block):
    """You used both activations, in the wrong order: sigmoid inside, ReLU at the end. (Expected.)

    What comes last decides the gate's range. After a ReLU it is 0 or anything above, never a weight between 0 and 1.

    ReLU after the first layer, sigmoid after the second.
    """

    def gate(self, x):
        return torch.relu(self.expand(torch.sigmoid(self.reduce(self.squeeze(x)))))


class ReluAfterBothLayers(_Block):
    """You put a ReLU after the second layer as well, before the sigmoid.

    Then the sigmoid never sees a negative number, and no gate can fall below 0.5: no channel can be switched off.

    Keep the ReLU between the layers only.
    """

    def logits(self, z):
        return torch.relu(super().logits(z))


class SigmoidTwice(_Block):
    """You applied the sigmoid twice.

    The sigmoid of a number between 0 and 1 lies between 0.5 and 0.73: all channels get nearly the same gate.

    Look for a sigmoid in the layers and another in `forward`, and keep one.
    """

    def gate(self, x):
        return torch.sigmoid(super().gate(x))


class MaximumSqueeze(_Block):
    """You described each channel by its maximum.

    One bright pixel then decides for the whole channel. SE's squeeze is the mean over all places.

    Use the mean over H and W (or `AdaptiveAvgPool2d`).
    """

    def squeeze(self, x):
        return x.amax(dim=(2, 3))


class AverageAndMaximum(_Block):
    """You used both the mean and the maximum, each through the layers, and added: CBAM's channel attention.

    That is a later paper's idea, and the lesson on CBAM builds it. SE looks at the mean alone.

    Leave the maximum out.
    """

    def gate(self, x):
        return torch.sigmoid(self.logits(x.mean(dim=(2, 3))) + self.logits(x.amax(dim=(2, 3))))


class SumSqueeze(_Block):
    """You summed over the places and did not divide. (Expected.)

    The sum grows with the picture: at twice the height and width it is four times as large, and the gates saturate.

    Use `mean` in place of `sum`.
    """

    def squeeze(self, x):
        return x.sum(dim=(2, 3))


class BatchSqueeze(_Block):
    """You averaged over the batch as well.

    All pictures then share one gate, and what a picture gets depends on its neighbours. Each sample has its own.

    Average over axes 2 and 3 only: axis 0 is the batch.
    """

    def squeeze(self, x):
        return x.mean(dim=(0, 2, 3)).expand(x.shape[0], -1)


class SqueezesRowsOnly(_Block):
    """You averaged over one of the two spatial axes only. (Expected.)

    A gate for each column remains. SE has one number for each channel: the whole map, H and W, is squeezed.

    Give both axes: `x.mean(dim=(2, 3))`.
    """

    def forward(self, x):
        columns = x.mean(dim=2).transpose(1, 2)
        return x * torch.sigmoid(self.logits(columns)).transpose(1, 2)[:, :, None]


class NoSqueeze(_Block):
    """You applied the layers at every place, without squeezing first.

    A 1x1 convolution on the whole map gives a gate for each place, which sees that place alone. SE first reduces each
    channel to one number that stands for the whole map.

    Take the mean over H and W before the first layer.
    """

    def forward(self, x):
        return x * torch.sigmoid(self.logits(x.movedim(1, -1))).movedim(-1, 1)


class SquarePooling(_Block):
    """You pooled with a window of H x H, as if every map were square.

    On a wide map the window covers the left part only, on a tall one it does not fit. Maps are H x W.

    Use a mean over both axes, or `AdaptiveAvgPool2d(1)`, which fits its window itself.
    """

    def squeeze(self, x):
        return functional.avg_pool2d(x, x.shape[2]).flatten(1)


class FixedPooling(_Block):
    """You pooled with a window of 7 x 7, the size of the last maps of a ResNet at 224 pixels.

    Every other size fails or leaves more than one number for each channel. The block stands at maps of all sizes.

    Use a mean over both axes, or `AdaptiveAvgPool2d(1)`.
    """

    def squeeze(self, x):
        return functional.avg_pool2d(x, 7).flatten(1)


class ReturnsTheGate(_Block):
    """You returned the gate, `(B, C, 1, 1)`, and left the multiplication to the caller.

    Some published code does so, but this block's contract is features in, gated features out.

    Multiply: return `x * gate`.
    """

    def forward(self, x):
        return self.gate(x)[:, :, None, None]


class ReturnsTheVector(_Block):
    """You returned what the sigmoid gives, `(B, C)`, and stopped before the scale step.

    The next layer expects feature maps of the input's shape; the gates are only the weights for them.

    Give the gates two axes of length 1, `[:, :, None, None]`, and multiply x by them.
    """

    def forward(self, x):
        return self.gate(x)


class GateNotReshaped(_Block):
    """You multiplied x by the gate as it comes out of the layers, `(B, C)`, without two more axes.

    Broadcasting lines shapes up from the right: the gate comes to lie on H and W. Mostly that raises; where the sizes
    happen to fit, it weighs places.

    Write `gate[:, :, None, None]`.
    """

    def forward(self, x):
        return x * self.gate(x)


class LinearOnFourAxes(_Block):
    """You gave a Linear layer the means as `(B, C, 1, 1)`.

    A Linear works on the last axis, which has length 1 there; the channels must stand last.

    Flatten the means to `(B, C)`, or use 1x1 convolutions, which take four axes.
    """

    def squeeze(self, x):
        return x.mean(dim=(2, 3), keepdim=True)


class ExtraResidual(_Block):
    """You added the input once more: x + x * gate.

    That is a gate between 1 and 2, which can never make a channel weaker. The residual belongs to the block around SE.

    Return the product alone.
    """

    def forward(self, x):
        return x + super().forward(x)


class AddsTheGate(_Block):
    """You added the gate to the features. (Expected.)

    That shifts a channel by a constant below 1, whatever its strength. To weigh a channel is to multiply it.

    Replace + by *.
    """

    def forward(self, x):
        return x + self.gate(x)[:, :, None, None]


class GateNeverUsed(_Block):
    """You made the layers, and then returned the input without using them.

    Nothing is weighed, and the layers never get a gradient, so they cannot learn. One well-known repository does this.

    Follow your `forward` from its last line back: the gate must be in what is returned.
    """

    def forward(self, x):
        self.gate(x)
        return x.clone()


class ChangesTheInput(_Block):
    """You multiplied in place, with `*=` or `mul_`.

    The tensor that the caller gave you changes under its hands: a residual around the block then adds the gated
    features, not the original ones, and backward may fail.

    Make a new tensor: `return x * gate`.
    """

    def forward(self, x):
        return x.mul_(self.gate(x)[:, :, None, None])


class DetachedGate(_Block):
    """You cut the gate off from the gradient, with `detach`, `.data` or `torch.no_grad`.

    The values are right, but the two layers never learn.

    Compute the gate with gradients on, and multiply by it as it is.
    """

    def gate(self, x):
        return super().gate(x).detach()


class LayersMadeInForward(nn.Module):
    """You made the layers inside `forward`.

    Every call gets new random weights: nothing can be learned, and the module has no parameters at all.

    Make the layers once, in `__init__`, as `self.reduce` and `self.expand`.
    """

    def __init__(self, channels, reduction=16):
        super().__init__()
        self.channels, self.hidden = channels, max(1, channels // reduction)

    def forward(self, x):
        reduce = nn.Linear(self.channels, self.hidden).to(x)
        expand = nn.Linear(self.hidden, self.channels).to(x)
        return x * torch.sigmoid(expand(torch.relu(reduce(x.mean(dim=(2, 3))))))[:, :, None, None]


class OneLayer(nn.Module):
    """You used a single layer, from C channels to C gates. (Expected.)

    That is C * C weights and no ReLU. SE goes through a narrow hidden layer: two layers and a ReLU between them.

    Make two layers: C to `max(1, channels // reduction)`, and back to C.
    """

    def __init__(self, channels, reduction=16):
        super().__init__()
        self.layer = nn.Linear(channels, channels)

    def forward(self, x):
        return x * torch.sigmoid(self.layer(x.mean(dim=(2, 3))))[:, :, None, None]


class NoBottleneck(_Block):
    """You made the hidden layer as wide as the input: reduction is not used.

    With C = 512 that is 524,288 weights instead of 32,768. The narrow layer is what keeps SE cheap.

    Make the hidden width `max(1, channels // reduction)`.
    """

    def hidden(self, channels, reduction):
        return channels


class ReductionFixedAtSixteen(_Block):
    """You wrote 16 where `reduction` belongs, so the argument has no effect.

    Whoever asks for reduction 4 silently gets 16.

    Use the argument wherever 16 stands: `channels // reduction`.
    """

    def hidden(self, channels, reduction):
        return max(1, channels // 16)


class ReductionMultiplies(_Block):
    """You multiplied by the reduction, as if it were a fraction such as 1/16.

    Here reduction is a divisor: 16 makes the hidden layer 16 times narrower, yours is 16 times wider.

    Divide: `channels // reduction`.
    """

    def hidden(self, channels, reduction):
        return max(1, int(channels * reduction))


class DefaultOfEight(_Block):
    """You gave `reduction` another default than 16: it is 8 in your class.

    Everything else is right, but who writes `SqueezeExcitation(240)` gets another network than the paper's.

    Write `reduction=16`.
    """

    def __init__(self, channels, reduction=8):
        super().__init__(channels, reduction)


class RoundsUp(_Block):
    """You rounded the hidden width up.

    For 23 channels and reduction 4 the task says 23 // 4 = 5, and yours has 6. The parameter counts of the papers
    follow the whole-number division.

    Use `//`, with a floor of 1.
    """

    def hidden(self, channels, reduction):
        return -(-channels // reduction)


class MultipleOfEight(_Block):
    """You rounded the hidden width to a multiple of 8: timm's variant of SE.

    Hardware likes such widths, and for 256 channels it is the same. For few channels it is not: 12 / 3 becomes 8, and
    the task asks for 4.

    Use `max(1, channels // reduction)`, and keep the variant in mind.
    """

    def hidden(self, channels, reduction):
        return max(8, int(channels / reduction + 4) // 8 * 8)


class NoFloor(_Block):
    """You divided without a floor: for fewer channels than `reduction` the hidden layer has width 0.

    A Linear of width 0 does not complain: its output is the bias alone, so the gates ignore the picture.

    Write `max(1, channels // reduction)`.
    """

    def hidden(self, channels, reduction):
        return channels // reduction


class NoFloorConvolution(nn.Module):
    """You divided without a floor: for 6 channels and reduction 16 the hidden layer has 6 // 16 = 0 channels.

    A convolution with 0 output channels can be made, but it fails when it is called.

    Write `max(1, channels // reduction)`.
    """

    def __init__(self, channels, reduction=16):
        super().__init__()
        self.reduce = nn.Conv2d(channels, channels // reduction, 1)
        self.expand = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.expand(torch.relu(self.reduce(x.mean(dim=(2, 3), keepdim=True)))))


MISTAKES = tuple(
    thing
    for thing in list(vars().values())
    if isinstance(thing, type) and issubclass(thing, nn.Module) and not thing.__name__.startswith("_")
)
