# %% what-you-will-do [markdown]
# # The lab: does it help?
# You have built five modules. Do they help? "Attention didn't help" is the commonest complaint about them, and "+1 %"
# the commonest claim. Neither says how it was found out.
#
# Here you see modules differ for certain, on tasks made for that. Then you read a comparison on CIFAR-10, build the
# four tools that it takes (interval, seeds, correction, verdict), hunt faults in reports, and let your own module
# compete. 60 to 75 minutes; no network, no GPU.
#
# Hints: `attncourse.hint("lab-interval")`.

# %% imports
import math
import tempfile
from pathlib import Path

import attncourse
import torch
from attncourse import figures, hosts, lab

folder = Path(tempfile.mkdtemp())  # for the records of this lesson's runs

# %% recall-idea [markdown]
# ## Recall lessons 03 and 05
# CBAM's spatial gate has a 7x7 window. BAM's spatial branch has two 3x3 windows of dilation 4, one upon the other.
# How many places away, in one direction, is the farthest one that can move the gate? Answer from memory.

# %% lab-recall
reach = None  # (CBAM's, BAM's)
### BEGIN SOLUTION
reach = (3, 8)
### END SOLUTION

# %% tasks-idea [markdown]
# ## 1. Three questions, drawn by code
# - **xor**: plus with red, or cross with green: do the two figures agree?
# - **near**: which square stands nearer to the white plus? (It stands 5 to 10 pixels away, the other one 13 or 14;
# all three are on one line.)
# - **row**: do the two squares, 13 pixels apart or more, stand in one row?
#
# Two classes each, equally frequent: who guesses gets half of them right.

# %% see-tasks
tasks = {name: lab.load(f"tasks:{name}") for name in ("xor", "near", "row")}
pictures = [tasks[name].test_images[i] / 255 for name in tasks for i in range(2)]
figures.image(torch.cat([torch.cat(pictures[k::2], dim=2) for k in (0, 1)], dim=1), title="xor, near, row: two of each")

# %% host-idea [markdown]
# The network is small on purpose: one 3x3 convolution, **one attention module**, a mean over all places, and weights
# for the classes. Without the module it adds up what it finds at each place: a bag of local findings. It can
# tell *what* is in the picture, not *how it is arranged*.
#
# So whatever the arrangement decides, the module must see. **Predict**, before anything is trained.

# %% prediction-question [markdown]
# In this network one of none, se, cbam, bam, coordinate is **alone** in two tasks: one alone can learn all of `near`,
# one alone can learn `row`. Which? Think of your answer above, and of what each gate depends on.

# %% lab-prediction
alone = None  # (the one for near, the one for row)
### BEGIN SOLUTION
alone = ("bam", "coordinate")
### END SOLUTION

# %% run-idea [markdown]
# ## 2. Run it
# `lab.execute` trains one network and keeps a record of it: what, on what, with which seed and which versions. A record
# that is there is read, not made again.
#
# One seed, and only the runs that decide your prediction: a few seconds each.

# %% train
def train(data, attention, **more):
    """The accuracy on test pictures after training, from 0 to 1."""
    run = lab.Run(data=data, attention=attention, **more)
    return lab.execute(run, folder / run.folder_name)["test_accuracy"]

# %% run-near
runs = [("tasks:near", "cbam"), ("tasks:near", "bam"), ("tasks:row", "none"), ("tasks:row", "coordinate")]
accuracies = torch.tensor([train(*run) for run in runs])
ONE_SEED = f"one seed each, on {len(tasks['row'].test_images)} test pictures"
figures.bars(accuracies, labels=["near\ncbam", "near\nbam", "row\nnone", "row\ncoordinate"], title=ONE_SEED)

# %% run-explained [markdown]
# **Observe.** On near CBAM gets up to three of four right: the half of the pictures in which the nearer square is
# within its reach, and half of the rest by guessing. On row the empty slot guesses. The other two leave little to be
# desired.
#
# One seed is enough here, because more than luck stands behind it: for none and se it is **provable** that no weights
# whatever can do it. Let us see the proof at work.

