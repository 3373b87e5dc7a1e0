# %% what-you-will-build [markdown]
# # Grad-CAM: where does it look?
# > "With CBAM the map covers more of the object, and its probability is higher: so the attention has taught the network
# > to mind what matters."
#
# So conclude texts from which many learn attention, below two coloured pictures. You build the method that draws them,
# then two of its kin; you break it in four ways that look just as well; and you find out what such a picture shows,
# with a number beside each. At the end you measure what lesson 00 promised: the cat-ear channel. 60 to 75 minutes.
#
# Hints: `attncourse.hint("cam-map")`. Source: Selvaraju and others, *Grad-CAM*, ICCV 2017.

# %% imports
import copy

import attncourse
import torch
from attncourse import explain, figures, trained
from torch.nn import functional

# %% recall-idea [markdown]
# ## Recall lesson 00
# A network ends so: the mean of each channel over all places, a weight for each channel, the sum. For the class cat,
# channel k has the weight 12. The map has 4 rows and 6 columns. One value of channel k, at one place, grows by 1. By
# how much does the score of cat grow? Does it matter at which place? Answer from memory.

# %% cam-recall
growth = None  # a number
### BEGIN SOLUTION
growth = 0.5
### END SOLUTION

# %% cat-idea [markdown]
# ## 1. A network and a cat
# Five small networks come with the course: ResNet-20, trained by us on CIFAR-10's pictures of 32x32, without attention
# and with SE, CBAM, BAM, coordinate attention. One seed each.
#
# The image is a foreign one: Chelsea the cat. Fixed beforehand: the whole photograph, its proportions, twice as high as
# the network's own pictures. At 32x48 the last layer has 8x12 places, at 64x96 it has 16x24.
#
# **Predict:** what does the network call her, and how sure is it?

# %% load
network = trained.load("resnet20-none")
photo = figures.photograph((64, 96), of="whole_cat")
images, cats = network.images(photo), torch.tensor([3])
CAT, DOG = 3, 5
figures.image(photo, title="Chelsea, by Stefan van der Walt (CC0), 64x96")

# %% probabilities
def probabilities(network, photo):
    """(1, 3, H, W) -> (10,): what the network thinks of the photograph."""
    with torch.no_grad():
        return network.model(network.images(photo)).softmax(dim=1)[0]

figures.bars(probabilities(network, photo), labels=network.record["classes"], title="the network without attention")

# %% sizes
sizes = [(32, 48), (64, 96), (128, 192)]
of_cat = [probabilities(network, figures.photograph(size, of="whole_cat"))[CAT] for size in sizes]
figures.bars(torch.stack(of_cat), labels=[f"{h}x{w}" for h, w in sizes], title="probability of cat, by size")

# %% sizes-explained [markdown]
# The size alone moves the probability: every ear is a different thing to a network that has seen ears of three pixels.
# So a probability on one photograph is a number about this photograph, at this size.
#
# Now the picture that texts end with. One of the two maps below is this network's, for the class cat. The other one is
# of a copy in which every weight has been replaced by noise (of twelve draws the one that looks best). **Predict**
# which is which, and what gives it away.

# %% two-maps
with explain.CAM(network.model, "stages.2", method="grad_cam") as cam:
    learnt = cam(images, target=CAT)
noise = explain.randomisation(network.model, "stages.2", images, CAT, parts=[""], seed=5)
two = [explain.scaled(noise.maps[-1]), explain.scaled(learnt)]
correlation = f"rank correlation\nof the two {noise.last:.2f}"
figures.heatmaps(photo, two, [correlation] * 2, names=["P", "Q"], title="Which of the two is the network's?")

# %% number-idea [markdown]
# The eye finds a story for either: one of them even draws the line from an eye to the nose. So ask for numbers.
#
# - **Deletion:** the pixels become grey, the highest places of the map first. If the score hangs on them, it falls
#   early: a *small* area under the curve.
# - **Insertion:** all is grey, and the highest places come in first. The score rises early: a *large* area.
#
# Small and large against what? Against nine random maps of as many places; beyond all nine lies, by luck, one map in
# ten. **Predict** whether the two tests agree.

# %% areas
def areas(network, maps):
    """(N, h, w) -> twice (N,): the areas under the curves of deletion and of insertion, for cat."""
    given = network.images(photo).expand(len(maps), -1, -1, -1)
    deleted = explain.deletion(network.model, given, maps, CAT, steps=6)
    inserted = explain.insertion(network.model, given, maps, CAT, steps=6, baseline="mean")
    return deleted.areas, inserted.areas

