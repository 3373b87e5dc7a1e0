# %% what-you-will-build [markdown]
# # CBAM: spatial attention
# A channel gate says *what* counts, and is blind to *where*. The second half of CBAM turns the question round: it
# weighs every place of a picture, and all channels at that place alike.
#
# You build its two maps, predict how far it sees, build the module, find out what it cannot know, count what it costs
# in a real network, mend published code, and write the test that would have caught its bugs. 60 to 75 minutes.
#
# Hints: `attncourse.hint("cbam-spatial-module")`. Source: Woo, Park, Lee, Kweon, *CBAM: Convolutional Block Attention
# Module*, ECCV 2018, equation 3.

# %% imports
import attncourse
import torch
from attncourse import costs, figures, hosts
from torch import nn
from torch.nn import functional

# %% recall-idea [markdown]
# ## Recall lesson 02
# CBAM's channel attention sees a picture, and then the same picture with all its places shuffled, in the same way in
# every channel. What happens to the channel gates? Answer from memory.
#
# - **A** They change: the maximum of a channel now lies elsewhere.
# - **B** They stay: neither a channel's mean nor its maximum knows where its values lie.
# - **C** They change: the shared MLP mixes neighbouring places.
# - **D** They stay, because the MLP is shared by both descriptors.
# - **E** Only the mean's half stays; the maximum's half changes.

# %% cbam-spatial-recall
after_shuffling = None  # "A", "B", ...
### BEGIN SOLUTION
after_shuffling = "B"
### END SOLUTION

# %% features-idea [markdown]
# ## Features to work with
# The four channels of lesson 01, made by hand from the same photograph: brightness, upright edges, level edges, fine
# detail. And from lesson 02 a channel gate: it lets detail and edges through, and nearly shuts brightness.

# %% make-features
torch.manual_seed(0)
level = torch.tensor([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]])
detail = torch.tensor([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]])
bright = torch.zeros(3, 3).index_put((torch.tensor(1), torch.tensor(1)), torch.tensor(1.0))
grey = figures.photograph(size=(32, 26)).mean(dim=1, keepdim=True)
features = functional.conv2d(grey, torch.stack([bright, level.T, level, detail])[:, None]).relu()
channel_gate = torch.tensor([0.1, 0.9, 0.9, 0.9]).reshape(1, 4, 1, 1)

# %% see-features
NAMES = ["bright", "upright", "level", "detail"]
refined = features * channel_gate
figures.before_after(features, refined, title="features, and features * channel_gate")

# %% descriptors-idea [markdown]
# ## 1. Two maps
# Each place has a column of C numbers. The channel module pooled the places away and kept the channels; now it is the
# other way round. Two numbers describe each place: the **mean** over its channels (how much is there altogether?) and
# their **maximum** (how strong is the strongest?).
#
# Beware of one widely read text: it says "along the width and height directions" here. Its own code says otherwise.
#
# **Build** it: `(B, C, H, W) -> (B, 2, H, W)`, the mean first, as equation 3 has it.

# %% cbam-spatial-descriptors
def descriptors(x):
    """(B, C, H, W) -> (B, 2, H, W): at each place the mean and the maximum over the channels."""
    ### BEGIN SOLUTION
    return torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
    ### END SOLUTION

# %% see-descriptors
maps = descriptors(refined)
figures.feature_maps(maps, titles=["mean", "maximum"], title="descriptors(refined)")

# %% why-two [markdown]
# **Predict:** two places. At the first all four channels hold 1; at the second one holds 4 and the others 0. Which of
# the two maps tells them apart? And for (4, 0, 0, 0) against (4, 4, 4, 4)?

# %% two-places
places = torch.tensor([[1.0, 1, 1, 1], [4, 0, 0, 0], [4, 4, 4, 4]]).T.reshape(1, 4, 1, 3)
print(descriptors(places))

# %% two-places-explained [markdown]
# Each map alone is blind to one of the two differences. Together they tell "a little of everything" from "one thing,
# strongly". What neither tells is **which** channel it was. Keep that in mind.

# %% window-idea [markdown]
# ## 2. A window
# Two numbers a place are little to judge by: a lone bright spot and the middle of a face may have the same. So CBAM
# lets each place look at its neighbours: a k x k convolution (k = 7) turns the two maps into one, and a sigmoid makes
# it a gate:
#
# `gate = sigmoid(conv(maps))`
#
# The gate must be as large as the picture. A window of k reaches k // 2 places beyond its middle, so that many zeros go
# around the map. Below is a 3x3 kernel made by hand. **Predict** where it opens the gate.

