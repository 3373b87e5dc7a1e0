"""se-module: the whole block as a class, squeeze, excitation and scale (Hu et al., eqs. 2 to 4)."""

from __future__ import annotations

from attncourse.attention import SqueezeExcitation
from attncourse.checking import ModuleExercise, Scenario
from attncourse.checking.channel_probes import MEAN_GATE_PROBES
from attncourse.lessons.squeeze_excitation._module_mistakes import MISTAKES
from attncourse.lessons.squeeze_excitation._module_styles import STYLES

exercise = ModuleExercise(
    "se-module",
    answer="SqueezeExcitation",
    title="The whole module: squeeze, excitation, scale",
    points=4,
    task=(
        "Write the class `SqueezeExcitation(channels, reduction=16)`: `(B, C, H, W) -> (B, C, H, W)`. It returns its "
        "input times one gate for each channel: the mean of each channel, a layer to `max(1, channels // reduction)` "
        "values, ReLU, a layer back to C values, sigmoid. Linear layers or 1x1 convolutions, with or without bias."
    ),
    hints=[
        "You have written the three steps as functions already. What must be kept between two calls, and what not?",
        "Whatever is learned is made once, in `__init__`: two layers, C to hidden and hidden to C, with "
        "`hidden = max(1, channels // reduction)`. `forward` only uses them.",
        "In `forward`: the mean over H and W gives `(B, C)`; first layer, `torch.relu`, second layer, "
        "`torch.sigmoid`; `[:, :, None, None]` makes it `(B, C, 1, 1)`, which broadcasts against x.",
        "In full: `super().__init__()`, `hidden = max(1, channels // reduction)`, "
        "`self.reduce = nn.Linear(channels, hidden)`, `self.expand = nn.Linear(hidden, channels)`; then "
        "`gate = torch.sigmoid(self.expand(torch.relu(self.reduce(x.mean(dim=(2, 3))))))` and "
        "`return x * gate[:, :, None, None]`.",
    ],
    # The smallest first: it is what a learner is shown. B, C and the hidden width differ everywhere.
    scenarios=[
        Scenario("4 channels, reduction 2", (4, 2), ((1, 4, 2, 3),)),
        Scenario("12 channels, reduction 3", (12, 3), ((3, 12, 5, 9), (2, 12, 9, 5), (1, 12, 3, 7), (64, 12, 1, 1))),
        Scenario("23 channels, reduction 4, which does not divide 23", (23, 4), ((2, 23, 3, 2),)),
        Scenario("6 channels, the default reduction of 16", (6,), ((2, 6, 2, 3),)),
        Scenario("240 channels, the default reduction", (240,), ((2, 240, 2, 1),)),
        Scenario("large values", (12, 3), ((5, 12, 2, 1),), scale=30.0),
    ],
    probes=MEAN_GATE_PROBES,
)

exercise.reference(SqueezeExcitation)
for style in STYLES:
    exercise.accepts(style)
for mistake in MISTAKES:
    exercise.misconception(mistake)
