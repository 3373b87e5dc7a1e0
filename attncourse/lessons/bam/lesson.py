# %% what-you-will-build [markdown]
# # BAM: two branches, one gate
# CBAM gates twice: first the channels, then the places. Its sister BAM, by the same authors in the same year, asks
# both questions at once, **adds** the answers, and gates once: every value of the features gets a weight of its own.
#
# You build the gate, predict how far it sees, build the module, catch the authors' code disagreeing with their paper,
# put your module into a ResNet, mend a published branch and write its test. 60 to 75 minutes, with fewer steps given
# than before.
#
# Hints: `attncourse.hint("bam-module")`. Source: Park, Woo, Lee, Kweon, *BAM: Bottleneck Attention Module*, BMVC 2018,
# section 3.

# %% imports
import attncourse
import torch
from attncourse import costs, figures, hosts
from torch import nn
from torch.nn import functional

# %% recall-idea [markdown]
# ## Recall lesson 03
# CBAM's spatial attention sees a picture, and then the same picture with two of its channels swapped. What happens to
# its gate map? Answer from memory.
#
# - **A** It changes: the convolution has a weight for each channel.
# - **B** It changes, but only where the two channels differ.
# - **C** It stays: mean and maximum over the channels do not know which channel is which.
# - **D** It stays, because the sigmoid follows the convolution.
# - **E** The mean's part stays, the maximum's part changes.

# %% bam-recall
after_swapping = None  # "A", "B", ...
### BEGIN SOLUTION
after_swapping = "C"
### END SOLUTION

# %% sum-idea [markdown]
# ## 1. One sum, one sigmoid
# One branch says **what** counts: a number for each channel. The other says **where**: a number for each place. BAM
# adds them and applies one sigmoid:
#
# `gate = sigmoid(channel + spatial)`, and the result is `x * (1 + gate)`.
#
# Both numbers may be of any sign and size. A strong "no" of the place can outweigh a weak "yes" of the channel.
#
# **Build** it. Which axes must each branch get, so that their sum is as large as x?

# %% bam-combine
def combine(x, channel, spatial):
    """(B, C, H, W), (B, C), (B, H, W) -> (B, C, H, W): x * (1 + sigmoid(channel + spatial))."""
    ### BEGIN SOLUTION
    gate = torch.sigmoid(channel[:, :, None, None] + spatial[:, None])
    return x * (1 + gate)
    ### END SOLUTION

# %% see-sum
channel = torch.tensor([[-3.0, 0.0, 3.0]])
spatial = torch.tensor([[[-3.0, 0, 3], [0, 0, 0]]])
sums = combine(torch.ones(1, 3, 2, 3), channel, spatial)
figures.feature_maps(sums, titles=["channel -3", "channel 0", "channel 3"], title="combine(ones, ...)", scale=(1, 2))

# %% see-sum-explained [markdown]
# **Explain:** where the channel says -3, even a place that says 3 gets no more than 1.5. Why? And why is no factor
# below 1 or above 2?

# %% identity-idea [markdown]
# ### Why 1 + gate
# SE and CBAM stand in the branch of a residual block: if they shut something, the shortcut still carries it. BAM
# stands **between** stages, and everything passes through it. **Predict** what three gates of one half, one behind
# the other, leave of a signal: without the 1, and with it.

# %% see-identity
half = torch.tensor(0.5)
factors = torch.stack([half**3, (1 + half) ** 3])
figures.bars(factors, labels=["gate", "1 + gate"], title="three gates of one half")

# %% dilation-idea [markdown]
# ## 2. Seeing far with few weights
# CBAM pools the channels and looks through one 7x7 window. BAM's spatial branch does not pool. It is a small network of
# h hidden channels:
#
# `1x1 (C to h), 3x3 (h to h), 3x3 (h to h), 1x1 (h to 1)`, with a ReLU behind all but the last.
#
# Both 3x3 windows are **dilated** by d = 4: their nine places lie 4 apart. Such a window reaches d places beyond its
# middle, so that it must be padded by d. It costs nine weights, like any other 3x3 window.

