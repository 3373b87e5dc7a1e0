# %% what-you-will-build [markdown]
# # CBAM: channel attention
# Squeeze-and-excitation describes each channel by one number, its mean. CBAM's first half keeps nearly all of it and
# adds a second number: the maximum. Is that worth a lesson? It is one line of code. But of the published attention
# modules that we read without looking for bugs, about one in six was wrong, and here is where many go wrong first.
#
# You find the input that SE can't see, predict, build the module, put it into ResNet-50, catch a printed table in an
# error, and mend published code. 60 to 75 minutes.
#
# Hints: `attncourse.hint("cbam-channel-module")`. Source: Woo, Park, Lee, Kweon, *CBAM: Convolutional Block Attention
# Module*, ECCV 2018, equations 1 and 2.

# %% imports
import attncourse
import torch
from attncourse import costs, figures, hosts
from torch import nn
from torch.nn import functional

# %% recall-idea [markdown]
# ## Recall lesson 01
# Two pictures differ in channel 0 alone. In the first it is an even 2 at all of its 100 places; in the second 99 places
# hold 0 and one holds 200. An SE module sees both. What becomes of its gates? Answer from memory.
#
# - **A** Only the gate of channel 0 differs: each channel has its own gate.
# - **B** All gates may differ: the first layer mixes the channels.
# - **C** No gate differs.
# - **D** No gate differs at first; after training they may.
# - **E** All gates of the second picture are larger: it holds the larger value.

# %% cbam-channel-recall
spot_or_grey = None  # "A", "B", ...
### BEGIN SOLUTION
spot_or_grey = "C"
### END SOLUTION

# %% features-idea [markdown]
# ## Features to work with
# The four channels of lesson 01 again, made by hand from a photograph: brightness, upright edges, level edges, fine
# detail. **Predict** from the picture: in which channel do mean and maximum lie closest together, in which farthest
# apart (as a ratio)?

# %% make-features
level = torch.tensor([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]])
detail = torch.tensor([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]])
bright = torch.zeros(3, 3).index_put((torch.tensor(1), torch.tensor(1)), torch.tensor(1.0))
grey = figures.photograph(size=(32, 26)).mean(dim=1, keepdim=True)
features = functional.conv2d(grey, torch.stack([bright, level.T, level, detail])[:, None]).relu()

# %% see-features
NAMES = ["bright", "upright", "level", "detail"]
figures.feature_maps(features, titles=NAMES, title=f"features {tuple(features.shape)}")

# %% see-descriptors
mean, maximum = features.mean(dim=(2, 3)), features.amax(dim=(2, 3))
print("means:", mean[0], "  maxima:", maximum[0])
figures.bars(maximum / mean, labels=NAMES, title="maximum / mean")

# %% blind-idea [markdown]
# ## 1. What the mean can't see
# *Bright* is spread over the whole picture; *detail* sits in few places, and its mean is near zero although it is
# strong where it is. SE sees the means only. So there must be another picture, quite different, that it takes for this
# one.
#
# **Build** it: each channel holds a single number everywhere, and every SE module, whatever its weights, gives it the
# gates that it gives x.

# %% cbam-channel-twin
def twin(x):
    """(B, C, H, W) -> (B, C, H, W): constant in each channel, and for squeeze-and-excitation the same picture as x."""
    ### BEGIN SOLUTION
    return x.mean(dim=(2, 3), keepdim=True).expand_as(x)
    ### END SOLUTION

# %% see-twin
other = twin(features)
figures.before_after(features, other, title="for SE these two are one picture", rows=("x", "twin(x)"))

# %% draw-parameters
def drawn(module, size=1.0, seed=0):
    """The module with parameters drawn large, so that no gate hides near one half."""
    torch.manual_seed(seed)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=size)
    return module

# %% gates-of
def gates(module, x):
    """The factor of each channel, (B, C), whatever the module looks like inside."""
    with torch.no_grad():
        return (x * module(x)).sum((2, 3)) / (x * x).sum((2, 3))

# %% measure-twin
squeeze_excitation = drawn(attncourse.attention.SqueezeExcitation(4, 2))
if other is not None:
    print("SE, x:      ", gates(squeeze_excitation, features)[0])
    print("SE, twin(x):", gates(squeeze_excitation, other)[0])