# %% hand-made-kernel
kernel = torch.zeros(1, 2, 3, 3)
kernel[0, 0] = -9.0  # of the mean
kernel[0, 1] = 3.0  # of the maximum
hand_made = None if maps is None else functional.conv2d(maps, kernel, padding=1).sigmoid()
figures.feature_maps(hand_made, titles=["gate"], title="a gate made by hand", scale=(0, 1))

# %% hand-made-explained [markdown]
# With four channels, `3 * maximum - 9 * mean` is positive where one channel stands alone (then the mean is a quarter of
# the maximum) and negative where several are strong together. So the gate opens on clean edges, shuts where different
# edges meet, and stays at one half where there is nothing. One map alone could not do that.

# %% padding-sizes
twelve = torch.zeros(1, 2, 12, 12)
print("kernel     1   3   5   7   9")
for padding in (0, 1, 3):
    gates = [functional.conv2d(twelve, torch.zeros(1, 2, k, k), padding=padding) for k in (1, 3, 5, 7, 9)]
    print(f"padding {padding}", *(f"{gate.shape[-1]:3}" for gate in gates))

# %% padding-explain [markdown]
# The map is 12 wide. **Explain:** for which kernel is a padding of 3 right, for which one of 1? Write the rule for any
# odd k before you read on. (Even k have no middle; nobody uses them here.)
#
# Some published code has the 3 fixed while the kernel is an argument. It works until somebody tries k = 5.

# %% reach-idea [markdown]
# ### How far does a place reach?
# **Predict.** The map is 9 high and 12 wide, the kernel 5x5, with the right padding. One value changes, in one channel,
# at row 1, column 4 (counted from 0). How many of the 108 gates can change?

# %% cbam-spatial-reach
moved_gates = None  # a whole number
### BEGIN SOLUTION
moved_gates = 20
### END SOLUTION

# %% module-task [markdown]
# ## 3. The module
# **Build** it: features in, gated features out. You have all the parts. `kernel_size` may be any odd number. With or
# without a bias, with the mean or the maximum first: all are right here, and so is a batch norm behind the convolution.
#
# No argument says how many channels there are. Why is none needed?

# %% cbam-spatial-module
class SpatialAttention(nn.Module):
    """(B, C, H, W) -> (B, C, H, W): each place times a gate from a window of channel means and maxima."""

    def __init__(self, kernel_size=7):
        super().__init__()
        ### BEGIN SOLUTION
        self.convolution = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        return x * torch.sigmoid(self.convolution(descriptors(x)))
        ### END SOLUTION

# %% stand-in
built = SpatialAttention(3)(features) is not None
# Until yours is built, ours stands in for it below.
Attention = SpatialAttention if built else attncourse.attention.SpatialAttention

# %% gate-of
def gate_of(module, x):
    """The factor at each place, (B, 1, H, W): how much of x is left, whatever the module looks like inside."""
    with torch.no_grad():
        return (x * module(x)).sum(1, keepdim=True) / (x * x).sum(1, keepdim=True).clamp_min(1e-9)

# %% shape-flow
x = torch.rand(2, 16, 9, 12) + 0.5
module = Attention(5).eval()
steps = [("x", x), ("mean and maximum", (2, 2, 9, 12)), ("the gate", gate_of(module, x)), ("gated", module(x))]
figures.shape_flow(steps, title="your module's shapes")

# %% own-weights
torch.manual_seed(0)
own = Attention(3).eval()
for parameter in own.parameters():
    nn.init.normal_(parameter)  # so large that no gate hides near one half
gate = gate_of(own, features + 1e-3)
figures.feature_maps(gate[0], titles=["gate"], title="your gate for the features, random weights", scale=(0, 1))

# %% see-own
with torch.no_grad():
    gated = own(features)
figures.before_after(features, gated, title="the features before and after your module, random weights")

# %% own-explain [markdown]
# One map, laid over all four channels: where it is dark, all of them are shut. How far does each of its places look?

# %% impulse
def moved_by(module, row, column):
    """The size of each gate's change when one value of one channel changes."""
    for parameter in module.parameters():
        nn.init.uniform_(parameter, 0.01, 0.02)  # none so small that it would not show
    x = torch.ones(1, 3, 9, 12)
    disturbed = x.clone()
    disturbed[0, 0, row, column] += 3
    return (gate_of(module, disturbed) - gate_of(module, x)).abs()