# %% see-window
window = torch.zeros(1, 1, 11, 11)
window[:, :, 1::4, 1::4] = 1
figures.feature_maps(window, titles=["3x3, dilation 4"], title="nine places")

# %% reach-idea [markdown]
# **Predict.** The map is 12 high and 15 wide, the dilation 4. One value changes, at row 1, column 7 (counted from 0).
# At how many of the 180 places can the spatial branch's output change? Draw it before you compute it.

# %% bam-reach
moved_places = None  # a whole number
### BEGIN SOLUTION
moved_places = 9
### END SOLUTION

# %% module-task [markdown]
# ## 3. The module
# **Build** it.
#
# - hidden h = max(1, channels // reduction), the same in both branches, but with layers of their own;
# - channel branch: the mean over the places, C to h, h to C;
# - spatial branch: as above, dilation and padding from the argument;
# - a ReLU behind every layer but the last of each branch, a batch norm at the end of each branch.
#
# Accepted as well, with a remark: batch norms behind the hidden layers instead, each before its ReLU; layers without
# biases.

# %% bam-module
class BAM(nn.Module):
    """(B, C, H, W) -> (B, C, H, W): x * (1 + sigmoid(channel branch + spatial branch))."""

    def __init__(self, channels, reduction=16, dilation=4):
        super().__init__()
        ### BEGIN SOLUTION
        hidden = max(1, channels // reduction)
        self.channel = nn.Sequential(
            nn.Conv2d(channels, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, channels, 1), nn.BatchNorm2d(channels)
        )
        self.spatial = nn.Sequential(
            nn.Conv2d(channels, hidden, 1),
            nn.ReLU(),
            nn.Conv2d(hidden, hidden, 3, padding=dilation, dilation=dilation),
            nn.ReLU(),
            nn.Conv2d(hidden, hidden, 3, padding=dilation, dilation=dilation),
            nn.ReLU(),
            nn.Conv2d(hidden, 1, 1),
            nn.BatchNorm2d(1),
        )
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        channel = self.channel(x.mean(dim=(2, 3), keepdim=True))
        return x * (1 + torch.sigmoid(channel + self.spatial(x)))
        ### END SOLUTION

# %% stand-in
def fits(module_class):
    try:
        return module_class(8, 2, 1).eval()(torch.ones(1, 8, 3, 4)).shape == (1, 8, 3, 4)
    except Exception:
        return False

# Until yours is built, ours stands in for it below.
Attention = BAM if fits(BAM) else attncourse.attention.BAM

# %% logits-of
def logits_of(module, x):
    """What the sigmoid got, (B, C, H, W), whatever the module looks like inside."""
    with torch.no_grad():
        return torch.logit((module.double().eval()(x.double()) / x - 1).clamp(1e-9, 1 - 1e-9))

# %% parts-idea [markdown]
# ### Take the sum apart again
# Your module gives only its output; but a sum can be taken apart. The mean of the logits over all places shows the
# channel branch, their mean over all channels the spatial branch, each up to a constant. **Predict** what is left of
# them when both are taken away; and what would be left of a product.

# %% see-parts
def strong(module, size=0.35):
    """The same module with weights so large that its gates differ."""
    torch.manual_seed(3)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=size)
    return module

picture = functional.interpolate(figures.photograph(size=(48, 40)), size=(18, 15)).repeat(1, 2, 1, 1) + 0.1
u = logits_of(strong(Attention(6, 2, 1)), picture)
what = u.mean(dim=(2, 3), keepdim=True)
figures.bars(what - u.mean(), title="your channel branch, up to a constant, random weights")

