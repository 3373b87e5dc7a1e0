"""cbam-module: the whole module as a class, channels and then places (Woo et al., eq. 1)."""

from __future__ import annotations

from torch import nn

from attncourse.attention import CBAM
from attncourse.checking import ModuleExercise, Scenario
from attncourse.checking.cbam_probes import CBAM_PROBES
from attncourse.lessons.cbam._argument_mistakes import ARGUMENT_DRESSES, ARGUMENT_MISTAKES
from attncourse.lessons.cbam._half_mistakes import HALF_MISTAKES
from attncourse.lessons.cbam._joining_mistakes import JOINING_MISTAKES
from attncourse.lessons.cbam._module_styles import STYLES, VARIANTS
from attncourse.lessons.cbam._parts import dresses
from attncourse.lessons.cbam._product_mistakes import PRODUCT_MISTAKES

exercise = ModuleExercise(
    "cbam-module",
    answer="CBAM",
    title="The whole module: channels, then places",
    points=4,
    task=(
        "Write the class `CBAM(channels, reduction=16, kernel_size=7)`: `(B, C, H, W) -> (B, C, H, W)`. Its input "
        "times a gate for each channel, and that refined product times the gate for each place that the refined "
        "features give. The halves are those of lessons 02 and 03."
    ),
    hints=[
        "Which layers does each half learn? Those are made in `__init__`; there are three in all.",
        "In `forward`, name the product of the first half: `refined`. Where does x still occur after that line?",
        "`channel_gate(x, mlp)` and `spatial_gate(x, convolution)` of this notebook take the features and a layer, and "
        "give a gate. From which features does each get its gate?",
        "`refined = x * channel_gate(x, self.mlp)`, and then the spatial gate of `refined`, times `refined`.",
        "In full: `super().__init__()`, `hidden = max(1, channels // reduction)`, "
        "`self.mlp = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))`, "
        "`self.convolution = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)`; in `forward` the "
        "line above and `return refined * spatial_gate(refined, self.convolution)`.",
    ],
    # The smallest first: it is what a learner is shown. The last shape of each is also run in train mode.
    scenarios=[
        Scenario("4 channels, reduction 2, kernel_size 3", (4, 2, 3), ((1, 4, 2, 3), (2, 4, 4, 3))),
        Scenario("12 channels, reduction 3, kernel_size 5", (12, 3, 5), ((1, 12, 5, 9), (3, 12, 9, 5))),
        Scenario("23 channels, reduction 4, the default kernel_size", (23, 4), ((2, 23, 6, 8),)),
        Scenario("6 channels, the defaults", (6,), ((2, 6, 11, 13), (2, 6, 1, 1), (2, 6, 13, 11))),
        Scenario("528 channels, the defaults", (528,), ((2, 528, 3, 2),)),
        Scenario("large values", (4, 2, 3), ((3, 4, 3, 5),), scale=20.0),
        # Maps as high or wide as the first ones of a network; more places and pictures than anyone fixes.
        Scenario("large maps", (4, 2, 3), ((2, 4, 3, 230), (2, 4, 230, 3), (1, 4, 61, 63), (17, 4, 2, 3))),
    ],
    probes=CBAM_PROBES,
    fill=(0.06, 0.3),
    equivalents={
        "self.convolution = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=True)": "a bias is allowed",
        "self.convolution = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2)": "a bias is allowed",
    },
)


def equation_1(channels: int, reduction: int = 16, kernel_size: int = 7) -> nn.Module:
    """The course's module as the equations write it, without the authors' batch norm."""
    return CBAM(channels, reduction, kernel_size, batch_norm=False)


MISTAKES = (*JOINING_MISTAKES, *PRODUCT_MISTAKES, *ARGUMENT_MISTAKES, *HALF_MISTAKES)

exercise.reference(equation_1)
for style in STYLES:
    exercise.accepts(style)
for variant, remark in VARIANTS:
    exercise.accepts(variant, remark=remark)
for mistake in MISTAKES:
    forms = [form for form in ARGUMENT_DRESSES if issubclass(form, mistake)]
    exercise.misconception(mistake, dresses=(*forms, *dresses(mistake)))
