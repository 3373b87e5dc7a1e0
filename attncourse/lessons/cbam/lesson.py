# %% what-you-will-build [markdown]
# # CBAM: channels, then places
# You have two halves: a channel gate that knows *what* and not *where*, and a spatial gate that knows *where*
# and not *what*. This lesson joins them. That sounds like one line of code. Of the published copies that we read, half
# of them because they looked suspicious, four fail there: the second gate is computed from the wrong features.
#
# You predict what each way of joining gives, build the module, put it into real networks, derive a table of the paper,
# mend a residual block and write the test for it. 60 to 75 minutes.
#
# Hints: `attncourse.hint("cbam-module")`. Source: Woo, Park, Lee, Kweon, *CBAM: Convolutional Block Attention Module*,
# ECCV 2018, equation 1.

# %% imports
import attncourse
import torch
from attncourse import costs, figures, hosts
from torch import nn
from torch.nn import functional

# %% recall-idea [markdown]
# ## Recall lesson 03
# CBAM's spatial attention sees a picture's features, and then the same features with their channels in another order.
# What happens to the gates? Answer from memory.
#
# - **A** They change: each channel has a kernel of its own.
# - **B** They change places in the same way as the channels.
# - **C** Only where another channel is now the first.
# - **D** They stay, because the gate of each place looks at a window.
# - **E** They stay: at each place, mean and maximum do not know which channel is which.

# %% cbam-recall
after_swapping = None  # "A", "B", ...
### BEGIN SOLUTION
after_swapping = "E"
### END SOLUTION

# %% halves-idea [markdown]
# ## The two halves
# You have built both. Here they are once more, as functions that take the features **and the layer** that they use, and
# give the gate alone. The product with the features is now your business.

# %% channel-half
def channel_gate(x, mlp):
    """(B, C, H, W) -> (B, C, 1, 1): lesson 02, with an MLP that takes (B, C)."""
    return torch.sigmoid(mlp(x.mean(dim=(2, 3))) + mlp(x.amax(dim=(2, 3))))[:, :, None, None]

# %% spatial-half
def spatial_gate(x, convolution):
    """(B, C, H, W) -> (B, 1, H, W): lesson 03, with a convolution from two maps to one."""
    return torch.sigmoid(convolution(torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)))

# %% row-idea [markdown]
# ## 1. In a row, or side by side?
# In a row, `refined = x * channel gate`, and the spatial gate looks at `refined`: it does not see what was just shut.
# Side by side, both gates look at x, and the results are joined somehow: multiplied, averaged, added.
#
# Below the four channels of lesson 01, and a channel gate made by hand that nearly shuts brightness. **Predict:** how
# will the spatial gate differ, computed from `features` and from `refined`?

# %% make-features
torch.manual_seed(0)
level = torch.tensor([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]])
detail = torch.tensor([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]])
bright = torch.zeros(3, 3).index_put((torch.tensor(1), torch.tensor(1)), torch.tensor(1.0))
grey = figures.photograph(size=(32, 26)).mean(dim=1, keepdim=True)
features = functional.conv2d(grey, torch.stack([bright, level.T, level, detail])[:, None]).relu()

# %% two-maps
by_hand = torch.tensor([0.1, 0.9, 0.9, 0.9]).reshape(1, 4, 1, 1)
kernel = torch.zeros(1, 2, 3, 3)
kernel[0, 1] = 1.0  # the maxima of a 3x3 window, added up

def window(maps):
    return functional.conv2d(maps, kernel, padding=1) - 3

both = torch.cat([spatial_gate(features, window), spatial_gate(features * by_hand, window)], dim=1)
figures.feature_maps(both, titles=["from x", "from refined"], title="one kernel made by hand, two spatial gates")

# %% two-maps-explained [markdown]
# **Observe:** from x the gate opens on every bright patch, though brightness was to be shut. From `refined` it opens on
# edges. In a row, the first half has told the second what counts.
#
# One of the texts that learners come from says so in words, and computes the map from the input in its code.

# %% order-idea [markdown]
# ### Which first?
# One may as well begin with the places: `placed = x * spatial gate`, and the channel gate looks at `placed`. So there
# are three ways to join, of the same layers. **Predict:** which of them share the channel gate, which the spatial gate?

# %% order-gates
mlp = nn.Linear(4, 4)  # any layer from C numbers to C numbers

