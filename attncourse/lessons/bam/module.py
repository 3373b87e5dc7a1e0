"""bam-module: the whole module as a class (Park et al., section 3)."""

from __future__ import annotations

from attncourse.attention import BAM
from attncourse.checking import ModuleExercise, Scenario
from attncourse.checking.bam_probes import BAM_PROBES
from attncourse.lessons.bam._branch_mistakes import BRANCH_MISTAKES
from attncourse.lessons.bam._gate_mistakes import GATE_MISTAKES
from attncourse.lessons.bam._module_styles import STYLES, VARIANTS
from attncourse.lessons.bam._norm_mistakes import NORM_MISTAKES
from attncourse.lessons.bam._parts import dresses

exercise = ModuleExercise(
    "bam-module",
    answer="BAM",
    title="The whole module: two branches, one gate",
    points=4,
    task=(
        "Write the class `BAM(channels, reduction=16, dilation=4)`: `(B, C, H, W) -> (B, C, H, W)`. It returns "
        "x * (1 + sigmoid(channel + spatial)), hidden = max(1, channels // reduction). Channel branch: global mean, "
        "C -> hidden -> C. Spatial branch: 1x1 C -> hidden, two 3x3 hidden -> hidden with the dilation, 1x1 hidden -> "
        "1. A ReLU behind every layer but the last of a branch; a batch norm at the end of each branch."
    ),
    hints=[
        "Draw both branches with their shapes. Where is the sum, and which two shapes meet there?",
        "In `__init__`: two `nn.Sequential`, one a branch. A 3x3 window with dilation d reaches d places beyond its "
        "middle: how much padding keeps the map's size?",
        "In `forward`: the channel branch gets `x.mean(dim=(2, 3), keepdim=True)`, the spatial branch x. Then your "
        "`combine`, or the same in one line.",
        "The channel branch: `nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, channels, 1), "
        "nn.BatchNorm2d(channels))`. The spatial one goes the same way, with "
        "`nn.Conv2d(hidden, hidden, 3, padding=dilation, dilation=dilation)` twice in its middle.",
        "In full, `forward`: `channel = self.channel(x.mean(dim=(2, 3), keepdim=True))`, then "
        "`return x * (1 + torch.sigmoid(channel + self.spatial(x)))`.",
    ],
    uses=("bam-combine",),
    # The smallest first: it is what a learner is shown. The last shape of each is also run in train mode.
    scenarios=[
        Scenario("4 channels, reduction 2, dilation 1", (4, 2, 1), ((1, 4, 2, 3), (3, 4, 3, 2))),
        Scenario("12 channels, reduction 3, dilation 2", (12, 3, 2), ((1, 12, 7, 5), (2, 12, 6, 6), (3, 12, 5, 9))),
        Scenario("20 channels, reduction 10, the default dilation", (20, 10), ((1, 20, 9, 11), (3, 20, 11, 9))),
        Scenario("22 channels, reduction 4, dilation 3", (22, 4, 3), ((3, 22, 4, 7),)),
        Scenario("3 channels, reduction 16, dilation 3", (3, 16, 3), ((2, 3, 4, 1), (3, 3, 1, 1))),
        Scenario("240 channels, the defaults", (240,), ((3, 240, 2, 3),)),
        Scenario("large values", (4, 2, 1), ((4, 4, 3, 5),), scale=300.0),
    ],
    probes=BAM_PROBES,
)

MISTAKES = (*GATE_MISTAKES, *BRANCH_MISTAKES, *NORM_MISTAKES)

exercise.reference(BAM)
for style in STYLES:
    exercise.accepts(style)
for variant, remark in VARIANTS:
    exercise.accepts(variant, remark=remark)
for mistake in MISTAKES:
    exercise.misconception(mistake, dresses=dresses(mistake))