def said(network, maps, draws=9):
    """Two lines for each map: its areas, and in brackets from where to where those of random maps go."""
    random = torch.rand(draws, *maps.shape[1:], generator=torch.Generator().manual_seed(0))
    both = [area.split([len(maps), draws]) for area in areas(network, torch.cat([maps, random]))]
    ends = [f"({chance.min():.2f} to {chance.max():.2f})" for _, chance in both]
    pairs = zip(*(own for own, _ in both), strict=True)
    return [f"deletion {out:.2f} {ends[0]}\ninsertion {into:.2f} {ends[1]}" for out, into in pairs]

# %% two-numbers
two_areas = said(network, torch.cat(two))
names = ["P: noise", "Q: the network"]
figures.heatmaps(photo, two, two_areas, names=names, title="the same, with their numbers")

# %% numbers-explained [markdown]
# In brackets: the random maps. **Observe.** Insertion tells them apart: Q lies far beyond all nine, P about where the
# highest of them lies. Deletion does not: both lie within chance. Grey patches are a sight of their own, which this
# network has never seen, so taking *any* places away spoils the score.
#
# Two sound tests, one image, two answers. Keep it in mind, and report both.

# %% capture-idea [markdown]
# ## 2. Build it
# Grad-CAM needs two things of a layer: its **activations** A, `(B, K, h, w)`, and the **gradient** of a class score
# with respect to them, of the same shape: by how much the score grows with each value.
#
# A **hook** gets at the inside: `model.get_submodule(layer).register_forward_hook(f)` calls `f(module, inputs, output)`
# when the layer has run. `torch.autograd.grad(score, A)` gives the gradient and leaves no `.grad` anywhere.

# %% capture-task [markdown]
# **Build** `capture`. The score is that **before** the softmax, of the class asked for, `classes[b]` for image b. The
# images of a batch don't touch each other, so one sum of scores serves all.
#
# Leave nothing behind: `handle.remove()`, in a `finally`, for the model may raise. Keep what the layer gave although a
# later layer may work in place: a hook may hand on a copy, `return kept.clone()`.

# %% cam-capture
def capture(model, layer, images, classes):
    """(B, 3, H, W), (B,) -> activations and gradients of the layer, both (B, K, h, w). Leaves nothing behind."""
    ### BEGIN SOLUTION
    kept = []

    def keep(module, inputs, output):
        kept.append(output.detach().requires_grad_())
        return kept[0].clone()

    handle = model.get_submodule(layer).register_forward_hook(keep)
    try:
        scores = model(images)
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(scores.gather(1, classes[:, None]).sum(), kept)
    return kept[0].detach(), gradients
    ### END SOLUTION

# %% stand-in
def built(answer, *arguments):
    """What your answer gives, or None where it is not built yet or raises."""
    try:
        return answer(*arguments)
    except Exception:
        return None

def usable(part, *shape):
    """Whether it is a tensor of this shape, of finite floats."""
    return isinstance(part, torch.Tensor) and part.shape == shape and part.is_floating_point() and part.isfinite().all()

yours = built(capture, copy.deepcopy(network.model), "stages.2", images, cats)
fits = isinstance(yours, tuple | list) and len(yours) == 2 and all(usable(part, 1, 64, 16, 24) for part in yours)
# Until yours is built, ours stands in for it below.
cat_activations, cat_gradients = yours if fits else (cam.activations[0], cam.gradients[0])

# %% see-captured
summed = cat_gradients.sum(dim=(2, 3))[0]
ranked = (summed * cat_activations.mean(dim=(2, 3))[0]).argsort(descending=True)
shown = [*ranked[:3].tolist(), *ranked[-3:].tolist()]
above_each = [f"channel {k}: {summed[k]:+.2f}" for k in shown]
title = "channels that speak for cat, and against; each with the sum of its gradient"
figures.feature_maps(cat_activations[:, shown], titles=above_each, title=title)

# %% same-gradient
spread = (cat_gradients - cat_gradients.mean(dim=(2, 3), keepdim=True)).abs().max()
head = network.model.head[-1].weight[CAT]
print("within a channel the gradient is the same at every place:", bool(spread < 1e-6))
print("its sum over the places is the head's weight for cat:", torch.allclose(summed, head, atol=1e-4))

