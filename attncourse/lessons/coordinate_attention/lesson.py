# %% what-you-will-build [markdown]
# # Coordinate attention
# SE knows which channel counts, and not where. CBAM's spatial gate knows where, and not for which channel. This module
# weighs each **row** and each **column** of each channel; their product points at a place.
#
# You build its two descriptors, predict whether its shared layer mixes rows with columns (a text claims so), build the
# module, look at what it can tell and SE can't, count it in MobileNetV2 and MobileNeXt, mend published code, and write
# the test that catches it. 60 to 75 minutes.
#
# Hints: `attncourse.hint("coordinate-module")`. Source: Hou, Zhou, Feng, *Coordinate Attention for Efficient Mobile
# Network Design*, CVPR 2021, equations 4 to 9.

# %% imports
import attncourse
import torch
from attncourse import costs, figures, hosts
from torch import nn
from torch.nn import functional

# %% recall-idea [markdown]
# ## Recall lesson 03
# At one place channel 2 (edges) is to be kept and channel 0 (brightness) dropped; at another place the other way round.
# Which of the gates can do that alone? Answer from memory.
#
# - **A** SE: its gate has one number for each channel.
# - **B** CBAM's spatial gate: it has one number for each place.
# - **C** Both can.
# - **D** Neither can.
# - **E** CBAM's spatial gate, if its kernel is 1x1.

# %% coordinate-recall
what_it_can = None  # "A", "B", ...
### BEGIN SOLUTION
what_it_can = "D"
### END SOLUTION

# %% features-idea [markdown]
# ## Features to work with
# A gate for each channel **and** each place, C * H * W numbers, would do it. To compute them freely is dear: SE's idea
# was to look at few numbers. So: H + W numbers for each channel.
#
# Two channels made by hand from the photograph: upright edges and level edges.

# %% make-features
level = torch.tensor([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]])
grey = figures.photograph(size=(32, 26)).mean(dim=1, keepdim=True)
features = functional.conv2d(grey, torch.stack([level.T, level])[:, None]).relu()
print(tuple(features.shape))
figures.feature_maps(features, titles=["upright", "level"], title="features")

# %% descriptors-idea [markdown]
# ## 1. One line
# The mean of each row says how much of the channel is at that height; the mean of each column, how much is at that
# breadth (equations 4 and 5). One standing strip, `(B, C, H, 1)`, and one lying, `(B, C, 1, W)`.
#
# Both are to go through one layer. So they are laid end to end: H + W places on one line. For that, one of them has to
# be turned. **Predict** which, if the line is to be `(B, C, H + W, 1)`.
#
# **Build** it: rows first, then columns.

# %% coordinate-descriptors
def descriptors(x):
    """(B, C, H, W) -> (B, C, H + W, 1): in each channel the means of the rows, then those of the columns."""
    ### BEGIN SOLUTION
    rows = x.mean(dim=3, keepdim=True)
    columns = x.mean(dim=2, keepdim=True).transpose(2, 3)
    return torch.cat([rows, columns], dim=2)
    ### END SOLUTION

# %% see-descriptors
line = descriptors(features)
fits = isinstance(line, torch.Tensor) and line.shape == (1, 2, 54, 1)
halves = [line[0, 1, :30], line[0, 1, 30:]] if fits else [line, line]
figures.curve(torch.arange(30), halves[0], title="level edges: the mean of each row", xlabel="row", ylabel="mean")

# %% see-columns
figures.curve(torch.arange(24), halves[1], title="level edges: the mean of each column", xlabel="column", ylabel="mean")

# %% same-for-se
column = torch.rand(1, 3, 6, 1)
high = torch.cat([column, torch.zeros(1, 3, 6, 7)], dim=3)  # something on the left
right = high.roll(5, dims=3)  # the same on the right
print("SE sees a difference:", not torch.allclose(high.mean(dim=(2, 3)), right.mean(dim=(2, 3))))
if fits:
    print("the line has one:    ", not torch.allclose(descriptors(high), descriptors(right)))

# %% same-explained [markdown]
# What moves along a row leaves SE's number as it was, and the row means too; it shows in the column means. So the line
# knows where, and each channel has a line of its own.
#
# **Explain:** can the line tell everything? Two things at (row 1, column 1) and (row 4, column 5); or at (row 1, column
# 5) and (row 4, column 1). What are the row means and the column means of the two pictures?

# %% two-things
one, other = torch.zeros(2, 1, 1, 6, 8)
one[..., 1, 1] = one[..., 4, 5] = 1.0
other[..., 1, 5] = other[..., 4, 1] = 1.0
if fits:
    print("the two lines are the same:", torch.equal(descriptors(one), descriptors(other)))