# %% see-impulse
responses = torch.cat([moved_by(Attention(k).eval(), row, 4) for k, row in ((3, 4), (5, 1), (7, 4))])
print("gates that moved:", [(response > 1e-6).sum().item() for response in responses])
responses = responses / responses.amax(dim=(2, 3), keepdim=True)  # the strongest is 1
TITLES = ["k = 3, row 4", "k = 5, row 1", "k = 7, row 4"]
figures.feature_maps(responses[:, 0], titles=TITLES, title="one place disturbed, random weights")

# %% impulse-explain [markdown]
# **Observe:** your prediction stands in the middle. Such a picture, the answer to one disturbed place, is called the
# impulse response, and it shows the **receptive field** turned round.
#
# Texts say that CBAM sees "local horizontal and vertical features". What you see is a square: one kernel mixes all
# directions.

# %% field-idea [markdown]
# ### Seven of how many?
# The window is always 7x7, but the maps of a network shrink. **Predict:** in ResNet-50 the maps are 56, 28, 14 and 7
# wide. In which stage does a gate in the middle see the whole picture?

# %% see-share
widths = [56, 28, 14, 7]
shares = torch.tensor([min(1.0, 49 / width**2) for width in widths])
figures.bars(shares, labels=[f"{width} x {width}" for width in widths], title="the window's share of the map, k = 7")

# %% field-explain [markdown]
# In the first stage the window holds under 2 % of the map, in the last all of it. So "spatial attention" is something
# very local at first and something global at the end. Moreover, a place of a 7x7 map is not a pixel: it stands for a
# large part of the photograph. (One text promises "a weight for each pixel of the original image". It is for each place
# of the feature map.)

# %% blind-idea [markdown]
# ## 4. What a spatial gate can't know
# Four changes to the features. **Predict** for each whether any gate can move, and why:
#
# 1. the channels change places;
# 2. at every place the strengths of the channels are drawn anew, with the same mean and maximum;
# 3. something appears 10 places away;
# 4. everything moves down by two rows.

# %% blind-changes
x = torch.rand(1, 4, 24, 24).sort(dim=1).values + 0.1
swapped = x[:, [3, 0, 2, 1]]
middle = x[:, 1:3].mean(dim=1, keepdim=True)
redrawn = torch.cat([x[:, :1], middle, middle, x[:, 3:]], dim=1)  # the mean and the maximum are as they were
far = x.clone()
far[0, :, 12, 20] += 5
moved = x.roll(2, dims=2)

# %% blind-measure
module = Attention().eval()
gate = gate_of(module, x)
for name, other in (("channels swapped", swapped), ("strengths redrawn", redrawn), ("10 places away", far)):
    change = (gate_of(module, other) - gate).abs()
    print(f"{name:18} at (12, 10): {change[0, 0, 12, 10]:.6f}   anywhere: {change.max():.6f}")
change = (gate_of(module, moved).roll(-2, dims=2) - gate).abs()[:, :, 5:-5, 5:-5]
print(f"{'moved down':18} inside, moved back: {change.max():.6f}")

# %% blind-explain [markdown]
# So a spatial gate knows neither **which** channel is strong, nor what lies beyond its window, nor where in the picture
# it stands; the neighbourhood alone decides. And it opens or shuts all channels of a place together: it can't keep the
# edge there and drop the brightness.
#
# One exception to the fourth: the border, where the window meets zeros. **Predict** the gate of a picture that is the
# same everywhere, then look.

# %% see-border
module = Attention(7).eval()
for parameter in module.parameters():
    nn.init.constant_(parameter, 0.02)
gate = gate_of(module, torch.ones(1, 3, 12, 16))
figures.feature_maps(gate, titles=["gate"], title="a constant picture, all weights 0.02", scale=(0, 1))

# %% two-halves [markdown]
# The zeros tell the gate that it stands near the border. Whether a network uses that is another question.
#
# Now put the two halves side by side: a channel gate knows *what* and not *where*; a spatial gate knows *where* and not
# *what*. Neither can do the other's work. What if one came behind the other? Which first? That is lesson 04.

# %% cost-idea [markdown]
# ## 5. What it costs
# Count the weights of the convolution (no bias) and its multiply-adds for one picture: a multiplication with its
# addition counts as one, and the zeros beyond the border are multiplied too.
#
# **Build** it.