# %% proof-idea [markdown]
# ## 3. A proof that you can run
# Take any weights. Move figures about, so that only the arrangement changes. How far do the logits move? **Predict**
# it for none, for SE and for coordinate attention.
#
# (None adds up the same local findings in another order. SE's gate is made of means over the whole map, and those
# stay as well.)

# %% arrangement
def moved(name):
    """How far the logits of a network with large random weights move, by what is arranged."""
    torch.manual_seed(0)
    model = hosts.build("bag", None if name == "none" else name)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return lab.arrangement(model, lab.TASKS["row"])

# %% signatures
for name in ("none", "se", "cbam", "bam", "coordinate"):
    found = moved(name)
    print(f"{name:11}{found.signature()}")

# %% signatures-explained [markdown]
# Five signatures. The first mark: two figures seen together, wherever they stand (what xor asks). Then: near, within
# 7x7; a middle distance, within BAM's reach; one row; one column. A dot is 0 up to rounding, for **these** weights;
# that it is so for all weights is the argument above. An x says that some weights can, not that training finds them.
#
# **Explain** each x by what the gate depends on.

# %% cifar-idea [markdown]
# ## 4. CIFAR-10: where nothing is provable
# On photographs everything helps a little or not at all, and the seed alone moves the accuracy. The comparison below
# was recorded with the lab's own command; every row has the same seeds.
#
# **Predict:** by how many points does the same network, without attention, differ from seed to seed?

# %% recorded
cifar = lab.recorded("cifar10_jpeg")
print(cifar.about["data_title"], "on", cifar.about["hardware"][0]["processor"])
table = {}
for one in cifar.variants:
    table[one.attention] = 100 * torch.tensor([one.accuracies[seed] for seed in sorted(one.accuracies)])
    numbers = " ".join(f"{value:6.2f}" for value in table[one.attention].tolist())
    print(f"{one.attention:11}{numbers}   mean {table[one.attention].mean():.2f}")

# %% luck
best, worst = max(table["none"].tolist()), min(table["none"].tolist())
print(f"without attention, from {worst:.2f} to {best:.2f}: {best - worst:.2f} points, by the seed alone")

# %% luck-explained [markdown]
# So a paper with one run of each could have printed nearly anything. What can be said? The same seed gives two
# variants the same first weights outside the module and the same pictures in the same order. So compare **within**
# each seed: the paired difference.

# %% interval-task [markdown]
# ## 5. The interval
# n paired differences have a mean; how sure is it? With standard deviation s of the differences (dividing by n - 1),
# the mean lies within `critical * s / sqrt(n)` of the truth in 95 of 100 comparisons. `critical` is Student's value
# for n - 1: 4.30 for three seeds, 2.36 for eight, 1.96 for very many.
#
# **Build** it.

# %% lab-interval
def interval(ours, theirs, critical):
    """(n,), (n,), number -> (low, high): of the mean of ours - theirs, the same seeds in the same order."""
    ### BEGIN SOLUTION
    difference = ours - theirs
    half = critical * difference.std() / len(difference) ** 0.5
    return difference.mean() - half, difference.mean() + half
    ### END SOLUTION

# %% seeds-task [markdown]
# ## 6. How many seeds?
# An interval round 0 may only mean: too few seeds. A rule of thumb says how many it takes to see a true difference in
# four of five comparisons: it must be 2.8 (1.96 + 0.84) standard errors `spread / sqrt(n)` large, where `spread` is
# the standard deviation of the paired differences.
#
# **Build** it: solve for n, round up, at least 3. (A rule for many seeds and one question. With few seeds Student's t
# asks for more: for a difference of two spreads the rule says 3, and 3 seeds see it in every second comparison.)

# %% lab-seeds
def seeds(spread, difference):
    """Points, points -> how many seeds show a true difference of this size in four of five comparisons."""
    ### BEGIN SOLUTION
    return max(3, math.ceil((2.8 * spread / difference) ** 2))
    ### END SOLUTION

# %% family-task [markdown]
# ## 7. Many comparisons
# Four modules against none are four questions. Each answers "yes" by chance in one case of twenty; at least one of
# the four does so in about one of six. Holm's correction (1979): the smallest p-value times m, the next one times m
# - 1, ..., the largest times 1; none smaller than one before it, none above 1.
#
# **Build** it; give them back in the order in which they came.