# %% gradient-explained [markdown]
# As in the recall: behind the last stage come only the mean and one weight for each channel, so every place has the
# same gradient. This is so in the **last** stage of networks that end in a mean. Keep it in mind: it will decide which
# methods can differ there, and which tests can tell them apart.

# %% map-task [markdown]
# ### The map
# How much does channel k count? As much as the score grows with it, on average over its places (equation 1). Then the
# weighted sum of all channels, and a ReLU: it keeps what speaks for the class and drops what speaks against it
# (equation 2).
#
# `weights[k] = mean of gradients[k]`, `map = ReLU(sum over k of weights[k] * activations[k])`
#
# **Predict** the shape of the weights, then **build** it. Leave the two inputs as they are.

# %% cam-map
def grad_cam_map(activations, gradients):
    """(B, K, h, w), (B, K, h, w) -> (B, h, w), at least 0."""
    ### BEGIN SOLUTION
    weights = gradients.mean((2, 3), keepdim=True)
    return torch.relu((weights * activations).sum(1))
    ### END SOLUTION

# %% see-map
coarse = built(grad_cam_map, cat_activations, cat_gradients)
part_of_largest = coarse / coarse.max() if usable(coarse, 1, 16, 24) else None
alike = explain.rank_correlation(coarse.detach(), learnt).item() if usable(coarse, 1, 16, 24) else 0.0
beside = f"rank correlation with ours {alike:.2f}"
figures.feature_maps(part_of_largest, titles=[beside], title="your map, divided by its maximum")

# %% whole-task [markdown]
# ### The whole
# **Build** `grad_cam`: maps of the images' size, bilinear (`functional.interpolate`), *then* each divided by its own
# maximum; a map of zeros stays zeros. It calls your `capture` and `grad_cam_map`.
#
# It is a guest in someone's network: eval mode during the call; afterwards **each part's** mode as before (a batch norm
# may be frozen on purpose), also after an error. And it has to work where parameters are frozen (`requires_grad=False`)
# and inside `torch.no_grad()`.

# %% cam-grad-cam
def grad_cam(model, layer, images, classes):
    """(B, 3, H, W), (B,) -> maps (B, H, W) from 0 to 1. The model is as it was afterwards."""
    ### BEGIN SOLUTION
    modes = {part: part.training for part in model.modules()}
    model.eval()
    try:
        with torch.enable_grad():
            maps = grad_cam_map(*capture(model, layer, images.clone().requires_grad_(), classes))
    finally:
        for part, mode in modes.items():
            part.training = mode
    maps = functional.interpolate(maps[:, None], images.shape[2:], mode="bilinear")[:, 0]
    largest = maps.amax((1, 2), keepdim=True)
    return maps / torch.where(largest > 0, largest, 1)
    ### END SOLUTION

# %% compare-with-ours
mine = built(grad_cam, copy.deepcopy(network.model), "stages.2", images, cats)
ours = explain.scaled(learnt, (64, 96))
drawable = usable(mine, 1, 64, 96) and bool(((mine >= 0) & (mine < 1.001)).all())
apart = (mine - ours).abs().max().item() if drawable else 1.0
print("largest difference below 0.0001:", apart < 1e-4 if drawable else "build yours first")

# %% see-yours
measured_of_it = two_areas[1] if apart < 1e-4 else f"up to {apart:.2f} from ours"
figures.heatmaps(photo, [mine] if drawable else None, [measured_of_it], names=["yours"], title="your Grad-CAM: cat")

# %% face-idea [markdown]
# So that is where the score hangs in this image. Does the map **point** at the cat? For that one has to know where she
# is: a box around her face, drawn by hand. The share of the map inside, against the share of the image that the box
# covers, which a map without contrast would get.
#
# **Predict** both for the map of cat, and for the map of **dog** in the same image.

# %% see-two-classes
face = figures.places("face", (64, 96), of="whole_cat")
with explain.CAM(network.model, "stages.2") as cam:
    pair = [cam(images, target=number) for number in (CAT, DOG)]
level = f"\nthe box is {face.float().mean():.0%} of the image"
inside = [f"{explain.share_inside(one, face).item():.0%} in the box{level}" for one in pair]
pair = [explain.scaled(one) for one in pair]
figures.heatmaps(photo, pair, inside, names=["cat", "dog"], title="two classes, one image")