# %% cbam-spatial-cost
def cost(kernel_size, height, width):
    """The weights of one spatial gate, and its multiply-adds for a picture of height x width: two whole numbers."""
    ### BEGIN SOLUTION
    weights = 2 * kernel_size**2
    return weights, weights * height * width
    ### END SOLUTION

# %% host-idea [markdown]
# ### Your module in ResNet-50
# `hosts.build` makes a real ResNet-50 and puts a module of the class that you give it into each of its 16 blocks;
# `costs.of` runs it without data and counts. **Predict** first, with your function: 3 blocks have maps of 56 x 56, 4 of
# 28 x 28, 6 of 14 x 14, 3 of 7 x 7.

# %% predict-host
BLOCKS = [(3, 56), (4, 28), (6, 14), (3, 7)]
if cost(7, 1, 1) is not None:
    print("predicted weights:      ", sum(count * cost(7, side, side)[0] for count, side in BLOCKS))
    print("predicted multiply-adds:", sum(count * cost(7, side, side)[1] for count, side in BLOCKS))

# %% count-host
plain = costs.of(hosts.build("resnet50"), (1, 3, 224, 224))
gated = costs.of(hosts.build("resnet50", attention=Attention), (1, 3, 224, 224))
print("your module adds:       ", gated.parameters - plain.parameters, "parameters")
print("your module adds:       ", gated.multiply_adds - plain.multiply_adds, "multiply-adds")
print(f"to {plain.parameters:,} and {plain.multiply_adds:,}")

# %% host-explain [markdown]
# Next to nothing: some 1,600 parameters in 25.6 million, four hundredths of a percent of the multiply-adds. (A bias or
# a batch norm of yours adds 16 or 32.) SE cost 2.5 million, for its layers grow with C squared; here no size depends on
# C.
#
# CBAM's table 2 (second-hand) prints errors of 22.68 % for k = 3 and 22.66 % for k = 7, from one run each. That k = 7
# is better does not follow from that.

# %% hunt-idea [markdown]
# ## 6. Bug hunt
# Five snippets of the second half of CBAM, of published kinds. Each has **one** bug. They get x and the channel gate.
# With 7x7 kernels all of them run, and their shapes are right.
#
# Read them and **predict** which symptom would betray each.

# %% snippet-a
class A(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=3)

    def forward(self, x, channel_gate):
        x = x * channel_gate
        maps = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return x * self.conv(maps).sigmoid()

# %% snippet-b
class B(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2)

    def forward(self, x, channel_gate):
        refined = x * channel_gate
        maps = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return refined * self.conv(maps).sigmoid()

# %% snippet-c
class C(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2)

    def forward(self, x, channel_gate):
        out = x * channel_gate
        maps = torch.cat([out.mean(dim=1, keepdim=True), out.amax(dim=1, keepdim=True)], dim=1)
        return out * self.conv(maps).sigmoid() + x

# %% snippet-d
class D(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2)

    def forward(self, x, channel_gate):
        x = x * channel_gate
        maps = torch.cat([x.mean(dim=(1, 2), keepdim=True), x.amax(dim=(1, 2), keepdim=True)], dim=1)
        return x * self.conv(maps).sigmoid()

# %% snippet-e
class E(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, kernel_size, padding=kernel_size // 2)

    def forward(self, x, channel_gate):
        x = x * channel_gate
        return x * self.conv(x.mean(dim=1, keepdim=True)).sigmoid()

# %% right-one
class Right(nn.Module):
    """A right one, for comparison: your module on the refined features."""

    def __init__(self, kernel_size=7):
        super().__init__()
        self.attention = Attention(kernel_size)

    def forward(self, x, channel_gate):
        return self.attention(x * channel_gate)

# %% measure-parts
opened, shut = torch.ones(1, 3, 1, 1), torch.tensor([1.0, 1, 0]).reshape(1, 3, 1, 1)
picture = torch.rand(1, 3, 8, 9) + torch.tensor([0.1, 0.1, 2.0]).reshape(1, 3, 1, 1)  # the last channel is the loudest

def filled(snippet, size):
    torch.manual_seed(1)
    module = snippet().eval()
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=size)
    return module

def runs(snippet):
    try:
        return snippet(3)(picture, opened).shape == picture.shape
    except RuntimeError:
        return False

