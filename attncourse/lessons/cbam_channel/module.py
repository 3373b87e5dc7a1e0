"""cbam-channel-module: channel attention as a class, two descriptors through one MLP (Woo et al., eqs. 1 and 2)."""

from __future__ import annotations

from attncourse.attention import ChannelAttention
from attncourse.checking import ModuleExercise, Scenario
from attncourse.checking.cbam_channel_probes import TWO_BRANCH_PROBES
from attncourse.lessons.cbam_channel._branch_mistakes import BRANCH_MISTAKES
from attncourse.lessons.cbam_channel._fresh_layers import FRESH_LAYERS, LayersMadeInForward
from attncourse.lessons.cbam_channel._gate_mistakes import GATE_MISTAKES
from attncourse.lessons.cbam_channel._module_styles import STYLES, VARIANTS
from attncourse.lessons.cbam_channel._pooling_mistakes import POOLING_MISTAKES
from attncourse.lessons.cbam_channel._sharing_mistakes import SHARING_DRESSES, SHARING_MISTAKES
from attncourse.lessons.cbam_channel._width_mistakes import WIDTH_MISTAKES

exercise = ModuleExercise(
    "cbam-channel-module",
    answer="ChannelAttention",
    title="The whole module: two descriptors, one MLP, one gate for each channel",
    points=4,
    task=(
        "Write the class `ChannelAttention(channels, reduction=16)`: `(B, C, H, W) -> (B, C, H, W)`. It returns its "
        "input times `sigmoid(MLP(mean) + MLP(max))`: the mean and the maximum of each channel go through one shared "
        "MLP, C to `max(1, channels // reduction)` values, ReLU, back to C. Linear layers or 1x1 convolutions, with or "
        "without bias."
    ),
    hints=[
        "Begin with your `SqueezeExcitation`. Which of its lines stay, and where does the second descriptor come in?",
        "Shared means: `__init__` is that of squeeze-and-excitation, two layers in all. Only `forward` changes.",
        "Give the class a method `mlp(self, z)`: first layer, ReLU, second layer, no sigmoid. How often is it called, "
        "and where does the one sigmoid stand?",
        "`mean = x.mean(dim=(2, 3))`, `maximum = x.amax(dim=(2, 3))`, both `(B, C)`; then the gate is "
        "`torch.sigmoid(self.mlp(mean) + self.mlp(maximum))`, and it needs two more axes.",
        "In full: `super().__init__()`, `hidden = max(1, channels // reduction)`, "
        "`self.mlp = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))`; then "
        "`gate = torch.sigmoid(self.mlp(x.mean(dim=(2, 3))) + self.mlp(x.amax(dim=(2, 3))))` and "
        "`return x * gate[:, :, None, None]`.",
    ],
    # The smallest first: it is what a learner is shown. B, C and the hidden width differ everywhere.
    scenarios=[
        Scenario("4 channels, reduction 2", (4, 2), ((1, 4, 2, 3),)),
        Scenario("12 channels, reduction 3", (12, 3), ((3, 12, 5, 9), (2, 12, 9, 5), (1, 12, 3, 7), (64, 12, 1, 1))),
        Scenario("23 channels, reduction 4, which does not divide 23", (23, 4), ((2, 23, 3, 2),)),
        Scenario("6 channels, the default reduction of 16", (6,), ((2, 6, 2, 3),)),
        Scenario("528 channels, the default reduction", (528,), ((2, 528, 2, 1),)),
        Scenario("large values", (12, 3), ((5, 12, 2, 1),), scale=15.0),
        # Maps as high or wide as the first ones of a network, and more places than a fixed window covers.
        Scenario("large maps", (4, 2), ((2, 4, 3, 230), (2, 4, 230, 3), (1, 4, 61, 63))),
    ],
    probes=TWO_BRANCH_PROBES,
)

exercise.reference(ChannelAttention)
for style in STYLES:
    exercise.accepts(style)
for variant, remark in VARIANTS:
    exercise.accepts(variant, remark=remark)
for mistake in (
    *SHARING_MISTAKES,
    *BRANCH_MISTAKES,
    *POOLING_MISTAKES,
    *GATE_MISTAKES,
    LayersMadeInForward,
    *WIDTH_MISTAKES,
):
    exercise.misconception(mistake, [form for form in (*SHARING_DRESSES, *FRESH_LAYERS) if issubclass(form, mistake)])
