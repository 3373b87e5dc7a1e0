# %% what-you-will-build [markdown]
# # Squeeze-and-Excitation
# A network's feature maps have many channels, and not all of them matter for every picture. Squeeze-and-Excitation
# (SE) lets the network weigh its channels anew for each picture, with very few parameters.
#
# In this lesson you build it in three small functions, then as a module; you count what it costs, put it into two
# kinds of block, and find bugs in code of the kinds that people really publish. Plan an hour or more.
#
# Under each answer stands a check: run it as often as you like. Stuck? `attncourse.hint("se-squeeze")` gives one hint
# at a time. Source: Hu, Shen, Sun, *Squeeze-and-Excitation Networks*, CVPR 2018.

# %% imports
import attncourse
import torch
from attncourse import figures
from torch import nn
from torch.nn import functional

generator = torch.manual_seed(0)

# %% recall [markdown]
# ## Recall lesson 00
# Answer from memory, aloud or on paper, before you run the cell below.
#
# 1. In a tensor of shape `(2, 4, 30, 24)`, how many channels are there, and how many places?
# 2. What is the sigmoid of -4, of 0, of 4, roughly? Can a gate be 1.8?
# 3. `x` has the shape `(2, 3, 2, 3)` and `g` the shape `(2, 3)`. Does `x * g` run? What does it weigh?

# %% recall-answers
x, g = torch.ones(2, 3, 2, 3), torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
print("sigmoid:", torch.sigmoid(torch.tensor([-4.0, 0.0, 4.0])))
print("x * g has the shape", tuple((x * g).shape), "and its first channel is")
print((x * g)[0, 0])

# %% recall-explained [markdown]
# It runs, and weighs places: broadcasting lines shapes up from the right, so that `(2, 3)` came to lie on height and
# width. Nobody complained. This will return when you write `scale`.

# %% four-channels [markdown]
# ## Four channels to work with
# A trained network has hundreds of channels whose meaning nobody wrote down. To see what SE does, we take four that
# we made by hand: brightness, upright edges, level edges, and fine detail. A convolution with fixed kernels makes
# them from a photograph (Grace Hopper, 1984, public domain).

# %% make-features
level = torch.tensor([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]])
detail = torch.tensor([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]])
bright = torch.zeros(3, 3).index_put((torch.tensor(1), torch.tensor(1)), torch.tensor(1.0))
kernels = torch.stack([bright, level.T, level, detail])[:, None]
grey = figures.photograph(size=(32, 26)).mean(dim=1, keepdim=True)
features = functional.conv2d(grey, kernels).relu()

# %% see-features
NAMES = ["bright", "upright", "level", "detail"]
figures.feature_maps(features, titles=NAMES, title=f"features {tuple(features.shape)}")

# %% squeeze-idea [markdown]
# ## 1. Squeeze
# To judge a channel as a whole, one number must stand for its 30 x 24 values. SE takes their mean (equation 2).
#
# **Predict:** which of the four channels will have the largest number, which the smallest? What shape will the result
# have, for a batch of one picture with four channels?
#
# **Build** it. The function takes `(B, C, H, W)` and gives `(B, C)`: the places go, the channels stay.

# %% se-squeeze
def squeeze(x):
    """(B, C, H, W) -> (B, C): the mean of each channel over all its places."""
    ### BEGIN SOLUTION
    return x.mean(dim=(2, 3))
    ### END SOLUTION

# %% squeeze-observe [markdown]
# **Observe**: the picture below is drawn from your function. Was your prediction right?

# %% see-squeeze
z = squeeze(features)
figures.bars(z, labels=NAMES, title="squeeze(features)")

# %% squeeze-break [markdown]
# **Break it.** We shuffle all places: the photograph becomes noise. **Predict** what happens to the four numbers.
#
# Texts praise that thanks to the mean even an early layer "sees the whole picture". True: every place counts. But look
# what is lost.

# %% shuffle-places
order = torch.randperm(30 * 24, generator=torch.Generator().manual_seed(1))
shuffled = features.flatten(2)[:, :, order].reshape(features.shape)
print(squeeze(features), squeeze(shuffled), sep="\n")
figures.feature_maps(shuffled, titles=NAMES, title="the same values in other places")

