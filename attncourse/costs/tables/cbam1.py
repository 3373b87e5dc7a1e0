"""CBAM, table 1: how channel attention squeezes."""

from __future__ import annotations

from functools import partial

from attncourse import hosts
from attncourse.attention import ChannelAttention
from attncourse.costs.table import MULTIPLY_ADDS, PARAMETERS, SECOND_HAND, Row, Table

STALE = {
    "parameters (M)": "25.92 is ResNet-50 with BAM; the paper's tables 2 and 4 print 28.09 for these same networks",
    "multiply-adds (G)": "3.94 is ResNet-50 with BAM; a channel gate in every block cannot cost so much",
}

TABLE = Table(
    title="CBAM (ECCV 2018), table 1: the squeeze of channel attention, ResNet-50",
    provenance=SECOND_HAND,
    errors="top-1 / top-5 error (%)",
    columns=(PARAMETERS, MULTIPLY_ADDS),
    rows=(
        Row("ResNet-50", partial(hosts.build, "resnet50"), ("25.56", "3.86"), "24.56 / 7.50"),
        Row("mean (SE)", partial(hosts.build, "resnet50", "se"), ("25.92", "3.94"), "23.14 / 6.70", STALE),
        Row(
            "maximum",
            partial(hosts.build, "resnet50", partial(ChannelAttention, pools=("max",))),
            ("25.92", "3.94"),
            "23.20 / 6.83",
            STALE,
        ),
        Row(
            "mean and maximum",
            partial(hosts.build, "resnet50", "cbam_channel"),
            ("25.92", "4.02"),
            "22.80 / 6.52",
            STALE
            | {"multiply-adds (G)": "the second run of the MLP costs 0.003 G; no text says what else 4.02 counts"},
        ),
    ),
)