# %% mixing-idea [markdown]
# ## 2. Does the shared layer mix rows with columns?
# The line goes through one layer for rows and columns, a 1x1 convolution from C channels to fewer, `m = max(8, C //
# r)`. A batch norm and an activation follow. Then the line is split again.
#
# A widely read text says that the concatenation and the convolution "build relations between rows and columns". Is it
# so? **Predict**, then measure.

# %% mixing-question [markdown]
# A map of 5 rows and 7 columns, in evaluation mode. One value changes, in one channel, at row 1, column 4 (counted from
# 0). How many of the 12 places behind the shared layer can change? And at how many of the 35 places of the map can the
# product of the two gates change?

# %% coordinate-mixing
moved = None  # (behind the shared layer, in the map)
### BEGIN SOLUTION
moved = (2, 11)
### END SOLUTION

# %% measure-mixing
torch.manual_seed(0)
x = torch.randn(1, 4, 5, 7)
disturbed = x.clone()
disturbed[0, 2, 1, 4] += 3
shared = nn.Sequential(nn.Conv2d(4, 8, 1), nn.BatchNorm2d(8), nn.Hardswish()).eval()
if fits:
    change = (shared(descriptors(disturbed)) - shared(descriptors(x))).abs().sum(dim=1).flatten()
    print("places of the line that moved:", (change > 1e-6).nonzero().flatten().tolist())

# %% mixing-explained [markdown]
# Place 1 is row 1; place 9 is 5 + 4, column 4. The claim is false: a 1x1 layer computes each place from the channels of
# that place alone. It mixes channels. To lie on one line is not to be mixed.
#
# What rows and columns do share is the layer's **weights**. Is there anything else? **Predict** what the same
# measurement gives in training mode, before you run it.

# %% measure-in-training
shared.train()
if fits:
    change = (shared(descriptors(disturbed)) - shared(descriptors(x))).abs().sum(dim=1).flatten()
    print("places that moved in training mode:", (change > 1e-6).nonzero().flatten().tolist())

# %% training-explained [markdown]
# All of them: in training the batch norm subtracts a mean taken over the whole line and the whole batch. So a column
# does move a row then, and one picture moves another. That is a side effect, gone in evaluation mode, and hardly what
# the text meant.
#
# Rows and columns meet in one more place: the product at the end.

# %% module-task [markdown]
# ## 3. The module
# **Build** it. The line, the shared layer, batch norm, h-swish; split; then a 1x1 layer and a sigmoid for the rows, and
# another for the columns:
#
# `y = x * row_gate * column_gate`, with gates `(B, C, H, 1)` and `(B, C, 1, W)`.
#
# **h-swish** is `a * relu6(a + 3) / 6`, cheap on a phone: `functional.hardswish`. ReLU and SiLU pass with a remark, for
# the paper writes "non-linear" only. The width `max(8, C // r)` is in the authors' code; the paper has C / r.
#
# Think of H and W that differ.

# %% coordinate-module
class CoordinateAttention(nn.Module):
    """(B, C, H, W) -> (B, C, H, W): each channel times a gate for each row and a gate for each column."""

    def __init__(self, channels, reduction=32):
        super().__init__()
        ### BEGIN SOLUTION
        hidden = max(8, channels // reduction)
        self.shared = nn.Conv2d(channels, hidden, 1)
        self.norm = nn.BatchNorm2d(hidden)
        self.rows = nn.Conv2d(hidden, channels, 1)
        self.columns = nn.Conv2d(hidden, channels, 1)
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        line = functional.hardswish(self.norm(self.shared(descriptors(x))))
        rows, columns = line.split([x.shape[2], x.shape[3]], dim=2)
        row_gate = self.rows(rows).sigmoid()
        column_gate = self.columns(columns.transpose(2, 3)).sigmoid()
        return x * row_gate * column_gate
        ### END SOLUTION

# %% stand-in
def works(module_class):
    try:
        return module_class(2).eval()(features).shape == features.shape
    except Exception:
        return False

# Until yours is built, ours stands in for it below.
Attention = CoordinateAttention if works(CoordinateAttention) else attncourse.attention.CoordinateAttention

# %% gate-of
def filled(module, size, seed=0):
    """The module in evaluation mode, with weights that make its gates differ."""
    torch.manual_seed(seed)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=size)
    return module.eval()

