# %% welcome [markdown]
# # 00 Feature maps, channels and gates
#
# > "Channel 42, the **cat-ear channel**, gets the weight **1.8**."
# >
# > "Each number is the **share** of its channel among all channels."
#
# Sentences like these stand in texts from which many learn attention. One of the three bold words cannot be true, one
# is not true, and one would have to be measured. At the end of this hour you will know which, and why.
#
# Every attention module of this course multiplies **feature maps** by **gates**. So we begin with those two, and with
# real tensors. You predict, look, build, and break. No network is trained here.

# %% how-it-works [markdown]
# ## How a lesson works
#
# - Run each cell with Shift+Enter. Where it says **predict**, write your guess down before you go on.
# - A cell with `# your answer here` or `...  # your code here` is yours. The locked cell below it checks your answer
#   and says what went wrong, not only that it did.
# - Stuck? `attncourse.hint("maps-shape")` gives one hint, the next call the next one. The last gives the answer away.
#
# Wrong answers cost nothing. Most of the explanations in this course are behind them.

# %% setup
import attncourse
import torch
from attncourse import figures
from torch import nn
from torch.nn import functional

# %% picture-heading [markdown]
# ## 1 A picture has four axes
#
# Grace Hopper wrote one of the first compilers. Here she is a tensor of 151 rows and 128 columns.

# %% look-at-the-picture
photo = figures.photograph(size=(151, 128))
figures.image(photo, title="What we see")

# %% look-at-its-channels
print(photo.shape)
figures.feature_maps(photo, titles=["0: red", "1: green", "2: blue"], title="What a layer gets: three channels")

# %% read-a-shape [markdown]
# ## Read a shape aloud
#
# `(1, 3, 151, 128)` is read **B, C, H, W**: 1 picture, 3 channels, 151 rows, 128 columns. PyTorch keeps this order
# everywhere. Picture files and TensorFlow say H, W, C; screens say x before y. Many a bug lives in these differences.
#
# A **channel** is one sheet `x[b, c]` of size H x W: one number for each place. A **place** is one column of numbers
# through all the sheets, `x[b, :, i, j]`. Channel attention weighs sheets. Spatial attention weighs places.

# %% a-sheet-and-a-place
sheet = photo[0, 0]
place = photo[0, :, 60, 64]
print("one channel:", sheet.shape)
print("one place:", place.shape, [round(value, 2) for value in place.tolist()])

# %% predict-the-shape [markdown]
# ### Predict
#
# A batch of 4 such pictures goes through
#
# `nn.Conv2d(3, 16, kernel_size=3, stride=2, padding=1)`
#
# Which shape comes out? Do it on paper: nothing is run here. Give a tuple of four numbers.

# %% maps-shape
predicted_shape = None  # a tuple (B, C, H, W)
### BEGIN SOLUTION
predicted_shape = (4, 16, 76, 64)
### END SOLUTION

# %% observe-the-shape
batch = torch.cat([photo, photo.flip(3), photo.flip(2), 0.5 * photo])
layer = nn.Conv2d(3, 16, kernel_size=3, stride=2, padding=1)
figures.shape_flow([("pictures", batch), ("features", layer(batch)), ("you predicted", predicted_shape)])

# %% explain-the-shape [markdown]
# Four pictures stay four pictures. Height and width are halved by the stride. But 3 channels became 16, and nobody
# can say which of the 16 is "red": they are a new kind of thing. Such a sheet is called a **feature map**. What is on
# it?

# %% channel-heading [markdown]
# ## 2 What one channel computes
#
# Take a filter of 3 x 3 numbers, and lay it on the picture. Multiply number by number, add all up, write the sum
# down. Move one place on, and do the same again, over the whole picture. The sheet of sums is a channel. That is all.
#
# The filter below compares right with left. Where the picture gets brighter towards the right, the sum is positive;
# where it gets darker, negative; where nothing changes, zero.

# %% make-an-edge-filter
edge = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
weight = edge.expand(3, 3, 3) / 12
colours = ["for red", "for green", "for blue"]
figures.feature_maps(weight, titles=colours, title="One filter: a sheet for each input channel")