# %% kin-task [markdown]
# ## 3. Two of its kin
# **Grad-CAM++** (2018): only places where the score grows count, each with its own share (equations 7 and 19). With g
# the gradient and S_k the sum of channel k's activations:
#
# `share = g^2 / (2 g^2 + g^3 * S_k)`, `weights[k] = sum over places of share * ReLU(g)`
#
# **Build** the weights. The activations are at least 0. The gradient may be 0: mind 0 / 0.

# %% cam-plus-plus
def plus_plus_weights(activations, gradients):
    """(B, K, h, w), (B, K, h, w) -> (B, K): the weights of Grad-CAM++."""
    ### BEGIN SOLUTION
    sums = activations.sum((2, 3), keepdim=True)
    squares = gradients**2
    denominators = 2 * squares + gradients**3 * sums
    alphas = squares / torch.where(denominators == 0, 1, denominators)
    return (alphas * torch.relu(gradients)).sum((2, 3))
    ### END SOLUTION

# %% x-task [markdown]
# **XGrad-CAM** (2020): the gradient at a place counts as much as the channel is active there.
#
# `weights[k] = sum over places of gradient * activation / S_k`
#
# **Build** it; 0 for a channel that is 0 everywhere. Then **predict**: at the last stage, where the gradient is the
# same at every place, what is `weights[k]` compared with Grad-CAM's?

# %% cam-x-grad-cam
def x_weights(activations, gradients):
    """(B, K, h, w), (B, K, h, w) -> (B, K): the weights of XGrad-CAM; 0 for a channel that is 0 everywhere."""
    ### BEGIN SOLUTION
    sums = activations.sum((2, 3))
    return (activations * gradients).sum((2, 3)) / torch.where(sums == 0, 1, sums)
    ### END SOLUTION

# %% kin
def weighed(weights_of, layer):
    """The map with these weights, (1, h, w), from 0 to 1; None where they are not built."""
    with explain.CAM(network.model, layer) as cam:
        cam(images, target=CAT)
    weights = built(weights_of, cam.activations[0], cam.gradients[0])
    if not usable(weights, *cam.activations[0].shape[:2]):
        return None
    return explain.scaled((weights.detach().float()[:, :, None, None] * cam.activations[0]).sum(1).relu())

# %% compare-kin
def kin(layer):
    """Grad-CAM, ++ and X of one layer, with their rank correlation to Grad-CAM."""
    three = [weighed(w, layer) for w in (lambda a, g: g.mean((2, 3)), plus_plus_weights, x_weights)]
    if any(one is None for one in three):
        return figures.heatmaps(photo, None, [])
    numbers = [f"like Grad-CAM {explain.rank_correlation(three[0], one).item():.2f}" for one in three]
    return figures.heatmaps(photo, three, numbers, names=["Grad-CAM", "++", "X"], title=layer)

kin("stages.2")

# %% compare-kin-earlier
kin("stages.1")

# %% kin-explained [markdown]
# At the last stage X **is** Grad-CAM: with a gradient that is the same everywhere, the activations cancel. Whoever
# reports that the two agree there has found nothing out. One stage earlier they differ, and so does ++.
#
# Which one is right? There is no picture of the truth to compare with. There are only tests, such as deletion; the
# records below ask them of many images.

# %% break-idea [markdown]
# ## 4. Break it
# Four faults, each common in published code: an early layer (`stages.0`), no ReLU, the gradient of another class (dog),
# the model in train mode. All of them run, and draw a picture.
#
# Below they come in an order that was drawn by lot; and drawn as most programs draw them, from the lowest value of a
# map to its highest. **Predict** from the pictures alone which is which. Write it down.

# %% faulty
def faulty(images, layer="stages.2", number=CAT, keep=torch.relu, train=False):
    """The map of a copy of the network, with a fault or without: (B, h, w)."""
    model, kept = copy.deepcopy(network.model).train(train), []
    model.get_submodule(layer).register_forward_hook(lambda module, inputs, output: kept.append(output))
    score = model(images)[:, number].sum()
    gradients = torch.autograd.grad(score, kept[0])[0]
    return keep((gradients.mean((2, 3), keepdim=True) * kept[0]).sum(1)).detach()

FAULTS = [{"layer": "stages.0"}, {"keep": torch.clone}, {"number": DOG}, {"train": True}]
order = torch.randperm(4, generator=torch.Generator().manual_seed(7)).tolist()
wrong = {letter: FAULTS[place] for letter, place in zip("ABCD", order, strict=True)}