# %% see-places
where = u.mean(dim=1, keepdim=True)
left = (u - where - what + u.mean()).abs().max()
print(f"what is left when both parts are taken away: {left:.1e}")
figures.feature_maps(where - u.mean(), titles=["up to a constant"], title="your spatial branch, random weights")

# %% shape-flow
steps = [("x", picture), [("channel branch", what), ("spatial branch", where)], ("their sum", u)]
figures.shape_flow([*steps, ("x * (1 + gate)", picture * (1 + u.sigmoid()))], title="your module's shapes")

# %% impulse-idea [markdown]
# ### Your prediction, measured
# Disturb one place, and see where the spatial branch answers. (The channel branch answers everywhere alike; the median
# takes that away.) A ReLU may sleep, so many draws of the weights are put on top of each other.

# %% impulse
def reached(dilation, row, column, size):
    """bool (1, 1, H, W): the places that one disturbed place can move."""
    moved = torch.zeros(1, 1, *size, dtype=torch.bool)
    module = strong(Attention(16, 2, dilation))
    for _ in range(8):
        x = torch.randn(1, 16, *size).sign() * (torch.rand(1, 16, *size) + 0.5)
        disturbed = x.clone()
        disturbed[:, :, row, column] *= 3
        change = (logits_of(module, disturbed) - logits_of(module, x)).median(dim=1, keepdim=True).values
        moved |= (change - change.median()).abs() > 1e-4
    return moved

# %% see-impulse
responses = [reached(dilation, 1, 7, (12, 15)) for dilation in (1, 2, 4)]
print("places that moved:", [response.sum().item() for response in responses])
maps = torch.cat(responses).double()[:, 0]
figures.feature_maps(maps, titles=["d = 1", "d = 2", "d = 4"], title="one disturbed, random weights", scale=(0, 1))

# %% impulse-explain [markdown]
# **Observe:** the receptive field is 4 d + 1 places wide, 17 for d = 4, but it is a grid: 25 places of 289. What lies
# between is seen by other gates. CBAM's 7x7 window sees 49 places without holes.
#
# On the 7x7 maps at the end of a network, a dilation of 4 reaches mostly into the zeros around the map. BAM does not
# stand there.

# %% paper-code-idea [markdown]
# ## 4. The paper against its own code
# The paper writes `sigmoid(Mc + Ms)`. The authors' repository (Jongchan/attention-module, `bam.py`) computes
# `1 + sigmoid(channel * spatial)`: a **product**. Readers asked about it in issues 39 and 52; other files copied it.
#
# **Predict.** The spatial branch is silent: 0 at every place. The channel branch says 4 for the first channel and -4
# for the second. What are the two factors, with the sum and with the product? And where *both* branches say -3?

# %% sum-and-product
def factor(what, where, together):
    return 1 + torch.sigmoid(together(torch.tensor(what), torch.tensor(where)))

print("channel  spatial     sum   product")
for what, where in ((4.0, 0.0), (-4.0, 0.0), (3.0, 3.0), (3.0, -3.0), (-3.0, -3.0)):
    print(f"{what:7} {where:8} {factor(what, where, torch.add):7.2f} {factor(what, where, torch.mul):9.2f}")

# %% sum-and-product-maps
side = torch.linspace(-4, 4, 25)
what, where = side[:, None], side[None, :]
maps = torch.stack([1 + torch.sigmoid(what + where), 1 + torch.sigmoid(what * where)])
figures.feature_maps(maps, titles=["sum", "product"], title="channel downwards, spatial to the right", scale=(1, 2))

# %% paper-code-explain [markdown]
# In the product a silent branch silences the other, and two "no" make a "yes" (the corner of both negative). They are
# two different modules under one name. This course builds the paper's, and its check names the other.
#
# The second difference: the paper has one batch norm at the end of each branch; the code has one behind each hidden
# layer and none at the end (issue 49). Can a table decide what the authors really ran?