def factor_of(module, x):
    """y / x at each place, (B, C, H, W), whatever the module looks like inside; x must not be 0."""
    with torch.no_grad():
        return module(x) / x

# %% see-product
module = filled(Attention(2), 2.0, seed=57)
factor = factor_of(module, 4 * features + 0.01)
figures.feature_maps(factor, titles=["upright", "level"], title="row gate x column gate, random weights", scale=(0, 1))

# %% see-profiles
rows = factor / factor.amax(dim=2, keepdim=True)  # the same in every column
columns = factor / factor.amax(dim=3, keepdim=True)  # the same in every row
print("one row profile for all columns:", torch.allclose(rows, rows[..., :1].expand_as(rows), atol=1e-3))
print("one column profile for all rows:", torch.allclose(columns, columns[:, :, :1].expand_as(columns), atol=1e-3))

# %% see-rows
figures.curve(torch.arange(30), rows[0, 1, :, 0], title="level: row gate / its largest, random weights", xlabel="row")

# %% see-column-gate
TITLE = "level: column gate / its largest, random weights"
figures.curve(torch.arange(24), columns[0, 1, 0], title=TITLE, xlabel="column")

# %% shape-flow
gates = [("row gate", rows[..., :1]), ("column gate", columns[:, :, :1])]
steps = [("x", features), ("line", line), gates, ("x * gates", module(features))]
figures.shape_flow(steps, title="your module's shapes")

# %% product-explained [markdown]
# **Observe** the plaid: every row of a channel has the same profile, up to a factor. C * (H + W) numbers make C * H *
# W. The price: a factor of this kind can open a cross or a rectangle, not two separate corners. Compare the two
# things above, whose lines were the same.

# %% knows-idea [markdown]
# ## 4. What it shares along a row
# SE's number describes a whole map. Here a gate describes one row: everything in this row shares it, and nothing
# outside touches it. **Predict** how many gates of SE, and how many of coordinate attention, change when something
# goes from row 1 to row 3 of a channel, in the same columns.

# %% from-row-to-row
x = torch.rand(1, 4, 5, 7) + 0.5
change = torch.zeros_like(x)
change[0, 2, 1], change[0, 2, 3] = 0.4, -0.4
for name, module in (("SE", attncourse.attention.SqueezeExcitation(4, 2)), ("coordinate", Attention(4))):
    module = filled(module, 1.0)
    differs = (factor_of(module, x + change) - factor_of(module, x)).abs() > 1e-5
    print(f"{name:11} rows whose factor changed:", differs.any(dim=3).any(dim=1)[0].nonzero().flatten().tolist())

# %% from-row-explained [markdown]
# SE: none, for the mean of the map is the same. Coordinate attention: rows 1 and 3. All channels may move there, for
# the two layers mix channels.
#
# And CBAM's spatial gate? It would notice, in a window of 7x7, and open or shut all channels of a place alike.

# %% cost-idea [markdown]
# ## 5. What it costs
# Count the parameters as the authors build it: a bias in each of the three layers, and a batch norm with scale and
# shift.
#
# **Build** it.