# %% build-a-channel [markdown]
# ### Build
#
# Write that down as code. The input has C channels, so the filter has C sheets, and all C results are **added**: one
# filter makes one map.
#
# Use loops if you like, they show best what happens. Or one of the library's functions. Both are right.


# %% maps-one-channel
def one_channel(x, weight, bias):
    """The map that one filter makes, without padding and without activation.

    x: (B, C, H, W). weight: (C, h, w). bias: one number.
    Returns (B, H - h + 1, W - w + 1): window times filter, added up over all channels, plus bias.
    """
    ### BEGIN SOLUTION
    _, h, w = weight.shape
    rows, columns = x.shape[2] - h + 1, x.shape[3] - w + 1
    out = x.new_zeros(x.shape[0], rows, columns)
    for i in range(rows):
        for j in range(columns):
            window = x[:, :, i : i + h, j : j + w]
            out[:, i, j] = (window * weight).sum(dim=(1, 2, 3)) + bias
    return out
    ### END SOLUTION


# %% see-your-channel
your_map = one_channel(photo, weight, bias=0.0)
figures.feature_maps(your_map, titles=["yours"], title="Red: brighter to the right")

# %% where-heading [markdown]
# ### Where does it answer?
#
# Let us take the library's version from here on; it computes what yours does, only faster. **Predict** before you run
# the next cell: where in the photograph are this channel's strongest answers? Name three things.

# %% where-it-answers
edges = functional.conv2d(photo, weight[None])[0, 0]
strong = functional.pad(edges > edges.quantile(0.98), (1, 1, 1, 1))
marked = 0.4 * photo
marked[0, :, strong] = torch.tensor([[1.0], [1.0], [0.0]])
figures.image(marked, title="The strongest 2 % of all places")

# %% many-places [markdown]
# Collar, tie, name plate, sleeve, flagpole, cap, and nearly every star. One channel, one formula, and it fires in
# many places that have no name in common.
#
# Now the way in which channels are often presented: not on the whole picture, but as a gallery of the places where
# they answer most strongly. Here are the eight best.

# %% gallery
best = edges * (edges == functional.max_pool2d(edges[None], 15, stride=1, padding=7)[0])
around = functional.pad(photo, (7, 7, 7, 7), mode="replicate")
patches = []
answers, places = best.flatten().topk(8)
for number in places.tolist():
    i, j = number // edges.shape[1], number % edges.shape[1]
    patches.append(functional.pad(around[..., i : i + 17, j : j + 17], (1, 1, 1, 1), value=1.0))
title = f"Its eight strongest answers, from {answers[0]:.2f} to {answers[7]:.2f}"
figures.image(torch.cat(patches, dim=3), title=title)

# %% what-would-you-call-it [markdown]
# ### Explain
#
# If you had seen the first two only, you would call it the collar channel. Half of the eight show stars: so it is the
# star channel, *obviously*. Yet you know its formula, and there is no star in it.
#
# Say in one sentence what this channel does, and in another why the gallery misled. Then compare.
#
# <details><summary>One good answer</summary>
# It measures how much brighter the picture gets from left to right over three pixels. The gallery showed what this
# photograph has to offer, a flag, and nothing of all the pictures that it does not contain.
# </details>

# %% judge-the-claim [markdown]
# ### Judge: the cat-ear channel
#
# In a trained network, channel 42 answers most strongly at the ears in ten photographs of cats. Which sentence does
# that alone support?
#
# - **A** Channel 42 is the network's cat-ear detector.
# - **B** Something at those places drives channel 42; what else does has to be measured.
# - **C** Without channel 42 the network could no longer recognise cats.
# - **D** Channel 42 finds cat ears in other networks of this architecture as well.
# - **E** Nothing: what a channel computes cannot be known.

# %% maps-channel-claim
conclusion = None  # a letter in quotes, such as "A"
### BEGIN SOLUTION
conclusion = "B"
### END SOLUTION

