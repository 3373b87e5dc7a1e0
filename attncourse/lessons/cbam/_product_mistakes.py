"""Wrong answers to cbam-module, second part: something added to the products, or one product too many.

Seen in published code, but for those marked "expected": hypotheses.
"""

from __future__ import annotations

from attncourse.lessons.cbam._parts import Whole, public_modules


class ExtraResidual(Whole):
    """You added the input once more, at the end.

    Then nothing can be shut: the factor lies between 1 and 2. A much-copied CBAM does so. The residual belongs to the
    block around the module, and with both x is added twice.

    Return the product alone.
    """

    def forward(self, x):
        return x + super().forward(x)


class ResidualInEachHalf(Whole):
    """You added the input again in each half. (Expected.)

    Each half then multiplies by 1 + gate, and the whole by 1 to 4: it can only make things stronger.

    Return the products alone, in both halves.
    """

    def forward(self, x):
        refined = x + self.channel(x)
        return refined + self.spatial(refined)


class ResidualAfterTheChannels(Whole):
    """You added the input again behind the channel half. (Expected.)

    No channel can then be shut: its factor lies between 1 and 2.

    Give the spatial half the product alone.
    """

    def forward(self, x):
        return self.spatial(x + self.channel(x))


class ResidualAfterThePlaces(Whole):
    """You added the refined features again behind the spatial half. (Expected.)

    No place can then be shut: its factor lies between 1 and 2.

    Return the product alone.
    """

    def forward(self, x):
        refined = self.channel(x)
        return refined + self.spatial(refined)


class MultipliesTwice(Whole):
    """You multiplied again by what is already gated.

    Much published code has halves that return gates, and multiplies outside. Halves that return gated features, as
    yours of lessons 02 and 03 do, must not be multiplied again: x * (x * gate) squares the features.

    Either two gates and two products, or `self.spatial(self.channel(x))`.
    """

    def forward(self, x):
        refined = x * self.channel(x)
        return refined * self.spatial(refined)


class MultipliesTheChannelsTwice(Whole):
    """You multiplied x by the channel half's output, which is already gated.

    x * (x * gate) squares the features, and the sign of each is lost.

    Multiply x by the gate once.
    """

    def forward(self, x):
        return self.spatial(x * self.channel(x))


class MultipliesThePlacesTwice(Whole):
    """You multiplied the refined features by the spatial half's output, which is already gated.

    refined * (refined * gate) squares the features, and the sign of each is lost.

    Multiply by the gate once.
    """

    def forward(self, x):
        refined = self.channel(x)
        return refined * self.spatial(refined)


PRODUCT_MISTAKES = public_modules(dict(vars()))