# %% three-spots [markdown]
# Would the maximum alone do? **Predict** which of mean and maximum tells each pair apart:
#
# 1. one spot of 8 among zeros, against an even 0.5;
# 2. one spot of 8 among zeros, against eight spots of 8;
# 3. an even 8, against eight spots of 8.

# %% measure-spots
spot, spots, even, full = torch.zeros(16), torch.zeros(16), torch.full((16,), 0.5), torch.full((16,), 8.0)
spot[5], spots[::2] = 8, 8
for name, channel in (("one spot", spot), ("even 0.5", even), ("eight spots", spots), ("even 8", full)):
    print(f"{name:12} mean {channel.mean():4.1f}   maximum {channel.max():4.1f}")

# %% spots-explained [markdown]
# The mean is blind to the first pair, the maximum to both others. "How much is there?" and "is it there at all,
# anywhere?" are two questions, and a channel may need either. (Both together are still blind to much: where the spot
# lies, and whether its neighbour is one too.)

# %% formula-idea [markdown]
# ## 2. One MLP, twice
# CBAM asks both questions with the **same** MLP, adds the two answers, and only then makes a gate of them:
#
# `gate = sigmoid(MLP(mean) + MLP(max))`, with `MLP(z) = W2 · relu(W1 · z + b1) + b2`
#
# The idea: "this channel is strong" should mean the same, whichever way the strength was measured. So it costs no
# further parameter. Because the sum is taken before the sigmoid, one branch can overrule the other.

# %% see-flow
figures.shape_flow(
    [("mean, maximum", (2, 1, 4)), ("W1: hidden", (2, 1, 2)), ("W2: answers", (2, 1, 4)), ("sum, sigmoid", (1, 4))],
    title="both descriptors (2) of one picture with 4 channels through one MLP",
)

# %% one-channel [markdown]
# **Predict** on the smallest case, one channel and one hidden unit made by hand: `MLP(z) = 3 · relu(z - 1) - 1`. The
# unit sleeps up to 1. What does the sigmoid get for the even 0.5, what for the single spot of 8 with the same mean?

# %% measure-one-channel
def mlp(z):
    return 3 * torch.relu(z - 1) - 1

for name, channel in (("one spot", spot), ("even 0.5", even)):
    a, m = mlp(channel.mean()), mlp(channel.max())
    print(f"{name:9} MLP(mean) = {a:5.1f}   MLP(max) = {m:5.1f}   gate {torch.sigmoid(a + m):.3f}")
    two = a.sigmoid() + m.sigmoid()
    print(f"{'':9} two gates, added: {two:.3f}   averaged: {two / 2:.3f}")

# %% one-channel-explained [markdown]
# The mean says "shut" for both, and the maximum overrules it for the spot. Added **behind** the sigmoid, the two would
# give more than 1, and that is no gate any more; averaged, the spot would get little more than a half, however strong
# it is.
#
# Without the ReLU nothing would be left of the two questions: a linear MLP gives `W (mean + max)`, and sees their sum
# only.

# %% bias-idea [markdown]
# **Predict** once more, now with equation 2 as it stands: all weights are 0, and so is the first layer's bias. Each
# value of the second layer's bias is 1. Which number goes into the sigmoid?

# %% cbam-channel-last-bias
logit = None  # what the sigmoid gets, in every channel
### BEGIN SOLUTION
logit = 2
### END SOLUTION

# %% module-task [markdown]
# ## 3. The module
# **Build** it. You have written most of it in lesson 01, so less is given here: no line of `__init__`, no parts.
#
# The contract is the same: features in, gated features out; hidden width `max(1, channels // reduction)`; with or
# without biases, linear layers or 1x1 convolutions.