# %% count-norms
def resnet_with(batch_norm):
    """A ResNet-50 for CIFAR-100 with BAM, its batch norms where they are asked for."""
    def bam(channels):
        return attncourse.attention.BAM(channels, batch_norm=batch_norm)
    return hosts.build("resnet50", attention=bam, place="stage", classes=100, stem="cifar")

for batch_norm in ("last", "hidden"):
    count = sum(parameter.numel() for parameter in resnet_with(batch_norm).parameters())
    print(f"batch norm {batch_norm:6}: {count / 1e6:.4f} million parameters")

# %% count-norms-explain [markdown]
# The paper's CIFAR-100 table prints 24.07 million for ResNet-50 with BAM (second-hand, from a copy of the table).
# That fits the norms at the end alone. So a number of parameters can tell how a batch norm stood; whether branches
# were added or multiplied it cannot tell. Why not?

# %% place-idea [markdown]
# ## 5. At the bottlenecks
# BAM's B means bottleneck: it stands behind stages 1, 2 and 3 of a ResNet, each time just before the map is halved.
# Three modules in a ResNet-50, where SE and CBAM have sixteen; for 256, 512 and 1024 channels.
#
# **Build** the formula for one of them. All layers have biases; a batch norm learns a scale and a shift for each
# channel.

# %% bam-parameters
def parameters(channels, reduction):
    """How many numbers one BAM learns, as its paper builds it: a whole number."""
    ### BEGIN SOLUTION
    hidden = max(1, channels // reduction)
    channel = channels * hidden + hidden + hidden * channels + channels + 2 * channels
    spatial = channels * hidden + hidden + 2 * (9 * hidden * hidden + hidden) + hidden + 1 + 2
    return channel + spatial
    ### END SOLUTION

# %% predict-host
each = [parameters(channels, 16) for channels in (256, 512, 1024)]
numbers = all(isinstance(one, int | float) for one in each)
print("predicted:", f"{sum(each):,} parameters" if numbers else "no number yet")

# %% count-host
plain = costs.of(hosts.build("resnet50"), (1, 3, 224, 224))
gated = costs.of(hosts.build("resnet50", attention=Attention, place="stage"), (1, 3, 224, 224))
print(f"your module adds {gated.parameters - plain.parameters:,} parameters to {plain.parameters:,}")
print(f"and {gated.multiply_adds - plain.multiply_adds:,} multiply-adds to {plain.multiply_adds:,}")
se = costs.of(hosts.build("resnet50", attention="se"), (1, 3, 224, 224))
print(f"SE adds {se.parameters - plain.parameters:,} and {se.multiply_adds - plain.multiply_adds:,}")

# %% count-host-explain [markdown]
# Do they agree? (With batch norms elsewhere or without biases yours has some more or fewer.) It is a seventh of SE's
# parameters in sixteen blocks, and many times its multiply-adds: SE computes on one number a channel, BAM's spatial
# branch at each of 56x56 places.
#
# **Predict** before you run the next cell: the same module in all sixteen blocks.

# %% count-everywhere
everywhere = costs.of(hosts.build("resnet50", attention=Attention, place="block"), (1, 3, 224, 224))
print(f"in each block: {everywhere.parameters - plain.parameters:,} parameters")
print(f"               {everywhere.multiply_adds - plain.multiply_adds:,} multiply-adds")

# %% count-everywhere-explain [markdown]
# **Explain:** from 3 modules to 16 the parameters grow more than the multiply-adds do. (Which stage has no BAM behind
# it in the paper, how many channels does it have, and how large are its maps?)

# %% hunt-idea [markdown]
# ## 6. Bug hunt
# Five snippets, of published kinds. Each gets its two branches ready-made and has **one** bug. Read them and
# **predict** the symptom of each. On square maps all of them keep the shape.

# %% snippet-parts
def what_branch(channels, hidden):
    return nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, channels, 1))

