"""coordinate-module: coordinate attention as a class (Hou et al., equations 4 to 9)."""

from __future__ import annotations

from attncourse.attention import CoordinateAttention
from attncourse.checking import ModuleExercise, Scenario
from attncourse.checking.coordinate_probes import COORDINATE_PROBES
from attncourse.lessons.coordinate_attention._gate_mistakes import BARE_ROWS, GATE_MISTAKES
from attncourse.lessons.coordinate_attention._layer_mistakes import LAYER_MISTAKES, TwoFirstLayersAndNorms
from attncourse.lessons.coordinate_attention._line_mistakes import LINE_MISTAKES, STOPPED, TURNED
from attncourse.lessons.coordinate_attention._module_styles import STYLES, VARIANTS
from attncourse.lessons.coordinate_attention._parts import dresses

exercise = ModuleExercise(
    "coordinate-module",
    answer="CoordinateAttention",
    title="The whole module: two lines, one shared layer, two gates",
    points=4,
    task=(
        "Write the class `CoordinateAttention(channels, reduction=32)`: `(B, C, H, W) -> (B, C, H, W)`. It returns its "
        "input times a gate for each row and a gate for each column of each channel: both descriptors end to end, one "
        "shared 1x1 layer to max(8, channels // reduction), batch norm, h-swish, split, one 1x1 layer and one sigmoid "
        "for each gate."
    ),
    hints=[
        "Three layers are learned, beside the batch norm. Which is used for both, which for one? What are their sizes?",
        "In `__init__`: hidden = max(8, channels // reduction); 1x1 convolutions channels to hidden, and twice hidden "
        "to channels; nn.BatchNorm2d(hidden).",
        "In `forward`: `descriptors(x)` is (B, C, H + W, 1). Behind the shared layer it is (B, hidden, H + W, 1): "
        "split it with [H, W] along axis 2.",
        "The columns' part is (B, hidden, W, 1). Turned with transpose(2, 3), its gate becomes (B, C, 1, W), and "
        "broadcasting does the rest.",
        "In full: `f = functional.hardswish(self.norm(self.shared(descriptors(x))))`; "
        "`rows, columns = f.split([x.shape[2], x.shape[3]], dim=2)`; `row_gate = self.rows(rows).sigmoid()`; "
        "`column_gate = self.columns(columns.transpose(2, 3)).sigmoid()`; `return x * row_gate * column_gate`.",
    ],
    uses=("coordinate-descriptors",),
    # The smallest first: it is what a learner is shown. The last shape of each is also run in train mode.
    scenarios=[
        Scenario("4 channels, the default reduction", (4,), ((1, 4, 2, 3), (2, 4, 4, 3))),
        Scenario("30 channels, reduction 3", (30, 3), ((2, 30, 3, 2), (1, 30, 1, 1), (2, 30, 4, 4), (3, 30, 5, 7))),
        Scenario("39 channels, reduction 4", (39, 4), ((2, 39, 3, 5),)),
        Scenario("320 channels, the default reduction", (320,), ((1, 320, 4, 3),)),
        Scenario("341 channels, the default reduction", (341,), ((2, 341, 3, 4),)),
        Scenario("large values", (6,), ((3, 6, 5, 3),), scale=100.0),
    ],
    probes=COORDINATE_PROBES,
    fill=(0.1, 0.4),
)

MISTAKES = (*GATE_MISTAKES, *LINE_MISTAKES, *LAYER_MISTAKES)
# The same with other words of torch's where it stops, or in another place.
OTHER_FORMS = (*STOPPED, *TURNED, BARE_ROWS, TwoFirstLayersAndNorms)


def equations_4_to_9(channels: int, reduction: int = 32) -> CoordinateAttention:
    """The course's module, with both directions."""
    return CoordinateAttention(channels, reduction)


exercise.reference(equations_4_to_9)
for style in STYLES:
    exercise.accepts(style)
for variant, remark in VARIANTS:
    exercise.accepts(variant, remark=remark)
for mistake in MISTAKES:
    ways = [mistake, *(way for way in OTHER_FORMS if issubclass(way, mistake))]
    exercise.misconception(mistake, dresses=(*ways[1:], *(dress for way in ways for dress in dresses(way))))