# %% coordinate-cost
def parameters(channels, reduction):
    """How many parameters one coordinate attention has."""
    ### BEGIN SOLUTION
    hidden = max(8, channels // reduction)
    return 3 * channels * hidden + 3 * hidden + 2 * channels
    ### END SOLUTION

# %% host-idea [markdown]
# ### Your module in MobileNetV2
# Its block, the **inverted residual**, is narrow at both ends and wide inside: a 1x1 widens, a depthwise 3x3 looks
# around, a 1x1 narrows. The attention stands where it is widest: between the depthwise and the last 1x1, in all blocks
# that widen. **Predict** the sum over the 16 blocks with your function; these are their inner channels.

# %% predict-host
WIDE = [96, 144, 144, 192, 192, 192, 384, 384, 384, 384, 576, 576, 576, 960, 960, 960]
each = [parameters(channels, 32) for channels in WIDE]
numbers = all(isinstance(one, int | float) for one in each)
print("predicted:", f"{sum(each):,} parameters" if numbers else "no number yet")

# %% count-host
plain = costs.of(hosts.build("mobilenet_v2"), (1, 3, 224, 224))
gated = costs.of(hosts.build("mobilenet_v2", attention=Attention), (1, 3, 224, 224))
print(f"your module adds {gated.parameters - plain.parameters:,} parameters")
print(f"and {gated.multiply_adds - plain.multiply_adds:,} multiply-adds")
print(f"to {plain.parameters:,} and {plain.multiply_adds:,}: {gated.parameters / 1e6:.2f} M in all")

# %% host-explain [markdown]
# As the authors build it that is 445,776 parameters and about 6 million multiply-adds: 3.95 M in all, the number in
# their table. It fits only with the floor of 8 and with the biases; so tables tell what equations leave out. (A variant
# of yours counts a little less or more.)
#
# The table prints 74.3 % for it, 73.5 % for SE and 72.3 % without attention, one run each. Nothing here repeats that.

# %% sandglass-idea [markdown]
# ### And in MobileNeXt
# Its block, the **sandglass**, is the other way round: wide at both ends, narrow inside, with a depthwise convolution
# at each wide end. The attention stands behind the first depthwise. **Predict:** again at a wide place. Does it cost
# more or less than in MobileNetV2?

# %% count-sandglass
plain = costs.of(hosts.build("mobilenext"), (1, 3, 224, 224))
gated = costs.of(hosts.build("mobilenext", attention=Attention), (1, 3, 224, 224))
print(f"{plain.parameters:,} parameters; your module adds {gated.parameters - plain.parameters:,}")
print(f"{plain.multiply_adds:,} multiply-adds; your module adds {gated.multiply_adds - plain.multiply_adds:,}")

# %% sandglass-explain [markdown]
# **Explain** the rule behind both places: the module stands where a depthwise convolution has just looked around, and
# where the channels are many, before a 1x1 mixes and narrows them.

# %% hunt-idea [markdown]
# ## 6. Bug hunt
# Five snippets of published kinds. Each has **one** bug. On square maps all of them run, and their shapes are right.
# What they have in common stands in the first cell; it is right.
#
# Read them and **predict** which symptom would betray each.

# %% common
class Right(nn.Module):
    """What the snippets have in common, without batch norm, for short."""

    def __init__(self, channels=4, hidden=8, kernel=(1, 1)):
        super().__init__()
        self.shared = nn.Conv2d(channels, hidden, kernel, padding=(kernel[0] // 2, 0))
        self.rows, self.columns = nn.Conv2d(hidden, channels, 1), nn.Conv2d(hidden, channels, 1)

    def parts(self, x):
        line = torch.cat([x.mean(3, keepdim=True), x.mean(2, keepdim=True).transpose(2, 3)], dim=2)
        return functional.hardswish(self.shared(line)).split([x.shape[2], x.shape[3]], dim=2)

    def forward(self, x):
        rows, columns = self.parts(x)
        return x * self.rows(rows).sigmoid() * self.columns(columns.transpose(2, 3)).sigmoid()

# %% snippet-a
class A(Right):
    def forward(self, x):
        rows, columns = self.parts(x)
        return x * (self.rows(rows).sigmoid() + self.columns(columns.transpose(2, 3)).sigmoid())

# %% snippet-b
class B(Right):
    def __init__(self):
        super().__init__(kernel=(3, 1))

# %% snippet-c
class C(Right):
    def parts(self, x):
        line = torch.cat([x.mean(3, keepdim=True), x.mean(2, keepdim=True).transpose(2, 3)], dim=2)
        return functional.hardswish(self.shared(line)).split([x.shape[3], x.shape[2]], dim=2)

# %% snippet-d
class D(Right):
    def __init__(self):
        super().__init__()
        self.other = nn.Conv2d(4, 8, 1)

    def parts(self, x):
        rows, columns = x.mean(3, keepdim=True), x.mean(2, keepdim=True).transpose(2, 3)
        return functional.hardswish(self.shared(rows)), functional.hardswish(self.other(columns))

# %% snippet-e
class E(Right):
    def forward(self, x):
        rows, columns = self.parts(x)
        return x * self.rows(rows) * self.columns(columns.transpose(2, 3))

# %% measure-parts
torch.manual_seed(1)
square = torch.rand(1, 4, 6, 6, dtype=torch.float64) + 0.5
change = torch.zeros_like(square)
change[:, :, 1], change[:, :, 4] = 0.9, -0.9  # from row 4 to row 1

def runs(snippet):
    try:
        return snippet()(torch.rand(1, 4, 5, 8)).shape == (1, 4, 5, 8)
    except RuntimeError:
        return False

# %% measure
def measure(snippet):
    """One line of symptoms."""
    zero = factor_of(filled(snippet().double(), 0.0), square)[0, 0, 0, 0]
    module = filled(snippet().double(), 1.0)
    differs = (factor_of(module, square + change) - factor_of(module, square)).abs() > 1e-9
    moved_rows = differs.any(dim=3).any(dim=1)[0].nonzero().flatten().tolist()
    count = sum(p.numel() for p in snippet().parameters())
    return f"{count:8}{str(runs(snippet)):>10}{zero:13.2f}      {moved_rows}"

# %% symptoms
print("  parameters   a 5 x 8    y / x, all   rows that move when something")
print("              map runs   parameters 0  goes from row 4 to row 1")
for snippet in (A, B, C, D, E, Right):
    print(snippet.__name__[:1], measure(snippet))

# %% hunt-task [markdown]
# The last line is the right one. Now **name** the bug of each, in the order A, B, C, D, E. Each name is used once:
#
# "wrong split", "no sigmoid", "sum of gates", "two first layers", "mixed places"

# %% coordinate-bug-hunt
bugs = None  # ("...", "...", "...", "...", "...")
### BEGIN SOLUTION
bugs = ("sum of gates", "mixed places", "wrong split", "two first layers", "no sigmoid")
### END SOLUTION

# %% repair-idea [markdown]
# ## 7. Repair
# The function below is meant to be coordinate attention with the weights that it is given. It has **three** bugs of
# published kinds: of sixteen implementations read for this course, six had turned or split something the wrong way. On
# square maps it runs.
#
# Write it anew, mended, for any H and W.

# %% published
def published(x, shared, rows, columns):
    of_rows, of_columns = x.mean(dim=3, keepdim=True), x.mean(dim=2, keepdim=True)
    both = torch.cat([of_rows.transpose(2, 3), of_columns], dim=2)
    first, second = functional.hardswish(functional.conv2d(both, shared)).chunk(2, dim=2)
    row_gate = functional.conv2d(first, rows).sigmoid()
    column_gate = functional.conv2d(second, columns).sigmoid()
    return x * (row_gate + column_gate)

# %% coordinate-repair
def repaired(x, shared, rows, columns):
    """(B, C, H, W), (m, C, 1, 1), (C, m, 1, 1), (C, m, 1, 1) -> (B, C, H, W): x times a row and a column gate."""
    ### BEGIN SOLUTION
    line = functional.hardswish(functional.conv2d(descriptors(x), shared))
    top, rest = line.split([x.shape[2], x.shape[3]], dim=2)
    row_gate = functional.conv2d(top, rows).sigmoid()
    column_gate = functional.conv2d(rest.transpose(2, 3), columns).sigmoid()
    return x * row_gate * column_gate
    ### END SOLUTION

# %% see-repair
torch.manual_seed(158)
weights = torch.randn(8, 2, 1, 1) * 3, torch.randn(2, 8, 1, 1), torch.randn(2, 8, 1, 1)
mended = repaired(features, *weights)
figures.before_after(features, mended, title="the features, and repaired(...) with weights drawn at random")

# %% tests-idea [markdown]
# ## 8. Write the test
# Write `accepts(implementation)`: it gets a function like `repaired`, calls it with inputs of your choice, and returns
# True for a right one and False for a wrong one. We try it on right ones in seven styles and on eleven wrong ones.
# One that raises counts as refused.
#
# Which map, which weights, which batch make a bug visible?

# %% coordinate-tests
def accepts(implementation):
    """True where implementation(x, shared, rows, columns) is a right coordinate attention, False where it is wrong."""
    ### BEGIN SOLUTION
    torch.manual_seed(0)
    x, shared = torch.randn(2, 4, 5, 7), torch.randn(6, 4, 1, 1)
    rows, columns = torch.randn(2, 4, 6, 1, 1)
    line = functional.hardswish(functional.conv2d(descriptors(x), shared))
    row_gate = functional.conv2d(line[:, :, :5], rows).sigmoid()
    column_gate = functional.conv2d(line[:, :, 5:].transpose(2, 3), columns).sigmoid()
    return torch.allclose(implementation(x, shared, rows, columns), x * row_gate * column_gate, atol=1e-5)
    ### END SOLUTION

# %% try-your-test
for implementation in (repaired, published):
    try:
        print(implementation.__name__, "accepted:", accepts(implementation))
    except Exception as error:
        print(implementation.__name__, "refused, for it raised:", error)

# %% what-you-know [markdown]
# ## What you know, and what you do not know yet
# You know what the module sees, what it shares and what it costs, and that a claim about it which sounds plausible is
# false; a measurement of five lines told you. You do **not** know whether it helps: that will be trained and compared,
# on tasks made for it and on others.
#
# Say without looking: which descriptor is turned, and why; where rows meet columns, and where they don't; why max(8,
# .); what a product of two gates can't open; and which maps a test needs.