# %% wrong-maps
fault_maps = {letter: faulty(images, **fault) for letter, fault in wrong.items()}

# %% see-faults
drawn = [(one - one.min()) / (one.max() - one.min()) for one in fault_maps.values()]
inserted = [f"insertion {areas(network, one.relu())[1].item():.2f}" for one in fault_maps.values()]
figures.heatmaps(photo, drawn, inserted, names=list(fault_maps), title="four faults, from lowest to highest value")

# %% evidence-idea [markdown]
# Nor does one number find all four out: a map can show pixels that matter and still not be what it claims to be. So ask
# what **each fault alone** would do, and measure that:
#
# - **places** and the **lowest** value;
# - **company**: does the map of this image change when another image is in the batch?
# - **like cat**, **like dog**: rank correlation with the right maps of the two classes, all at 64x96.

# %% evidence
def large(maps):
    return functional.interpolate(maps[:, None], (64, 96), mode="bilinear")[:, 0]

right_maps = [large(faulty(images, number=number)) for number in (CAT, DOG)]
company = torch.cat([images, images.flip(2)])
print("   places   lowest    company   like cat   like dog")
for letter, fault in wrong.items():
    one, together = fault_maps[letter], faulty(company, **fault)[:1]
    low = "below 0" if one.min() < 0 else "0"
    moved = "moves" if (together - one).abs().max() > 0.01 * one.max() else "-"
    cat, dog = (explain.rank_correlation(large(one), other).item() for other in right_maps)
    print(f"{letter}  {one.shape[1]:2}x{one.shape[2]:2}    {low:8}  {moved:6}    {cat:5.2f}      {dog:5.2f}")

# %% breakages-question [markdown]
# Which fault made which? Set `faults` to a tuple of four of "wrong layer", "no ReLU", "wrong class", "train mode", in
# the order A, B, C, D. Compare with what you wrote down.

# %% cam-breakages
faults = None  # ("...", "...", "...", "...")
### BEGIN SOLUTION
faults = ("train mode", "wrong class", "wrong layer", "no ReLU")
### END SOLUTION

# %% breakages-explained [markdown]
# Each fault has **one** sign, and no picture shows it: a number below 0, too many places, a map that moves with its
# neighbours, a map that is another class's. Train mode does more harm than this one map: every call also moves the
# running means and variances of the batch norms, so the network itself is another afterwards.
#
# **Explain** why insertion finds nothing wrong with D.

# %% tests-idea [markdown]
# ## 5. Write the test
# Write `accepts(implementation)`: it gets a function like your `grad_cam_map`, calls it with tensors of your choice,
# and returns True for a right one and False for a wrong one. One that raises counts as refused.
#
# Which activations and gradients make a bug visible? Think of what was the same everywhere in the last stage. And what
# must an implementation leave as it was?

# %% cam-tests
def accepts(implementation):
    """True where implementation(activations, gradients) is a right Grad-CAM map, False where it is wrong."""
    ### BEGIN SOLUTION
    torch.manual_seed(0)
    activations, gradients = torch.randn(2, 2, 3, 4, 5)
    kept = activations.clone()
    weights = [[gradients[b, k].mean() for k in range(3)] for b in range(2)]
    sums = [sum(weights[b][k] * activations[b, k] for k in range(3)) for b in range(2)]
    right = torch.allclose(implementation(activations, gradients), torch.stack(sums).clamp(min=0), atol=1e-5)
    return right and torch.equal(activations, kept)
    ### END SOLUTION

# %% try-your-test
def layer_cam(activations, gradients):
    return torch.relu((gradients.relu() * activations).sum(dim=1))

for implementation in (grad_cam_map, layer_cam):
    print(implementation.__name__, "accepted:", built(accepts, implementation))

# %% five-idea [markdown]
# ## 6. Five networks, one image
# Back to the claim at the top: with attention "the map covers more of the object, and its probability is higher". Here
# are all five networks on Chelsea. **Predict:** which has the highest probability of cat? Whose map covers most of her
# face?

# %% five
NAMES = [name.removeprefix("resnet20-") for name in trained.TRAINED]
networks = {name: trained.load(f"resnet20-{name}") for name in NAMES}