def calm(maps):
    return -window(maps)  # opens where the window above shuts

channels_of_x, places_of_x = channel_gate(features, mlp), spatial_gate(features, calm)
WAYS = {
    "channels first": (channels_of_x, spatial_gate(features * channels_of_x, calm)),
    "places first": (channel_gate(features * places_of_x, mlp), places_of_x),
    "side by side": (channels_of_x, places_of_x),
}

# %% order-measure
for way, (channels, places) in WAYS.items():
    four = " ".join(f"{value:.3f}" for value in channels.flatten().tolist())
    print(f"{way:15} channel gates {four}   spatial gates, average {places.mean().item():.3f}")

# %% order-explain [markdown]
# **Explain:** whoever comes first sees x itself, whoever comes second what the first has left. Side by side, both see
# x. So the three ways differ although no weight does: "the same two halves" is not one module.

# %% zero-idea [markdown]
# ### Predict before you run
# All parameters of both halves are zero (no batch norm). What is y / x, for
#
# 1. the halves in a row,
# 2. the average of the two halves' outputs, each on x,
# 3. the halves in a row, and x added at the end?

# %% cbam-zero
zero_ratios = None  # three numbers: (..., ..., ...)
### BEGIN SOLUTION
zero_ratios = (0.25, 0.5, 1.25)
### END SOLUTION

# %% zero-measure
zero_mlp, zero_convolution = nn.Linear(4, 4), nn.Conv2d(2, 1, 3, padding=1)
for parameter in (*zero_mlp.parameters(), *zero_convolution.parameters()):
    nn.init.zeros_(parameter)
x = torch.rand(1, 4, 5, 6) + 0.5
row = x * channel_gate(x, zero_mlp)
row = row * spatial_gate(row, zero_convolution)
average = (x * channel_gate(x, zero_mlp) + x * spatial_gate(x, zero_convolution)) / 2
print([round((y / x).mean().item(), 3) for y in (row, average, row + x)] if zero_ratios else "Predict first.")

# %% zero-explain [markdown]
# **Explain:** only in a row can either half shut a feature for good. The average leaves at least half of what one half
# lets through; and with x added, nothing can be shut at all: the factor lies between 1 and 2.
#
# This is a test worth keeping: set every parameter to zero, divide, and the number names the mistake.

# %% table-3 [markdown]
# ### Which way is best?
# CBAM's table 3 (second-hand, ResNet-50, one run each) prints top-1 errors: channels then places 22.66 %, places then
# channels 22.78 %, in parallel 22.95 %, SE alone 23.14 %. The order is worth 0.12 points there. By how much do two
# runs of one network differ, which were started with two seeds? You will measure that in the lab. Until then the order
# is a convention to be kept, not a law that was found.

# %% module-task [markdown]
# ## 2. The module
# **Build** it. Layers in `__init__`, both gates in `forward`; the hidden width is `max(1, channels // reduction)`.
# `channel_gate` and `spatial_gate` from above are there to be called. Biases are up to you, and so is a batch norm
# behind the convolution, as the authors have it.

# %% cbam-module
class CBAM(nn.Module):
    """(B, C, H, W) -> (B, C, H, W): channels, then places, in a row."""

    def __init__(self, channels, reduction=16, kernel_size=7):
        super().__init__()
        ### BEGIN SOLUTION
        hidden = max(1, channels // reduction)
        self.mlp = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))
        self.convolution = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        refined = x * channel_gate(x, self.mlp)
        return refined * spatial_gate(refined, self.convolution)
        ### END SOLUTION

# %% stand-in
built = CBAM(4, 2, 3)(features) is not None
# Until yours is built, ours stands in for it below.
Attention = CBAM if built else attncourse.attention.CBAM

# %% take-apart
def take_apart(module, x):
    """y / x as two gates, (B, C, 1, 1) and (B, 1, H, W), whatever the module looks like inside; up to one factor."""
    with torch.no_grad():
        log = (module(x) / x).clamp_min(1e-9).log()
    channels = log.mean(dim=(2, 3), keepdim=True)
    return channels.exp(), (log - channels).mean(dim=1, keepdim=True).exp()

# %% shape-flow
x = torch.rand(2, 16, 9, 12) + 0.5
module = Attention(16, 4, 5).eval()
of_channels, of_places = take_apart(module, x)
steps = [("x", x), ("channel gate", of_channels), ("spatial gate", of_places), ("y", module(x))]
figures.shape_flow(steps, title="your module's shapes")

