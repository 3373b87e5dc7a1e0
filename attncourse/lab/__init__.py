"""The training lab: measure on CIFAR-10, or on small tasks made for it, what attention changes.

    from attncourse import lab
    record = lab.execute(lab.Run(data="tasks:row", attention="coordinate"), Path("runs/coordinate"))
    comparison = lab.compare(["none", "se", "coordinate"], data="tasks:row", seeds=5, out="comparison")

data/ and tasks/ are what is learned, recipe.py how, training.py does it, run.py makes one run of it with its record.
comparing.py makes several, schedule.py says where; comparison.py is what they say together, by statistics.py and
verdict.py.
"""

from __future__ import annotations

import importlib
from typing import Any

# Loaded when they are first asked for: the command must answer quickly, and without torch.
WHERE = {
    "ABLATIONS": "attncourse.lab.ablations",
    "Comparison": "attncourse.lab.comparison",
    "LabError": "attncourse.lab.errors",
    "RECIPES": "attncourse.lab.recipe",
    "Recipe": "attncourse.lab.recipe",
    "Run": "attncourse.lab.run",
    "TASKS": "attncourse.lab.tasks",
    "analyse": "attncourse.lab.comparison",
    "arrangement": "attncourse.lab.tasks.arrangement",
    "compare": "attncourse.lab.comparing",
    "execute": "attncourse.lab.execution",
    "load": "attncourse.lab.data",
    "read_comparison": "attncourse.lab.comparison_records",
    "recorded": "attncourse.lab.measured",
}
__all__ = sorted(WHERE)


def __getattr__(name: str) -> Any:
    if name not in WHERE:
        raise AttributeError(f"module 'attncourse.lab' has no attribute {name!r}. There are: {', '.join(__all__)}")
    return getattr(importlib.import_module(WHERE[name]), name)