def looked(network):
    """Its probability of cat, its map, and the share of the face where the map is above half."""
    with explain.CAM(network.model, "stages.2") as cam:
        map = explain.scaled(cam(network.images(photo), target=CAT))
    return cam.outputs.softmax(dim=1)[0, CAT], map, (explain.scaled(map, (64, 96)) > 0.5)[face].float().mean()

sure, looks, covered = zip(*(looked(one) for one in networks.values()), strict=True)
beneath = [two_areas[1], *(said(networks[name], map)[0] for name, map in zip(NAMES[1:], looks[1:], strict=True))]
beneath = [f"cat {p:.2f}\n{line}" for p, line in zip(sure, beneath, strict=True)]

# %% see-three
figures.heatmaps(photo, looks[:3], beneath[:3], names=NAMES[:3], title="Grad-CAM for cat, last stage")

# %% see-two
figures.heatmaps(photo, looks[3:], beneath[3:], names=NAMES[3:], title="Grad-CAM for cat, last stage")

# %% see-sure
figures.bars(torch.stack(sure), labels=NAMES, title="probability of cat on this photograph")

# %% see-covered
figures.bars(torch.stack(covered), labels=NAMES, title="share of the face where the map is above half of its maximum")

# %% five-explained [markdown]
# **Observe.** The claim at the top was made of CBAM. On this photograph its network is *less* sure than the one without
# attention, and its map covers hardly more. Coordinate attention's is surer than all, and its map covers most. Had we
# begun with another module, another photograph or another seed, there would be another story, and a picture for it.

# %% around-idea [markdown]
# ### Before and after the block
# Figure 4 of the coordinate attention paper puts two maps side by side: what goes into the last attention block, and
# what comes out. It compares by eye. Put a number beside it: the rank correlation of the two. Near 1 the block has left
# the order of places as it was.
#
# **Predict:** is it nearer to 1 or to 0? SE multiplies each channel by one number, coordinate attention each channel by
# a plaid.

# %% around
BLOCKS = {**dict.fromkeys(NAMES[1:], "stages.2.2.attention"), "bam": "stages.1.3"}
blocks = {name: explain.around(networks[name].model, block, images, CAT) for name, block in BLOCKS.items()}
halves = [explain.scaled(blocks["coordinate"].before), explain.scaled(blocks["coordinate"].after)]
agreement = f"rank correlation {blocks['coordinate'].correlations.item():.2f}"
figures.heatmaps(photo, halves, [agreement] * 2, names=["before", "after"], title="coordinate attention's last block")

# %% see-around
correlations = torch.cat([one.correlations for one in blocks.values()])
figures.bars(correlations, labels=list(blocks), title="rank correlation of before and after, this photograph")

# %% around-explained [markdown]
# (BAM's last block stands one stage earlier than the others, so it can't be compared with them.)

# %% record-idea [markdown]
# ### Many images
# One photograph says something about one photograph. The course's own record asks the same five networks on CIFAR-10's
# test pictures. **The grid pointing game** (Böhle and others, 2021): four pictures of four classes in one mosaic; how
# much of the map for a class lies in the cell of that class? A map that is blind to classes gets a quarter; so should
# an untrained network.
#
# **Predict** for the last stage and for the stage before it.

# %% record
record = explain.recorded("localisation")
record.table(measure="share_inside", method="grad_cam")

# %% see-record
last = record.select(measure="share_inside", method="grad_cam", layer="stages.2")
shares = torch.tensor([*(row.mean for row in last), 0.25])
figures.bars(shares, labels=[*(row["variant"] for row in last), "chance"], title="share in the right cell, last stage")

# %% record-methods
record.table(measure=("share_inside", "deletion_gain"), variant="none")

# %% record-around
record.table(measure=("around_correlation", "around_change"))

# %% record-explained [markdown]
# **Observe.** In the last stage some three quarters of a map lie in the right cell, one stage earlier a third; of an
# untrained network's map a quarter. And what one photograph left open, 60 pictures decide: in the last stage deletion
# gains on a random order as well.
#
# SE's network has the highest share of the five; CBAM's, of which the claim was made, the lowest.

# %% record-seeds-idea [markdown]
# Each row above is **one** network; its interval tells what other mosaics would change, not what another training
# would. For that a second record trains six small networks of each kind, for two epochs only, and compares within each
# seed. **Predict:** does SE stay first, CBAM last?

# %% record-seeds
explain.recorded("localisation_seeds").table(measure="share_inside_difference")