# %% claim-verdict [markdown]
# So the cat ear is a **claim to be measured**. Measuring it takes a trained network, many pictures with and without
# ears, and a count of both kinds of mistake. Later in the course, when there are trained weights,
# you will do just that.
#
# Until then we call channels by their numbers.

# %% layer-heading [markdown]
# ### A layer is a stack of channels
#
# Many filters read the same picture, each makes one map, and the maps are stacked along axis C. Four filters, four
# channels. The next layer's filters then have four sheets each: they read all of these maps at once.

# %% stack-four-filters
blur = torch.ones(3, 3) / 9
red_not_blue = torch.stack([blur, 0 * blur, -blur])
filters = torch.stack([weight, weight.mT, blur.expand(3, 3, 3) / 3, red_not_blue])
features = functional.conv2d(photo, filters)
names = ["0: left-right", "1: top-bottom", "2: brightness", "3: red, not blue"]
figures.feature_maps(features, titles=names, title=f"Four filters make features of shape {tuple(features.shape)}")

# %% compare-with-yours
corner = photo[:, :, :42, :32]
mine = [one_channel(corner, one_filter, 0.0) for one_filter in filters]
[one is not None and torch.allclose(one, features[:, c, :40, :30], atol=1e-5) for c, one in enumerate(mine)]

# %% pooling-heading [markdown]
# ## 3 One number for a whole map
#
# Attention must decide how much each channel counts in *this* picture. To weigh 149 x 126 numbers a channel would
# cost much, so it first describes each map by one number: its mean over all places, **global average pooling**.
# `(B, C, H, W)` becomes `(B, C)`.
#
# Before that comes a ReLU, which keeps the positive answers. (Otherwise plus and minus would cancel: every edge that
# begins also ends.)

# %% pool
active = features.relu()
means = active.mean(dim=(2, 3))
print(means.shape)
figures.bars(means, labels=names, title="The mean of each map")

# %% predict-a-shuffle [markdown]
# ### Predict
#
# We shuffle all places of the picture, as if it were cut into single pixels and shaken, the same way in every
# channel. What happens to the four means? And to the four maxima? Decide, then run.

# %% shuffle
shaken = torch.randperm(active[0, 0].numel(), generator=torch.Generator().manual_seed(0))
shuffled = active.flatten(2)[:, :, shaken].reshape(active.shape)
print("the same means: ", torch.allclose(shuffled.mean(dim=(2, 3)), means))
print("the same maxima:", torch.equal(shuffled.amax(dim=(2, 3)), active.amax(dim=(2, 3))))
figures.before_after(active, shuffled, title="Shuffled: another picture, the same descriptors")

# %% what-pooling-forgets [markdown]
# A mean says **how much**, never **where**. That is a strength: it does not matter where the cat sits. It is also a
# loss, and the papers of this course differ in how they deal with it: SE takes the mean; CBAM adds the maximum, and a
# map of places; coordinate attention keeps the means of rows and columns apart.
#
# Mean and maximum tell different things. Both maps below have the mean 1:

# %% same-mean
spread = torch.ones(3, 4)
spike = torch.zeros(3, 4)
spike[1, 2] = 12.0
figures.feature_maps(torch.stack([spread, spike]), titles=["mean 1, maximum 1", "mean 1, maximum 12"])

# %% inspect-pooling [markdown]
# ### Break: be the inspector
#
# Some twenty people wrote a global mean pooling. Some got it wrong: maxima, medians, `H * H` for `H * W`, pictures
# mixed up. Write `is_global_mean(pool)`, which tries one implementation on a tensor of **your** choice.
#
# The art is to choose that tensor. On a map of ones, mean, maximum and median are all 1, and most mistakes hide.
# Published attention code has mistakes that show only where H and W differ.


# %% maps-pool-test
def is_global_mean(pool):
    """True where pool(x) is right: (B, C, H, W) -> (B, C), the mean of each map; False where it is wrong."""
    ### BEGIN SOLUTION
    x = torch.randn(2, 3, 4, 5) ** 3
    result = pool(x)
    return result.shape == (2, 3) and torch.allclose(result, x.mean(dim=(2, 3)), atol=1e-5)
    ### END SOLUTION


