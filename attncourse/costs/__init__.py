"""What networks cost, and the papers' tables beside our counts: ``costs.of(model, (1, 3, 224, 224)).parameters``."""

from __future__ import annotations

from attncourse.costs.count import Costs, of

__all__ = ["Costs", "of"]