# %% record-seeds-explained [markdown]
# **Observe.** None of the four attentions makes the share larger than it is without. SE, first above, lies a
# little below; CBAM clearly, in each of the six seeds. What longer training would give, this record does not tell.

# %% conclusion-idea [markdown]
# Which sentence may stand under all this?
#
# - **A** Attention has taught the networks to mind what matters: of the maps, one covers more of the cat.
# - **B** The attention with the highest share in the right cell looks best.
# - **C** In each trained network Grad-CAM of the last stage points at the class asked for more than by chance; that
#   with an attention it points better, the seeds do not show.
# - **D** The maps of the five networks are equally good, so attention changes nothing.
# - **E** Maps like these show nothing about a network: noise draws them as well.
# - **F** The maps show that the networks recognise a cat as we do.

# %% cam-conclusion
conclusion = None  # "A", "B", ...
### BEGIN SOLUTION
conclusion = "C"
### END SOLUTION

# %% ear-idea [markdown]
# ## 7. The cat-ear channel
# Lesson 00 met "channel 42, the **cat-ear channel**", and said: "So the cat ear is a **claim to be measured**.
# Measuring it takes a trained network, many pictures with and without ears, and a count of both kinds of mistake. Later
# in the course, when there are trained weights, you will do just that." Now.
#
# Which channel? That needs a rule, fixed before anyone looks at the result; else one finds, among so many channels,
# whatever one is looking for. Here are two rules, and the channel that each chose in the network without attention.

# %% ear-channels
measured = explain.recorded("channel").values
rows = measured["networks"]["resnet20-none"]["channels"]
at_ears = next(row for row in rows if (row["rule"], row["layer"]) == ("ears", "stages.1"))
for_cats = next(row for row in rows if (row["rule"], row["layer"]) == ("cats", "stages.2"))
for name, row in (("at_ears", at_ears), ("for_cats", for_cats)):
    print(f"{name}: channel {row['channel']} of {row['channels']} in {row['layer']},", measured["rules"][row["rule"]])

# %% ear-places-idea [markdown]
# ### Which places move them?
# Hide a square of the photograph, see by how much the channel's strongest answer falls, go on to the next square.
# **Predict** for both how much of the fall lies at the ears. (The upper edge of the photograph cuts both; there is
# little to see of the left one.)

# %% ear-places
size = tuple(measured["photograph"]["size"])
small = figures.photograph(size, of="whole_cat")
ears = figures.places("left ear", size, of="whole_cat") | figures.places("right ear", size, of="whole_cat")

def falls(row):
    """(1, H, W): where hiding a square weakens the channel, and by how much."""
    found = explain.occlusion(network.model, row["layer"], row["channel"], network.images(small), square=8, stride=4)
    return (-found.maps).relu()

# %% see-places
fallen = [falls(at_ears), falls(for_cats)]
level = f"at the ears,\nwhich are {ears.float().mean():.0%} of the image"
at_the_ears = [f"{explain.share_inside(one, ears).item():.0%} {level}" for one in fallen]
fallen = [explain.scaled(one) for one in fallen]
figures.heatmaps(small, fallen, at_the_ears, names=["at_ears", "for_cats"], title="where hiding weakens the channel")

# %% ear-pictures-idea [markdown]
# ### Which pictures move them?
# CIFAR-10's 10,000 test pictures were shown to both. First as a gallery does it: the 100 pictures at which each answers
# most. **Predict** of which classes they are.

# %% see-strongest-at-ears
def strongest(row):
    """How many of the 100 strongest test pictures are of each class."""
    return torch.tensor([float(row["strongest"]["classes"].get(name, 0)) for name in measured["classes"]])

figures.bars(strongest(at_ears), labels=measured["classes"], title="at_ears: classes of its 100 strongest pictures")

# %% see-strongest-for-cats
figures.bars(strongest(for_cats), labels=measured["classes"], title="for_cats: classes of its 100 strongest pictures")

# %% ear-mistakes-idea [markdown]
# ### Both kinds of mistake
# Now all pictures, with a threshold that was chosen on training pictures: how many cats does it miss, and at how many
# others does it fire? **Predict** for `for_cats`, and the class at which it is wrong most.