# %% one-product
rebuilt = x * of_channels * of_places
print("one number for each channel times one for each place:", torch.allclose(rebuilt, module(x), atol=1e-5))

# %% product-explain [markdown]
# Whatever the module has learned, its factor is a product: a number for each channel times a number for each place,
# C + H * W numbers in place of C * H * W. **Explain:** can CBAM keep the edge at one place and drop it at another,
# while it does the opposite with brightness? (No: the ratio of two channels' factors is the same everywhere.)

# %% see-gates
torch.manual_seed(6)
module = Attention(4, 2, 3).eval()
for parameter in module.parameters():
    nn.init.normal_(parameter, std=0.5)
of_channels, of_places = take_apart(module, features + 1e-3)
NAMES = ["bright", "upright", "level", "detail"]
figures.bars(of_channels / of_channels.max(), labels=NAMES, title="the channels: gate / the largest, random weights")

# %% see-places
figures.feature_maps(of_places, titles=["gate / its average"], title="the places, same weights")

# %% see-before-after
with torch.no_grad():
    gated = module(features)
figures.before_after(features, gated, title="the features, and what a CBAM with random weights makes of them")

# %% place-idea [markdown]
# ## 3. Where it stands
# - **ResNet:** in every block, on the branch, behind its last batch norm and **before the addition**: the shortcut
#   stays a free way through.
# - **VGG:** there is no branch; after each convolution with its batch norm and ReLU, as Hu et al. count it for SE. You
#   will build and count that, too.
# - **MobileNetV1:** no text says it, but a table can: see below.
#
# **Predict** what is left of a shortcut after 16 blocks if every gate is one half and CBAM stands behind the addition.

# %% sixteen-blocks
signal = torch.ones(1, 4, 6, 6)
for _ in range(16):
    total = signal + 0.0  # a branch that gives nothing
    gated = total * channel_gate(total, zero_mlp)
    signal = gated * spatial_gate(gated, zero_convolution)
print(f"behind the addition, what is left of 1: {signal.mean().item():.2g}")
print("before the addition: 1, for the shortcut meets no gate")

# %% mobilenet-idea [markdown]
# CBAM's table 5 (second-hand) prints 4.23 M parameters for MobileNetV1 and 5.07 M with CBAM. **Predict:** behind
# each pointwise convolution only, or behind every convolution, the first and the depthwise ones too?

# %% mobilenet-count
with torch.device("meta"):  # shapes without data
    for place in ("pointwise", "convolution"):
        network = hosts.build("mobilenet_v1", attention=Attention, place=place)
        print(f"{place:12}", f"{costs.of(network, (1, 3, 224, 224)).parameters / 1e6:.2f} M")

# %% mobilenet-explain [markdown]
# So a figure in a table settles what the text leaves open: 27 modules, not 13. (A module of yours without biases counts
# a little less: 4.71 or 5.06.) To count is a way to read papers.

# %% cost-idea [markdown]
# ## 4. What it costs
# Count the parameters of one CBAM (both layers of the MLP with bias, the convolution without) and its multiply-adds for
# one picture. Remember which half's work grows with the map, and which half's weights grow with C.
#
# **Build** it.