def where_branch(channels, hidden, d):
    wide = [nn.Conv2d(hidden, hidden, 3, padding=d, dilation=d), nn.ReLU()]
    wide += [nn.Conv2d(hidden, hidden, 3, padding=d, dilation=d), nn.ReLU()]
    return nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU(), *wide, nn.Conv2d(hidden, 1, 1))

# %% right-one
class Right(nn.Module):
    """A right one, for comparison; the snippets change one thing each. (The batch norms are left out.)"""

    def __init__(self, channels, reduction=2, dilation=2):
        super().__init__()
        self.what = what_branch(channels, channels // reduction)
        self.where = where_branch(channels, channels // reduction, dilation)

    def forward(self, x):
        what = self.what(x.mean(dim=(2, 3), keepdim=True))
        return x * (1 + torch.sigmoid(what + self.where(x)))

# %% snippet-a
class A(Right):
    def forward(self, x):
        what = self.what(x.mean(dim=(2, 3), keepdim=True)).relu()
        where = self.where(x).relu()
        return x * (1 + torch.sigmoid(what + where))

# %% snippet-b
class B(Right):
    def forward(self, x):
        pooled = functional.avg_pool2d(x, x.shape[2], stride=x.shape[2])
        return x * (1 + torch.sigmoid(self.what(pooled) + self.where(x)))

# %% snippet-c
class C(Right):
    def forward(self, x):
        what = self.what(x.mean(dim=(2, 3), keepdim=True)).expand_as(x)
        where = self.where(x).expand_as(x)
        return x * (1 + torch.sigmoid(what * where))

# %% snippet-d
class D(Right):
    def forward(self, x):
        what = self.what(x.mean(dim=(2, 3), keepdim=True)).expand_as(x)
        where = self.where(x).expand_as(x)
        return torch.sigmoid(what + where) * x

# %% snippet-e
class E(Right):
    def __init__(self, channels, reduction=2, dilation=2):
        super().__init__(channels, reduction)
        self.where = where_branch(channels, channels // reduction, 1)

# %% measure-parts
def filled(snippet, size):
    torch.manual_seed(1)
    module = snippet(8).eval()
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=size)
    return module

def runs(snippet, shape):
    try:
        return snippet(8)(torch.ones(1, 8, *shape)).shape[2:] == shape
    except RuntimeError:
        return False

# %% measure
def measure(snippet):
    """One line of symptoms."""
    x = torch.rand(4, 8, 9, 9, generator=torch.Generator().manual_seed(2)) + 0.5
    far, silent = x.clone(), filled(snippet, 0.5)
    far[:, :, 8, 8] += 3
    nn.init.zeros_(silent.where[-1].weight), nn.init.zeros_(silent.where[-1].bias)
    with torch.no_grad():
        zero, least = filled(snippet, 0.0)(x) / x, min((filled(snippet, s)(x) / x).min() for s in (0.5, 1.0))
        change = (filled(snippet, 0.3).where(far) - filled(snippet, 0.3).where(x)).abs() > 1e-6
        quiet = silent(x) / x
    alone = bool((quiet - quiet.mean(dim=1, keepdim=True)).abs().max() > 1e-4)
    high = runs(snippet, torch.Size((9, 5)))
    return f"{zero[0, 0, 0, 0]:12.2f}{least:14.2f}{high!s:>12}{8 - change.nonzero()[:, 2].min():>12}{alone!s:>22}"

# %% symptoms
print("   y / x, all      least y / x,    runs on    reaches    channels differ where")
print(" parameters 0      large weights   9x5 maps   (rows)     the places are silent")
for snippet in (A, B, C, D, E, Right):
    print(snippet.__name__[:1], measure(snippet))

# %% hunt-task [markdown]
# The last line is a right one. Now **name** the bug of each, in the order A, B, C, D, E. Each name is used once:
#
# "product", "no identity", "ReLU at the end", "no dilation", "square pooling"

# %% bam-bug-hunt
bugs = None  # ("...", "...", "...", "...", "...")
### BEGIN SOLUTION
bugs = ("ReLU at the end", "square pooling", "product", "no identity", "no dilation")
### END SOLUTION

# %% repair-idea [markdown]
# ## 7. Repair
# Below is the spatial branch of a BAM that was published like this, or nearly so. It has **three** bugs. One of them
# hides for dilation 1 alone; the module it came from worked on maps of 7x7 only, where its map shrank to 1x1 and
# broadcasting spread that out again.
#
# Write it anew, mended.

# %% published
def published(x, w1, w2, w3, w4, dilation):
    y = functional.conv2d(x, w1).relu()
    y = functional.conv2d(y, w2, padding=1, dilation=dilation).relu()
    y = functional.conv2d(y, w2, padding=1, dilation=dilation).relu()
    return functional.conv2d(y, w4).relu()

# %% bam-repair
def repaired(x, w1, w2, w3, w4, dilation):
    """(B, C, H, W) -> (B, 1, H, W): the logits of BAM's spatial branch, with the weights that it is given."""
    ### BEGIN SOLUTION
    y = functional.conv2d(x, w1).relu()
    y = functional.conv2d(y, w2, padding=dilation, dilation=dilation).relu()
    y = functional.conv2d(y, w3, padding=dilation, dilation=dilation).relu()
    return functional.conv2d(y, w4)
    ### END SOLUTION

# %% see-repair
torch.manual_seed(4)
weights = [torch.randn(size) / 2 for size in ((4, 6, 1, 1), (4, 4, 3, 3), (4, 4, 3, 3), (1, 4, 1, 1))]
for dilation in (1, 2, 4):
    mended = repaired(picture, *weights, dilation)
    shape = tuple(mended.shape) if isinstance(mended, torch.Tensor) else None
    print(f"dilation {dilation}: published {tuple(published(picture, *weights, dilation).shape)}, yours {shape}")
figures.feature_maps(mended, titles=["dilation 4"], title="repaired(picture, ...), random weights")

# %% tests-idea [markdown]
# ## 8. Write the test
# The authors' product would have been found by a test of three lines. Write it: `accepts(implementation)` gets a
# function like `combine`, calls it with inputs of your choice, and returns True for a right one, False for a wrong
# one. We try it on right ones in seven styles and on fourteen wrong ones. One that raises counts as refused.
#
# For which inputs do a sum and a product agree?

# %% bam-tests
def accepts(implementation):
    """True where implementation(x, channel, spatial) combines the branches as the paper does, False where not."""
    ### BEGIN SOLUTION
    torch.manual_seed(0)
    x, channel, spatial = torch.randn(2, 3, 4, 5), torch.randn(2, 3), torch.randn(2, 4, 5)
    gate = torch.sigmoid(channel[:, :, None, None] + spatial[:, None])
    return torch.allclose(implementation(x, channel, spatial), x * (1 + gate), atol=1e-5)
    ### END SOLUTION

# %% try-your-test
def authors_code(x, channel, spatial):
    return x * (1 + torch.sigmoid(channel[:, :, None, None] * spatial[:, None]))

for implementation in (combine, authors_code):
    try:
        print(implementation.__name__, "accepted:", accepts(implementation))
    except Exception as error:
        print(implementation.__name__, "refused, for it raised:", error)

# %% what-you-know [markdown]
# ## What you know, and what you do not know yet
# You know what BAM computes, how far it sees, where it stands and what it costs; and that a paper and its code may be
# two modules. You do **not** know which of the two works better: no formula tells. The lab lets you train both.
#
# Say without looking: why 1 + gate; why a padding of d; what a product does to a silent branch; which table told where
# the batch norms stood. BAM and CBAM pool a whole map to one number a channel, or a whole column of channels to one
# number a place. Next: a gate that knows the row and the column.