# %% ear-mistakes
for name, row in (("at_ears", at_ears), ("for_cats", for_cats)):
    missed, fired, (low, high) = row["misses"], row["false_alarms"], row["area"]["interval"]
    print(f"{name}: misses {missed['share']:.0%} of {missed['n']} cats, fires at {fired['share']:.0%} of {fired['n']}")
    print(f"{'':9} others; a cat drives it more in {low:.0%} to {high:.0%} of pairs of a cat and another picture")

# %% see-fires
figures.bars(torch.tensor(list(for_cats["fires"].values())), labels=list(for_cats["fires"]), title="for_cats fires at")

# %% switch-off-idea [markdown]
# ### What the network does with it
# What drives a channel is one question, what the network needs it for another. Switch it off, on the photograph here
# and on the test pictures in the record. **Predict** what is left of cat.

# %% switch-off
with explain.switched_off(network.model, for_cats["layer"], for_cats["channel"]):
    without = probabilities(network, photo)[CAT]
pair = torch.stack([probabilities(network, photo)[CAT], without])
figures.bars(pair, labels=["with for_cats", "without"], title="probability of cat on this photograph")

# %% switch-off-recorded
cat = for_cats["switched_off"]["cat"]
print(f"test pictures of cats recognised: {100 * cat['change']:+.0f} points without for_cats")
print(f"by what it costs, it is number {for_cats['switched_off']['rank']} of {for_cats['channels']} channels")

# %% gates-idea [markdown]
# ### Before and after the gate
# Does attention make better cat channels? In networks with a gate, the same count on both sides of it: in how many
# pairs the cat drives the channel more. One network of each kind: a difference is one of these networks.

# %% gates
for gate in (gate for gate in measured["gates"] if gate["rule"] == "cats"):
    before, after, (low, high) = gate["before"]["value"], gate["after"]["value"], gate["difference"]["interval"]
    name = f"{gate['network'].removeprefix('resnet20-')}, {gate['block']}"
    print(f"{name:32} before {before:.3f}, after {after:.3f}; change {low:+.3f} to {high:+.3f}")

# %% gates-explained [markdown]
# **Observe.** Both ways: behind CBAM's last gate the cat drives its channel more, behind SE's less; and coordinate
# attention's gates raise it in one stage and lower it in the next. Each interval is about other pictures, not about
# other trainings.

# %% ear-question [markdown]
# Which sentence do these numbers allow?
#
# - **A** `at_ears` is the cat-ear detector: no other channel stands out more at this cat's ears.
# - **B** `for_cats` is a cat detector: most of the pictures at which it answers most show cats.
# - **C** `for_cats` answers to cats more than chance, with many mistakes of both kinds; that either of the two stands
#   for cat ears is not supported.
# - **D** Without `for_cats` the network can no longer recognise cats.
# - **E** No channel has to do with cats: what a channel answers to is chance.

# %% cam-ear
ear_conclusion = None  # "A", "B", ...
### BEGIN SOLUTION
ear_conclusion = "C"
### END SOLUTION

# %% ear-explained [markdown]
# The channel that stands out at Chelsea's ears is driven most by **cars**: 78 of its 100 strongest pictures. Of the
# same photograph at six sizes and sides, the same rule chooses three different channels.
#
# `for_cats` would be called the cat channel after its gallery. It fires at most dogs, and hiding the ears hardly moves
# it. Without it the network recognises somewhat fewer cats, not none. What it answers to instead would be the next
# claim to measure.
#
# Until then we go on calling channels by their numbers.

# %% own-idea [markdown]
# ## 8. Your own images and networks
# In a terminal, for any photograph:
#
#     attncourse explain photo.jpg --weights resnet20-se --out where.png
#
# `--layer`, `--method`, `--target` choose; `--weights FILE` takes a checkpoint, for example one of lesson 08's runs;
# `--host FILE.py:function` any torch model. It draws the map beside one of a network of noise and prints the deletion
# area beside random order. In Python:
#
#     with explain.CAM(model, "layer4", method="grad_cam") as cam:
#         maps = cam(images, target=281)

# %% what-you-know [markdown]
# ## What you know, and what you do not know yet
# You know how these pictures are made, that four faults draw ones just as fine, and which number finds each out. You
# know that a map tells where a score hangs: not why, not whether rightly, and not on the next image. You do **not**
# know yet how to ask a detector: one image, many boxes, each with a score of its own.
#
# Say without looking: what the mean of a gradient is for; why X is Grad-CAM in the last stage; what a batch norm does
# to a map in train mode; and what must stand beside a picture before you believe it.
