"""Values -> pictures for the notebook: the last expression of a cell. Never shows by itself, never sets a style.

Zero has the same colour in every picture of one kind, values within [0, 1] are always drawn on a scale from 0 to 1,
and ``None`` in place of a tensor (an answer that is not built yet) draws a note instead of raising. So does a tensor
of the wrong shape: an answer that is not right yet.
"""

from __future__ import annotations

from attncourse.figures.accuracy_and_cost import accuracy_and_cost
from attncourse.figures.bar_chart import bars
from attncourse.figures.boxes import box_maps, boxed
from attncourse.figures.comparison import before_after
from attncourse.figures.flow import shape_flow
from attncourse.figures.heatmap import heatmaps
from attncourse.figures.images import image, photograph, places
from attncourse.figures.learning_curves import learning_curves
from attncourse.figures.lines import curve
from attncourse.figures.maps import feature_maps
from attncourse.figures.paired_differences import paired_differences
from attncourse.figures.photographs import PHOTOGRAPHS
from attncourse.figures.picture import Picture

__all__ = [
    "PHOTOGRAPHS",
    "Picture",
    "accuracy_and_cost",
    "bars",
    "before_after",
    "box_maps",
    "boxed",
    "curve",
    "feature_maps",
    "heatmaps",
    "image",
    "learning_curves",
    "paired_differences",
    "photograph",
    "places",
    "shape_flow",
]