# %% lab-family
def corrected(p):
    """(m,) -> (m,): p-values corrected after Holm, in their old order."""
    ### BEGIN SOLUTION
    ascending, order = p.sort()
    stepped = (ascending * torch.arange(len(p), 0, -1)).cummax(dim=0).values.clamp(max=1)
    return torch.empty_like(stepped).scatter(0, order, stepped)
    ### END SOLUTION

# %% verdict-task [markdown]
# ## 8. The verdict
# "Not significant" is no verdict. An interval from -0.1 to 0.2 says that there is next to nothing; one from -2 to 3
# says that nobody knows. Both hold 0.
#
# **Build** it: "better" if all of the interval lies above 0; "worse" if below; else "no difference that matters" if
# it lies between -matters and matters; else "inconclusive".

# %% lab-verdict
def verdict(low, high, matters):
    """Points, points, points -> "better", "worse", "no difference that matters" or "inconclusive"."""
    ### BEGIN SOLUTION
    if low > 0:
        return "better"
    if high < 0:
        return "worse"
    return "no difference that matters" if -matters < low and high < matters else "inconclusive"
    ### END SOLUTION

# %% apply-idea [markdown]
# ### All four, on the recorded comparison
# Each module against none. The p-values are those of the paired t test (`scipy.stats.ttest_rel`); half a point is
# what we say matters.

# %% p-values
from scipy import stats

others = [name for name in table if name != "none"]
p = torch.tensor([stats.ttest_rel(table[name], table["none"]).pvalue for name in others])
holm = corrected(p)
critical = stats.t.ppf(0.975, len(table["none"]) - 1)

# %% apply
for number, name in enumerate(others):
    difference = table[name] - table["none"]
    ends = interval(table[name], table["none"], critical)
    if ends is None or holm is None:
        continue
    low, high = float(ends[0]), float(ends[1])
    print(f"{name:11}{difference.mean():+.2f}, from {low:+.2f} to {high:+.2f}: {verdict(low, high, 0.5)}")
    print(f"{'':11}p {p[number]:.4f}, Holm {holm[number]:.4f};", seeds(difference.std().item(), 0.5), "seeds for 0.5")

# %% see-differences
cifar.paired_differences()

# %% see-costs
cifar.accuracy_and_cost()

# %% lab-says [markdown]
# What the lab itself says of the same records. Its verdict asks Holm's p-value, and for "no difference larger than"
# the wider interval that holds for all comparisons together. **Compare** with yours: where do they differ, and why?

# %% see-lab-says
cifar

# %% lab-says-explained [markdown]
# They differ on CBAM. Its own interval lies below 0, so your verdict, which knows of one question only, is "worse". But
# four questions were asked; after Holm's correction p is 0.107, and the lab says "inconclusive". Had we planned to ask
# about CBAM alone, it would be another matter; to plan that **after** looking is a fault, as you will see below.
#
# The lab's numbers of seeds are larger than yours for the same reason, and because it counts with Student's t.

# %% hunt-idea [markdown]
# ## 9. Fault hunt
# Five reports. Each makes **one** fault, and no other; all trained on the same data.
#
# - **A** "Same parameters, same recipe, fixed in advance. ResNet-20 reached 91.2 %, with our gate 91.5 %: it helps."
# - **B** "Ten seeds each, paired. For our gate we searched the learning rate over eight values; the baseline kept its
# own. +0.6 points, from 0.3 to 0.9."
# - **C** "Five seeds each, paired. Of every run we report the epoch with the highest test accuracy. +0.4, from 0.1 to
# 0.7."

# %% hunt-more [markdown]
# - **D** "Ten seeds each, paired, one recipe. Of twelve variants of our gate, number seven is better than none with p
# = 0.04; here we report number seven."
# - **E** "Ten seeds each, paired, one recipe. With our module, which adds a third more parameters, +0.8 points, from
# 0.5 to 1.1. So attention helps."
#
# The names, each used once: "best of the test", "one seed", "no control", "many tries", "tuned one side".