# %% measure
def measure(snippet):
    """One line of symptoms."""
    with torch.no_grad():
        zero = (filled(snippet, 0.0)(picture, opened) / picture)[0, 0, 4, 4]
        ratio, after = ((filled(snippet, 0.1)(picture, gate) / picture)[0, 0] for gate in (opened, shut))
    rows, change = (ratio - ratio[:1]).abs().max() < 1e-5, (after - ratio).abs().max() > 1e-5
    count = sum(p.numel() for p in snippet().parameters())
    return f"{count:8}{str(runs(snippet)):>9}{zero:13.2f}{str(bool(rows)):>13}{str(bool(change)):>20}"

# %% symptoms
print("  parameters   k = 3   y / x, all   all rows get   shutting the loudest")
print("                runs   parameters 0 the same gates channel moves a gate")
for snippet in (A, B, C, D, E, Right):
    print(snippet.__name__[:1], measure(snippet))

# %% hunt-task [markdown]
# The last line is a right one. Now **name** the bug of each, in the order A, B, C, D, E. Each name is used once:
#
# "extra residual", "one map", "wrong axis", "fixed padding", "un-refined input"

# %% cbam-spatial-bug-hunt
bugs = None  # ("...", "...", "...", "...", "...")
### BEGIN SOLUTION
bugs = ("fixed padding", "un-refined input", "extra residual", "wrong axis", "one map")
### END SOLUTION

# %% repair-idea [markdown]
# ## 7. Repair
# The function below is meant to be the second half of CBAM, with the kernel that it is given. It has **three** bugs.
# One of them stands in the code of a text that learners come from: its prose puts the two modules in a row, its code
# computes the maps beside the channel gate.
#
# Write it anew, mended. The kernel may be of any odd size.

# %% published
def published(x, channel_gate, weight):
    refined = x * channel_gate
    mean = x.mean(dim=(1, 2), keepdim=True)
    maximum = x.amax(dim=(1, 2), keepdim=True)
    maps = torch.cat([mean, maximum], dim=1)
    gate = functional.conv2d(maps, weight, padding=3).sigmoid()
    return refined * gate

# %% cbam-spatial-repair
def repaired(x, channel_gate, weight):
    """(B, C, H, W), (B, C, 1, 1), (1, 2, k, k) -> (B, C, H, W): x times the channel gate, times its spatial gate."""
    ### BEGIN SOLUTION
    refined = x * channel_gate
    half = weight.shape[-1] // 2
    return refined * functional.conv2d(descriptors(refined), weight, padding=half).sigmoid()
    ### END SOLUTION

# %% see-repair
mended = repaired(features, channel_gate, kernel)
figures.before_after(refined, mended, title="the refined features, and repaired(...) with the kernel made by hand")

# %% tests-idea [markdown]
# ## 8. Write the test
# Write `accepts(implementation)`: it gets a function like `repaired`, calls it with inputs of your choice, and returns
# True for a right one and False for a wrong one. We try it on right ones in several styles and on eleven wrong ones:
# those of this lesson and some new. One that raises counts as refused.
#
# Which kernel, which channel gate, which batch make a bug visible?

# %% cbam-spatial-tests
def accepts(implementation):
    """True where implementation(x, channel_gate, weight) is a right second half of CBAM, False where it is wrong."""
    ### BEGIN SOLUTION
    torch.manual_seed(0)
    x, weight = torch.randn(2, 4, 5, 7), torch.randn(1, 2, 3, 3)
    channel_gate = torch.rand(2, 4, 1, 1)
    refined = x * channel_gate
    gate = functional.conv2d(descriptors(refined), weight, padding=1).sigmoid()
    return torch.allclose(implementation(x, channel_gate, weight), refined * gate, atol=1e-5)
    ### END SOLUTION

# %% try-your-test
for implementation in (repaired, published):
    try:
        print(implementation.__name__, "accepted:", accepts(implementation))
    except Exception as error:
        print(implementation.__name__, "refused, for it raised:", error)

# %% what-you-know [markdown]
# ## What you know, and what you do not know yet
# You know what the spatial half computes, how far it sees and what it costs. You do **not** know whether it helps, or
# whether bright places of a gate are those that matter to the network: a gate map looks like an explanation, and is a
# factor. Both will be measured later in this course.
#
# Say without looking: which axis is pooled, and which stay; why two maps; why `kernel_size // 2`; three things that a
# spatial gate can't know; and what a test needs that catches a padding fixed at 3. Next: both halves in a row.