# %% gate-heading [markdown]
# ## 4 From any number to a gate
#
# From the means, attention computes one number for each channel, a **logit**: positive for "more of this", negative
# for "less". It can be any number. A factor must not be: -3 would turn a map's sign round, 50 would drown all others.
#
# So each logit u goes through the **sigmoid**, 1 / (1 + exp(-u)). What comes out is a **gate**.

# %% sigmoid-curve
u = torch.linspace(-8, 8, 161)
figures.curve(u, torch.sigmoid(u), title="The sigmoid", xlabel="logit", ylabel="gate")

# %% read-the-curve [markdown]
# Read three things off the curve, and keep them; later lessons build on each.
#
# - **The range.** Never below 0, never above 1. A gate lets a part through. It cannot amplify.
# - **The middle.** Logit 0 gives 0.5. An untrained module, whose logits are near 0, therefore halves everything.
# - **The ends.** Beyond 6 or so the curve is flat: the gate hardly moves any more, and hardly learns.

# %% judge-a-gate [markdown]
# ### Judge: a gate of 1.8
#
# A text says that CBAM gives channel 42 the weight 1.8. CBAM adds two logits, one from the map's mean and one from
# its maximum, and takes the sigmoid of the sum. Can the weight be 1.8?
#
# - **A** Yes: the logit only has to be large enough.
# - **B** Yes: two descriptors contribute up to 1 each, so the weight goes up to 2.
# - **C** Yes: 1.8 means 1.8 times the average channel; some channels get less in exchange.
# - **D** No: whatever the logits are, the weight lies between 0 and 1.
# - **E** No: the gates of a layer add up to 1, so none of them can exceed 1.

# %% maps-impossible-gate
gate_of_1_8 = None  # a letter in quotes
### BEGIN SOLUTION
gate_of_1_8 = "D"
### END SOLUTION

# %% try-large-logits
for logit in (1.8, 6.0, 20.0, 1000.0):
    # Printed, and in float32, large ones are rounded to 1. Nothing gets past it.
    print(f"logit {logit:6}: gate {torch.sigmoid(torch.tensor(logit)).item():.6f}")

# %% shares-heading [markdown]
# ### Gates are no shares
#
# "The share of its channel among all channels": that would be a **softmax**, which divides by the sum of all. Gates
# are separate sigmoids. To see the difference, turn one knob: the logit of channel 0 runs from -6 to 6, those of
# channels 1, 2, 3 stay where they are.
#
# **Predict**: what will the other three lines do, first with softmax, then with sigmoids?

# %% turn-one-knob-softmax
knob = torch.linspace(-6, 6, 121)
logits = torch.stack([knob, 0 * knob + 1, 0 * knob, 0 * knob - 1])
four = ["channel 0, turned", "channel 1", "channel 2", "channel 3"]
figures.curve(knob, list(logits.softmax(dim=0)), labels=four, title="Softmax: a share", xlabel="logit of channel 0")

# %% turn-one-knob-sigmoid
figures.curve(knob, list(logits.sigmoid()), labels=four, title="Sigmoid: a gate", xlabel="logit of channel 0")

# %% predict-a-sum [markdown]
# With softmax, whoever opens one channel shuts the others. With sigmoids the others don't notice: all may be open,
# all may be shut.
#
# ### Predict
#
# A layer has 64 channels, and all 64 logits are 0. What do the 64 gates add up to?

# %% maps-shares
sum_of_gates = None  # a number
### BEGIN SOLUTION
sum_of_gates = 32
### END SOLUTION

# %% broadcasting-heading [markdown]
# ## 5 The gate meets the map
#
# Now the multiplication: features `(B, C, H, W)`, gates `(B, C)`. PyTorch **broadcasts** by one rule:
#
# 1. Align the shapes at their **right** ends; fill the shorter one up with 1 on the left.
# 2. Axis by axis: equal sizes match; a 1 is stretched; all else is an error.
#
# Axes have no names. Whether a number belongs to a channel or to a column, PyTorch cannot know: position decides.