# %% cbam-cost
def cost(channels, height, width, reduction=16, kernel_size=7):
    """The parameters of one CBAM, and its multiply-adds for a picture of height x width: two whole numbers."""
    ### BEGIN SOLUTION
    hidden, window_weights = max(1, channels // reduction), 2 * kernel_size**2
    mlp = 2 * channels * hidden
    return mlp + hidden + channels + window_weights, 2 * mlp + window_weights * height * width
    ### END SOLUTION

# %% table-idea [markdown]
# ### The paper's table 4
# It prints for ResNet-50: 25.56 M and 3.858 G; with CBAM 28.09 M and 3.864 G (second-hand). Sixteen blocks, with maps
# and channels as below. **Predict** both from your function, then let your module be counted in the host.

# %% predict-table
BLOCKS = [(3, 256, 56), (4, 512, 28), (6, 1024, 14), (3, 2048, 7)]  # how many, C, height and width
if cost(256, 1, 1) is not None:
    added = [sum(count * cost(c, side, side)[which] for count, c, side in BLOCKS) for which in (0, 1)]
    print("predicted parameters:   ", added[0])
    print("predicted multiply-adds:", added[1])

# %% count-host
plain = costs.of(hosts.build("resnet50"), (1, 3, 224, 224))
gated = costs.of(hosts.build("resnet50", attention=Attention), (1, 3, 224, 224))
print("your module adds:       ", gated.parameters - plain.parameters)
print("your module adds:       ", gated.multiply_adds - plain.multiply_adds)
print(f"together {gated.parameters / 1e6:.2f} M, {gated.multiply_adds / 1e9:.3f} G")

# %% count-explain [markdown]
# A batch norm of yours adds 32 parameters, a bias 16, missing biases of the MLP take 16,048 away: then the sum is
# 28.07 M, and the table's 28.09 M shows that the authors have them.
#
# Nearly all of the parameters belong to the channel half (2.5 million), a fifth of the few multiply-adds to the spatial
# one. **Explain** why: what grows with C, what with H * W?

# %% see-shares
shares = torch.tensor([98 * side**2 / (4 * c * (c // 16) + 98 * side**2) for _, c, side in BLOCKS])
labels = [f"C {c}, {side} x {side}" for _, c, side in BLOCKS]
figures.bars(shares, labels=labels, title="the spatial half's share of one CBAM's multiply-adds")

# %% vgg-idea [markdown]
# ### Another host: VGG-16
# Thirteen convolutions on large maps with few channels, a module behind each. **Predict** before you run: does CBAM
# cost more parameters here than in ResNet-50? More multiply-adds? Which half owns those?

# %% vgg-count
VGG = [(2, 64, 224), (2, 128, 112), (3, 256, 56), (3, 512, 28), (3, 512, 14)]
if cost(64, 1, 1) is not None:
    print("predicted:", [sum(count * cost(c, side, side)[which] for count, c, side in VGG) for which in (0, 1)])
with torch.device("meta"):  # 138 million weights, without their data
    plain, gated = (costs.of(hosts.build("vgg16", attention=a), (1, 3, 224, 224)) for a in (None, Attention))
print("counted:  ", [gated.parameters - plain.parameters, gated.multiply_adds - plain.multiply_adds])
print(f"to {plain.parameters:,} and {plain.multiply_adds:,}")

# %% vgg-explain [markdown]
# A tenth of the parameters that it costs in ResNet-50, for there are few channels; and twice the multiply-adds, for the
# maps are large: 97 % of those belong to the spatial half. The same module, another bill. Beside 138 million and 15.5
# billion neither weighs much.

# %% hunt-idea [markdown]
# ## 5. Bug hunt
# Five residual blocks of published kinds. Each has **one** bug. They get x, a branch (a function), and two functions
# from features to gates. All run, and all shapes are right.

# %% blocks-a-b
def A(x, branch, channels, places):
    out = branch(x)
    out = out * channels(out)
    return torch.relu(x + out)

def B(x, branch, channels, places):
    out = x + branch(x)
    out = out * channels(out)
    return torch.relu(out * places(out))

# %% blocks-c-d
def C(x, branch, channels, places):
    features = branch(x)
    out = features * channels(features)
    out = out * places(out) + features
    return torch.relu(x + out)

def D(x, branch, channels, places):
    out = branch(x)
    return torch.relu(x + out * channels(out) * places(out))

# %% block-e
def E(x, branch, channels, places):
    out = branch(x)
    out = out * places(out)
    return torch.relu(x + out * channels(out))

# %% spy
def spy(gate, seen):
    """A gate function that always gives `gate`, and notes which features it was asked about."""
    def function(features):
        seen.append(features)
        return gate
    return function

# %% measure
def measure(block):
    """What a block gives for gates of one half, for a branch of zero, and which features each gate was shown."""
    x, half, shut = torch.ones(1, 2, 1, 2), torch.tensor(0.5), torch.tensor(0.0)
    one = block(x, torch.ones_like, spy(half, []), spy(half, [])).mean().item()
    nothing = block(x, torch.zeros_like, spy(half, []), spy(half, [])).mean().item()
    channels, places = [], []
    block(x, torch.ones_like, spy(shut, channels), spy(half, places))
    block(x, torch.ones_like, spy(half, channels), spy(shut, places))
    notices = "never asked" if not places else str(places[0].sum().item() == 0)
    return f"{one:9.2f}{nothing:14.2f}{notices:>21}{str(channels[1].sum().item() == 0):>20}"

# %% symptoms
print("    gates 0.5,    gates 0.5,   the spatial gate    the channel gate")
print("    branch 1      branch 0     sees what is shut   sees what is shut")
for block in (A, B, C, D, E):
    print(block.__name__, measure(block))

# %% hunt-task [markdown]
# x is 1 everywhere; a right block gives 1.25, 1.00, True, False. **Name** the bug of each, in the order A, B, C, D, E.
# Each name is used once:
#
# "extra residual", "un-refined map", "wrong order", "after the addition", "never called"

# %% cbam-bug-hunt
bugs = None  # ("...", "...", "...", "...", "...")
### BEGIN SOLUTION
bugs = ("never called", "after the addition", "extra residual", "un-refined map", "wrong order")
### END SOLUTION

# %% repair-idea [markdown]
# ## 6. Repair
# This block has **three** bugs at once. It gets the shortcut, the branch's features, and the weights: `first (h, C)`
# and `second (C, h)` of the MLP, `kernel (1, 2, k, k)` of the convolution. `layers` makes functions of them, which
# the two gate functions above can call.
#
# Write it anew, mended.

# %% layers
def layers(first, second, kernel):
    """The MLP and the convolution with these weights, as functions."""
    def mlp(z):
        return functional.linear(functional.linear(z, first).relu(), second)
    def convolution(maps):
        return functional.conv2d(maps, kernel, padding=kernel.shape[-1] // 2)
    return mlp, convolution

# %% published
def published(shortcut, branch, first, second, kernel):
    mlp, convolution = layers(first, second, kernel)
    total = shortcut + branch
    gated = total * channel_gate(total, mlp) * spatial_gate(total, convolution)
    return torch.relu(gated + total)

# %% cbam-repair
def repaired(shortcut, branch, first, second, kernel):
    """(B, C, H, W) twice, (h, C), (C, h), (1, 2, k, k) -> (B, C, H, W): relu(shortcut + CBAM(branch))."""
    ### BEGIN SOLUTION
    mlp, convolution = layers(first, second, kernel)
    refined = branch * channel_gate(branch, mlp)
    return torch.relu(shortcut + refined * spatial_gate(refined, convolution))
    ### END SOLUTION

# %% see-repair
torch.manual_seed(1)
weights = torch.rand(2, 4), torch.rand(4, 2), torch.randn(1, 2, 3, 3) / 2
mended = repaired(torch.zeros_like(features), features, *weights)
figures.before_after(features, mended, title="a branch, and repaired(...) with a shortcut of zero, random weights")

# %% tests-idea [markdown]
# ## 7. Write the test
# Write `accepts(implementation)`: it gets a function like `repaired`, calls it with inputs of your choice, and returns
# True for a right one and False for a wrong one. It is tried on right ones in seven styles and on eleven wrong ones.
# One that raises counts as refused.
#
# Which shortcut, which branch, which weights make a bug visible? With zero weights all orders look alike.

# %% cbam-tests
def accepts(implementation):
    """True where implementation(shortcut, branch, first, second, kernel) is right, False where it is wrong."""
    ### BEGIN SOLUTION
    torch.manual_seed(0)
    shortcut, branch = torch.randn(2, 2, 4, 5, 7)
    given = shortcut, branch, torch.randn(3, 4), torch.randn(4, 3), torch.randn(1, 2, 3, 3)
    return torch.allclose(implementation(*given), repaired(*given), atol=1e-5)
    ### END SOLUTION

# %% try-your-test
for implementation in (repaired, published):
    try:
        print(implementation.__name__, "accepted:", accepts(implementation))
    except Exception as error:
        print(implementation.__name__, "refused, for it raised:", error)

# %% what-you-know [markdown]
# ## What you know, and what you do not know yet
# You know how the halves are joined, where the module stands and what it costs to the last parameter. You do **not**
# know whether it helps: the table's errors are single runs, and will be measured in the lab.
#
# Say without looking: what the second gate must be computed from; y / x with all parameters zero, and what 1.25 there
# means; why before the addition; which half owns the parameters.
#
# In CBAM the second half waits for the first. Could both look at x at once, meet **before** one sigmoid, and be added
# instead of multiplied? That is BAM, the next lesson.