# %% lab-bug-hunt
faults = None  # ("...", "...", "...", "...", "...")
### BEGIN SOLUTION
faults = ("one seed", "tuned one side", "best of the test", "many tries", "no control")
### END SOLUTION

# %% control-idea [markdown]
# Against the last fault there is a **control**: the same number of parameters, spent without attention.
# `lab.compare(..., control=True)` and `attncourse compare --control` add one for each variant.
#
# Against the one before last there is only a decision: say how many comparisons there are *before* you look.

# %% own-idea [markdown]
# ## 10. Yours
# Your own module of lesson 06 (as saved in your folder, if it passed) beside ours, on the task that only it can
# learn. **Predict** both numbers.

# %% own-module
Mine = attncourse.yours("coordinate-module")
mine = train("tasks:row", "own:Mine", own=Mine) if Mine else train("tasks:row", "coordinate")
figures.bars(torch.tensor([mine, accuracies[3]]), labels=["yours", "ours"], title=f"tasks:row, {ONE_SEED}")

# %% own-further [markdown]
# On CIFAR-10, in a terminal (the data are fetched once, 170 MB, and checked; or give the archive's path):
#
#     attncourse compare --attention none se cbam bam coordinate --seeds 8 --data cifar10 --out my-comparison
#
# Stop it when you like; the same command goes on. Your own class stands beside ours as `FILE.py:ClassName`.
# `--ablation pooling`, `kernel`, `order`, `reduction` or `direction` repeats a paper's ablation.

# %% gpu-plan [markdown]
# **Not yet measured on a GPU.** A plan for a small one: eight seeds, `--device cuda`. Paired differences here spread by
# about one point; with that, eight seeds find a true difference of about 1.5 points in four of five comparisons, among
# four modules after Holm, and half a point takes about fifty seeds. The lab prints both numbers for your own spread: if
# eight seeds leave a verdict open, decide on a number **then**, and run it in a new folder.

# %% power
from attncourse.lab.statistics import detectable, seeds_needed

for count in (4, 8, 16):
    print(f"{count:2} seeds find {100 * detectable(0.01, count, 0.05 / 4):.1f} points, with a spread of 1 point")
print("half a point takes", seeds_needed(0.01, 0.005, 0.05 / 4), "seeds")

# %% tests-idea [markdown]
# ## 11. Write the test
# Write `accepts(implementation)`: it gets a function like your `interval`, calls it with numbers of your choice, and
# returns True for a right one and False for a wrong one. We try it on right ones in six styles and on nine wrong
# ones.
#
# Which accuracies make a wrong interval visible?

# %% lab-tests
def accepts(implementation):
    """True where implementation(ours, theirs, critical) gives the paired interval, False where it does not."""
    ### BEGIN SOLUTION
    low, high = implementation(torch.tensor([71.0, 74, 73]), torch.tensor([70.0, 71, 71]), 3.0)
    return bool(abs(low - (2 - 3**0.5)) < 1e-3 and abs(high - (2 + 3**0.5)) < 1e-3)
    ### END SOLUTION

# %% conclusion-idea [markdown]
# ## 12. Write the conclusion
# Scroll back to the recorded comparison, its intervals and your verdicts. Which sentence may stand under it?
#
# - **A** Attention does not help on CIFAR-10.
# - **B** BAM helps: its mean is the highest of the five.
# - **C** The five are equally good, for no corrected p-value is below 0.05.
# - **D** With this network, these four epochs and these seeds none is shown to be better or worse than no attention;
#   differences of a point are still possible.
# - **E** Attention would help, but four epochs were too few.
# - **F** CBAM is worse than none: its interval lies below 0.

# %% lab-conclusion
conclusion = None  # "A", "B", ...
### BEGIN SOLUTION
conclusion = "D"
### END SOLUTION

# %% what-you-know [markdown]
# ## What you know, and what you do not know yet
# You know that these modules differ: each sees what another can't, provably. You know how little a single run says, and
# what it takes to say more. You do **not** know whether attention helps on your data, in your network. Now you can find
# out, and say "inconclusive" when that is what the data say.
#
# Say without looking: why the same seeds; what sqrt(n) does; why "not significant" is no verdict; what a control is
# for; and which of the five can tell a row.