# %% cbam-channel-module
class ChannelAttention(nn.Module):
    """(B, C, H, W) -> (B, C, H, W): each channel times sigmoid(MLP(mean) + MLP(max))."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        ### BEGIN SOLUTION
        hidden = max(1, channels // reduction)
        self.reduce = nn.Linear(channels, hidden)
        self.expand = nn.Linear(hidden, channels)
        ### END SOLUTION

    ### BEGIN SOLUTION
    def mlp(self, z):
        return self.expand(torch.relu(self.reduce(z)))

    ### END SOLUTION
    def forward(self, x):
        ### BEGIN SOLUTION
        gate = torch.sigmoid(self.mlp(x.mean(dim=(2, 3))) + self.mlp(x.amax(dim=(2, 3))))
        return x * gate[:, :, None, None]
        ### END SOLUTION

# %% stand-in
built = ChannelAttention(4, 2)(features) is not None
# Until yours is built, ours stands in for it below.
Attention = ChannelAttention if built else attncourse.attention.ChannelAttention

# %% see-gates
module = drawn(Attention(4, 2), size=0.7, seed=27)
pair = None if other is None else torch.stack([gates(module, one)[0] for one in (features, other)], dim=1).flatten()
labels = [word for name in NAMES for word in (name, "its twin")]
figures.bars(pair, labels=labels, title="your gates for x and for twin(x), random weights")

# %% before-after
figures.before_after(features, module(features), title="before and after your module, random weights")

# %% growing-idea [markdown]
# SE gave both the same gates; yours does not. Now turn it into an experiment with one knob.
#
# **Predict:** all channels have the mean 1. In channel 0 one of 100 places grows from 1 to 10, and the others sink a
# little, so that the mean stays. How do the gates of SE move, how do your four?

# %% growing-spot
def with_spot(height):
    """(1, 4, 10, 10), every mean 1; in channel 0 one place holds height."""
    x = torch.ones(1, 4, 10, 10)
    x[0, 0] = (100 - height) / 99
    x[0, 0, 3, 6] = height
    return x

heights = torch.linspace(1, 10, 37)

# %% gates-along
def gates_along(module):
    """The four gates for each height: (4, 37)."""
    return torch.cat([gates(module, with_spot(float(height))) for height in heights]).T

# %% see-growing
lines = [gates_along(drawn(one, size=0.5, seed=40)) for one in (squeeze_excitation, Attention(4, 2))]
words = ["SE, channel 0", *(f"yours, channel {channel}" for channel in range(4))]
drawn_lines = [lines[0][0], *lines[1]]
figures.curve(heights, drawn_lines, labels=words, title="random weights", xlabel="height of the spot", ylabel="gate")

# %% growing-explained [markdown]
# SE does not move at all. Yours do, **all four**, although the spot stands in channel 0: the first layer mixes the
# maxima, as it mixes the means. (If a curve of yours is flat, all hidden units sleep under these weights: try another
# seed. A corner in a curve is a hidden unit that wakes or falls asleep.)

# %% ablation-idea [markdown]
# ## 4. Does it help? A task made for the question
# Let us train three gates, with the mean, the maximum, or both. The task is made so that theory has something to say:
# channel 0 shall be open where a picture has a spot (its mean tells nothing), channel 1 where the picture is bright on
# the whole (its maximum tells nothing). **Predict** how many of the decisions each gets right.

# %% make-task
def pictures(count):
    """Pictures (count, 8, 4, 4), and what the gates of channels 0 and 1 shall be, (count, 2)."""
    wanted = torch.randint(0, 2, (count, 2)).float()
    x = torch.rand(count, 8, 4, 4)
    x[:, 1] = 0.5 * x[:, 1] + 0.5 * wanted[:, 1, None, None]
    x[:, 1, 0, 0] = 2.0  # the same maximum in every picture
    x[:, 0, 2, 3] += 2 * wanted[:, 0]
    x[:, 0] *= 0.5 / x[:, 0].mean(dim=(1, 2), keepdim=True)  # the same mean in every picture
    return x, wanted

# %% train-gates
def trained(pools, seed):
    """The share of right decisions of both gates on new pictures, after 200 steps."""
    torch.manual_seed(seed)
    module = attncourse.attention.ChannelAttention(8, 1, pools=pools)
    optimiser = torch.optim.Adam(module.parameters(), lr=0.03)
    for _ in range(200):
        x, wanted = pictures(64)
        optimiser.zero_grad()
        functional.binary_cross_entropy(module.gate(x)[:, :2, 0, 0], wanted).backward()
        optimiser.step()
    x, wanted = pictures(1000)
    return ((module.gate(x)[:, :2, 0, 0] > 0.5) == (wanted > 0.5)).float().mean(dim=0).tolist()

# %% see-ablation
print("share of right decisions, three seeds      spot               bright")
for pools in (("mean",), ("max",), ("mean", "max")):
    runs = [trained(pools, seed) for seed in range(3)]
    print(f"{' and '.join(pools):36}", *("".join(f"{run[gate]:6.2f}" for run in runs) for gate in (0, 1)))

# %% ablation-explained [markdown]
# One half is guessing. So either descriptor alone can be blind to something that both together see, and training finds
# it. That proves that the maximum **can** help. It does not prove that photographs have such spots, or that a network
# needs them: we made the task.
#
# The paper's own ablation (table 1, ResNet-50 on ImageNet, one run each; second-hand, we have not read the PDF) has
# top-1 errors of 23.14 % with the mean, 23.20 with the maximum, 22.80 with both. Would you bet on 0.34 points from one
# run?

# %% cost-idea [markdown]
# ## 5. What it costs
# The same table has two more columns, parameters and multiply-adds. Those can be checked without training. First the
# formula for one module: its parameters, biases included, and the multiply-adds of its layers for one picture
# (multiplications; biases, pooling and scaling count nothing).
#
# **Build** it.

# %% cbam-channel-cost
def cost(channels, reduction):
    """Parameters and multiply-adds of one channel attention: two whole numbers."""
    ### BEGIN SOLUTION
    hidden = max(1, channels // reduction)
    weights = 2 * channels * hidden
    return weights + hidden + channels, 2 * weights
    ### END SOLUTION

# %% host-idea [markdown]
# ### Your module in ResNet-50
# `hosts.build` makes a ResNet-50 and puts a module of your class into each of its 16 blocks; `costs.of` counts on the
# real thing. **Predict** both sums from your formula: 3 blocks of 256 channels, 4 of 512, 6 of 1024, 3 of 2048.

# %% predict-host
BLOCKS = [(3, 256), (4, 512), (6, 1024), (3, 2048)]
each = [cost(channels, 16) for _, channels in BLOCKS]
if None not in each:
    sums = [sum(count * pair[i] for (count, _), pair in zip(BLOCKS, each, strict=True)) for i in (0, 1)]
    print(f"predicted: {sums[0]:,} parameters, {sums[1]:,} multiply-adds")

# %% count-host
size = (1, 3, 224, 224)
plain, gated = (costs.of(hosts.build("resnet50", attention=one), size) for one in (None, Attention))
print(f"your module adds: {gated.parameters - plain.parameters:,} parameters, "
      f"{gated.multiply_adds - plain.multiply_adds:,} multiply-adds")
print(f"ResNet-50 with it: {gated.parameters / 1e6:.2f} million, {gated.multiply_adds / 1e9:.3f} billion")

# %% host-explained [markdown]
# As many parameters as SE (a little fewer if yours has no biases), and twice its multiply-adds, for the MLP runs twice:
# five million in 3.9 billion. Max pooling has nothing to learn.
#
# Now the paper's table 1, as it was passed on to us: the three rows mean, maximum, both have **25.92** million
# parameters each, and **3.94**, 3.94 and 4.02 billion multiply-adds. **Predict:** who is wrong?

# %% detective
print("              parameters   multiply-adds")
print("printed            25.92            3.94")
for name in ("se", "cbam_channel", "bam", "cbam"):
    found = costs.of(hosts.build("resnet50", attention=name), size)
    print(f"{name:14}{found.parameters / 1e6:10.2f}{found.multiply_adds / 1e9:16.2f}")

# %% detective-explained [markdown]
# 25.92 and 3.94 are, to the last digit, ResNet-50 with **BAM**, an earlier module of the same authors. It looks as if
# the two columns had been left over from another table. Tables 2 and 4 of the same paper print 28.09 for these
# networks, and that is what you counted. The errors in the rows may well be right; nobody can tell from here.
#
# What one takes from this: a printed figure that can be recounted should be. It took a minute.

# %% hunt-idea [markdown]
# ## 6. Bug hunt
# Six snippets of published kinds, each with **one** bug. All run, and their shapes are right. Some even train well.
#
# Read them and **predict** which symptom would betray each: the number of parameters, two calls, the range of the
# gates, a spot?

# %% snippet-a
class A(nn.Module):
    def __init__(self, channels, ratio=16):
        super().__init__()
        self.down, self.up = nn.Linear(channels, channels // ratio), nn.Linear(channels // ratio, channels)

    def forward(self, x):
        average = self.up(self.down(x.mean(dim=(2, 3))).relu()).sigmoid()
        largest = self.up(self.down(x.amax(dim=(2, 3))).relu()).sigmoid()
        return x * (average + largest)[:, :, None, None]

# %% snippet-b
class B(nn.Module):
    def __init__(self, channels, ratio=16):
        super().__init__()
        hidden = channels // ratio
        self.average = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, channels, 1))
        self.largest = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, channels, 1))

    def forward(self, x):
        average = self.average(functional.adaptive_avg_pool2d(x, 1))
        return x * (average + self.largest(functional.adaptive_max_pool2d(x, 1))).sigmoid()

# %% snippet-c
class C(nn.Module):
    def __init__(self, channels, ratio=16):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.down, self.up = nn.Conv2d(channels, channels // ratio, 1), nn.Conv2d(channels // ratio, channels, 1)

    def forward(self, x):
        return x * self.up(self.down(self.pool(x)).relu()).sigmoid()

# %% snippet-d
class D(nn.Module):
    def __init__(self, channels, ratio=16):
        super().__init__()
        self.fc1, self.relu1 = nn.Conv2d(channels, channels // 16, 1), nn.ReLU()
        self.fc2 = nn.Conv2d(channels // 16, channels, 1)

    def forward(self, x):
        avg_out = self.fc2(self.relu1(self.fc1(functional.adaptive_avg_pool2d(x, 1))))
        max_out = self.fc2(self.relu1(self.fc1(functional.adaptive_max_pool2d(x, 1))))
        return x * (avg_out + max_out).sigmoid()

# %% snippet-e
class E(nn.Module):
    def __init__(self, channels, ratio=16):
        super().__init__()
        hidden = channels // ratio
        self.mlp = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels), nn.Sigmoid())

    def forward(self, x):
        gate = torch.sigmoid(self.mlp(x.mean(dim=(2, 3))) + self.mlp(x.amax(dim=(2, 3))))
        return x * gate[:, :, None, None]

# %% snippet-f
class F(nn.Module):
    def __init__(self, channels, ratio=16):
        super().__init__()
        self.channels, self.ratio = channels, ratio

    def mlp(self, z):
        hidden = self.channels // self.ratio
        return nn.Sequential(nn.Linear(self.channels, hidden), nn.ReLU(), nn.Linear(hidden, self.channels))(z)

    def forward(self, x):
        return x * (self.mlp(x.mean(dim=(2, 3))) + self.mlp(x.amax(dim=(2, 3)))).sigmoid()[:, :, None, None]

# %% measure-parts
torch.manual_seed(0)
picture = torch.rand(1, 64, 3, 5) + 0.5
spiked = picture - 0.2  # and one place higher by 3: the same means, other maxima
spiked[:, :, 1, 2] += 3

# %% run-snippet
def run(snippet, size, x):
    """The gates of a module of 64 channels, its parameters drawn with this size."""
    module = drawn(snippet(64, 4), size)
    torch.manual_seed(0)
    return gates(module, x)

# %% measure
def measure(snippet):
    """One line of symptoms."""
    counts = [sum(p.numel() for p in snippet(64, r).parameters()) for r in (4, 8)]
    module = snippet(64, 4)
    same = torch.equal(module(picture), module(picture))
    zero, large, spot = run(snippet, 0.0, picture), run(snippet, 0.5, picture), run(snippet, 0.5, spiked)
    moved = bool((large - spot).abs().max() > 1e-4)
    ranges = f"{zero.mean():11.2f}{large.min():13.3f} to{large.max():6.3f}"
    return f"{counts[0]:6}{counts[1]:6}{str(same):>8}{ranges}{str(moved):>12}"

# %% symptoms
print("    parameters      twice   gate, all      gates, large   a spot moves")
print("   r = 4 r = 8   the same  parameters 0     parameters      the gates")
for snippet in (A, B, C, D, E, F, Attention):
    print(snippet.__name__[:1] if snippet is not Attention else "*", measure(snippet))

# %% hunt-task [markdown]
# The last line, `*`, is a right one. **Name** the bug of each, in the order A, B, C, D, E, F. Each name is used once:
#
# "two MLPs", "fresh layers", "ratio unused", "sigmoid in each branch", "sigmoid in each branch and again", "no maximum"

# %% cbam-channel-bug-hunt
bugs = None  # ("...", "...", "...", "...", "...", "...")
### BEGIN SOLUTION
bugs = (
    "sigmoid in each branch", "two MLPs", "no maximum",
    "ratio unused", "sigmoid in each branch and again", "fresh layers",
)
### END SOLUTION

# %% repair-idea [markdown]
# ## 7. Repair
# The function below is meant to be channel attention with the weights that it is given. It has **three** bugs. One of
# them, an MLP made inside the function, stands like this in a text that many learners come from: beside the sentence
# that the MLP is shared.
#
# Find them with experiments, then write it anew, mended.

# %% published
def published(x, w1, b1, w2, b2):
    hidden, channels = w1.shape
    average = x.mean(dim=(2, 3))
    average = functional.linear(functional.linear(average, w1, b1).relu(), w2, b2).sigmoid()
    largest = functional.max_pool2d(x, x.shape[2]).flatten(1)
    mlp = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))
    largest = mlp(largest).sigmoid()
    return x * (average + largest)[:, :, None, None]

# %% try-published
torch.manual_seed(0)
weights = (torch.randn(2, 4), torch.randn(2), torch.randn(4, 2), torch.randn(4))
square = features[:, :, :24]  # a square part of the picture
print("two calls agree:", torch.equal(published(square, *weights), published(square, *weights)))

# %% cbam-channel-repair
def repaired(x, w1, b1, w2, b2):
    """(B, C, H, W) -> (B, C, H, W): channel attention with these weights."""
    ### BEGIN SOLUTION
    def mlp(z):
        return torch.relu(z @ w1.T + b1) @ w2.T + b2

    gate = torch.sigmoid(mlp(x.mean(dim=(2, 3))) + mlp(x.amax(dim=(2, 3))))
    return x * gate[:, :, None, None]
    ### END SOLUTION

# %% see-repair
mended = repaired(features, *weights)
figures.before_after(features, mended, title="features, and repaired(features, ...), random weights")

# %% tests-idea [markdown]
# ## 8. Write the test
# Write `accepts(implementation)`: it gets a function like `repaired`, calls it with inputs of your choice, and returns
# True for a right one and False for a wrong one. We try it on right ones in seven styles and on fifteen wrong ones:
# those of this lesson and some new. One that raises counts as refused.
#
# You may compare with your own `repaired`. So everything hangs on the inputs: which maps, which batch, which weights
# and biases make each bug visible?

# %% cbam-channel-tests
def accepts(implementation):
    """True where implementation(x, w1, b1, w2, b2) is a right channel attention, False where it is wrong."""
    ### BEGIN SOLUTION
    torch.manual_seed(0)
    x = torch.randn(3, 4, 5, 7)
    weights = torch.randn(6, 4), torch.randn(6), torch.randn(4, 6), torch.randn(4)
    return torch.allclose(implementation(x, *weights), repaired(x, *weights), atol=1e-5)
    ### END SOLUTION

# %% try-your-test
if mended is not None:
    for implementation in (repaired, published):
        try:
            print(implementation.__name__, "accepted:", accepts(implementation))
        except Exception as error:
            print(implementation.__name__, "refused, for it raised:", error)

# %% what-you-know [markdown]
# ## What you know, and what you do not know yet
# You know what the maximum adds, on inputs that you built; what it costs, to the last parameter; and that one row of
# one table says little about whether it helps. That will be measured later in this course, with several seeds.
#
# Say without looking: an input that SE can't see, and one that the maximum can't; why there is one MLP and one sigmoid,
# and what goes wrong with two of each; how often the last bias counts; what doubles in the costs and what does not.
#
# One thing neither descriptor knows: **where**. Next: CBAM's other half, which knows nothing else.
