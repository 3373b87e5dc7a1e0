"""The papers' tables, one a file; ``TABLES`` chooses by name."""

from __future__ import annotations

from attncourse.costs.table import Table
from attncourse.costs.tables import (
    bam_cifar,
    bam_imagenet,
    cbam1,
    cbam2,
    cbam3,
    cbam4,
    cbam5,
    coordinate1,
    coordinate2,
    coordinate3,
    coordinate4,
    se_imagenet,
    se_mobile,
    se_reduction,
    se_sizes,
    se_stages,
)

TABLES: dict[str, Table] = {
    "se_imagenet": se_imagenet.TABLE,
    "se_mobile": se_mobile.TABLE,
    "se_reduction": se_reduction.TABLE,
    "se_stages": se_stages.TABLE,
    "se_sizes": se_sizes.TABLE,
    "cbam1": cbam1.TABLE,
    "cbam2": cbam2.TABLE,
    "cbam3": cbam3.TABLE,
    "cbam4": cbam4.TABLE,
    "cbam5": cbam5.TABLE,
    "bam_imagenet": bam_imagenet.TABLE,
    "bam_cifar": bam_cifar.TABLE,
    "coordinate1": coordinate1.TABLE,
    "coordinate2": coordinate2.TABLE,
    "coordinate3": coordinate3.TABLE,
    "coordinate4": coordinate4.TABLE,
}

__all__ = ["TABLES"]