# %% align
x = torch.ones(5, 4, 2, 3)
gates = torch.rand(5, 4)
try:
    x * gates
except RuntimeError as error:
    print("(5, 4, 2, 3) * (5, 4):", error)
print("(5, 4, 2, 3) * (5, 4, 1, 1):", (x * gates[:, :, None, None]).shape)

# %% predict-a-broadcast [markdown]
# ### Predict
#
# This time the sizes are others: `x` is (2, 3, 2, 3), so 2 pictures, 3 channels, 2 rows, 3 columns; `gate` is (2, 3),
# one number for each channel of each picture. What does `x * gate` do?
#
# - **A** It raises an error: 4 axes and 2 axes do not fit.
# - **B** It weighs each channel of each picture by its own gate.
# - **C** It weighs each place, in the same way in every channel and every picture.
# - **D** It weighs each column, in the same way in every row.
# - **E** It returns a tensor of another shape.

# %% maps-broadcast
what_happens = None  # a letter in quotes
### BEGIN SOLUTION
what_happens = "C"
### END SOLUTION

# %% see-the-trap
x = torch.full((2, 3, 2, 3), 10.0)
gate = torch.tensor([[0.1, 0.5, 0.9], [1.0, 0.0, 1.0]])
meant = x * gate[:, :, None, None]
figures.before_after(meant[:1], (x * gate)[:1], rows=("as meant", "x * gate"), title="Picture 0")

# %% explain-the-trap [markdown]
# Above, channel 0 is 1, channel 1 is 5, channel 2 is 9 everywhere: each sheet by its own gate. Below, every sheet has
# the gates of *both* pictures printed on it, row by row. Same shape, no error, no warning. A network would still
# train, only worse, and you would look for the reason elsewhere.
#
# The same happens to a gate of shape `(C,)` whenever W happens to equal C. Remedy: say where the gate belongs, with
# `[:, :, None, None]`, and test with B, C, H, W all different.

# %% build-a-gate [markdown]
# ### Build
#
# Everything together: logits become gates, gates meet the maps.


# %% maps-gate
def gated(x, logits):
    """Multiply each channel of each picture by the sigmoid of its own logit.

    x: (B, C, H, W). logits: (B, C). Returns (B, C, H, W); x itself stays as it was.
    """
    ### BEGIN SOLUTION
    return x * torch.sigmoid(logits)[:, :, None, None]
    ### END SOLUTION


# %% gate-the-photograph
logits = torch.tensor([[4.0, 0.0, -4.0, 0.5]])
figures.before_after(active, gated(active, logits), title=f"Your gates, from the logits {logits[0].tolist()}")

# %% play [markdown]
# ### Play
#
# Change the logits above and run the cell again.
#
# - Can you make any channel brighter than it was?
# - Which logit silences a channel *exactly*?
# - Which logits leave all four channels unchanged?
#
# <details><summary>What you should find</summary>
# No: every gate is below 1. No finite logit does, the sigmoid only comes near 0. None either, for the same reason:
# large ones come close. So a network with such gates must learn to live with weakened maps, and it does: the next
# layer can have larger weights. What counts is the <em>ratio</em> between channels.
# </details>

# %% verdict [markdown]
# ## The sentence, judged
#
# > "Channel 42, the **cat-ear channel**, gets the weight **1.8**." "The **share** of its channel among all channels."
#
# - **1.8** cannot be true: a sigmoid stays below 1.
# - **share** is not true: sigmoids do not divide anything among themselves.
# - **cat-ear** would have to be measured. A strong answer is not yet a meaning.
#
# And what remains is the whole machine: describe each map by a number, make logits of the numbers, gates of the
# logits, and multiply, with the axes in the right places.
#
# One part is missing: who computes the logits? **Lesson 01: Squeeze-and-Excitation.**