# %% squeeze-explain [markdown]
# **Explain** in one sentence: why can SE never say *where* something is?
#
# The mean knows how much of a channel there is, and nothing of its places. Modules that do know come later: CBAM's
# spatial part and coordinate attention.

# %% excitation-idea [markdown]
# ## 2. Excitation
# From C means to C gates. A first layer narrows to `hidden` numbers, a ReLU follows, a second layer widens to C
# again, and a sigmoid makes each number a gate between 0 and 1 (equation 3):
#
# `gate = sigmoid(w2 · relu(w1 · z + b1) + b2)`
#
# Because the first layer mixes all means, each gate may depend on every channel: "open *detail* only if the picture is
# *bright*".

# %% see-bottleneck
figures.shape_flow(
    [("z: means", (1, 4)), ("w1: hidden", (1, 2)), ("w2: logits", (1, 4)), ("sigmoid: gate", (1, 4))],
    title="excitation, with 4 channels and a hidden width of 2",
)

# %% excitation-task [markdown]
# **Build** it. The first half is there; the second half has the same form, with another activation. `w1` has the shape
# `(hidden, C)` and `w2` the shape `(C, hidden)`, as `nn.Linear` keeps them.

# %% se-excitation
def excitation(z, w1, b1, w2, b2):
    """(B, C) -> (B, C): one gate in (0, 1) for each channel."""
    hidden = torch.relu(z @ w1.T + b1)
    ### BEGIN SOLUTION
    return torch.sigmoid(hidden @ w2.T + b2)
    ### END SOLUTION

# %% excitation-observe [markdown]
# **Observe.** Here are weights chosen by hand. Unit 0 of the hidden layer wakes when there are more upright edges than
# level ones, unit 1 when it is the other way round. Read `w2`: what does unit 0 open, and what does it shut?
# **Predict** the gates for our photograph, then run.

# %% hand-made-weights
w1, b1 = torch.tensor([[0.0, 9, -9, 0], [0.0, -9, 9, 0]]), torch.zeros(2)
w2 = torch.tensor([[0.0, 0], [9, -9], [-9, 9], [0, 0]])
b2 = torch.tensor([3.0, 0, 0, -2])

# %% see-gate
gate = None if z is None else excitation(z, w1, b1, w2, b2)
figures.bars(gate, labels=NAMES, title="the gate for the photograph, weights made by hand")

# %% turn-the-picture
turned = squeeze(features[:, [0, 2, 1, 3]])  # upright and level edges change places, as if the picture lay on its side
turned_gate = None if turned is None else excitation(turned, w1, b1, w2, b2)
figures.bars(turned_gate, labels=NAMES, title="the gate for the picture on its side, the same weights")

# %% excitation-explain [markdown]
# The weights are the same, the picture is another, and so are the gates. That is what "attention" means here: factors
# that are computed from the input, not learned once for all.
#
# **Explain:** *bright* and *detail* did not move. Which numbers decided that?

# %% no-distribution [markdown]
# ### A gate is no share
# Some texts call each number "the share of this channel among all channels". **Predict** what the gates add up to,
# then run. A softmax would make them add up to 1, and channels would compete. Sigmoids are independent: all may be
# open, all may be shut.

# %% add-the-gates
if gate is not None:
    print("your gates add up to", gate.sum().item())
    print("a softmax's would add up to", gate.logit().softmax(dim=1).sum().item())
    print("all four open:", excitation(z, 0 * w1, b1, 0 * w2, b2 + 5))

# %% scale-idea [markdown]
# ## 3. Scale
# Each channel times its own gate (equation 4): `(B, C, H, W)` and `(B, C)` give `(B, C, H, W)`. You saw at the start
# what happens to a gate whose shape is left as it is.
#
# **Build** it.

# %% se-scale
def scale(x, gate):
    """(B, C, H, W), (B, C) -> (B, C, H, W): each channel times its own gate."""
    ### BEGIN SOLUTION
    return x * gate[:, :, None, None]
    ### END SOLUTION

# %% see-scale
weighed = None if gate is None else scale(features, gate)
figures.before_after(features, weighed, title="features, and scale(features, gate), weights made by hand")

# %% scale-explain [markdown]
# **Explain:** inside one channel, which of two places is brighter is the same before and after. Why? And why can a
# channel never come out stronger than it went in?

