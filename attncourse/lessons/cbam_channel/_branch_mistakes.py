"""Wrong answers to cbam-channel-module: how the two descriptors go through the layers and come together.

Seen in published code, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

import torch

from attncourse.lessons.cbam_channel._parts import Channel, public_modules


class SigmoidInEachBranch(Channel):
    """You put a sigmoid behind each branch and added the two gates.

    The sum of two gates runs from 0 to 2: with all weights zero it is 1, and channels can be doubled. A gate lies in
    (0, 1).

    Add the branches first, then apply one sigmoid to the sum.
    """

    def gate(self, x):
        return torch.sigmoid(self.mlp(self.mean(x))) + torch.sigmoid(self.mlp(self.maximum(x)))


class SigmoidInEachBranchAndAgain(Channel):
    """You put a sigmoid behind each branch and another one behind the sum.

    The last one only ever sees numbers from 0 to 2, so that every gate lies between 0.5 and 0.88: no channel can be
    shut, and hardly two can be told apart.

    Take the sigmoids out of the branches; keep the last.
    """

    def gate(self, x):
        both = torch.sigmoid(self.mlp(self.mean(x))) + torch.sigmoid(self.mlp(self.maximum(x)))
        return torch.sigmoid(both)


class AveragesTwoGates(Channel):
    """You made a gate from each descriptor and took the average of the two. (Expected.)

    That stays within (0, 1), but a branch that says "shut" can now only halve the other. Added before the sigmoid, one
    strong branch can overrule the other.

    Add before the sigmoid.
    """

    def gate(self, x):
        return (torch.sigmoid(self.mlp(self.mean(x))) + torch.sigmoid(self.mlp(self.maximum(x)))) / 2


class MultipliesTwoGates(Channel):
    """You made a gate from each descriptor and multiplied the two. (Expected.)

    Then a channel passes only if both branches open it, and with all weights zero a quarter of it is left. The paper
    adds before a single sigmoid, so that one branch can make up for the other.

    Replace the product of two sigmoids by the sigmoid of a sum.
    """

    def gate(self, x):
        return torch.sigmoid(self.mlp(self.mean(x))) * torch.sigmoid(self.mlp(self.maximum(x)))


class GatesOneAfterTheOther(Channel):
    """You gated x by its means, and then the result by its maxima. (Expected.)

    Those are two modules in a row. Here both descriptors are taken of the same x, and there is one gate.

    Take the maximum of x itself, add the two logits, apply one sigmoid.
    """

    def forward(self, x):
        once = x * torch.sigmoid(self.mlp(self.mean(x)))[:, :, None, None]
        return once * torch.sigmoid(self.mlp(self.maximum(once)))[:, :, None, None]


class AddsTheDescriptorsFirst(Channel):
    """You added mean and maximum, and sent the sum through the MLP once.

    Cheaper, but another module: from the sum nobody can tell a high mean from a high maximum, and the ReLU sees both
    mixed. The paper calls the MLP for each descriptor and adds what comes out.

    Call the MLP twice, and add behind it.
    """

    def join(self, mean, maximum):
        return self.mlp(mean + maximum)


class AveragesTheDescriptorsFirst(Channel):
    """You averaged mean and maximum, and sent the average through the MLP once.

    That is an option of timm's squeeze-and-excitation, not CBAM. From the average nobody can tell a high mean from a
    high maximum.

    Call the MLP for each descriptor, and add what comes out.
    """

    def join(self, mean, maximum):
        return self.mlp((mean + maximum) / 2)


class AveragesTheBranches(Channel):
    """You averaged what the two branches gave, before the sigmoid.

    Half of the sum is a gate half as sure of itself. Larger weights could make up for it, but equation 2 adds, and
    weights that were trained with the sum would give other gates here.

    Add, and leave the division out.
    """

    def join(self, mean, maximum):
        return super().join(mean, maximum) / 2


class MultipliesTheBranches(Channel):
    """You multiplied what the two branches gave, before the sigmoid. (Expected.)

    Two branches that both say "shut" then open the channel: minus times minus is plus.

    Replace * by +.
    """

    def join(self, mean, maximum):
        return self.mlp(mean) * self.mlp(maximum)


class TakesTheLargerBranch(Channel):
    """You took the larger of the two branches, channel by channel. (Expected.)

    Then the other has no say and gets no gradient. The paper adds them.

    Replace torch.maximum by +.
    """

    def join(self, mean, maximum):
        return torch.maximum(self.mlp(mean), self.mlp(maximum))


class SubtractsTheMean(Channel):
    """You subtracted the mean's branch from the maximum's. (Expected.)

    That asks how far the maximum stands out; where a channel is the same everywhere the two cancel, and its gate says
    nothing. The paper adds.

    Replace - by +.
    """

    def join(self, mean, maximum):
        return self.mlp(maximum) - self.mlp(mean)


class ReluBehindEachBranch(Channel):
    """You put a ReLU behind the second layer as well, in each branch.

    Then no branch can speak against a channel, the sum is never negative, and no gate falls below 0.5.

    Keep the ReLU between the two layers only.
    """

    def mlp(self, z):
        return torch.relu(super().mlp(z))


class ReluBehindTheSecondLayer(Channel):
    """You put the ReLU behind the second layer, and none between the two. (Expected.)

    Two linear layers in a row are one; and with what the ReLU leaves, no branch can speak against a channel: no gate
    falls below 0.5.

    Move the ReLU between the two layers.
    """

    def mlp(self, z):
        return torch.relu(self.expand(self.reduce(z)))


class ReluBehindTheSum(Channel):
    """You put a ReLU between the sum and the sigmoid.

    Then the sigmoid never sees a negative number, and no gate falls below 0.5: no channel can be shut.

    Keep the ReLU between the two layers only.
    """

    def join(self, mean, maximum):
        return torch.relu(super().join(mean, maximum))


BRANCH_MISTAKES = public_modules(dict(vars()))
