"""cbam-spatial-module: the spatial half of CBAM as a class (Woo et al., eq. 3)."""

from __future__ import annotations

from torch import nn

from attncourse.attention import SpatialAttention
from attncourse.checking import ModuleExercise, Scenario
from attncourse.checking.spatial_probes import SPATIAL_GATE_PROBES
from attncourse.lessons.cbam_spatial._gate_mistakes import GATE_DRESSES, GATE_MISTAKES
from attncourse.lessons.cbam_spatial._map_mistakes import MAP_MISTAKES
from attncourse.lessons.cbam_spatial._module_styles import STYLES, VARIANTS
from attncourse.lessons.cbam_spatial._parts import dresses
from attncourse.lessons.cbam_spatial._window_mistakes import WINDOW_DRESSES, WINDOW_MISTAKES

exercise = ModuleExercise(
    "cbam-spatial-module",
    answer="SpatialAttention",
    title="The whole module: two maps, one window, one gate for each place",
    points=4,
    task=(
        "Write the class `SpatialAttention(kernel_size=7)`: `(B, C, H, W) -> (B, C, H, W)`, for any odd kernel_size. "
        "It returns its input times one gate for each place: mean and maximum over the channels, stacked; a "
        "kernel_size x kernel_size convolution to one map of the same height and width, zeros beyond the border; "
        "sigmoid."
    ),
    hints=[
        "No size in this module depends on C: after the pooling every place is two numbers. What is learned, and where "
        "is it made?",
        "In `__init__`: one convolution, two channels in, one out. Its window reaches kernel_size // 2 places beyond "
        "its middle. How many zeros does it need on each side?",
        "In `forward`: your `descriptors(x)`, the convolution, a sigmoid: that is the gate, `(B, 1, H, W)`. It "
        "broadcasts over the channels of x by itself.",
        "In full: `super().__init__()`, "
        "`self.convolution = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)`; then "
        "`return x * torch.sigmoid(self.convolution(descriptors(x)))`.",
    ],
    uses=("cbam-spatial-descriptors",),
    # The smallest first: it is what a learner is shown. The last shape of each is also run in train mode.
    scenarios=[
        Scenario("kernel_size=3", (3,), ((1, 3, 2, 3), (2, 1, 4, 3))),
        Scenario("kernel_size=5", (5,), ((1, 4, 6, 9), (3, 6, 1, 1), (2, 5, 9, 6))),
        Scenario("the default kernel_size", (), ((1, 6, 13, 11), (2, 3, 11, 13))),
        Scenario("kernel_size=9", (9,), ((2, 3, 6, 7),)),
        Scenario("large values", (3,), ((3, 9, 3, 5),), scale=30.0),
        # Maps as high or wide as the first ones of a network; more channels, places and pictures than anyone fixes.
        Scenario("large maps", (3,), ((2, 4, 3, 230), (2, 4, 230, 3), (1, 3, 61, 63), (17, 129, 2, 3))),
    ],
    probes=SPATIAL_GATE_PROBES,
    fill=(0.06, 0.2),
    equivalents={
        "self.convolution = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=True)": "a bias is allowed",
        "self.convolution = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2)": "a bias is allowed",
    },
)


def equation_3(kernel_size: int = 7) -> nn.Module:
    """The course's module as the equation writes it, without the authors' batch norm."""
    return SpatialAttention(kernel_size, batch_norm=False)


MISTAKES = (*GATE_MISTAKES, *MAP_MISTAKES, *WINDOW_MISTAKES)

exercise.reference(equation_3)
for style in STYLES:
    exercise.accepts(style)
for variant, remark in VARIANTS:
    exercise.accepts(variant, remark=remark)
for mistake in MISTAKES:
    forms = [form for form in (*GATE_DRESSES, *WINDOW_DRESSES) if issubclass(form, mistake)]
    exercise.misconception(mistake, dresses=(*forms, *dresses(mistake)))