# %% zero-idea [markdown]
# ## 4. The module
# Before you build it, **predict**: a module with four channels, all of whose weights and biases are 0. Each output
# value is the same multiple of its input value. Which multiple? Work it through in your head: squeeze, excitation,
# scale.

# %% se-zero
zero_ratio = None  # y / x when all parameters are 0
### BEGIN SOLUTION
zero_ratio = 0.5
### END SOLUTION

# %% module-task [markdown]
# **Build** the module. `__init__` makes what is learned, once: two layers. `forward` uses them: squeeze, excitation,
# scale, and returns the weighed features.
#
# The hidden width is `max(1, channels // reduction)`. With or without biases, linear layers or 1x1 convolutions: all
# are right here.

# %% se-module
class SqueezeExcitation(nn.Module):
    """(B, C, H, W) -> (B, C, H, W): each channel times a gate computed from all channels' means."""

    def __init__(self, channels, reduction=16):
        super().__init__()
        ### BEGIN SOLUTION
        hidden = max(1, channels // reduction)
        self.reduce = nn.Linear(channels, hidden)
        self.expand = nn.Linear(hidden, channels)
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        gate = torch.sigmoid(self.expand(torch.relu(self.reduce(x.mean(dim=(2, 3))))))
        return x * gate[:, :, None, None]
        ### END SOLUTION

# %% stand-in
built = SqueezeExcitation(4, 2)(features) is not None
# Until yours is built, ours stands in for it below.
Attention = SqueezeExcitation if built else attncourse.attention.SqueezeExcitation

# %% module-observe [markdown]
# **Observe** it with all parameters at zero. Was your prediction right? A fresh SE module is close to this: it halves
# everything. It does not begin as "no change", and the layers behind it must get used to that.

# %% see-zero-module
module = Attention(4, 2)
for parameter in module.parameters():
    nn.init.zeros_(parameter)
figures.before_after(features, module(features), title="all parameters zero")

# %% linear-or-convolution [markdown]
# ### Linear layer or 1x1 convolution?
# Some published code squeezes to `(B, C)` and uses `nn.Linear`; some keeps `(B, C, 1, 1)` and uses 1x1 convolutions.
# Are these two methods, or one? Put the weights of one into the other. **Predict** the difference.

# %% copy-the-weights
linear, convolution = nn.Linear(12, 4), nn.Conv2d(12, 4, kernel_size=1)
with torch.no_grad():
    convolution.weight.copy_(linear.weight[:, :, None, None])
    convolution.bias.copy_(linear.bias)
means = torch.randn(3, 12)
difference = linear(means) - convolution(means[:, :, None, None]).flatten(1)
print("largest difference:", difference.abs().max().item())

# %% linear-explain [markdown]
# One and the same: on a single place a 1x1 convolution is a matrix product. What remains is rounding, and the shape of
# the weight. So when two texts differ only in this, nothing differs.

# %% parameters-idea [markdown]
# ## 5. What it costs
# Write the number of parameters as a function of the channels C and the reduction r. The paper's formula is
# 2 C² / r: two matrices of C times C / r. We count the biases too, and the hidden width is never below 1.
#
# Mind the word: the reduction **divides**. One text that you may have read calls it "SERatio" and says that the first
# layer has "C times SERatio" neurons, while its code divides; another has `reduction_ratio=0.5` and multiplies.
#
# **Build** it. `parameters(12, 3)` is the number of values in your module's four tensors.

# %% se-parameters
def parameters(channels, reduction):
    """How many numbers an SE module learns, biases included."""
    ### BEGIN SOLUTION
    hidden = max(1, channels // reduction)
    return 2 * channels * hidden + hidden + channels
    ### END SOLUTION

# %% count-yours
counted = sum(parameter.numel() for parameter in Attention(12, 3).parameters())
print("the formula:", parameters(12, 3), "   counted on the module:", counted)

# %% resnet-idea [markdown]
# ### Does it agree with print?
# ResNet-50 has 16 blocks: 3 of 256 channels, 4 of 512, 6 of 1024, 3 of 2048, and 25,557,032 parameters without
# attention. SE goes into every block. CBAM's table 4 prints 25.56 million without and **28.09** million with SE, r =
# 16. (Second-hand figures: we know the table from elsewhere and not from the PDF.)
#
# **Predict:** which blocks cost most? Would it fit without biases?

# %% resnet-count
BLOCKS = [(3, 256), (4, 512), (6, 1024), (3, 2048)]
costs = [(count * (parameters(channels, 16) or 0)) for count, channels in BLOCKS]
biases = sum(count * (channels // 16 + channels) for count, channels in BLOCKS)
print("in the four stages:", costs)
print(f"ResNet-50 with SE: {(25_557_032 + sum(costs)) / 1e6:.2f} million")
print(f"without biases:    {(25_557_032 + sum(costs) - biases) / 1e6:.2f} million")

# %% resnet-explain [markdown]
# Only the count with biases prints as 28.09; equation 3 writes none, the networks have them. And the last three blocks,
# where C is 2048, cost more than the other thirteen together: the cost grows with the square of C.

# %% reduction-idea [markdown]
# ### The reduction
# It is a dial between cost and what the gates can express: `hidden` is how many different questions about the means
# the module can ask. **Predict** the form of the curve, and where the biases begin to matter.

# %% see-reduction
reductions = torch.tensor([1, 2, 4, 8, 16, 32, 64])
built_costs = [parameters(256, int(reduction)) for reduction in reductions]
line = None if None in built_costs else torch.tensor(built_costs)
figures.curve(reductions, line, title="parameters(256, reduction)", xlabel="reduction", ylabel="parameters")

# %% reduction-explain [markdown]
# Half the width, half the cost; from 16 on there is little left to save. Whether a larger hidden layer also makes a
# better network is another question. The authors' own ablation (second-hand: errors of 22.3, 22.3, 22.3, 22.3 and 22.7
# % for r = 2, 4, 8, 16, 32) says: hardly.

# %% residual-idea [markdown]
# ## 6. Where it stands
# A plain residual block is `relu(x + branch(x))`; `branch` holds the convolutions and batch norms. The shortcut `x` is
# the way on which the signal always gets through. SE stands **on the branch: after its last batch norm, before the
# addition, before the last ReLU**. (Other places are possible; the authors tried some. Putting one module behind the
# network's first convolution, as one text does, is another network.)
#
# **Build** it. `branch` and `attention` are functions; you only call them in the right order.

# %% se-residual
def residual(x, branch, attention):
    """(B, C, H, W) -> (B, C, H, W): a residual block with attention on its branch."""
    ### BEGIN SOLUTION
    return torch.relu(x + attention(branch(x)))
    ### END SOLUTION

# %% real-branch
torch.manual_seed(0)
branch = nn.Sequential(
    nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
    nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4),
)
attention = Attention(4, 2)

# %% see-residual
made = branch(features)
block = residual(features, branch, attention)
steps = [("x", features), ("branch", made), ("attention", attention(made)), ("block", block)]
figures.shape_flow(steps, title="your residual block, with a real branch and your module")

# %% see-shortcut
def shut(x):
    return 0 * x  # the extreme case: a gate that shuts every channel

figures.before_after(features, residual(features, branch, shut), title="your block with all gates shut")

# %% residual-explain [markdown]
# **Explain:** all gates are shut, and the features come through unharmed. What would have happened with the gate behind
# the addition? (Our features are not negative, so the ReLU leaves them alone.)

# %% inception-idea [markdown]
# ### An Inception block
# Here several branches look at the same input side by side, and their channels are put together. There is no shortcut.
# SE stands **behind the concatenation**, so that each gate may depend on all channels of the block.
#
# **Build** it, with three branches.

# %% se-inception
def inception(x, first, second, third, attention):
    """(B, C, H, W) -> (B, C1 + C2 + C3, H, W): three branches side by side, then attention."""
    ### BEGIN SOLUTION
    return attention(torch.cat([first(x), second(x), third(x)], dim=1))
    ### END SOLUTION

# %% see-inception
first, second, third = nn.Conv2d(4, 8, 1), nn.Conv2d(4, 6, 3, padding=1), nn.Conv2d(4, 2, 5, padding=2)
joined = inception(features, first, second, third, Attention(16, 4))
print("channels of the branches:", [branch(features).shape[1] for branch in (first, second, third)])
figures.shape_flow([("x", features), ("your block", joined)], title="your Inception block")

# %% hunt-idea [markdown]
# ## 7. Bug hunt
# Six snippets, each with one bug. Five of the six kinds were found in published code; the sixth is what a sentence of a
# published text asks for. All of them run: the shapes are right, and nothing complains.
#
# Read each one and **predict** which symptom would betray it: the number of parameters? Two calls? The range of the
# gate? Do not look for bad style; there is a real fault in each.

# %% snippet-a
class A(nn.Module):
    def __init__(self, channels, ratio=16):
        super().__init__()
        self.down = nn.Conv2d(channels, channels // 16, 1)
        self.up = nn.Conv2d(channels // 16, channels, 1)

    def forward(self, x):
        y = functional.adaptive_avg_pool2d(x, 1)
        return x * self.up(self.down(y).relu()).sigmoid()

# %% snippet-b
class B(nn.Module):
    def __init__(self, channels, ratio=16):
        super().__init__()
        self.channels, self.hidden = channels, channels // ratio

    def forward(self, x):
        down, up = nn.Linear(self.channels, self.hidden), nn.Linear(self.hidden, self.channels)
        y = up(down(x.mean(dim=(2, 3))).relu()).sigmoid()
        return x * y[:, :, None, None]

# %% snippet-c
class C(nn.Module):
    def __init__(self, channels, ratio=16):
        super().__init__()
        self.down = nn.Linear(channels, channels // ratio)
        self.up = nn.Linear(channels // ratio, channels)
        self.act = nn.Hardswish()

    def forward(self, x):
        y = self.act(self.up(self.down(x.mean(dim=(2, 3))).relu()))
        return x * y[:, :, None, None]

# %% snippet-d
class D(nn.Module):
    def __init__(self, channels, ratio=16):
        super().__init__()
        self.down = nn.Linear(channels, channels // ratio)
        self.up = nn.Linear(channels // ratio, channels)

    def forward(self, x):
        b, c, _, _ = x.size()
        y = self.up(self.down(x.mean(dim=(2, 3))).relu()).sigmoid().view(b, c, 1, 1)
        return y.expand_as(x)

# %% snippet-e
class E(nn.Module):
    def __init__(self, channels, ratio=16):
        super().__init__()
        self.down = nn.Linear(channels, channels // ratio)
        self.up = nn.Linear(channels // ratio, channels)

    def forward(self, x):
        residual = x
        y = self.up(self.down(x.mean(dim=(2, 3))).relu()).sigmoid()
        return residual + x * y[:, :, None, None]

# %% snippet-f
class F(nn.Module):
    def __init__(self, channels, ratio=16):
        super().__init__()
        self.down = nn.Linear(channels, channels // ratio)
        self.up = nn.Linear(channels // ratio, channels)

    def forward(self, x):
        y = self.up(self.down(x.mean(dim=(2, 3))).relu()).softmax(dim=1)
        return x * y[:, :, None, None]

# %% measure-idea [markdown]
# **Measure** instead of guessing. The input is positive, so that `y / x` shows the gate. First all parameters zero,
# then large ones: with the small weights of a fresh network every gate sits near one half, and hides what it is.

# %% filled
def ratio_with(snippet, size):
    """y / x for a module of 64 channels whose parameters are drawn with this size."""
    torch.manual_seed(0)
    module, x = snippet(64, 4), torch.rand(2, 64, 3, 5) + 0.5
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=size)
    return (module(x) / x).detach()

# %% measure
def measure(snippet):
    """One line of symptoms."""
    counts = [sum(p.numel() for p in snippet(64, r).parameters()) for r in (4, 8)]
    module, x = snippet(64, 4), torch.rand(2, 64, 3, 5)
    zero, large = ratio_with(snippet, 0.0), ratio_with(snippet, 0.5)
    ranges = "".join(f"{r.min():9.3f} to{r.max():7.3f}" for r in (zero, large))
    same = str(torch.equal(module(x), module(x)))
    return f"{counts[0]:6}{counts[1]:6}{same:>7}{ranges}{large[0, :, 0, 0].sum():9.2f}"

# %% symptoms
print("    parameters     twice      y / x, parameters     y / x, parameters   sum over")
print("   r = 4 r = 8  the same           zero                 large           channels")
for snippet in (A, B, C, D, E, F, Attention):
    print(snippet.__name__[:1], measure(snippet))

# %% hunt-task [markdown]
# The last line is a right one. Now **name** the bug of each, in the order A, B, C, D, E, F. Each name is used once:
#
# "ratio unused", "fresh layers", "unbounded gate", "returns the gate", "extra residual", "shares of one"

# %% se-bug-hunt
bugs = None  # ("...", "...", "...", "...", "...", "...")
### BEGIN SOLUTION
bugs = ("ratio unused", "fresh layers", "unbounded gate", "returns the gate", "extra residual", "shares of one")
### END SOLUTION

# %% repair-idea [markdown]
# ## 8. Repair
# The function below is meant to be squeeze, excitation and scale in one, with the weights that it is given. It has
# **four** bugs, one in each stage and one in the last line. On a square map it runs without a word.
#
# Find them with experiments: two calls, `H != W`, the range of `y / x`. Then write it anew below, mended.

# %% published
def published(x, w1, b1, w2, b2):
    channels, height = x.shape[1], x.shape[2]
    z = functional.avg_pool2d(x, height).flatten(1)
    hidden = nn.Linear(channels, w1.shape[0])(z).relu()
    gate = functional.silu(functional.linear(hidden, w2, b2))
    return x + x * gate[:, :, None, None]

# %% try-published
square = features[:, :, :24]  # a square part of the picture
one, other = published(square, w1, b1, w2, b2), published(square, w1, b1, w2, b2)
print("two calls agree:", torch.equal(one, other))

# %% se-repair
def repaired(x, w1, b1, w2, b2):
    """(B, C, H, W) -> (B, C, H, W): squeeze, excitation and scale with these weights."""
    ### BEGIN SOLUTION
    gate = excitation(squeeze(x), w1, b1, w2, b2)
    return scale(x, gate)
    ### END SOLUTION

# %% see-repair
mended = None if weighed is None else repaired(features, w1, b1, w2, b2)
figures.before_after(features, mended, title="features, and repaired(features, ...), weights made by hand")

# %% tests-idea [markdown]
# ## 9. Write the test
# Code like `published` runs, so running it shows nothing. What shows its bugs is a test with the right inputs.
#
# Write one: `accepts(implementation)` gets a function like `repaired`, calls it with inputs of your choice, and returns
# True for a right one and False for a wrong one. We try it on right ones in several styles, and on ten wrong ones:
# those of this lesson and some new. An implementation that raises counts as refused.
#
# Which batch, which height and width, which weights make a bug visible? Beware: the mean of plain noise is nearly zero.

# %% se-tests
def accepts(implementation):
    """True where implementation(x, w1, b1, w2, b2) is a right squeeze-and-excite, False where it is wrong."""
    ### BEGIN SOLUTION
    torch.manual_seed(0)
    x = torch.randn(3, 4, 5, 7) + 3 * torch.randn(3, 4, 1, 1)
    w1, b1 = torch.randn(6, 4), torch.randn(6)
    w2, b2 = torch.randn(4, 6), torch.randn(4)
    right = scale(x, excitation(squeeze(x), w1, b1, w2, b2))
    return torch.allclose(implementation(x, w1, b1, w2, b2), right, atol=1e-5)
    ### END SOLUTION

# %% try-your-test
if mended is not None:
    print("your test accepts your repair:", accepts(repaired))
    print("your test accepts the published one:", accepts(published))

# %% what-we-do-not-claim [markdown]
# ## What you know, and what you do not know yet
# You know what SE computes, what it costs and where it stands. You do **not** know yet whether it helps. Texts promise
# "+1.2 % on ImageNet"; the tables that we know second-hand say 24.80 -> 23.29 % error in the SE paper and 24.56 ->
# 23.14 in CBAM's, each from one setting and without a spread. Nor is a gate an explanation: that a gate is large says
# that this channel is let through, not that it "found the cat's ear".
#
# Both questions come back in this course, as measurements that you run yourself.

# %% explain-it [markdown]
# ### Explain it to somebody
# Close the notebook, and say without looking:
#
# 1. the three steps of SE, with the shape after each;
# 2. why the ReLU, why the sigmoid, and why no softmax;
# 3. what happens to the cost when C doubles, and when r doubles;
# 4. where SE stands in a residual block, and why not behind the addition;
# 5. two inputs for a test that catch bugs which a square batch of one would hide.
#
# Where you hesitate, that section is worth another look. Next: CBAM, which asks two more questions of every picture.
